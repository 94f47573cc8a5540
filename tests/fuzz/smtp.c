/* smtp.c: fuzz: a mail server that says anything */
#include "conn_tls.h"
#include "file.h"
#include "server.h"
#include "smtp_mail.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct msg msg;
static struct secret secret = { .n = 6, .p = "secret" };

static void
compose(void)
{
	static const char text[] = "Subject: x\n\n.\nhello\n";
	struct err e = { 0 };
	static struct arena a;
	int fd = file_temp(&e);

	if (fd < 0 || file_write(fd, text, sizeof text - 1, &e) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0 || msg_scan(&msg, &a, fd, 0, &e) < 0)
		abort();
	close(fd);
}

/* What is said of a recipient must be what its reply says. */
static void
check(const struct smtp_mail *m, int got, bool lmtp)
{
	const struct smtp_rcpt *r;
	size_t i, open = 0;

	for (i = 0; i < m->n; i++) {
		r = &m->rcpt[i];
		open += r->state == SMTP_UNTRIED;
		if (strlen(r->reply.text) >= sizeof r->reply.text ||
		    (r->state == SMTP_SENT && r->reply.code / 100 != 2) ||
		    (r->state == SMTP_DEFERRED && r->reply.code / 100 != 4 &&
		    r->reply.code != 552) ||
		    (r->state == SMTP_REFUSED && r->reply.code / 100 != 5) ||
		    (r->state == SMTP_TAKEN && m->msg != NULL && got >= 0) ||
		    (r->state == SMTP_UNKNOWN && got >= 0) ||
		    (lmtp && r->state == SMTP_SENT && m->msg == NULL))
			abort();
	}
	if ((got == 0 && open > 0 && !m->whole) || (got == 1 && open == 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct smtp_rcpt r[3] = { { .addr = "a@x.test", .params = "" },
	    { .addr = "b@y.test", .params = "" },
	    { .addr = "c@X.test", .params = "" } };
	struct smtp_mail m = { .from = "f@x.test", .params = "", .rcpt = r,
	    .n = 1, .msg = &msg, .last = true };
	struct smtp_conf conf = { .tls = CONN_TLS_OFF, .ehlo = "fuzz.test" };
	struct sasl_login login = { .user = "jo", .password = &secret };
	struct err e = { 0 };
	struct smtp s;
	struct conn *c;
	unsigned how;
	int fd, got = -1;

	if (n < 1)
		return 0;
	if (msg.size == 0)
		compose();
	how = p[0];
	conf.lmtp = how & 1;
	conf.no_chunking = how & 2;
	m.n = how & 4 ? 3 : 1;
	m.whole = how & 8;
	m.msg = how & 16 ? NULL : &msg;
	c = server_says(p + 1, n - 1, &fd, &e);
	if (smtp_open(&s, c, &conf) == 0 &&
	    ((how & 32) == 0 || smtp_auth(&s, &login) == 0)) {
		got = smtp_send(&s, &m);
		check(&m, got, conf.lmtp);
	}
	if ((got < 0 || conn_failed(c)) && e.code == 0)
		abort();
	smtp_quit(&s);
	conn_close(c);
	close(fd);
	return 0;
}
