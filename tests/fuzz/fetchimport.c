/* fetchimport.c: fuzz: mailfetch --import of .fetchmailrc, .mpoprc, getmailrc */
#include "import.h"
#include "../../cmd/mailfetch/import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	import(import_run, file_with("rc", p, n));
	return 0;
}
