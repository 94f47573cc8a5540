/* fetchimport.c: fuzz: mailfetch --import of .fetchmailrc, .mpoprc, getmailrc */
#include "import.h"
#include "../../cmd/mailfetch/import.h"

/* The first byte says under which name the rest stands. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "fetchmailrc", "mpoprc",
	    "getmailrc" };

	if (n > 0)
		import(import_run, file_with(names[p[0] % 3], p + 1, n - 1));
	return 0;
}
