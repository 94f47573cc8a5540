/*
 * smtp_mail.c: a message by SMTP or LMTP
 *
 * Round trips are what a submission costs, so what may be pipelined is
 * (RFC 2920): MAIL, all RCPT, and either DATA or, with CHUNKING and a message
 * that fits the first window, BDAT with the message and the QUIT.  A larger
 * message waits for the answers, so that a refusal costs no upload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "smtp_mail.h"
#include "smtp_reply.h"
#include "trace.h"

enum {
	EARLY = 65536,		/* speculate up to about the initial window */
	/*
	 * Recipients of one transaction, as many as Postfix and Exchange take.
	 * To offer it many more ends the session ("too many errors").
	 */
	CROWD = 1000
};

/* ---- a transaction ---- */

/* The part of the message that is sent together with the envelope. */
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

static const char *
dsn_params(const struct smtp *s, const char *params)
{
	return params != NULL && (s->caps & SMTP_DSN) != 0 ? params : "";
}

static void
say_mail(struct smtp *s, const struct smtp_mail *m)
{
	char size[40] = "";

	if (m->msg != NULL && (s->caps & SMTP_SIZE) != 0)
		snprintf(size, sizeof size, " SIZE=%llu",
		    (unsigned long long)m->msg->size);
	conn_phase(s->c, "MAIL", CONN_COMMAND);
	smtp_ask(s);
	conn_printf(s->c, "MAIL FROM:<%s>%s%s%s%s%s%s\r\n", m->from, size,
	    body_type(s, m), m->utf8 ? " SMTPUTF8" : "",
	    m->requiretls ? " REQUIRETLS" : "", dsn_params(s, m->dsn),
	    m->params);
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
	smtp_ask(s);
	conn_printf(s->c, "RCPT TO:<%s>%s%s\r\n", r->addr,
	    dsn_params(s, r->dsn), r->params);
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
		r->stage = SMTP_AT_RCPT;
		b->more++;
	} else {
		rcpt_settle(s, r, SMTP_AT_RCPT);
	}
	return 0;
}

/* Too large for a stack. */
struct pouring {
	struct msg_reader reader;
	struct msg_stuffer stuffer;
	char raw[32768], fat[2 * 32768 + 4];
};

/*
 * The message as it is (BDAT), or with dots stuffed and its end (DATA).  No
 * reply to it can be here before its end: that may be a no, and saves the rest.
 */
static int
pour(struct smtp *s, const struct msg *msg, bool stuff)
{
	struct pouring *p = mem_grow(NULL, 1, sizeof *p);	/* not zeroed */
	struct err e = { 0 };
	ssize_t n;

	p->stuffer = (struct msg_stuffer){ 0 };
	msg_start(&p->reader, msg);
	conn_phase(s->c, "sending the message", CONN_BLOCK);
	while ((n = msg_read(&p->reader, p->raw, sizeof p->raw, &e)) > 0 &&
	    !conn_write_closed(s->c)) {
		smtp_check_due(s);
		if (stuff)
			conn_write(s->c, p->fat, msg_stuff(&p->stuffer, p->fat,
			    p->raw, (size_t)n));
		else
			conn_write(s->c, p->raw, (size_t)n);
	}
	if (stuff || !conn_sent_all(s->c))
		smtp_check_due(s);
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

static void
say_data(struct smtp *s)
{
	smtp_ask(s);
	conn_printf(s->c, "DATA\r\n");
}

static int
say_bdat(struct smtp *s, struct batch *b)
{
	conn_phase(s->c, "BDAT", CONN_COMMAND);
	smtp_check_due(s);
	conn_printf(s->c, "BDAT %llu LAST\r\n",
	    (unsigned long long)b->m->msg->size);
	trace_note(TRACE_TALK, "%llu bytes of message",
	    (unsigned long long)b->m->msg->size);
	if (pour(s, b->m->msg, false) < 0)
		return -1;
	if (conn_failed(s->c))
		return -1;
	s->due++;
	b->unread = true;
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
	if (conn_failed(s->c))
		return -1;
	s->inside = false;
	s->due++;
	b->unread = true;
	at_stake(s);
	if (b->m->last && b->m->n == 1 && b->pipe)
		smtp_say_quit(s);
	return 0;
}

/* Whoever is said to have it, or was to get it, perhaps has. */
static int
disbelieve(struct smtp *s, struct batch *b, const char *why)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->r[i]->state == SMTP_SENT ||
		    b->r[i]->state == SMTP_TAKEN) {
			b->r[i]->state = SMTP_UNKNOWN;
			b->r[i]->reply = (struct smtp_reply){ 0 };
		}
	return conn_abort(s->c, EX_PROTOCOL, "%s", why);
}

/*
 * A yes counts if all of the message had gone, and if nothing stands behind it
 * that answers nothing: of two replies to one message, which is the message's?
 */
static int
credible(struct smtp *s, struct batch *b, bool gone)
{
	if (!gone)
		return disbelieve(s, b, "the server said yes to a message that it did not have");
	if (smtp_surplus(s) > 0)
		return disbelieve(s, b, "more replies than commands");
	return 0;
}

/* One answer for all (SMTP), or one for each that was taken (LMTP). */
static int
hear_final(struct smtp *s, struct batch *b)
{
	bool gone = true;
	size_t i;

	conn_phase(s->c, "the answer to the message", CONN_FINAL);
	s->due += s->conf->lmtp && b->taken > 0 ? b->taken - 1 : 0;
	for (i = 0; s->conf->lmtp && i < b->n; i++) {
		if (b->r[i]->state != SMTP_TAKEN)
			continue;
		conn_again(s->c);
		if (smtp_answered(s) < 0)
			return -1;
		gone &= smtp_class(s) != 2 || conn_sent_all(s->c);
		rcpt_settle(s, b->r[i], SMTP_AT_RCPT);	/* its own answer */
	}
	if (!s->conf->lmtp || b->taken == 0) {
		if (smtp_answered(s) < 0)
			return -1;
		gone = smtp_class(s) != 2 || conn_sent_all(s->c);
		s->dirty |= smtp_class(s) != 2;
		settle_all(s, b, SMTP_AT_END);
	}
	b->unread = false;
	conn_last(s->c, false);
	return credible(s, b, gone);
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

/*
 * Where what stands from before was not given up, it would get this message,
 * too.  A 421 is the end of all, and nothing of this message was heard.
 */
static int
hear_reset(struct smtp *s, struct batch *b)
{
	if (smtp_answered(s) < 0)
		return -1;
	if (smtp_class(s) == 2)
		return 0;
	if (s->reply.code == 421)
		settle_all(s, b, SMTP_AT_MAIL);
	return smtp_refused(s, "RSET", EX_PROTOCOL);
}

/* The envelope, all of it at once or command by command. */
static int
say_envelope(struct smtp *s, struct batch *b)
{
	bool step = !b->pipe;
	size_t i;

	if (s->dirty) {
		conn_phase(s->c, "RSET", CONN_COMMAND);
		smtp_ask(s);
		conn_printf(s->c, "RSET\r\n");
		if (step && hear_reset(s, b) < 0)
			return -1;
	}
	say_mail(s, b->m);
	if (step && hear_mail(s, b) < 0)
		return -1;
	for (i = 0; i < b->n; i++) {
		if (step && b->r[i]->state != SMTP_UNTRIED)
			break;		/* MAIL was refused */
		if (step)
			conn_phase(s->c, "RCPT", CONN_COMMAND);
		say_rcpt(s, b->r[i]);
		if (step && hear_rcpt(s, b, b->r[i]) < 0)
			return -1;
	}
	if (b->tail == TAIL_DATA)
		say_data(s);
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
		if (hear_reset(s, b) < 0)
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
	smtp_ask(s);
	conn_printf(s->c, ".\r\n");
	s->dirty = true;
	if (!s->conf->lmtp)
		return smtp_answered(s);
	s->due--;			/* RFC 2033: one for each that was taken */
	return conn_flush(s->c);
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
	say_data(s);
	return go_ahead(s, b);
}

/* A lost answer is no refusal: the server may have taken the message. */
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

/* A message did not come to be: nobody has got it, whoever would have. */
static void
rcpt_untake(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n && b->m->msg != NULL; i++)
		if (b->r[i]->state == SMTP_TAKEN) {
			b->r[i]->state = SMTP_UNTRIED;
			b->r[i]->reply = (struct smtp_reply){ 0 };
		}
}

static int
transaction(struct smtp *s, struct batch *b)
{
	b->pipe = (s->caps & SMTP_PIPELINING) != 0;
	b->tail = smtp_choose(s, b->m);
	if (say_envelope(s, b) < 0 || hear_envelope(s, b) < 0 ||
	    content(s, b) < 0) {
		in_doubt(s, b);
		rcpt_untake(b);
		return -1;
	}
	s->sent++;
	rcpt_untake(b);			/* whole, and one was refused */
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
