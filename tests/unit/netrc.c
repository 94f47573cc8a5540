/* netrc: how long a word can be, and which line is told; more in account.c */
#include <stdlib.h>
#include <string.h>

#include "netrc.h"
#include "tap.h"

/* What is as long as there is room for, and one byte more. */
int
main(void)
{
	static char text[sizeof (struct secret) + 400];
	struct secret *s = mem_new(1, sizeof *s);
	size_t max = sizeof s->p - 1, n;
	struct err e = { 0 };
	char login[256];

	for (n = max; n <= max + 1; n++) {
		snprintf(text, sizeof text, "machine h password %0*d", (int)n,
		    0);
		is_int(netrc_find(str_of(text), "h", NULL, s, login, &e),
		    n > max ? -1 : 1, "a password of %zu bytes", n);
		ok(n > max || s->n == n, "whole: %zu", s->n);
	}
	ok(strstr(e.msg, "over 16383 bytes") != NULL, "%s", e.msg);
	for (n = 255; n <= 256; n++) {
		fail_clear(&e);
		snprintf(text, sizeof text, "machine h login %0*d password p",
		    (int)n, 0);
		is_int(netrc_find(str_of(text), "h", NULL, s, login, &e),
		    n > 255 ? -1 : 1, "a login of %zu bytes", n);
	}
	fail_clear(&e);
	is_int(netrc_find(STR("machine x\nlogin u\n\nsecret\n"), "h", NULL, s,
	    login, &e), -1, "out of step");
	ok(strstr(e.msg, "line 4:") != NULL, "%s", e.msg);
	strcpy(login, "stale");
	is_int(netrc_find(STR("machine h password p"), "h", NULL, s, login,
	    &e), 1, "without a login");
	is_str(login, "", "there is none");
	free(s);
	return done();
}
