/*
 * smtp.c: the client's side of SMTP (RFC 5321) and LMTP (RFC 2033)
 *
 * The session: greeting, EHLO, STARTTLS, AUTH, QUIT.  The messages within it
 * are in smtp_mail.c, how its replies are read in smtp_reply.c.
 */
#include <stdio.h>
#include <string.h>

#include "conn_secret.h"
#include "conn_tls.h"
#include "hint.h"
#include "sasl_exchange.h"
#include "smtp.h"
#include "smtp_reply.h"
#include "stop.h"
#include "trace.h"

enum { AUTH_LINE = 12288 };	/* RFC 4954 section 4 */

/* ---- opening ---- */

static const struct {
	const char *name;
	unsigned cap;
} keywords[] = {
	{ "PIPELINING", SMTP_PIPELINING },
	{ "CHUNKING", SMTP_CHUNKING },
	{ "BINARYMIME", SMTP_BINARY },
	{ "8BITMIME", SMTP_8BITMIME },
	{ "SMTPUTF8", SMTP_UTF8 },
	{ "SIZE", SMTP_SIZE },
	{ "DSN", SMTP_DSN },
	{ "STARTTLS", SMTP_STARTTLS },
	{ "AUTH", SMTP_AUTH },
	{ "AUTH=PLAIN", SMTP_AUTH },	/* what old servers said, and some */
	{ "AUTH=LOGIN", SMTP_AUTH },	/* say beside the right form */
	{ "REQUIRETLS", SMTP_REQUIRETLS },
	{ "LIMITS", SMTP_LIMITS },
	{ "ENHANCEDSTATUSCODES", SMTP_STATUS },
};

/* RFC 9422: "LIMITS RCPTMAX=100 MAILMAX=10"; nonsense is ignored. */
static void
note_limits(struct smtp *s, struct str args)
{
	struct str w, key;
	uint64_t v;

	while ((w = str_word(&args)).n > 0) {
		key = str_cut(&w, '=');
		if (str_num(w, 999999, &v) < 0 || v == 0)
			continue;
		if (str_is(key, "RCPTMAX"))
			s->rcpt_max = v;
		else if (str_is(key, "RCPTDOMAINMAX"))
			s->domain_max = v;
		else if (str_is(key, "MAILMAX"))
			s->mail_max = v;
	}
}

static void
mechanisms(struct smtp *s, struct str args)
{
	size_t n = strlen(s->mechs);

	if (n + args.n + 2 < sizeof s->mechs)
		snprintf(s->mechs + n, sizeof s->mechs - n, "%s%.*s",
		    n > 0 ? " " : "", STR_ARG(args));
}

static void
capability(struct smtp *s, struct str line)
{
	struct str word = str_word(&line);
	size_t i;

	line = str_trim(line);
	for (i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (str_is(word, keywords[i].name))
			break;
	if (i == sizeof keywords / sizeof *keywords)
		return;
	s->caps |= keywords[i].cap;
	switch (keywords[i].cap) {
	case SMTP_SIZE:
		if (str_num(line, UINT64_MAX, &s->size_max) < 0)
			s->size_max = 0;
		break;
	case SMTP_AUTH:
		if (word.n > 4)
			mechanisms(s, str_from(word, 5));
		mechanisms(s, line);
		break;
	case SMTP_LIMITS:
		note_limits(s, line);
	}
}

/* Nothing that was learnt before, perhaps from somebody else, is kept. */
static void
smtp_forget(struct smtp *s)
{
	s->caps = 0;
	s->size_max = s->rcpt_max = s->domain_max = s->mail_max = 0;
	s->mechs[0] = '\0';
}

static int
helo(struct smtp *s, const char *name)
{
	if (s->conf->lmtp || smtp_class(s) != 5 ||
	    s->conf->tls == CONN_TLS_STARTTLS)
		return smtp_refused(s, s->conf->lmtp ? "LHLO" : "EHLO",
		    EX_UNAVAILABLE);
	conn_phase(s->c, "HELO", CONN_COMMAND);
	smtp_ask(s);
	conn_printf(s->c, "HELO %s\r\n", name);
	smtp_forget(s);
	if (smtp_hear(s, NULL) < 0)
		return -1;
	return smtp_class(s) == 2 ? 0 : smtp_refused(s, "HELO", EX_UNAVAILABLE);
}

static int
ehlo(struct smtp *s)
{
	char own[280];
	const char *name = s->conf->ehlo;

	if (name == NULL) {
		conn_ehlo(s->c, own, sizeof own);
		name = own;
	}
	smtp_forget(s);
	conn_phase(s->c, s->conf->lmtp ? "LHLO" : "EHLO", CONN_COMMAND);
	smtp_ask(s);
	conn_printf(s->c, "%s %s\r\n", s->conf->lmtp ? "LHLO" : "EHLO", name);
	if (smtp_hear(s, capability) < 0)
		return -1;
	if (smtp_class(s) != 2)
		return helo(s, name);
	if (s->conf->no_chunking)
		s->caps &= ~(unsigned)SMTP_CHUNKING;
	if ((s->caps & SMTP_CHUNKING) == 0)
		s->caps &= ~(unsigned)SMTP_BINARY;
	if (s->conf->no_pipelining)
		s->caps &= ~(unsigned)SMTP_PIPELINING;
	return 0;
}

/* CONN_AGAIN: the greeting comes once more. */
static int
starttls(struct smtp *s)
{
	int got;

	if ((s->caps & SMTP_STARTTLS) == 0)
		return conn_fail(s->c, EX_NOPERM, "the server offers no STARTTLS, and nothing is sent without TLS (--tls off)");
	conn_phase(s->c, "STARTTLS", CONN_COMMAND);
	smtp_ask(s);
	conn_printf(s->c, "STARTTLS\r\n");
	if (smtp_hear(s, NULL) < 0)
		return -1;
	if (s->reply.code != 220 && s->conf->tls == CONN_TLS_MAY)
		return 0;
	if (s->reply.code != 220)
		return smtp_refused(s, "STARTTLS", EX_NOPERM);
	s->shaking = true;
	if ((got = conn_starttls(s->c)) < 0)
		return -1;
	*s = (struct smtp){ .c = s->c, .conf = s->conf, .shaking = true };
	if (got == CONN_AGAIN)
		return got;
	if (ehlo(s) < 0)
		return -1;
	s->shaking = false;
	return 0;
}

static int
hello(struct smtp *s)
{
	if (hint_greeting(s->c, s->conf->lmtp ? NULL : "smtp",
	    CONN_GREETING_SMTP) < 0 || smtp_hear(s, NULL) < 0)
		return -1;
	if (s->reply.code != 220)
		return smtp_refused(s, "greeting", EX_UNAVAILABLE);
	if (ehlo(s) < 0)
		return -1;
	switch (s->conf->tls) {
	case CONN_TLS_STARTTLS:
		return starttls(s);
	case CONN_TLS_MAY:
		return (s->caps & SMTP_STARTTLS) != 0 ? starttls(s) : 0;
	case CONN_TLS_IMPLICIT:
	case CONN_TLS_OFF:
		break;
	}
	return 0;
}

int
smtp_open(struct smtp *s, struct conn *c, const struct smtp_conf *conf)
{
	int got;

	*s = (struct smtp){ .c = c, .conf = conf };
	if (conf->tls == CONN_TLS_IMPLICIT && hint_tls(c) < 0)
		return -1;
	do {
		got = hello(s);
	} while (got == CONN_AGAIN);
	if (got < 0)
		return -1;
	conn_settled(c);
	return 0;
}

/* ---- AUTH ---- */

/* A 334 has one line, and its text may be longer than a reply's is kept. */
static void
keep_challenge(struct smtp *s, struct str text)
{
	if (text.n < sizeof s->challenge)
		str_copy(s->challenge, text);
	s->challenge[text.n < sizeof s->challenge ? text.n : 0] = '\0';
}

static int
smtp_verdict(struct smtp *s, struct sasl_exchange *x)
{
	const char *reason = sasl_exchange_reason(x);

	if (s->reply.code == 235)
		return sasl_exchange_proved(x);
	if (reason[0] == '\0')
		return smtp_refused(s, "login refused", EX_NOPERM);
	return conn_fail(s->c, smtp_class(s) == 4 ? EX_TEMPFAIL : EX_NOPERM,
	    "login refused: %d %s %s (%s)", s->reply.code, s->reply.status,
	    s->reply.text, reason);
}

static int
smtp_exchange(struct smtp *s, struct sasl_exchange *x)
{
	while (smtp_hear(s, keep_challenge) == 334) {
		smtp_ask(s);
		if (sasl_exchange_answer(x, str_of(s->challenge)) < 0)
			return -1;
	}
	return s->reply.code == 0 ? -1 : smtp_verdict(s, x);
}

int
smtp_auth(struct smtp *s, const struct sasl_login *login)
{
	struct sasl_exchange x = { .c = s->c, .verb = "AUTH",
	    .room = AUTH_LINE };
	int got;

	if ((s->caps & SMTP_AUTH) == 0)
		return conn_fail(s->c, EX_NOPERM, "the server offers no AUTH%s",
		    conn_encrypted(s->c) ? "" : " without TLS");
	conn_phase(s->c, "AUTH", CONN_COMMAND);
	smtp_ask(s);
	if (sasl_exchange_begin(&x, login, s->mechs) < 0)
		return -1;
	snprintf(s->mech, sizeof s->mech, "%s", sasl_exchange_mech(&x));
	got = smtp_exchange(s, &x);
	sasl_exchange_end(&x);
	conn_wipe(s->c);
	if (got == 0)
		trace_note(TRACE_DONE, "logged in as %s by %s", login->user !=
		    NULL ? login->user : "the certificate's", s->mech);
	return got;
}

/* ---- the end ---- */

void
smtp_say_quit(struct smtp *s)
{
	s->due++;		/* whatever else comes, it is the end */
	conn_printf(s->c, "QUIT\r\n");
	s->quit = true;
}

void
smtp_quit(struct smtp *s)
{
	struct err kept = *conn_err(s->c);

	if (conn_write_closed(s->c) || s->inside)
		return;
	if (s->quit) {		/* its answer comes with the last one's */
		conn_phase(s->c, "QUIT", 2);
		smtp_hear(s, NULL);
	} else {
		smtp_say_quit(s);
		if (!stop_asked())	/* else it leaves with conn_close */
			conn_flush(s->c);
	}
	*conn_err(s->c) = kept;
}
