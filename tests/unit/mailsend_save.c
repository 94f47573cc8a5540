/* mailsend_save.c: --save imap: and a server that is down, or refuses the login */
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "save_imap.h"
#include "tap.h"

/* Seconds that have passed without being waited for. */
static time_t passed;

int
clock_gettime(clockid_t which, struct timespec *t)
{
	int got = (int)syscall(SYS_clock_gettime, which, t);

	t->tv_sec += passed;
	return got;
}

/* In the place of dest.c: a server that cannot be used, and why. */
static struct dest server;
static int asked, code;

int
dest_parse(struct dest_name *to, struct arena *a, const char *spec,
    const struct dest_conf *c, struct err *e)
{
	(void)a;
	(void)c;
	(void)e;
	*to = (struct dest_name){ .server = spec, .folder = "Sent" };
	return 0;
}

struct dest *
dest_find(struct dest **all, const struct dest_conf *c, const char *name,
    struct err *e)
{
	(void)c;
	(void)name;
	(void)e;
	return *all = &server;
}

int
dest_open(struct dest *d, const struct dest_conf *c, struct err *e)
{
	(void)d;
	(void)c;
	asked++;
	return fail(e, code, "why");
}

int
dest_select(struct dest *d, const char *folder, bool create)
{
	(void)d;
	(void)folder;
	(void)create;
	return -1;
}

void
dest_hang_up(struct dest *d)
{
	(void)d;
}

void
dest_free(struct dest *d)
{
	(void)d;
}

static const struct {
	const char *name;
	int code;
	bool many;
	int asked[4];			/* after each, */
	bool told[4];			/* and is it said? */
	const char *words;		/* the first time */
} rows[] = {
	{ "it is down", EX_TEMPFAIL, true, { 1, 1, 2, 2 },
	    { true, true, true, true }, "why" },
	{ "it speaks no IMAP now", EX_PROTOCOL, true, { 1, 1, 2, 2 },
	    { true, true, true, true }, "why" },
	{ "the login is refused", EX_NOPERM, true, { 1, 1, 1, 1 },
	    { true, false, false, false },
	    "why; it is not asked again in this run" },
	{ "it is refused, of one letter", EX_NOPERM, false, { 1, 1, 1, 1 },
	    { true, false, false, false }, "why" },
};

int
main(void)
{
	static const int wait[4] = { 0, 50, 20, 10 };
	static struct letter l;
	struct save_imap k;
	struct err e;
	size_t i, n;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		k = (struct save_imap){ .many = rows[i].many };
		e = (struct err){ 0 };
		asked = 0;
		code = rows[i].code;
		save_imap_open(&k, "imap:a", &e);
		server.session.account = &server.account;
		for (n = 0; n < 4; n++) {
			passed += wait[n];
			e = (struct err){ 0 };
			is_int(save_imap_store(&k, &l, &e), -1, "%s: %zu",
			    rows[i].name, n);
			is_int(asked, rows[i].asked[n], "times it was asked");
			is_int(e.code, rows[i].told[n] ? code : 0, "told");
			if (n == 0)
				is_str(e.msg, rows[i].words, "in words");
		}
		save_imap_close(&k);
	}
	return done();
}
