/* fail.c: how things go wrong */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "os.h"
#include "stop.h"
#include "str.h"

static const char *name = "postbag";

static void __attribute__((format(printf, 3, 0)))
vset(struct err *e, int code, const char *fmt, va_list ap)
{
	e->code = code;
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
}

int
fail(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e->code != 0)
		return -1;
	va_start(ap, fmt);
	vset(e, code, fmt, ap);
	va_end(ap);
	return -1;
}

/* It is us who lack something, whatever it was needed for. */
static int
sys_code(int code)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM ?
	    EX_OSERR : code;
}

int
fail_sys(struct err *e, int code, const char *fmt, ...)
{
	const char *why = strerror(errno);
	va_list ap;
	size_t n;

	if (e->code != 0)
		return -1;
	va_start(ap, fmt);
	vset(e, sys_code(code), fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof e->msg - n, ": %s", why);
	return -1;
}

int
fail_in(struct err *e, const char *fmt, ...)
{
	char where[256], was[sizeof e->msg];
	va_list ap;

	if (e->code == 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf(where, sizeof where, fmt, ap);
	va_end(ap);
	memcpy(was, e->msg, sizeof was);
	snprintf(e->msg, sizeof e->msg, "%s: %.*s", where,
	    (int)(sizeof e->msg - strlen(where) - 3), was);
	return -1;
}

int
fail_add(struct err *e, const char *fmt, ...)
{
	size_t n = strlen(e->msg);
	va_list ap;

	if (e->code == 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf(e->msg + n, sizeof e->msg - n, fmt, ap);
	va_end(ap);
	return -1;
}

int
fail_stop(struct err *e)
{
	return fail(e, EX_TEMPFAIL, "stopped by %s", stop_name());
}

void
fail_clear(struct err *e)
{
	e->code = 0;
	e->msg[0] = '\0';
}

void
fail_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	name = slash != NULL ? slash + 1 : argv0;
}

/*
 * What stands in a URL's "user:password@" was written there by mistake, and
 * the message that says so is read by more people.  A port is none.
 */
static void
hide_passwords(char *text)
{
	char *p = text, *end, *at, *colon;

	while ((p = strstr(p, "//")) != NULL) {
		p += 2;
		end = p + strcspn(p, " \t\"'<>");
		at = os_last(p, '@', (size_t)(end - p));
		colon = at != NULL ? memchr(p, ':', (size_t)(at - p)) : NULL;
		if (colon == NULL ||
		    colon[1 + strspn(colon + 1, "0123456789")] == '/')
			continue;
		/* Three stars at most: what follows only moves to the left. */
		memmove(colon + 1, "***", at - colon - 1 < 3 ?
		    (size_t)(at - colon - 1) : 3);
		if (at - colon - 1 > 3)
			memmove(colon + 4, at, strlen(at) + 1);
	}
}

void
fail_print(const char *fmt, ...)
{
	char text[4096], safe[8192];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	hide_passwords(text);
	str_escape(safe, sizeof safe, str_of(text));
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", name, safe);
}

void
fail_tell(const struct err *e, const char *who)
{
	if (e->code == 0 || (e->code == EX_TEMPFAIL && stop_asked()))
		return;
	fail_print("%s%s%s", who != NULL ? who : "", who != NULL ? ": " : "",
	    e->msg);
}

/*
 * The worst first: what the program and the system got wrong, then what has
 * to be set right here, then what others refuse.  Only EX_TEMPFAIL is worth
 * trying again as it is, so it is the last of the failures.
 */
static const int ranks[] = {
	EX_SOFTWARE, EX_OSERR, EX_CONFIG, EX_NOPERM, EX_PROTOCOL, EX_IOERR,
	EX_CANTCREAT, EX_UNAVAILABLE, EX_NOHOST, EX_NOUSER, EX_DATAERR,
	EX_NOINPUT, EX_USAGE, EX_TEMPFAIL, 0
};
enum { RANKS = sizeof ranks / sizeof *ranks };

static int
rank(int status)
{
	int i;

	for (i = 0; i < RANKS; i++)
		if (ranks[i] == status)
			return i;
	return 0;
}

int
fail_worse(int a, int b)
{
	int of_a = rank(a), of_b = rank(b);

	return ranks[of_a < of_b ? of_a : of_b];
}

void
fail_join(struct err *e, const struct err *other)
{
	if (other->code != 0 && rank(other->code) < rank(e->code))
		*e = *other;
}
