/*
 * portprobe_login.c: what is recorded of a login, who is not tried after it, and
 * in which report it is told
 */
#include "login.h"

#include <stdlib.h>
#include <unistd.h>

#include "conn_private.h"
#include "file.h"
#include "imap.h"
#include "pop3.h"
#include "server.h"
#include "session.h"
#include "smtp.h"
#include "tap.h"

/* How it ends, by port: connecting, and AUTH. */
static struct {
	unsigned port;
	int connect, auth;
} ends[4];

static struct conn conn;
static struct err *now;			/* of the session */
static unsigned port;

static int
ended(bool auth)
{
	size_t i;
	int code;

	for (i = 0; i < 4; i++)
		if (ends[i].port == port) {
			code = auth ? ends[i].auth : ends[i].connect;
			return code == 0 ? 0 : fail(now, code, "said %d", code);
		}
	return 0;
}

/* In the place of session.c and of the protocols. */
int
session_ready(struct session *s, struct account *a, struct err *e)
{
	*s = (struct session){ .account = a, .conn = &conn };
	now = e;
	port = a->server.port;
	return 0;
}

int
session_connect(struct session *s, struct err *e)
{
	(void)s;
	(void)e;
	return ended(false);
}

int
session_login(struct session *s, struct sasl_login *who)
{
	(void)s;
	*who = (struct sasl_login){ 0 };
	return 0;
}

enum conn_tls
session_tls(const struct account *a)
{
	(void)a;
	return 0;
}

bool
session_wants_login(const struct account *a)
{
	(void)a;
	return true;
}

void
session_close(struct session *s)
{
	(void)s;
}

int
imap_open(struct imap *i, struct conn *c, enum conn_tls tls)
{
	(void)i;
	(void)c;
	(void)tls;
	return 0;
}

int
imap_auth(struct imap *i, const struct sasl_login *who)
{
	(void)i;
	(void)who;
	return ended(true);
}

void
imap_quit(struct imap *i)
{
	(void)i;
}

void
imap_free(struct imap *i)
{
	(void)i;
}

int
pop3_open(struct pop3 *p, struct conn *c, enum conn_tls tls,
    const struct pop3_memory *m)
{
	(void)p;
	(void)c;
	(void)tls;
	(void)m;
	return 0;
}

int
pop3_auth(struct pop3 *p, const struct sasl_login *who)
{
	(void)p;
	(void)who;
	return ended(true);
}

int
pop3_quit(struct pop3 *p, bool wait)
{
	(void)p;
	(void)wait;
	return 0;
}

int
smtp_open(struct smtp *p, struct conn *c, const struct smtp_conf *conf)
{
	(void)p;
	(void)c;
	(void)conf;
	return 0;
}

int
smtp_auth(struct smtp *p, const struct sasl_login *who)
{
	(void)p;
	(void)who;
	return ended(true);
}

void
smtp_quit(struct smtp *p)
{
	(void)p;
}

/* ---- logins */

static struct settings set;
static struct server servers[3];

static void
server(size_t i, enum account_scheme scheme, const char *user,
    const char *host, unsigned at)
{
	servers[i] = (struct server){ .url = "x", .account = {
	    .login.user = user, .server = { .scheme = scheme,
	    .host = host, .port = at } } };
	if (i > 0)
		servers[i - 1].next = &servers[i];
}

/* The first fails so, by connecting or by AUTH; is the second tried? */
static void
begin(int connect, int auth)
{
	struct err e = { 0 };

	ends[0].port = 1;
	ends[0].connect = connect;
	ends[0].auth = auth;
	set = (struct settings){ .login.servers = &servers[0] };
	is_int(login_all(&set, &e), 0, "the list is gone through");
}

static void
refusals(void)
{
	static const struct {
		const char *name;
		int connect, auth;
		const char *user, *host;	/* of the second */
		bool tried;
	} cases[] = {
		{ "refused", 0, EX_NOPERM, "joe", "h.test", false },
		{ "not now", 0, EX_TEMPFAIL, "joe", "h.test", true },
		{ "no answer", 0, EX_IOERR, "joe", "h.test", true },
		{ "no connection", EX_UNAVAILABLE, 0, "joe", "h.test", true },
		{ "a certificate", EX_NOPERM, 0, "joe", "h.test", true },
		{ "taken", 0, 0, "joe", "h.test", true },
		{ "another user", 0, EX_NOPERM, "jane", "h.test", true },
		{ "another host", 0, EX_NOPERM, "joe", "i.test", true },
	};
	static const enum account_scheme by[] = { ACCOUNT_IMAPS, ACCOUNT_POP3,
	    ACCOUNT_SMTP };
	const struct login *one = &servers[0].login,
	    *two = &servers[1].login;
	size_t i, k;
	int want;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		for (k = 0; k < 3; k++) {
			server(0, by[k], "joe", "h.test", 1);
			server(1, by[(k + 1) % 3], cases[i].user,
			    cases[i].host, 2);
			begin(cases[i].connect, cases[i].auth);
			want = cases[i].connect + cases[i].auth;
			is_int(one->status, want, "%s: the status",
			    cases[i].name);
			ok(one->refused == (cases[i].auth == EX_NOPERM),
			    "%s: a refusal", cases[i].name);
			ok((one->us >= 0) == (cases[i].connect == 0),
			    "%s: how long", cases[i].name);
			ok(one->tried && two->tried, "%s: told of",
			    cases[i].name);
			is_int(two->status, cases[i].tried ? 0 : EX_NOPERM,
			    "%s: the next", cases[i].name);
			ok((strstr(two->text, "not tried") == NULL) ==
			    cases[i].tried, "%s: and why", cases[i].name);
		}
}

/* ---- where it is told */

static void
told(void)
{
	server(0, ACCOUNT_IMAPS, "joe", "h.test", 993);
	server(1, ACCOUNT_POP3S, "joe", "h.test", 995);
	set = (struct settings){ .login.servers = &servers[0] };
	ok(server_find(&set, "h.test", 993, "192.0.2.1") == NULL,
	    "nobody logged in");
	ok(server_untold(&set) == NULL, "so nothing is left to tell");
	servers[0].login.tried = servers[1].login.tried = true;
	servers[0].login.status = EX_NOPERM;
	str_copy(servers[0].login.ip, STR("192.0.2.1"));
	ok(server_find(&set, "h.test", 993, "192.0.2.2") == NULL,
	    "another address");
	ok(server_find(&set, "i.test", 993, "192.0.2.1") == NULL,
	    "another host");
	ok(server_find(&set, "h.test", 143, "192.0.2.1") == NULL,
	    "another port");
	ok(server_untold(&set) == &servers[0], "which is not told so far");
	ok(server_find(&set, "H.test", 993, "192.0.2.1") == &servers[0],
	    "its address");
	ok(server_untold(&set) == NULL, "now it is; the other was taken");
	ok(server_find(&set, "h.test", 995, "192.0.2.2") == &servers[1],
	    "without a connection any");
	set.scope.first = true;
	ok(server_find(&set, "h.test", 993, "192.0.2.2") == &servers[0],
	    "--first: there is no other");
}

/* ---- whom accounts trust */

static void
loaded(const char *mine, const char *other, const char *given,
    const char *want, const char *name)
{
	char path[] = "/tmp/login.XXXXXX";
	struct buf b = { 0 };
	struct arena mem = { 0 };
	struct err e = { 0 };
	int fd = mkstemp(path);

	buf_printf(&b, "account a\nca %s\nuser joe\nimap imaps://h.test\n"
	    "account b\nca %s\nuser joe\nimap imaps://i.test\n", mine, other);
	file_write(fd, b.p, b.n, &e);
	close(fd);
	set = (struct settings){ .login = { .all = true, .config = path },
	    .tls.ca = given };
	if (!ok(server_load(&set, &mem, &e) == 0, "%s: loaded", name))
		diag("%s", e.msg);
	is_str(set.tls.ca, want, "%s", name);
	server_free(&set);
	unlink(path);
	arena_free(&mem);
	buf_free(&b);
}

static void
trust(void)
{
	char one[] = "/tmp/one.XXXXXX", two[] = "/tmp/two.XXXXXX";

	close(mkstemp(one));
	close(mkstemp(two));
	loaded(one, one, NULL, one, "whom all accounts trust");
	loaded(one, two, NULL, NULL, "they do not agree");
	loaded(one, one, two, two, "--ca counts before that");
	loaded(one, two, one, one, "and where they do not agree");
	unlink(one);
	unlink(two);
}

int
main(void)
{
	refusals();
	told();
	trust();
	return done();
}
