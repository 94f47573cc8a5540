/* syncimport.c: fuzz: imapsync --import of .mbsyncrc and .offlineimaprc */
#include "import.h"
#include "../../cmd/imapsync/import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	import(import_run, file_with("rc", p, n));
	return 0;
}
