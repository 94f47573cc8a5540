/*
 * proxy.c: fuzz: a proxy that answers anything, and an HTTP server
 *
 * The low bits of the first byte choose: SOCKS5, SOCKS5 with a login, HTTP
 * CONNECT, or the answer to a GET.  What stands behind a proxy's answer is all
 * there to be read in plaintext, byte for byte; with bit 2 TLS begins, which
 * must fail if there is a single one.
 */
#include "proxy.h"
#include "conn_trust.h"
#include "server.h"

#define https_get https_get_itself	/* its parts are wanted, without TLS */
#include "https.c"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* It is the end of what was said. */
static void
rest(struct conn *c, const uint8_t *p, size_t n)
{
	static char got[1 << 20];
	size_t all = 0;
	long some;

	while ((some = conn_read(c, got + all, sizeof got - all)) > 0)
		all += (size_t)some;
	if (all > n || memcmp(got, p + n - all, all) != 0)
		abort();
}

static void
by_proxy(struct conn *c, const uint8_t *p, size_t n, struct err *e)
{
	struct proxy_conf conf = { .kind = (p[0] & 3) == 2 ? PROXY_HTTP :
	    PROXY_SOCKS5 };
	bool tls = (p[0] & 4) != 0;
	char byte;

	if ((p[0] & 3) == 1) {
		snprintf(conf.user, sizeof conf.user, "jo");
		snprintf(conf.pass, sizeof conf.pass, "wonderland");
	}
	if (proxy_connect(c, &conf, "mx.test", 25, e) < 0) {
		if (e->code == 0)
			abort();
		return;
	}
	if (!tls)
		rest(c, p + 1, n - 1);
	else if (conn_trust(c, CONN_TLS) == 0 && conn_read(c, &byte, 1) > 0)
		abort();
	else if (e->code != EX_PROTOCOL && e->code != EX_TEMPFAIL)
		abort();
}

static void
answer(struct conn *c, struct err *e)
{
	struct https h = { .host = "a.test", .path = "/", .body.max = 65536 };
	struct framing f = { .size = 0 };

	if (head(c, &h, &f) == 0 && https_body(c, &h, &f, clock_in(5), e) == 0 &&
	    (h.status < 200 || h.status > 999 || h.body.n > h.body.max))
		abort();
	buf_free(&h.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	struct conn *c;
	int fd;

	if (n == 0)
		return 0;
	c = server_says(p + 1, n - 1, &fd, &e);
	conn_phase(c, "the answer", 5);
	if ((p[0] & 3) == 3)
		answer(c, &e);
	else
		by_proxy(c, p, n, &e);
	conn_close(c);
	close(fd);
	return 0;
}
