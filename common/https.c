/* https.c: one GET (RFC 9112) */
#include "https.h"

#include "clock.h"
#include "conn.h"
#include "conn_open.h"
#include "conn_tls.h"
#include "limit.h"
#include "trace.h"

/* HTTP/1.1 200 OK */
static int
status_line(struct conn *c, struct https *h)
{
	size_t n;
	char *p = conn_line(c, &n);
	struct str s = { p, n };
	uint64_t v;

	if (p == NULL)
		return -1;
	if (!str_starts(s, "HTTP/1.") || s.n < 12 || s.p[8] != ' ' ||
	    str_num(str_to(str_from(s, 9), 3), 999, &v) < 0)
		return conn_fail(c, EX_PROTOCOL, "this is not HTTP");
	h->status = (int)v;
	return 0;
}

struct framing {
	bool chunked, sized;
	uint64_t size;
};

static int
header(struct conn *c, struct https *h, struct framing *f, struct str s)
{
	struct str name = str_cut(&s, ':'), value = str_trim(s);

	if (s.p == NULL)
		return conn_fail(c, EX_PROTOCOL, "a header without \":\"");
	if (str_is(name, "content-type")) {
		value = str_trim(str_cut(&value, ';'));
		str_escape(h->type, sizeof h->type, value);
	} else if (str_is(name, "transfer-encoding")) {
		f->chunked = str_is(value, "chunked");
		if (!f->chunked && !str_is(value, "identity"))
			return conn_fail(c, EX_PROTOCOL,
			    "unknown Transfer-Encoding");
	} else if (str_is(name, "content-length")) {
		if (str_num(value, INT64_MAX, &f->size) < 0)
			return conn_fail(c, EX_PROTOCOL,
			    "bad Content-Length");
		f->sized = true;
	}
	return 0;
}

/* Informational answers (1xx) come before the answer. */
static int
head(struct conn *c, struct https *h, struct framing *f)
{
	int lines = 0;
	size_t n;
	char *p;

	do {
		if (status_line(c, h) < 0)
			return -1;
		for (;;) {
			if (++lines > LIMIT_HTTP_LINES)
				return conn_fail(c, EX_PROTOCOL, "more than %d lines of headers",
				    LIMIT_HTTP_LINES);
			if ((p = conn_line(c, &n)) == NULL)
				return -1;
			if (n == 0)
				break;
			if (header(c, h, f, (struct str){ p, n }) < 0)
				return -1;
		}
	} while (h->status < 200);
	return 0;
}

/* n bytes of body; what is over the limit is not read. */
static int
body_take(struct conn *c, struct https *h, uint64_t n)
{
	char part[4096];
	long got;

	while (n > 0 && !h->too_big) {
		got = conn_read(c, part, n < sizeof part ? (size_t)n :
		    sizeof part);
		if (got < 0)
			return -1;
		h->too_big = h->body.n + (size_t)got > h->body.max;
		if (!h->too_big)
			buf_put(&h->body, part, (size_t)got);
		n -= (uint64_t)got;
	}
	return 0;
}

static int
hex_number(struct str s, uint64_t *v)
{
	size_t i;

	s = str_trim(str_cut(&s, ';'));
	*v = 0;
	if (s.n == 0 || s.n > 8)
		return -1;
	for (i = 0; i < s.n; i++) {
		char c = str_lower(s.p[i]);

		if (!str_digit(c) && (c < 'a' || c > 'f'))
			return -1;
		*v = *v << 4 | (uint64_t)(str_digit(c) ? c - '0' :
		    c - 'a' + 10);
	}
	return 0;
}

static int
chunks(struct conn *c, struct https *h)
{
	uint64_t size;
	size_t n;
	char *p;

	while (!h->too_big) {
		if ((p = conn_line(c, &n)) == NULL)
			return -1;
		if (hex_number((struct str){ p, n }, &size) < 0)
			return conn_fail(c, EX_PROTOCOL, "a bad chunk");
		if (size == 0)
			return 0;
		if (body_take(c, h, size) < 0)
			return -1;
		if (!h->too_big && conn_line(c, &n) == NULL)
			return -1;
	}
	return 0;
}

static int
https_body(struct conn *c, struct https *h, const struct framing *f,
    int64_t deadline, struct err *e)
{
	if (f->chunked)
		return chunks(c, h);
	if (f->sized)
		return body_take(c, h, f->size);
	if (body_take(c, h, UINT64_MAX) == 0)
		return 0;
	/* Without a length the end of the connection is the end. */
	if (e->code != EX_TEMPFAIL || clock_ms() >= deadline)
		return -1;
	fail_clear(e);
	return 0;
}

int
https_get(struct https *h, struct err *e)
{
	int64_t deadline = clock_in(h->seconds);
	struct conn_conf conf = { .host = h->host, .tls = h->tls,
	    .port = h->port, .deadline = deadline,
	    .connect_timeout = h->seconds };
	struct framing f = { .size = 0 };
	struct conn *c;
	int got = -1;

	if (conf.port == 0)
		conf.port = h->plain ? 80 : 443;
	conf.dial_host = h->dial;
	conf.dial_port = conf.port;
	c = conn_open(&conf, e);
	if (c == NULL)
		return -1;
	if (h->plain || conn_tls(c) == 0) {
		conn_phase(c, "the answer to GET", h->seconds);
		conn_printf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n"
		    "Accept: %s\r\nUser-Agent: postbag\r\n"
		    "Connection: close\r\n\r\n", h->path, h->host,
		    h->plain ? "*/*" : "text/plain");
		if (head(c, h, &f) == 0 &&
		    https_body(c, h, &f, deadline, e) == 0)
			got = 0;
	}
	conn_close(c);
	if (got == 0)
		trace_note(TRACE_DONE, "fetched http%s://%s%s: %d",
		    h->plain ? "" : "s", h->host, h->path, h->status);
	return got;
}
