/* idn.c: internationalised domain names, by libidn2 when the machine has it */
#include <pthread.h>
#include <stddef.h>

#include "idn.h"
#include "late.h"

enum { NONTRANSITIONAL = 8 };	/* idn2.h: IDN2_NONTRANSITIONAL */

static struct {
	int (*to_ascii)(const char *, char **, int);
	int (*to_unicode)(const char *, char **, int);
	const char *(*error)(int);
	void (*release)(void *);
} lib;
static const char *const names[] = { "idn2_to_ascii_8z",
	"idn2_to_unicode_8z8z", "idn2_strerror", "idn2_free" };
static bool here;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

/* Its ABI has been libidn2.so.0 since 2011. */
static void
load(void)
{
	here = late_load("libidn2.so.0", names, sizeof names / sizeof *names,
	    &lib) == NULL;
}

bool
idn_here(void)
{
	pthread_once(&loaded, load);
	return here;
}

int
idn_ascii(const char *name, char **ascii)
{
	return lib.to_ascii(name, ascii, NONTRANSITIONAL);
}

int
idn_unicode(const char *name, char **utf8)
{
	return lib.to_unicode(name, utf8, 0);
}

const char *
idn_error(int code)
{
	return lib.error(code);
}

void
idn_free(char *p)
{
	if (p != NULL)
		lib.release(p);
}
