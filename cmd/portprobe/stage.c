/*
 * stage.c: the table of stages, and what each does
 *
 * A stage says its words when it is entered, waits for the whole reply, and
 * names the next one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "jobs.h"
#include "probe_conn.h"
#include "probe_hello.h"
#include "run.h"
#include "stage.h"
#include "target.h"
#include "trace.h"

enum {
	QUIT_MS = 1000, INJECT_MS = 2000,
	HELLO_LARGE = 1800, HELLO_FIRST = 60, HELLO_MAX = 4096, HELLO_MS = 100,
};

/* A stage without a reply has no step; then says where to go from there. */
struct rule {
	enum trouble_class late;	/* when time is up here */
	bool talks;
	enum probe_step step;
	enum stage (*then)(struct probe *, const struct probe_reply *);
};
static const struct rule rules[STAGES];

static void
trace(const struct probe *p, const char *mark, struct str s)
{
	char text[1200];

	if (!trace_on(TRACE_TALK))
		return;
	s = str_to(str_trim(s), 900);
	snprintf(text, sizeof text, "%s:%u %.*s", p->job->host->name,
	    p->job->port.number, STR_ARG(s));
	trace_line(mark, str_of(text));
}

static void
say_step(struct probe *p, enum probe_step step)
{
	const char *arg = p->run->our_name;
	char own[256];
	struct buf b = { .max = 2048 };

	if (p->talk == NULL)
		return;		/* it is to be guessed by what it says */
	if (step == PROBE_MAIL) {
		arg = p->run->set->extra.sender;
	} else if (step == PROBE_RCPT) {
		arg = p->run->set->extra.submit;
	} else if (arg[0] == '\0' && p->talk->frame == PROBE_NUMBERED) {
		net_ehlo(p->wire.fd, own, sizeof own);
		arg = own;
	}
	probe_talk_say(p->talk, step, arg, &b);
	if (step == PROBE_STARTTLS && p->turn == TURN_INJECT)
		buf_s(&b, p->talk->inject);
	if (b.n > 0) {
		trace(p, ">", BUF_STR(b));
		probe_conn_put(p, BUF_STR(b));
	}
	buf_free(&b);
}

/* Part of it: from, to. */
static void
put_hello(struct probe *p, size_t from, size_t to)
{
	const struct host *h = p->job->host;
	struct probe_hello hello = { .sni = h->literal ? NULL : h->name,
	    .group = p->turn == TURN_PQ ? PROBE_HELLO_MLKEM :
	    PROBE_HELLO_X25519,
	    .size = p->turn == TURN_LARGE ? HELLO_LARGE : 0,
	    .reverse = p->turn == TURN_ORDER,
	    .without = p->turn == TURN_ONE ? p->main.deep.cipher : 0 };
	struct buf b = { .max = 4096 };

	if (p->run->set->scope.name != NULL)
		hello.sni = p->main.tls.name;
	probe_hello(&hello, &b);
	probe_conn_put(p, str_from(str_to(BUF_STR(b), to), from));
	buf_free(&b);
}

/*
 * Some of --deep in two packets: the length of a large one sees to that, or
 * the second part of it comes later.
 */
static void
say_hello(struct probe *p)
{
	p->wire.in.n = 0;
	p->rest = p->turn == TURN_SPLIT;
	put_hello(p, 0, p->rest ? HELLO_FIRST : HELLO_MAX);
	if (p->rest)
		slot_short(p, clock_ms() + HELLO_MS);
}

void
stage_hello_rest(struct probe *p)
{
	p->rest = false;
	due_set(&p->run->dues, &p->due, DUE_PROBE, p->deadline);
	put_hello(p, HELLO_FIRST, HELLO_MAX);
}

/* What a server chooses of a list, of the list turned round, and without it. */
static void
note_cipher(struct probe *p, enum probe_hello_said said, unsigned cipher)
{
	struct deep *d = &p->main.deep;

	switch (p->turn) {
	case TURN_LARGE:
	case TURN_SPLIT:
		d->cipher = d->cipher != 0 ? d->cipher : cipher;
		break;
	case TURN_ORDER:
		if (cipher != 0)
			d->order = cipher == d->cipher ? ORDER_SERVER :
			    ORDER_CLIENT;
		break;
	case TURN_ONE:
		if (said == PROBE_HELLO_REFUSED)
			d->order = ORDER_ONE;
		break;
	default:
		break;
	}
}

/* Its answer, as far as it is there. */
static bool
hello_heard(struct probe *p)
{
	struct deep *d = &p->main.deep;
	enum probe_hello_said said = probe_hello_said(BUF_STR(p->wire.in),
	    p->turn == TURN_PQ ? PROBE_HELLO_MLKEM : PROBE_HELLO_X25519);

	if (said == PROBE_HELLO_MORE)
		return false;
	note_cipher(p, said, probe_hello_cipher(BUF_STR(p->wire.in)));
	if (p->turn == TURN_PQ)
		d->pq = said == PROBE_HELLO_TAKEN ? TRIED_YES : TRIED_NO;
	if (said == PROBE_HELLO_ODD && p->turn == TURN_PQ)
		d->pq = TRIED_UNKNOWN;
	if (p->turn == TURN_LARGE)
		d->large = TRIED_YES;
	if (p->turn == TURN_SPLIT)
		d->split = TRIED_YES;
	if (p->turn == TURN_SMALL && said != PROBE_HELLO_ODD)
		d->small = TRIED_YES;
	p->stage = STAGE_OVER;
	return true;
}

/* For TLSA records. */
static void
await_dane(struct probe *p, int64_t until)
{
	struct target *t = p->job->host->target;

	p->next = t->waiting;
	t->waiting = p;
	slot_short(p, until);
}

void
stage_await_no_more(struct probe *p)
{
	struct probe **q = &p->job->host->target->waiting;

	while (*q != NULL && *q != p)
		q = &(*q)->next;
	if (*q != NULL)
		*q = p->next;
}

void
stage_enter(struct probe *p, enum stage s)
{
	int64_t now = clock_us();
	struct times *t = &p->now->us;

	p->stage = s;
	p->at = now;
	if (s == STAGE_QUIT) {
		if (main_turn(p))
			t->total = now - p->began + (t->dns > 0 ? t->dns : 0);
		if (p->talk == NULL || p->wire.eof) {
			if (p->wire.inside)
				tls_look_bye(p->wire.tls);
			p->stage = STAGE_OVER;
			return;
		}
		slot_short(p, now / 1000 + QUIT_MS);
		p->wire.in.n = 0;
	}
	if (s == STAGE_INJECTED)
		slot_short(p, now / 1000 + INJECT_MS);
	if (s == STAGE_DANE)	/* half of the time that is left */
		await_dane(p, (now / 1000 + p->deadline) / 2);
	if (s == STAGE_LOOKUP)
		await_dane(p, p->deadline);
	if (s == STAGE_HELLO)
		say_hello(p);
	if (rules[s].talks)
		say_step(p, rules[s].step);
	if (s == STAGE_QUIT && p->wire.inside)
		tls_look_bye(p->wire.tls);
}

/* The server does not want to: why, in its own words. */
static enum stage
stage_refused(struct probe *p, const struct probe_reply *r)
{
	char text[600];
	enum trouble_class class = TROUBLE_PROTO;

	if (r->code != 0)
		class = r->sense == PROBE_LATER ? TROUBLE_SMTP_4XX :
		    TROUBLE_SMTP_5XX;
	else if (r->bye || p->stage == STAGE_BANNER)
		class = TROUBLE_CLOSED;
	snprintf(text, sizeof text, "%.*s", STR_ARG(str_to(r->text, 500)));
	slot_failed(p, class, text);
	return STAGE_QUIT;
}

/* All is known that was to be; one thing more may be tried. */
static enum stage
satisfied(struct probe *p)
{
	if (main_turn(p) && p->run->set->extra.submit != NULL &&
	    p->talk->say[PROBE_RCPT] != NULL) {
		p->now->submit.tried = true;
		return STAGE_MAIL;
	}
	return STAGE_QUIT;
}

bool
stage_dane(struct probe *p)
{
	struct report_dane *d = &p->main.dane;

	if (p->run->set->want.dane != DANE_NEVER && !d->asked)
		d->asked = target_dane(p->job->host, p->job, &d->tlsa,
		    &p->mem) && (!p->run->set->show.tlsa ||
		    target_published(p->job->host, p->job, &d->tlsa,
		    &d->there));
	return p->run->set->want.dane == DANE_NEVER || d->asked;
}

/* That only the records for --tlsa are missing changes no verdict. */
void
stage_dane_late(struct probe *p)
{
	struct report_dane *d = &p->main.dane;

	d->asked = true;
	if (!target_dane(p->job->host, p->job, &d->tlsa, &p->mem))
		d->tlsa = (struct tlsa){ .state = TLSA_TEMP,
		    .why = "tlsa-lookup" };
}

enum stage
stage_to_tls(struct probe *p)
{
	if (hello_turn(p))
		return STAGE_HELLO;
	return !main_turn(p) || stage_dane(p) ? STAGE_TLS : STAGE_DANE;
}

static void
note_caps(struct probe *p, struct caps *c, enum probe_step step,
    struct str reply)
{
	c->known = true;
	c->n = probe_talk_caps(p->talk, step, reply, &p->mem, &c->v);
}

/* The capabilities are known, or that there are none. */
static enum stage
stage_without_tls(struct probe *p, bool hope)
{
	struct report *r = p->now;
	bool offered = probe_talk_has(r->talk.caps.v, r->talk.caps.n,
	    p->talk->starttls);

	r->talk.login = probe_talk_login(p->talk, r->talk.caps.v,
	    r->talk.caps.n);
	r->talk.starttls = offered;
	if (p->turn == TURN_PLAIN)
		return STAGE_MAIL;
	if (p->run->set->scope.mode == MODE_OFF || r->talk.preauth ||
	    p->talk->say[PROBE_STARTTLS] == NULL)
		return satisfied(p);
	return offered || hope || p->run->set->scope.mode == MODE_STARTTLS ?
	    STAGE_STARTTLS : satisfied(p);
}

static enum stage
stage_greeted(struct probe *p, const struct probe_reply *r)
{
	struct report *rep = p->now;

	rep->us.banner = slot_since(p);
	rep->talk.banner = arena_str(&p->mem, str_to(r->text, 2000));
	rep->talk.preauth = r->preauth;
	if (r->sense != PROBE_YES)
		return stage_refused(p, r);
	if (p->wire.inside) {
		if (p->talk->say[PROBE_CAPS] != NULL)
			return STAGE_CAPS_TLS;
		note_caps(p, &rep->talk.caps_tls, PROBE_GREETING, r->all);
		return satisfied(p);
	}
	if (p->talk->say[PROBE_CAPS] != NULL)
		return STAGE_CAPS;
	note_caps(p, &rep->talk.caps, PROBE_GREETING, r->all);
	return stage_without_tls(p, false);
}

/* Its greeting is SMTP's, and it knows no EHLO. */
static enum stage
perhaps_lmtp(struct probe *p)
{
	p->talk = probe_talk_named(STR("lmtp"))->talk;
	p->now->protoname = p->talk->name;
	return STAGE_CAPS;
}

/* EHLO is refused: it is unknown there (500, 502), or not for us. */
static void
note_refusal(struct probe *p, const struct probe_reply *r)
{
	p->now->talk.not_us = r->code != 500 && r->code != 502;
	p->now->talk.ehlo_said = arena_dup(&p->mem, str_to(r->text, 500));
}

static enum stage
capable(struct probe *p, const struct probe_reply *r)
{
	if (r->sense == PROBE_YES) {
		note_caps(p, &p->now->talk.caps, PROBE_CAPS, r->all);
		return stage_without_tls(p, false);
	}
	if (r->sense == PROBE_NO && !r->bye &&
	    p->talk->say[PROBE_HELO] != NULL) {
		note_refusal(p, r);
		return p->job->port.proto->guess ? perhaps_lmtp(p) :
		    STAGE_HELO;
	}
	if (r->bye || r->sense == PROBE_LATER || r->code != 0)
		return stage_refused(p, r);
	return stage_without_tls(p, true);	/* POP3 from before CAPA */
}

/* Neither word is one that it knows: it may be LMTP's server. */
static bool
unknown(const struct probe *p, const struct probe_reply *r)
{
	return r->sense == PROBE_NO && !r->bye && !p->now->talk.not_us &&
	    (r->code == 500 || r->code == 502) && !p->wire.inside &&
	    p->talk == probe_talk_named(STR("smtp"))->talk;
}

static enum stage
humble(struct probe *p, const struct probe_reply *r)
{
	enum stage next;

	if (r->sense != PROBE_YES && unknown(p, r)) {
		p->now->talk.odd = ODD_LMTP;
		return perhaps_lmtp(p);
	}
	if (r->sense != PROBE_YES)
		return stage_refused(p, r);
	p->now->talk.helo = true;
	if (p->wire.inside)
		return satisfied(p);
	next = stage_without_tls(p, false);
	if (p->now->talk.not_us && next != STAGE_STARTTLS)
		p->now->talk.starttls = -1;	/* it may be, to others */
	return next;
}

static enum stage
started(struct probe *p, const struct probe_reply *r)
{
	struct report *rep = p->now;
	char text[600];

	rep->us.starttls = slot_since(p);
	if (r->sense == PROBE_YES) {
		rep->talk.buffered = p->wire.in.n > r->all.n;
		rep->talk.starttls = 1;
		return stage_to_tls(p);
	}
	snprintf(text, sizeof text, "%.*s", STR_ARG(str_to(r->text, 500)));
	rep->talk.starttls_said = arena_dup(&p->mem, str_of(text));
	if (p->turn == TURN_INJECT)
		p->main.inject = INJECT_REFUSED;
	return r->bye ? stage_refused(p, r) : satisfied(p);
}

static enum stage
capable_tls(struct probe *p, const struct probe_reply *r)
{
	if (r->sense == PROBE_YES) {
		note_caps(p, &p->now->talk.caps_tls, PROBE_CAPS_TLS, r->all);
		return satisfied(p);
	}
	if (r->sense == PROBE_NO && !r->bye &&
	    p->talk->say[PROBE_HELO_TLS] != NULL) {
		note_refusal(p, r);
		return STAGE_HELO_TLS;
	}
	if (r->bye || r->sense == PROBE_LATER || r->code != 0)
		return stage_refused(p, r);
	return satisfied(p);
}

static enum stage
submitted(struct probe *p, const struct probe_reply *r)
{
	struct report *rep = p->now;
	char text[600];

	if (p->turn == TURN_PLAIN) {
		p->main.deep.plain = r->sense == PROBE_YES ? TRIED_YES :
		    TRIED_NO;
		return STAGE_QUIT;
	}
	snprintf(text, sizeof text, "%.*s", STR_ARG(str_to(r->text, 500)));
	rep->submit.at = p->stage == STAGE_MAIL ? PLACE_MAIL : PLACE_RCPT;
	rep->submit.said = arena_dup(&p->mem, str_of(text));
	rep->submit.code = r->code;
	rep->submit.taken = r->sense == PROBE_YES && p->stage == STAGE_RCPT;
	return r->sense == PROBE_YES && p->stage == STAGE_MAIL ?
	    STAGE_RCPT : STAGE_QUIT;
}

static const struct rule rules[STAGES] = {
	[STAGE_CONNECT] = { .late = TROUBLE_TIMEOUT_CONNECT },
	[STAGE_BANNER] = { TROUBLE_TIMEOUT_BANNER, true, PROBE_GREETING,
	    stage_greeted },
	[STAGE_CAPS] = { TROUBLE_TIMEOUT, true, PROBE_CAPS, capable },
	[STAGE_HELO] = { TROUBLE_TIMEOUT, true, PROBE_HELO, humble },
	[STAGE_STARTTLS] = { TROUBLE_TIMEOUT, true, PROBE_STARTTLS,
	    started },
	[STAGE_HELLO] = { .late = TROUBLE_TIMEOUT_TLS },
	[STAGE_DANE] = { .late = TROUBLE_TIMEOUT },
	[STAGE_QUEUE] = { .late = TROUBLE_TIMEOUT_TLS },
	[STAGE_TLS] = { .late = TROUBLE_TIMEOUT_TLS },
	[STAGE_CAPS_TLS] = { TROUBLE_TIMEOUT, true, PROBE_CAPS_TLS,
	    capable_tls },
	[STAGE_HELO_TLS] = { TROUBLE_TIMEOUT, true, PROBE_HELO_TLS,
	    humble },
	[STAGE_MAIL] = { TROUBLE_TIMEOUT, true, PROBE_MAIL, submitted },
	[STAGE_RCPT] = { TROUBLE_TIMEOUT, true, PROBE_RCPT, submitted },
	[STAGE_INJECTED] = { TROUBLE_TIMEOUT, true, PROBE_QUIT, NULL },
	[STAGE_QUIT] = { TROUBLE_TIMEOUT, true, PROBE_QUIT, NULL },
	[STAGE_OVER] = { .late = TROUBLE_TIMEOUT },
};

enum trouble_class
stage_late(enum stage s)
{
	return rules[s].late;
}

/* ---- what comes */

static enum stage
after_handshake(struct probe *p)
{
	if (p->turn == TURN_INJECT)
		return STAGE_INJECTED;
	if (p->turn == TURN_OTHER)
		return STAGE_QUIT;
	if (p->turn == TURN_FIRST) {
		p->main.talk.odd = ODD_TLS_FIRST;
		return STAGE_QUIT;
	}
	if (p->turn >= TURN_VERSION) {
		p->main.versions[p->turn - TURN_VERSION] = TRIED_YES;
		return STAGE_QUIT;
	}
	if (p->talk == NULL && !p->job->port.proto->guess)
		return STAGE_QUIT;
	return p->wire.implicit ? STAGE_BANNER : STAGE_CAPS_TLS;
}

/* Of a server that was not named: by its first line. */
static bool
guess(struct probe *p)
{
	struct str line = BUF_STR(p->wire.in);

	if (p->wire.in.n <= PROBE_LINE && !str_has(line, '\n'))
		return false;
	p->talk = probe_talk_guess(str_trim(str_cut(&line, '\n')));
	if (p->talk == NULL) {
		p->now->talk.banner = arena_str(&p->mem, str_trim(str_to(
		    BUF_STR(p->wire.in), 500)));
		slot_broken(p, TROUBLE_PROTO, "this is no greeting of a mail server");
		return false;
	}
	p->now->protoname = p->talk->name;
	if (p->wire.implicit)
		p->now->protoname = arena_printf(&p->mem, "%ss",
		    p->talk->name);
	due_set(&p->run->dues, &p->due, DUE_PROBE, p->deadline);
	return true;
}

/* Is there an answer already to what is to be said yet? */
static bool
out_of_turn(const struct probe *p, enum stage next)
{
	const char *words = rules[next].talks ?
	    p->talk->say[rules[next].step] : NULL;

	return p->wire.in.n > 0 && next != STAGE_QUIT && words != NULL &&
	    words[0] != '\0' && (p->talk->frame != PROBE_TAGGED ||
	    !str_starts(BUF_STR(p->wire.in), "*"));
}

static bool
talked(struct probe *p)
{
	struct probe_reply r;
	const char *why;
	enum stage next;
	int got;

	if (p->talk == NULL && !guess(p))
		return false;
	got = probe_talk_reply(p->talk, rules[p->stage].step,
	    BUF_STR(p->wire.in), &r, &why);
	if (got < 0) {
		if (p->stage == STAGE_BANNER)
			p->now->talk.banner = arena_str(&p->mem, str_trim(str_to(
			    BUF_STR(p->wire.in), 500)));
		slot_broken(p, TROUBLE_PROTO, why);
		return false;
	}
	if (got == 0)
		return false;
	trace(p, "<", r.all);
	next = rules[p->stage].then(p, &r);
	buf_drop(&p->wire.in, r.all.n);
	if (out_of_turn(p, next)) {
		slot_broken(p, TROUBLE_PROTO, "the server speaks out of turn");
		return false;
	}
	stage_enter(p, next);
	return true;
}

/* Whatever was sent in one packet with STARTTLS must not be answered here. */
void
stage_injected(struct probe *p)
{
	struct str rest = BUF_STR(p->wire.in), line;

	while (rest.n > 0) {
		line = str_cut(&rest, '\n');
		if (str_starts(line, p->talk->injected))
			p->main.inject = INJECT_TAKEN;
	}
	if (p->main.inject == INJECT_NONE)
		p->main.inject = p->wire.in.n > 0 || p->wire.eof ? INJECT_SAFE :
		    INJECT_UNKNOWN;
	p->stage = STAGE_OVER;
}

/* One step; false: nothing more can be done now. */
bool
stage_step(struct probe *p)
{
	if (p->stage == STAGE_TLS && p->wire.tls == NULL && probe_conn_turn(p))
		probe_conn_begin(p);
	if (p->wire.inside && p->stage != STAGE_OVER)
		probe_conn_decrypt(p);
	switch (p->stage) {
	case STAGE_TLS:
		if (!probe_conn_shake(p))
			return false;
		stage_enter(p, after_handshake(p));
		return true;
	case STAGE_HELLO:
		return hello_heard(p);
	case STAGE_INJECTED:
		if (p->wire.eof)
			stage_injected(p);
		return false;
	case STAGE_QUIT:
		if (p->wire.in.n > 0 || p->wire.eof)
			p->stage = STAGE_OVER;
		return false;
	case STAGE_CONNECT:
	case STAGE_DANE:
	case STAGE_QUEUE:
	case STAGE_LOOKUP:
	case STAGE_OVER:
		return false;
	default:
		return talked(p);
	}
}

void
stage_hung_up(struct probe *p)
{
	if (p->wire.error == ECONNRESET || p->wire.error == EPIPE)
		slot_broken(p, TROUBLE_RESET, "the connection was reset");
	else if (p->wire.error != 0)
		slot_broken(p, TROUBLE_RESET, strerror(p->wire.error));
	else
		slot_broken(p, TROUBLE_CLOSED, "the server hung up");
}
