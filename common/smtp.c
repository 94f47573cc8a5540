/*
 * smtp.c: the client's side of SMTP (RFC 5321) and LMTP (RFC 2033)
 *
 * Round trips are what a submission costs, so what may be pipelined is
 * (RFC 2920): MAIL, all RCPT, and either DATA or, with CHUNKING and a message
 * that fits the first window, BDAT with the message and the QUIT.  A larger
 * message waits for the answers, so that a refusal costs no upload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn_tls.h"
#include "hint.h"
#include "limit.h"
#include "mem.h"
#include "sasl_exchange.h"
#include "smtp.h"
#include "stop.h"
#include "trace.h"

enum {
	EARLY = 65536,		/* speculate up to about the initial window */
	/*
	 * Recipients of one transaction, as many as Postfix and Exchange take.
	 * To offer it many more ends the session ("too many errors").
	 */
	CROWD = 1000,
	AUTH_LINE = 12288	/* RFC 4954 section 4 */
};

/* ---- replies ---- */

/* "5.1.1 text": the status is taken off if it is one (RFC 2034, 3463). */
static struct str
enhanced(struct smtp_reply *r, struct str text)
{
	struct str rest = text, w = str_word(&rest), s = w, part;
	size_t i;

	if (w.n >= sizeof r->status || w.n < 5 || w.p[0] != '0' + r->code / 100)
		return text;
	for (i = 0; i < 3; i++) {
		uint64_t v;

		part = str_cut(&s, '.');
		if (str_num(part, 999, &v) < 0)
			return text;
	}
	if (s.p != NULL)
		return text;
	str_copy(r->status, w);
	r->status[w.n] = '\0';
	return str_trim(rest);
}

static void
add_text(struct smtp_reply *r, struct str text)
{
	size_t n = strlen(r->text);

	snprintf(r->text + n, sizeof r->text - n, "%s%.*s", n > 0 ? " " : "",
	    STR_ARG(text));
}

/* "250-text", "250 text", "250"; 1 if more lines follow, 0 if not, -1. */
static int
reply_line(struct smtp *s, struct str l, int *code, struct str *text)
{
	uint64_t v;

	if (str_num(str_to(l, 3), 599, &v) < 0 || l.n < 3 || v < 200 ||
	    (l.n > 3 && l.p[3] != ' ' && l.p[3] != '-'))
		return conn_fail(s->c, EX_PROTOCOL, "this is not SMTP: %.*s",
		    (int)(l.n < 200 ? l.n : 200), l.p);
	if (*code != 0 && *code != (int)v)
		return conn_fail(s->c, EX_PROTOCOL, "a reply that begins with %d and goes on with %d",
		    *code, (int)v);
	*code = (int)v;
	*text = str_from(l, 4);
	return l.n > 3 && l.p[3] == '-';
}

/* The next reply, into s->reply: its code, or -1. */
static int
smtp_hear(struct smtp *s, void (*each)(struct smtp *, struct str))
{
	struct smtp_reply *r = &s->reply;
	struct str l = { 0 }, text = { 0 };
	int more, lines = 0;

	*r = (struct smtp_reply){ 0 };
	do {
		if ((l.p = conn_line(s->c, &l.n)) == NULL ||
		    (more = reply_line(s, l, &r->code, &text)) < 0) {
			r->code = 0;
			return -1;
		}
		if (each != NULL)
			each(s, text);
		add_text(r, enhanced(r, text));
	} while (more && ++lines < LIMIT_REPLY_LINES);
	if (more) {
		r->code = 0;
		return conn_fail(s->c, EX_PROTOCOL, "a reply of more than %d lines",
		    LIMIT_REPLY_LINES);
	}
	return r->code;
}

static int
smtp_class(const struct smtp *s)
{
	return s->reply.code / 100;
}

/* A reply that must be a yes or a no. */
static int
smtp_answered(struct smtp *s)
{
	if (smtp_hear(s, NULL) < 0)
		return -1;
	return smtp_class(s) != 3 ? 0 : conn_fail(s->c, EX_PROTOCOL,
	    "an unexpected reply: %d %s",
	    s->reply.code, s->reply.text);
}

/* The server says no to something that everything depends on. */
static int
smtp_refused(struct smtp *s, const char *what, int permanent)
{
	const struct smtp_reply *r = &s->reply;
	int code = EX_PROTOCOL;

	if (smtp_class(s) == 4)
		code = EX_TEMPFAIL;
	else if (smtp_class(s) == 5)
		code = permanent;
	return conn_fail(s->c, code, "%s: %d%s%s %s", what, r->code,
	    r->status[0] != '\0' ? " " : "", r->status, r->text);
}

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
	conn_printf(s->c, "STARTTLS\r\n");
	if (smtp_hear(s, NULL) < 0)
		return -1;
	if (s->reply.code != 220)
		return smtp_refused(s, "STARTTLS", EX_NOPERM);
	if ((got = conn_starttls(s->c)) < 0)
		return -1;
	*s = (struct smtp){ .c = s->c, .conf = s->conf };
	return got == CONN_AGAIN ? got : ehlo(s);
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
	return s->conf->tls == CONN_TLS_STARTTLS ? starttls(s) : 0;
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
	while (smtp_hear(s, keep_challenge) == 334)
		if (sasl_exchange_answer(x, str_of(s->challenge)) < 0)
			return -1;
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

/* ---- a transaction ---- */

/* What is sent together with the envelope. */
enum tail { TAIL_NONE, TAIL_DATA, TAIL_BDAT };

struct batch {
	struct smtp_mail *m;
	struct smtp_rcpt **r;
	size_t n, taken, more;	/* more: to be tried in a further transaction */
	enum tail tail;
	bool pipe, unread;	/* unread: sent whole, its answer not read */
};

static void
rcpt_settle(struct smtp *s, struct smtp_rcpt *r, enum smtp_stage stage)
{
	r->reply = s->reply;
	r->stage = stage;
	if (smtp_class(s) == 2)
		r->state = SMTP_SENT;
	else
		r->state = smtp_class(s) == 4 ? SMTP_DEFERRED : SMTP_REFUSED;
}

static void
settle_all(struct smtp *s, struct batch *b, enum smtp_stage stage)
{
	enum smtp_state open = stage == SMTP_AT_MAIL ? SMTP_UNTRIED :
	    SMTP_TAKEN;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->r[i]->state == open)
			rcpt_settle(s, b->r[i], stage);
}

/* RFC 6152, RFC 3030 3. */
static const char *
body_type(const struct smtp *s, const struct smtp_mail *m)
{
	if (m->msg != NULL && m->msg->odd && (s->caps & SMTP_BINARY) != 0)
		return " BODY=BINARYMIME";
	if ((s->caps & SMTP_8BITMIME) != 0 && (m->utf8 ||
	    (m->msg != NULL && m->msg->eight)))
		return " BODY=8BITMIME";
	return "";
}

static void
say_mail(struct smtp *s, const struct smtp_mail *m)
{
	char size[40] = "";

	if (m->msg != NULL && (s->caps & SMTP_SIZE) != 0)
		snprintf(size, sizeof size, " SIZE=%llu",
		    (unsigned long long)m->msg->size);
	conn_phase(s->c, "MAIL", CONN_COMMAND);
	conn_printf(s->c, "MAIL FROM:<%s>%s%s%s%s%s\r\n", m->from, size,
	    body_type(s, m), m->utf8 ? " SMTPUTF8" : "",
	    m->requiretls ? " REQUIRETLS" : "", m->params);
}

static int
hear_mail(struct smtp *s, struct batch *b)
{
	if (smtp_answered(s) < 0)
		return -1;
	if (smtp_class(s) != 2) {
		settle_all(s, b, SMTP_AT_MAIL);
		s->dirty = true;
	}
	return 0;
}

static void
say_rcpt(struct smtp *s, const struct smtp_rcpt *r)
{
	conn_printf(s->c, "RCPT TO:<%s>%s\r\n", r->addr, r->params);
}

/*
 * 452, and 552 which RFC 5321 section 4.5.3.1.10 tells us to read so, means
 * "enough for now" if others were taken before it.
 */
static int
hear_rcpt(struct smtp *s, struct batch *b, struct smtp_rcpt *r)
{
	if (smtp_answered(s) < 0)
		return -1;
	if (r->state != SMTP_UNTRIED)
		return 0;		/* MAIL was refused: this is its echo */
	if (smtp_class(s) == 2) {
		r->reply = s->reply;
		r->state = SMTP_TAKEN;
		b->taken++;
	} else if ((s->reply.code == 452 || s->reply.code == 552) &&
	    b->taken > 0) {
		r->reply = s->reply;
		b->more++;
	} else {
		rcpt_settle(s, r, SMTP_AT_RCPT);
	}
	return 0;
}

static void
smtp_say_quit(struct smtp *s)
{
	conn_printf(s->c, "QUIT\r\n");
	s->quit = true;
}

/* Too large for a stack. */
struct pouring {
	struct msg_reader reader;
	struct msg_stuffer stuffer;
	char raw[32768], fat[2 * 32768 + 4];
};

/* The message as it is (BDAT), or with dots stuffed and its end (DATA). */
static int
pour(struct smtp *s, const struct msg *msg, bool stuff)
{
	struct pouring *p = mem_new(1, sizeof *p);
	struct err e = { 0 };
	ssize_t n;

	msg_start(&p->reader, msg);
	conn_phase(s->c, "sending the message", CONN_BLOCK);
	while ((n = msg_read(&p->reader, p->raw, sizeof p->raw, &e)) > 0 &&
	    !conn_write_closed(s->c)) {
		if (stuff)
			conn_write(s->c, p->fat, msg_stuff(&p->stuffer, p->fat,
			    p->raw, (size_t)n));
		else
			conn_write(s->c, p->raw, (size_t)n);
	}
	if (stuff && n == 0)
		conn_write(s->c, p->fat, msg_stuff_end(&p->stuffer, p->fat));
	free(p);
	if (n >= 0)
		return 0;
	s->inside = true;		/* it must not look complete */
	return conn_fail(s->c, e.code, "%s", e.msg);
}

/* It is whole: from here on it may be accepted. */
static void
at_stake(struct smtp *s)
{
	conn_last(s->c, true);
	mem_stake("the message may have been accepted");
}

static int
say_bdat(struct smtp *s, struct batch *b)
{
	conn_printf(s->c, "BDAT %llu LAST\r\n",
	    (unsigned long long)b->m->msg->size);
	trace_note(TRACE_TALK, "%llu bytes of message",
	    (unsigned long long)b->m->msg->size);
	b->unread = true;
	if (pour(s, b->m->msg, false) < 0)
		return -1;
	at_stake(s);
	return 0;
}

static int
say_content(struct smtp *s, struct batch *b)
{
	trace_note(TRACE_TALK, "%llu bytes of message",
	    (unsigned long long)b->m->msg->size);
	s->inside = true;
	if (pour(s, b->m->msg, true) < 0)
		return -1;
	s->inside = false;
	b->unread = true;
	at_stake(s);
	if (b->m->last && b->m->n == 1 && b->pipe)
		smtp_say_quit(s);
	return 0;
}

/* One answer for all (SMTP), or one for each that was taken (LMTP). */
static int
hear_final(struct smtp *s, struct batch *b)
{
	size_t i;

	conn_phase(s->c, "the answer to the message", CONN_FINAL);
	for (i = 0; s->conf->lmtp && i < b->n; i++) {
		if (b->r[i]->state != SMTP_TAKEN)
			continue;
		conn_again(s->c);
		if (smtp_answered(s) < 0)
			return -1;
		rcpt_settle(s, b->r[i], SMTP_AT_RCPT);	/* its own answer */
	}
	if (!s->conf->lmtp || b->taken == 0) {
		if (smtp_answered(s) < 0)
			return -1;
		s->dirty |= smtp_class(s) != 2;
		settle_all(s, b, SMTP_AT_DATA);
	}
	b->unread = false;
	conn_last(s->c, false);
	return 0;
}

static enum tail
smtp_choose(const struct smtp *s, const struct smtp_mail *m)
{
	if (m->msg == NULL || m->whole || (s->caps & SMTP_PIPELINING) == 0)
		return TAIL_NONE;
	if ((s->caps & SMTP_CHUNKING) == 0)
		return TAIL_DATA;
	return m->msg->size <= EARLY ? TAIL_BDAT : TAIL_NONE;
}

/* The envelope, all of it at once or command by command. */
static int
say_envelope(struct smtp *s, struct batch *b)
{
	bool step = !b->pipe;
	size_t i;

	if (s->dirty) {
		conn_phase(s->c, "RSET", CONN_COMMAND);
		conn_printf(s->c, "RSET\r\n");
		if (step && smtp_answered(s) < 0)
			return -1;
	}
	say_mail(s, b->m);
	if (step && hear_mail(s, b) < 0)
		return -1;
	for (i = 0; i < b->n; i++) {
		if (step && b->r[i]->state != SMTP_UNTRIED)
			break;		/* MAIL was refused */
		say_rcpt(s, b->r[i]);
		if (step)
			conn_phase(s->c, "RCPT", CONN_COMMAND);
		if (step && hear_rcpt(s, b, b->r[i]) < 0)
			return -1;
	}
	if (b->tail == TAIL_DATA)
		conn_printf(s->c, "DATA\r\n");
	if (b->tail == TAIL_BDAT && say_bdat(s, b) < 0)
		return -1;
	if (b->tail == TAIL_BDAT && b->m->last && b->m->n == 1)
		smtp_say_quit(s);
	return 0;
}

/* RFC 2920: the answers come in the order of the commands. */
static int
hear_envelope(struct smtp *s, struct batch *b)
{
	size_t i;

	if (!b->pipe) {
		s->dirty = false;
		return 0;
	}
	if (b->tail == TAIL_BDAT && conn_flush(s->c) < 0)
		return -1;
	if (s->dirty) {
		conn_phase(s->c, "RSET", CONN_COMMAND);
		if (smtp_answered(s) < 0)
			return -1;
	}
	s->dirty = false;
	conn_phase(s->c, "MAIL", CONN_COMMAND);
	if (hear_mail(s, b) < 0)
		return -1;
	for (i = 0; i < b->n; i++) {
		conn_phase(s->c, "RCPT", CONN_COMMAND);
		if (hear_rcpt(s, b, b->r[i]) < 0)
			return -1;
	}
	return 0;
}

/*
 * The answer to DATA is here.  A server may say 354 though it took nobody
 * (RFC 2920 section 3.1): it gets an empty message then.
 */
static int
go_ahead(struct smtp *s, struct batch *b)
{
	conn_phase(s->c, "DATA", CONN_DATA);
	if (smtp_hear(s, NULL) < 0)
		return -1;
	if (s->reply.code != 354) {
		if (smtp_class(s) == 2 || smtp_class(s) == 3)
			return smtp_refused(s, "DATA", EX_PROTOCOL);
		s->dirty = true;
		settle_all(s, b, SMTP_AT_DATA);
		return 0;
	}
	if (b->taken > 0)
		return say_content(s, b) < 0 ? -1 : hear_final(s, b);
	conn_printf(s->c, ".\r\n");
	s->dirty = true;
	return s->conf->lmtp ? conn_flush(s->c) : smtp_answered(s);
}

static int
content(struct smtp *s, struct batch *b)
{
	if (b->tail == TAIL_BDAT)
		return hear_final(s, b);
	if (b->tail == TAIL_DATA)
		return go_ahead(s, b);
	if (b->taken == 0 || b->m->msg == NULL ||
	    (b->m->whole && b->taken < b->n)) {
		s->dirty = true;
		return 0;
	}
	if ((s->caps & SMTP_CHUNKING) != 0)
		return say_bdat(s, b) < 0 ? -1 : hear_final(s, b);
	conn_printf(s->c, "DATA\r\n");
	return go_ahead(s, b);
}

/* What is lost is not refused: the server may have taken the message. */
static void
in_doubt(struct smtp *s, struct batch *b)
{
	size_t i;

	if (!b->unread || !conn_sent_all(s->c))
		return;
	for (i = 0; i < b->n; i++)
		if (b->r[i]->state == SMTP_TAKEN ||
		    (b->r[i]->state == SMTP_UNTRIED &&
		    b->r[i]->reply.code < 400)) {	/* not: "enough" */
			b->r[i]->state = SMTP_UNKNOWN;
			b->r[i]->reply = (struct smtp_reply){ 0 };
		}
}

static int
transaction(struct smtp *s, struct batch *b)
{
	size_t i;

	b->pipe = (s->caps & SMTP_PIPELINING) != 0;
	b->tail = smtp_choose(s, b->m);
	if (say_envelope(s, b) < 0 || hear_envelope(s, b) < 0 ||
	    content(s, b) < 0) {
		in_doubt(s, b);
		return -1;
	}
	s->sent++;
	if (b->m->msg == NULL)
		return 0;
	for (i = 0; i < b->n; i++)	/* whole, and one was refused */
		if (b->r[i]->state == SMTP_TAKEN)
			b->r[i]->state = SMTP_UNTRIED;
	return 0;
}

/* ---- a message ---- */

bool
smtp_takes(const struct smtp *s, const struct msg *m)
{
	unsigned wants = 0;

	wants |= m->eight ? SMTP_8BITMIME : 0;
	wants |= m->odd ? SMTP_CHUNKING : 0;
	wants |= m->nul ? SMTP_BINARY : 0;
	return (wants & ~s->caps) == 0;
}

static int
acceptable(struct smtp *s, const struct smtp_mail *m)
{
	if (m->msg != NULL && s->size_max > 0 && m->msg->size > s->size_max)
		return conn_fail(s->c, EX_UNAVAILABLE, "the message has %llu bytes and the server takes at most %llu",
		    (unsigned long long)m->msg->size,
		    (unsigned long long)s->size_max);
	if (m->utf8 && (s->caps & SMTP_UTF8) == 0)
		return conn_fail(s->c, EX_DATAERR, "an address or a header is not ASCII, and the server has no SMTPUTF8");
	if (m->msg != NULL && m->msg->eight &&
	    (s->caps & SMTP_8BITMIME) == 0)
		return conn_fail(s->c, EX_DATAERR, "the message has 8-bit text, and the server has no 8BITMIME");
	if (m->msg != NULL && !smtp_takes(s, m->msg))
		return conn_fail(s->c, EX_DATAERR, "the message has a NUL or a bare CR, and the server has no CHUNKING and BINARYMIME");
	if (m->requiretls && (s->caps & SMTP_REQUIRETLS) == 0)
		return conn_fail(s->c, EX_UNAVAILABLE, "the server has no REQUIRETLS (5.7.30)");
	if (m->requiretls && (conn_session(s->c) == NULL ||
	    !tls_verified(conn_session(s->c))))
		return conn_fail(s->c, EX_NOPERM, "REQUIRETLS needs TLS with a verified server from here on (RFC 8689)");
	return 0;
}

static struct str
rcpt_domain(const struct smtp_rcpt *r)
{
	const char *at = strrchr(r->addr, '@');

	return str_of(at != NULL ? at + 1 : "");
}

/* Is its domain one of theirs? */
static bool
domain_among(struct smtp_rcpt *const *r, size_t n, const struct smtp_rcpt *one)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_eqi(rcpt_domain(r[i]), rcpt_domain(one)))
			return true;
	return false;
}

/* The next recipients that are to be tried, at most max. */
static size_t
untried(const struct smtp *s, struct smtp_mail *m, struct smtp_rcpt **r,
    size_t max)
{
	bool limited = s->domain_max > 0 && !m->whole;
	size_t i, n = 0, domains = 0;

	for (i = 0; i < m->n && n < max; i++) {
		if (m->rcpt[i].state != SMTP_UNTRIED)
			continue;
		if (limited && !domain_among(r, n, &m->rcpt[i])) {
			if (domains == s->domain_max)
				continue;
			domains++;
		}
		r[n++] = &m->rcpt[i];
	}
	return n;
}

/* "Enough for now" was said, and a further transaction cannot be had. */
static void
postpone(struct smtp_mail *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state == SMTP_UNTRIED &&
		    m->rcpt[i].reply.code >= 400)
			m->rcpt[i].state = SMTP_DEFERRED;
}

static int
transactions(struct smtp *s, struct smtp_mail *m, struct smtp_rcpt **r)
{
	size_t max = s->rcpt_max > 0 ? s->rcpt_max : CROWD;
	struct batch b;

	if (m->whole)
		max = m->n;
	while ((max = max < m->n ? max : m->n) > 0) {
		b = (struct batch){ .m = m, .r = r };
		if ((b.n = untried(s, m, r, max)) == 0)
			return 0;
		if (s->quit || (s->mail_max > 0 && s->sent >= s->mail_max))
			return 1;
		if (transaction(s, &b) < 0)
			return -1;
		if (m->whole) {
			postpone(m);
			return 0;
		}
	}
	return 0;
}

/* By anybody, or perhaps. */
static bool
mail_accepted(const struct smtp_mail *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state == SMTP_SENT ||
		    m->rcpt[i].state == SMTP_UNKNOWN)
			return true;
	return false;
}

int
smtp_send(struct smtp *s, struct smtp_mail *m)
{
	struct smtp_rcpt **r;
	int got;

	if (acceptable(s, m) < 0)
		return -1;
	r = mem_new(m->n, sizeof(struct smtp_rcpt *));
	got = transactions(s, m, r);
	free(r);
	if (!mail_accepted(m))
		mem_stake(NULL);
	return got;
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
