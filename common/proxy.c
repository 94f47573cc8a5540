/* proxy.c: through a SOCKS5 (RFC 1928, 1929) or HTTP CONNECT proxy */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "b64.h"
#include "conn.h"
#include "conn_secret.h"
#include "conn_trust.h"
#include "limit.h"
#include "mem.h"
#include "net.h"
#include "proxy.h"

static int
part(char *dst, size_t cap, struct str s)
{
	if (s.n >= cap || str_control(s))
		return -1;
	str_copy(dst, s);
	dst[s.n] = '\0';
	return 0;
}

int
proxy_parse(struct proxy_conf *p, const char *url, struct err *e)
{
	struct str s = str_of(url), host, login = { 0 };
	size_t i;

	*p = (struct proxy_conf){ .kind = PROXY_SOCKS5, .port = 1080 };
	if (str_starts(s, "http://")) {
		p->kind = PROXY_HTTP;
		p->port = 8080;
		s = str_from(s, 7);
	} else if (str_starts(s, "socks5://") || str_starts(s, "socks5h://")) {
		s = str_from(s, str_starts(s, "socks5h") ? 10 : 9);
	} else {
		return fail(e, EX_USAGE, "--proxy: neither socks5:// nor http://");
	}
	for (i = s.n; i > 0 && s.p[i - 1] != '@'; i--)
		;
	if (i > 0) {
		login = str_to(s, i - 1);
		s = str_from(s, i);
	}
	if (s.n > 0 && s.p[s.n - 1] == '/')
		s.n--;
	unsigned port;

	if (net_hostport(s, &host, &port, e) < 0)
		return fail_in(e, "--proxy");
	p->port = port != 0 ? port : p->port;
	struct str user = str_cut(&login, ':');

	if (part(p->host, sizeof p->host, host) < 0 ||
	    part(p->user, sizeof p->user, user) < 0 ||
	    part(p->pass, sizeof p->pass, login) < 0)
		return fail(e, EX_USAGE, "--proxy: too long, or a control byte in it");
	return 0;
}

static int
read_exactly(struct conn *c, unsigned char *p, size_t n)
{
	long got;

	for (; n > 0; p += got, n -= (size_t)got)
		if ((got = conn_read(c, p, n)) < 0)
			return -1;
	return 0;
}

static int
socks_login(struct conn *c, const struct proxy_conf *p, struct err *e)
{
	unsigned char msg[520], in[2];
	size_t u = strlen(p->user), w = strlen(p->pass);

	msg[0] = 1;
	msg[1] = (unsigned char)u;
	memcpy(msg + 2, p->user, u);
	msg[2 + u] = (unsigned char)w;
	memcpy(msg + 3 + u, p->pass, w);
	conn_write(c, msg, 3 + u + w);
	mem_wipe(msg, sizeof msg);
	if (read_exactly(c, in, 2) < 0)
		return -1;
	return in[1] == 0 ? 0 : fail(e, EX_NOPERM, "proxy: login refused");
}

static size_t
socks_addr(unsigned char *msg, const char *host)
{
	size_t n = strlen(host);

	if (inet_pton(AF_INET, host, msg + 1) == 1) {
		msg[0] = 1;
		return 5;
	}
	if (inet_pton(AF_INET6, host, msg + 1) == 1) {
		msg[0] = 4;
		return 17;
	}
	msg[0] = 3;
	msg[1] = (unsigned char)n;
	memcpy(msg + 2, host, n);
	return n + 2;
}

static int
socks_refused(int code, struct err *e)
{
	static const char *const why[] = { "no error", "general failure",
		"not allowed by its rules", "network unreachable",
		"host unreachable", "connection refused", "TTL expired",
		"command not supported", "address type not supported" };
	size_t n = sizeof why / sizeof *why, i = (size_t)code;

	return fail(e, EX_TEMPFAIL, "proxy: %s", i < n ? why[i] :
	    "an unknown answer");
}

static int
socks(struct conn *c, const struct proxy_conf *p, const char *host,
    unsigned port, struct err *e)
{
	static const unsigned char none[] = { 5, 1, 0 }, both[] = { 5, 2, 0, 2 };
	unsigned char msg[300] = { 5, 1, 0 }, in[300];
	size_t n, len;

	if (strlen(host) > 255)
		return fail(e, EX_USAGE, "proxy: the host name is too long");
	conn_write(c, p->user[0] != '\0' ? both : none,
	    p->user[0] != '\0' ? sizeof both : sizeof none);
	if (read_exactly(c, in, 2) < 0)
		return -1;
	if (in[0] != 5 || (in[1] != 0 && (in[1] != 2 || p->user[0] == '\0')))
		return fail(e, in[0] != 5 ? EX_PROTOCOL : EX_NOPERM,
		    in[0] != 5 ? "proxy: it does not speak SOCKS5" :
		    "proxy: it wants a login");
	if (in[1] == 2 && socks_login(c, p, e) < 0)
		return -1;
	n = 3 + socks_addr(msg + 3, host);
	msg[n++] = (unsigned char)(port >> 8);
	msg[n++] = (unsigned char)port;
	conn_write(c, msg, n);
	if (read_exactly(c, in, 5) < 0)
		return -1;
	if (in[1] != 0)
		return socks_refused(in[1], e);
	switch (in[3]) {
	case 1:
		len = 4;
		break;
	case 3:
		len = in[4] + 1U;
		break;
	case 4:
		len = 16;
		break;
	default:
		return fail(e, EX_PROTOCOL, "proxy: an unknown address type");
	}
	return read_exactly(c, in, len + 1);	/* one byte of it is read */
}

static void
authorization(struct conn *c, const struct proxy_conf *p)
{
	struct buf plain = { .max = 1024, .secret = true };
	struct buf b = { .max = 2048, .secret = true };

	buf_printf(&plain, "%s:%s", p->user, p->pass);
	b64_put(&b, BUF_STR(plain));
	conn_hide(c, str_of(p->pass));
	conn_hide(c, BUF_STR(b));
	conn_mask(c, "Proxy-Authorization: Basic");
	conn_printf(c, "Proxy-Authorization: Basic %s\r\n", b.p);
	conn_mask(c, NULL);
	buf_wipe(&plain);
	buf_wipe(&b);
}

/* "HTTP/1.1 200", and no more digits. */
static bool
http_status(struct str s)
{
	return str_starts(s, "HTTP/1.") && s.n >= 12 && str_digit(s.p[7]) &&
	    s.p[8] == ' ' && str_digit(s.p[9]) && str_digit(s.p[10]) &&
	    str_digit(s.p[11]) && (s.n == 12 || s.p[12] == ' ');
}

static int
http(struct conn *c, const struct proxy_conf *p, const char *host,
    unsigned port, struct err *e)
{
	const char *l = strchr(host, ':') != NULL ? "[" : "";
	const char *r = l[0] != '\0' ? "]" : "";
	char *line, first[256];
	size_t n, lines = 0;

	conn_printf(c, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n",
	    l, host, r, port, l, host, r, port);
	if (p->user[0] != '\0')
		authorization(c, p);
	conn_write(c, "\r\n", 2);
	if ((line = conn_line(c, &n)) == NULL)
		return -1;
	snprintf(first, sizeof first, "%s", line);
	if (!http_status(str_of(first)))
		return fail(e, EX_PROTOCOL, "proxy: it does not speak HTTP");
	while ((line = conn_line(c, &n)) != NULL && n > 0)
		if (++lines > LIMIT_HTTP_LINES)
			return fail(e, EX_PROTOCOL, "proxy: more than %d lines of headers",
			    LIMIT_HTTP_LINES);
	if (line == NULL)
		return -1;
	return first[9] == '2' ? 0 : fail(e, first[9] == '4' ? EX_NOPERM :
	    EX_TEMPFAIL, "proxy: %s", first);
}

int
proxy_connect(struct conn *c, const struct proxy_conf *p, const char *host,
    unsigned port, struct err *e)
{
	int got = p->kind == PROXY_SOCKS5 ? socks(c, p, host, port, e) :
	    http(c, p, host, port, e);

	return got < 0 ? -1 : conn_trust(c, CONN_TUNNEL);
}

void
proxy_wipe(struct proxy_conf *p)
{
	mem_wipe(p, sizeof *p);
}
