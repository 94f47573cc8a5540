/* account_url.c: places on this machine and sockets; servers are in account.c */
#include <string.h>

#include "account_url.h"
#include "str.h"
#include "tap.h"

static const struct {
	const char *url;
	enum account_scheme want;
	const char *path, *why;		/* why: a part of what is said */
} v[] = {
	{ "maildir:/m/%u", ACCOUNT_MAILDIR, "/m/%u", NULL },
	{ "mbox:/var/mail/%u", ACCOUNT_MBOX, "/var/mail/%u", NULL },
	{ "maildir:~/Mail", ACCOUNT_MAILDIR, "~/Mail", NULL },
	{ "mbox:~/%%x", ACCOUNT_MBOX, "~/%%x", NULL },
	{ "mbox:/m/%%%u", ACCOUNT_MBOX, "/m/%%%u", NULL },
	{ "mbox:/m:/%u", ACCOUNT_MBOX, "/m:/%u", NULL },
	{ "lmtp:/a", ACCOUNT_LMTP_UNIX, "/a", NULL },
	{ "maildir:/m", 0, NULL, "one mailbox for all" },
	{ "mbox:/m/%%u", 0, NULL, "one mailbox for all" },
	{ "mbox:/~/m", 0, NULL, "one mailbox for all" },
	{ "maildir:", 0, NULL, "a mailbox is" },
	{ "maildir:m/%u", 0, NULL, "a mailbox is" },
	{ "maildir:~", 0, NULL, "a mailbox is" },
	{ "maildir:~jo/%u", 0, NULL, "a mailbox is" },
	{ "mbox:/m/%", 0, NULL, "there is no other %" },
	{ "mbox:/m/%u/%h", 0, NULL, "there is no other %" },
	{ "mbox:/m/%u\n", 0, NULL, "no path to a mailbox" },
	{ "lmtp:/", 0, NULL, "no path to a socket" },
	{ "lmtp:/a\n", 0, NULL, "no path to a socket" },
	{ "smtp:///a", 0, NULL, "only lmtp has sockets" },
	{ "smtp://h?x=y", 0, NULL, "nothing may stand behind" },
	{ "smtp://h#x", 0, NULL, "nothing may stand behind" },
	{ "smtp://h/x", 0, NULL, "nothing may stand behind" },
	{ "smtp://jo:secret@h", 0, NULL, "can be read by others" },
	{ "http://h", 0, NULL, "is none of" },
};

static void
rows(void)
{
	struct account_server s;
	struct arena a = { 0 };
	struct err e;
	size_t i;
	int got;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		e = (struct err){ 0 };
		got = account_url(&s, &a, v[i].url, "smtps", &e);
		is_int(got, v[i].why == NULL ? 0 : -1, "%s", v[i].url);
		if (v[i].why == NULL) {
			is_int(s.scheme, v[i].want, "its scheme");
			is_str(s.path, v[i].path, "its path");
		} else {
			is_int(e.code, EX_USAGE, "its status");
			ok(strstr(e.msg, v[i].why) != NULL, "why: %s", e.msg);
		}
	}
	arena_free(&a);
}

/* begin, so many x, and one more */
static void
most(const char *begin, size_t n)
{
	struct account_server s;
	struct arena a = { 0 };
	struct buf b = { .max = 4096 };
	struct err e = { 0 };

	buf_s(&b, begin);
	while (n-- > 0)
		buf_c(&b, 'x');
	is_int(account_url(&s, &a, b.p, "smtps", &e), 0, "%s: %s", begin, e.msg);
	buf_c(&b, 'x');
	is_int(account_url(&s, &a, b.p, "smtps", &e), -1, "%s, and one more",
	    begin);
	buf_free(&b);
	arena_free(&a);
}

/* The protocol's scheme that has TLS, where there is one. */
static void
schemes(void)
{
	static const char *const names[][2] = { { "smtp", "smtps" },
	    { "imap", "imaps" }, { "pop3", "pop3s" }, { "lmtp", "lmtp" },
	    { "http", "" } };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		is_str(account_bare_scheme(str_of(names[i][0])), names[i][1],
		    "%s", names[i][0]);
	is_str(account_protocol(ACCOUNT_MX), "smtp", "mx:");
	is_str(account_protocol(ACCOUNT_POP3S), "pop3", "pop3s");
	is_str(account_protocol(ACCOUNT_LMTP_UNIX), "lmtp", "a socket");
}

int
main(void)
{
	rows();
	most("lmtp:/", 99);
	most("maildir:~/", 998);
	schemes();
	return done();
}
