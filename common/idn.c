/* idn.c: internationalised domain names, by libidn2 if built with it */
#include <stddef.h>

#include "idn.h"

#ifdef HAVE_IDN2
#define IDN2_SKIP_LIBIDN_COMPAT	/* it would take the name idn_free */
#include <idn2.h>

bool
idn_here(void)
{
	return true;
}

const char *
idn_version(void)
{
	return idn2_check_version(NULL);
}

int
idn_ascii(const char *name, char **ascii)
{
	return idn2_to_ascii_8z(name, ascii, IDN2_NONTRANSITIONAL);
}

int
idn_unicode(const char *name, char **utf8)
{
	return idn2_to_unicode_8z8z(name, utf8, 0);
}

const char *
idn_error(int code)
{
	return idn2_strerror(code);
}

void
idn_free(char *p)
{
	if (p != NULL)
		idn2_free(p);
}
#else
bool
idn_here(void)
{
	return false;
}

const char *
idn_version(void)
{
	return NULL;
}

int
idn_ascii(const char *name, char **ascii)
{
	(void)name;
	(void)ascii;
	return -1;
}

int
idn_unicode(const char *name, char **utf8)
{
	(void)name;
	(void)utf8;
	return -1;
}

const char *
idn_error(int code)
{
	(void)code;
	return "built without libidn2";
}

void
idn_free(char *p)
{
	(void)p;
}
#endif
