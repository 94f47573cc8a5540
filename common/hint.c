/* hint.c: which URL would work, where two sides do not understand each other */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "hint.h"
#include "conn_open.h"
#include "conn_tls.h"
#include "trace.h"

enum { SILENCE = 5, PATIENCE = 10, HELLO = 5 };	/* seconds */

/* Services that greet at once, in plaintext, if they are there at all. */
static const struct port {
	unsigned number;
	const char *scheme;
} plain_ports[] = {
	{ 25, "smtp" }, { 587, "smtp" }, { 2525, "smtp" }, { 110, "pop3" },
	{ 143, "imap" },
}, tls_ports[] = {
	{ 465, "smtps" }, { 993, "imaps" }, { 995, "pop3s" },
};

static const char *
port(const struct port *p, size_t n, unsigned number)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i].number == number)
			return p[i].scheme;
	return NULL;
}

#define PORT(table, number) \
	port(table, sizeof table / sizeof *table, number)

struct url {
	char text[320];
};

static struct url
url(const struct conn *c, const char *scheme, const char *s)
{
	const struct conn_conf *f = conn_settings(c);
	bool six = strchr(f->host, ':') != NULL;
	struct url u;

	snprintf(u.text, sizeof u.text, "%s%s://%s%s%s:%u", scheme, s,
	    six ? "[" : "", f->host, six ? "]" : "", f->port);
	return u;
}

/* With TLS from the first byte; on a port of another protocol, that one's. */
static struct url
with_tls(const struct conn *c, const char *scheme)
{
	const char *known = PORT(tls_ports, conn_settings(c)->port);

	return known != NULL ? url(c, known, "") : url(c, scheme, "s");
}

/* Are these the first bytes of an alert or a handshake (RFC 8446 5.1)? */
static bool
hint_record(const char *p, long n)
{
	return n > 0 && (p[0] == 0x15 || p[0] == 0x16) && (n == 1 ||
	    p[1] == 3);
}

/*
 * A ClientHello that no server takes, for there is no suite in it that could
 * be had without extensions; but TLS is what it is answered in.
 */
static bool
speaks_tls(const struct conn *c)
{
	static const unsigned char hello[] = {
		0x16, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3,
		'p', 'o', 's', 't', 'b', 'a', 'g', ' ', 'a', 's', 'k', 's',
		' ', 'f', 'o', 'r', ' ', 'T', 'L', 'S', ' ', 'h', 'e', 'r',
		'e', '.', ' ', ' ', ' ', ' ', ' ', ' ', 0,
		0, 4, 0xc0, 0x2f, 0, 0xff, 1, 0
	};
	struct conn_conf conf = *conn_settings(c);
	int64_t end = clock_in(HELLO);
	struct err quiet = { 0 };
	struct conn *other;
	const char *p;
	long n = -1;

	conf.connect_timeout = HELLO;
	if (conf.deadline == 0 || conf.deadline > end)
		conf.deadline = end;
	if ((other = conn_open(&conf, &quiet)) == NULL)
		return false;
	conn_phase(other, "a hello", HELLO);
	conn_write(other, hello, sizeof hello);
	n = conn_peek(other, &p, 1);
	n = n > 0 && hint_record(p, n);
	conn_close(other);
	return n > 0;
}

static int
tls_here(struct conn *c, const char *scheme)
{
	return conn_abort(c, EX_PROTOCOL, "the greeting: the server speaks TLS from the first byte: %s",
	    with_tls(c, scheme).text);
}

static int
perhaps(struct conn *c, const char *scheme)
{
	fail_add(conn_err(c), "; TLS from the first byte? %s",
	    with_tls(c, scheme).text);
	return -1;
}

/* Nothing came for some seconds.  0 to wait on, -1. */
static int
hint_silent(struct conn *c, const char *scheme, double seconds)
{
	const struct conn_conf *f = conn_settings(c);
	bool known = PORT(tls_ports, f->port) != NULL;

	if (isatty(STDERR_FILENO) == 1 || trace_on(TRACE_DONE))
		fail_print("%s:%u: silent for %d seconds; TLS from the first byte? %s",
		    f->host, f->port, SILENCE, with_tls(c, scheme).text);
	if (!known && speaks_tls(c))
		return tls_here(c, scheme);
	if (known && seconds > PATIENCE)
		conn_phase(c, "the greeting", PATIENCE - SILENCE);
	return 0;
}

int
hint_greeting(struct conn *c, const char *scheme, double seconds)
{
	const struct conn_conf *f = conn_settings(c);
	const char *p;
	long n;

	conn_phase(c, "the greeting", seconds);
	if (conn_encrypted(c) || scheme == NULL || f->path != NULL ||
	    f->command != NULL || PORT(plain_ports, f->port) != NULL)
		return 0;
	if (conn_quiet(c, SILENCE) > 0 && hint_silent(c, scheme, seconds) < 0)
		return -1;
	if ((n = conn_peek(c, &p, 1)) < 0)
		return perhaps(c, scheme);
	return hint_record(p, n) ? tls_here(c, scheme) : 0;
}

/* The protocol that greets so. */
static const struct {
	const char *begin, *scheme;
} greetings[] = { { "220", "smtp" }, { "421", "smtp" }, { "554", "smtp" },
    { "* ", "imap" }, { "+OK", "pop3" }, { "-ERR", "pop3" } };

int
hint_tls(struct conn *c)
{
	const char *first;
	size_t i;

	if (conn_tls(c) == 0)
		return 0;
	first = conn_first(c);
	for (i = 0; i < sizeof greetings / sizeof *greetings; i++)
		if (str_starts(str_of(first), greetings[i].begin))
			fail_add(conn_err(c), "; in plaintext first? %s",
			    url(c, greetings[i].scheme, "").text);
	return -1;
}
