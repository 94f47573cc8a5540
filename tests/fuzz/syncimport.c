/* syncimport.c: fuzz: imapsync --import of a .mbsyncrc */
#include "fail.h"
#include "import.h"

int import_run(const char *path, struct err *);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	import(import_run, file_with("mbsyncrc", p, n));
	return 0;
}
