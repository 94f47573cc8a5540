/* hint.c: TLS where none is expected, and the other way round */
#include "conn_tls.h"
#include "timed.h"

#include <stdio.h>

#include "imap.h"
#include "pop3.h"
#include "tls.h"
#include "trace.h"

static const struct smtp_conf plain = { .tls = CONN_TLS_OFF,
    .ehlo = "a.test" };
static const struct answer ehlo[] = { { "EHLO", "250 x\r\n", 0 }, { 0 } };
static struct imap m;

static const char alert[] = "\x15\3\1";

/* What is on stderr of f. */
static void
said(char *to, size_t cap, int (*f)(void), int *got)
{
	FILE *keep = tmpfile();
	int was = dup(2);
	size_t n;

	dup2(fileno(keep), 2);
	*got = f();
	dup2(was, 2);
	close(was);
	rewind(keep);
	n = fread(to, 1, cap - 1, keep);
	to[n] = '\0';
	fclose(keep);
}

static int
open_smtp(void)
{
	struct smtp s;

	return smtp_open(&s, c, &plain);
}

static const struct {
	const char *name;
	unsigned port;
	const char *greeting, *other;
	bool closes;
	int code, visits;
	double least, most;
	const char *words, *never;
} ports[] = {
	{ "a port of no protocol, TLS is spoken", 4465, NULL, alert, false,
	    EX_PROTOCOL, 1, 5, 6, "speaks TLS from the first byte: "
	    "smtps://127.0.0.1:4465", NULL },
	{ "a port of no protocol, nothing is spoken", 4465, NULL, NULL, false,
	    EX_TEMPFAIL, 1, 295, 320, "nothing for 300 seconds; TLS from the "
	    "first byte? smtps://127.0.0.1:4465", NULL },
	{ "a port of no protocol, it is plain and late", 4465, NULL, "220 x",
	    false, EX_TEMPFAIL, 1, 295, 320, "nothing for 300 seconds; TLS",
	    NULL },
	{ "port 465", 465, NULL, alert, false, EX_TEMPFAIL, 0, 10, 11,
	    "smtps://127.0.0.1:465", NULL },
	{ "the port of another protocol", 993, NULL, alert, false,
	    EX_TEMPFAIL, 0, 10, 11, "imaps://127.0.0.1:993", NULL },
	{ "port 25", 25, NULL, alert, false, EX_TEMPFAIL, 0, 300, 301,
	    "nothing for 300 seconds", "TLS" },
	{ "an alert as the greeting", 4465, alert, NULL, false, EX_PROTOCOL,
	    0, 0, 1, "speaks TLS from the first byte: smtps://", NULL },
	{ "the end as the greeting", 4465, NULL, NULL, true, EX_TEMPFAIL, 0,
	    0, 1, "closed the connection; TLS from the first byte? smtps://",
	    NULL },
	{ "the end as the greeting at port 587", 587, NULL, NULL, true,
	    EX_TEMPFAIL, 0, 0, 1, "closed the connection", "TLS" },
	{ "another protocol's greeting", 4465, "* OK IMAP\r\n", NULL, false,
	    EX_PROTOCOL, 0, 0, 1, "this is not SMTP", "TLS" },
};

static void
plain_at_tls(void)
{
	char text[1000];
	size_t i;
	int got;

	for (i = 0; i < sizeof ports / sizeof *ports; i++) {
		port = ports[i].port;
		begin(&(struct play){ .greeting = ports[i].greeting,
		    .other = ports[i].other });
		if (ports[i].closes)
			shutdown(fd, SHUT_WR);
		said(text, sizeof text, open_smtp, &got);
		ok(got < 0 && e.code == ports[i].code && strstr(e.msg,
		    ports[i].words) != NULL && took() >= ports[i].least &&
		    took() <= ports[i].most && (ports[i].never == NULL ||
		    strstr(e.msg, ports[i].never) == NULL), "%s: after %.0f s",
		    ports[i].name, took());
		if (got >= 0 || strstr(e.msg, ports[i].words) == NULL)
			diag("%d: %s", e.code, e.msg);
		is_int(seconds, ports[i].visits, "%s: connections beside it",
		    ports[i].name);
		is_str(text, "", "%s: nothing is said meanwhile",
		    ports[i].name);
		over();
	}
	port = 4465;
	begin(&(struct play){ .answers = ehlo, .drip = "220 x\r\n",
	    .every = 60, .times = 1 });
	lived(open_smtp(), 60, "a late greeting");
}

/* On a terminal, or with -v, it is said when it happens. */
static void
said_at_once(void)
{
	char text[1000];
	int got;

	port = 465;
	begin(&(struct play){ .greeting = NULL });
	trace_set(1);
	said(text, sizeof text, open_smtp, &got);
	trace_set(0);
	ok(strstr(text, "127.0.0.1:465: silent for 5 seconds; TLS from the "
	    "first byte? smtps://127.0.0.1:465\n") != NULL,
	    "-v: it is said after 5 s");
	over();
}

static int
open_imap(void)
{
	return imap_open(&m, c, CONN_TLS_IMPLICIT);
}

static int
open_smtps(void)
{
	static const struct smtp_conf conf = { .tls = CONN_TLS_IMPLICIT };
	struct smtp s;

	return smtp_open(&s, c, &conf);
}

static int
open_pop3(void)
{
	struct pop3 p;

	return pop3_open(&p, c, CONN_TLS_IMPLICIT, NULL);
}

static void
tls_at_plain(void)
{
	static const struct {
		int (*open)(void);
		const char *greeting, *words;
	} cases[] = {
		{ open_smtps, "220 x ESMTP hello\r\n",
		    "; in plaintext first? smtp://127.0.0.1:4465" },
		{ open_imap, "* OK hello and welcome\r\n",
		    "; in plaintext first? imap://127.0.0.1:4465" },
		{ open_pop3, "+OK hello and welcome\r\n",
		    "; in plaintext first? pop3://127.0.0.1:4465" },
		{ open_imap, "220 x ESMTP hello\r\n",
		    "; in plaintext first? smtp://127.0.0.1:4465" },
		{ open_imap, "SSH-2.0-OpenSSH_9.2\r\n", "on this port" },
	};
	static const struct tls_conf conf = { .insecure = true };
	struct err bad = { 0 };
	size_t i;
	int got;

	if ((tls = tls_ctx_new(&conf, &bad)) == NULL)
		abort();
	port = 4465;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin(&(struct play){ .greeting = cases[i].greeting });
		got = cases[i].open();
		ok(got < 0 && e.code == EX_PROTOCOL && strstr(e.msg,
		    "does not speak TLS on this port") != NULL &&
		    strlen(e.msg) >= strlen(cases[i].words) &&
		    strcmp(e.msg + strlen(e.msg) - strlen(cases[i].words),
		    cases[i].words) == 0, "TLS and \"%.4s\"",
		    cases[i].greeting);
		if (got >= 0 || e.code != EX_PROTOCOL)
			diag("%d: %s", e.code, e.msg);
		over();
	}
	tls_ctx_free(tls);
	tls = NULL;
	port = 0;
}

int
main(void)
{
	plain_at_tls();
	said_at_once();
	tls_at_plain();
	return done();
}
