/* sendimport.c: fuzz: mailsend --import of an .msmtprc */
#include "import.h"
#include "../../cmd/mailsend/import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	import(import_run, file_with("rc", p, n));
	return 0;
}
