/* idn.c: internationalised domain names, by libidn2 when the machine has it */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#include "idn.h"

enum { NONTRANSITIONAL = 8 };	/* idn2.h: IDN2_NONTRANSITIONAL */

static struct {
	int (*to_ascii)(const char *, char **, int);
	int (*to_unicode)(const char *, char **, int);
	const char *(*error)(int);
	void (*release)(void *);
	bool here;
} lib;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static void *
symbol(void *so, const char *name)
{
	void *p = dlsym(so, name);

	lib.here = lib.here && p != NULL;
	return p;
}

/* Its ABI has been libidn2.so.0 since 2011. */
static void
load(void)
{
	void *so = dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);

	if (so == NULL)
		return;
	lib.here = true;
	*(void **)&lib.to_ascii = symbol(so, "idn2_to_ascii_8z");
	*(void **)&lib.to_unicode = symbol(so, "idn2_to_unicode_8z8z");
	*(void **)&lib.error = symbol(so, "idn2_strerror");
	*(void **)&lib.release = symbol(so, "idn2_free");
}

bool
idn_here(void)
{
	pthread_once(&loaded, load);
	return lib.here;
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
