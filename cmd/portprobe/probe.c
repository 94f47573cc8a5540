/*
 * probe.c: a probe from its first connection to its report
 *
 * When the main connection is over, the same slot may open more: one per TLS
 * version, one for the injection test.  They answer one question each and
 * leave the report alone otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "crl.h"
#include "jobs.h"
#include "net.h"
#include "net_blame.h"
#include "output.h"
#include "probe.h"
#include "probe_conn.h"
#include "run.h"
#include "served.h"
#include "server.h"
#include "share.h"
#include "slot.h"
#include "stage.h"
#include "sts.h"
#include "target.h"
#include "trace.h"

enum { SILENT_MS = 3000, FIRST_PART = 10, SMALL_PART = 4 };

static void
hang_up(struct probe *p)
{
	struct wire *w = &p->wire;

	if (w->fd >= 0)
		net_watch_close(w->fd);
	w->fd = -1;
	tls_look_free(w->tls);
	w->tls = NULL;
	w->rx.n = w->rx.at = w->tx.n = w->tx.at = w->in.n = 0;
	w->eof = w->hup = w->inside = w->more = w->in.over = false;
	due_clear(&p->due);
	probe_conn_leave(p);
	probe_conn_shaken(p);
}

/* The outcome of a connection attempt; who is to blame is known already. */
static void
unconnected(struct probe *p, int error)
{
	struct report *r = p->now;
	enum trouble_class class = TROUBLE_UNREACHABLE;

	p->wire.error = error;
	if (error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS) {
		slot_broken(p, TROUBLE_INTERNAL, strerror(error));
		return;
	}
	if (error == ECONNRESET) {	/* it was there, and is no more */
		r->way.tcp = REACH_OPEN;
		r->us.tcp = slot_since(p);
		p->stage = p->wire.implicit ? STAGE_TLS : STAGE_BANNER;
		slot_broken(p, TROUBLE_RESET, "the connection was reset");
		return;
	}
	r->way.tcp = REACH_UNREACHABLE;
	if (error == ECONNREFUSED) {
		r->way.tcp = REACH_REFUSED;
		class = TROUBLE_REFUSED;
	} else if (error == ETIMEDOUT) {
		r->way.tcp = REACH_FILTERED;
		class = TROUBLE_TIMEOUT_CONNECT;
	}
	slot_broken(p, class, r->way.blame.text);
}

/* An attempt that had begun has failed. */
static void
failed(struct probe *p)
{
	int error = net_error(p->wire.fd);

	net_blame_take(p->wire.fd, p->job->addr, error, &p->now->way.blame);
	unconnected(p, error);
}

static void
connected(struct probe *p)
{
	int64_t now = clock_us(), silent;

	p->now->us.tcp = slot_since(p);
	p->now->way.tcp = REACH_OPEN;
	net_blame_none(p->wire.fd, p->job->addr);
	trace_note(TRACE_DONE, "%s:%u connected to %s", p->job->host->name,
	    p->job->port.number, p->main.ip);
	if (p->wire.implicit) {
		stage_enter(p, stage_to_tls(p));
		return;
	}
	stage_enter(p, STAGE_BANNER);
	if (p->talk != NULL)
		return;
	silent = now / 1000 + SILENT_MS;
	if (silent > now / 1000 + (p->deadline - now / 1000) / 3)
		silent = now / 1000 + (p->deadline - now / 1000) / 3;
	due_set(&p->run->dues, &p->due, DUE_SHORT, silent);
}

/*
 * Nothing came back to a first message of ours that a shorter one has an answer
 * to: is it the length, or that it came in two packets?
 */
static bool
silenced(const struct probe *p)
{
	return p->main.deep.small == TRIED_YES ||
	    (p->classic && p->main.us.tls >= 0);
}

static void
dial(struct probe *p)
{
	struct run *r = p->run;
	int64_t spent = p->job->host->dns_us / 1000, limit;

	limit = (int64_t)(r->set->scope.timeout * 1000) - spent;
	if (p->turn == TURN_FIRST)
		limit = (int64_t)(r->set->scope.timeout * 1000) / FIRST_PART;
	if (p->turn == TURN_SMALL || (p->turn == TURN_SPLIT && silenced(p)))
		limit = (int64_t)(r->set->scope.timeout * 1000) / SMALL_PART;
	if (p->classic && main_turn(p))		/* what the first one left */
		limit = p->deadline - clock_ms();
	limit = limit > 100 ? limit : 100;
	p->wire.error = 0;
	p->stage = STAGE_CONNECT;
	p->wire.implicit = p->job->port.proto->implicit ||
	    p->turn == TURN_FIRST;
	p->talk = p->job->port.proto->talk;
	p->began = p->at = clock_us();
	p->deadline = p->began / 1000 + limit;
	due_set(&r->dues, &p->due, DUE_PROBE, p->deadline);
	r->tally.connections++;
	p->wire.fd = net_blame_begin(p->job->addr, r->set->scope.source,
	    &p->now->way.blame);
	if (p->wire.fd < 0)
		unconnected(p, p->now->way.blame.error);
	else if (net_watch_add(r->watch, p->wire.fd, p) < 0)
		unconnected(p, errno);
}

/* Why DANE does not count for this host, whatever records it has; or NULL. */
static const char *
unproven(const struct host *h)
{
	switch (h->lead) {
	case LEAD_SECURE:
		break;
	case LEAD_INSECURE:
		return h->target->given.kind == TARGET_MX ? "insecure-mx" :
		    "insecure-srv";
	case LEAD_UNBELIEVED:
		return "untrusted-resolver";
	}
	return NULL;
}

static void
blank_report(struct probe *p, struct report *r)
{
	const struct job *j = p->job;
	const struct host *h = j->host;

	*r = (struct report){ .run = p->run, .target = h->target,
	    .host = h->name, .port = j->port.number, .proto = j->port.proto,
	    .protoname = j->port.proto->name, .order = j->order,
	    .relay = j->port.proto->relay, .talk.starttls = -1, .mem = &p->mem,
	    .tls.classic = p->classic,
	    .us = { h->dns_us, -1, -1, -1, -1, -1 } };
	if (h->target->given.kind != TARGET_HOST)
		r->via = h->target->given.text;
	r->several = h->naddr > 1;
	r->tls.name = p->run->set->scope.name;
	if (r->tls.name == NULL)
		r->tls.name = h->name;
	r->dane.unbelieved = h->lead == LEAD_UNBELIEVED;
	r->dane.why = unproven(h);
}

/* What a stranger's domain names may be within our own network. */
static bool
kept_away(struct probe *p)
{
	if (!p->run->set->scope.public || p->main.reach == NET_REACH_PUBLIC)
		return false;
	p->began = p->at = clock_us();
	p->main.way.tcp = REACH_UNREACHABLE;
	slot_broken(p, TROUBLE_PRIVATE, arena_printf(&p->mem,
	    "a %s address, which is not connected to",
	    net_reach_word(p->main.reach)));
	return true;
}

/* The connection that the report is about. */
static void
main_begin(struct probe *p)
{
	struct job *j = p->job;
	char ip[64];

	blank_report(p, &p->main);
	net_ntop(j->addr, ip, sizeof ip);
	p->main.ip = arena_dup(&p->mem, str_of(ip));
	p->main.reach = net_reach_of(j->addr);
	p->main.server = server_find(p->run->set, j->host->name,
	    j->port.number, p->main.ip);
	p->now = &p->main;
	if (kept_away(p))
		return;
	stage_dane(p);			/* asks ahead */
	dial(p);
}

static bool
hung_up(enum trouble_class c)
{
	return c == TROUBLE_CLOSED || c == TROUBLE_RESET;
}

/*
 * A first message with a hybrid group that nothing answers: clients try once
 * more with classic groups, and so do we.
 */
static bool
hello_lost(const struct probe *p)
{
	enum trouble_class class = p->main.trouble.class;

	return main_turn(p) && p->wire.tls != NULL && (hung_up(class) ||
	    class == TROUBLE_TIMEOUT_TLS) && tls_look_unanswered(p->wire.tls);
}

/* TLS was tried, and not a byte of an answer came. */
static bool
unheard(const struct probe *p)
{
	enum trouble_class class = p->main.trouble.class;

	return p->wire.tls != NULL && (hung_up(class) ||
	    class == TROUBLE_TIMEOUT_TLS) && tls_look_unheard(p->wire.tls);
}

/*
 * The two of them have the time of one: the first half of what is left once
 * its first message is out.
 */
static void
share_time(struct probe *p)
{
	int64_t now;

	if (p->stage != STAGE_TLS || !main_turn(p) || p->half != 0 ||
	    p->wire.tls == NULL || !tls_look_unanswered(p->wire.tls))
		return;
	now = clock_ms();
	p->half = now + (p->deadline - now) / 2;
	due_set(&p->run->dues, &p->due, DUE_SHORT, p->half);
}

/*
 * No verdict rests on TLSA records that nobody has seen: a session without TLS
 * is good only if there are none.  Is it to wait for them?
 */
static bool
unsure(struct probe *p)
{
	return main_turn(p) && !stage_dane(p) && p->main.us.tcp >= 0 &&
	    clock_ms() < p->deadline;
}

/*
 * A certificate that others get is of interest if it must be a certain one, and
 * to --deep.
 */
static bool
wants_other(const struct probe *p)
{
	const struct report_dane *d = &p->main.dane;

	return p->run->set->want.expected != NULL || p->run->set->show.tlsa ||
	    p->run->set->extra.deep ||
	    (d->why == NULL && d->tlsa.state == TLSA_USABLE);
}

/* Where users hand mail in, behind STARTTLS. */
static bool
submission_port(const struct probe *p)
{
	return p->main.us.tls >= 0 && !p->wire.implicit && !p->main.relay &&
	    p->talk == probe_talk_named(STR("smtp"))->talk;
}

/* One of those that end with the answer to a first message of TLS. */
static bool
wants_hello(const struct probe *p)
{
	const struct deep *d = &p->main.deep;

	if (p->turn == TURN_SMALL)
		return p->unheard;
	if (p->turn == TURN_SPLIT && silenced(p))
		return true;
	if (!p->run->set->extra.deep || p->main.us.tls < 0)
		return false;
	if (p->turn == TURN_ORDER)
		return d->cipher != 0;
	return p->turn != TURN_ONE || d->order == ORDER_SERVER;
}

/* The next question that is to be asked by a connection of its own. */
static bool
next_turn(struct probe *p)
{
	const struct run *r = p->run;
	const struct report *m = &p->main;
	bool tls = m->us.tls >= 0 || m->trouble.place == PLACE_TLS;

	while (++p->turn < TURNS) {
		if (p->turn == TURN_FIRST && m->talk.odd == ODD_MUTE)
			return true;
		if (p->turn == TURN_OTHER && m->tls.have_cert && wants_other(p))
			return true;
		if (hello_turn(p) && wants_hello(p))
			return true;
		if (p->turn == TURN_PLAIN && r->set->extra.deep &&
		    submission_port(p))
			return true;
		if (p->turn >= TURN_VERSION && p->turn < TURN_INJECT && r->set->extra.versions && tls)
			return true;
		if (p->turn == TURN_INJECT && r->set->extra.inject &&
		    p->talk != NULL &&
		    !p->wire.implicit && m->us.tls >= 0)
			return true;
	}
	return false;
}

static void
note_other(struct probe *p)
{
	const struct tls_facts *f = &p->extra.tls.facts;

	if (!p->extra.tls.have_cert || str_eq(str_of(f->cert[0].sha256),
	    str_of(p->main.tls.facts.cert[0].sha256)))
		return;
	p->main.tls.other = arena_new(&p->mem, 1, sizeof *f);
	*p->main.tls.other = *f;
	p->main.dane.other = p->extra.dane.rr;
}

/*
 * No answer to a first message that comes in two packets, where one is answered
 * that comes in one: somebody on the way, or the server, cannot put them
 * together.
 */
static void
note_deep(struct probe *p)
{
	struct deep *d = &p->main.deep;
	enum trouble_class class = p->extra.trouble.class;
	enum tried silent = p->extra.trouble.place == PLACE_TLS &&
	    (class == TROUBLE_TIMEOUT_TLS || hung_up(class)) ? TRIED_NO :
	    TRIED_UNKNOWN;

	if (p->turn == TURN_PQ && d->pq == NOT_TRIED)
		d->pq = TRIED_UNKNOWN;
	if (p->turn == TURN_LARGE && d->large == NOT_TRIED)
		d->large = silent;
	if (p->turn == TURN_SPLIT && d->split == NOT_TRIED)
		d->split = silent;
	if (p->turn == TURN_SMALL && d->small == NOT_TRIED)
		d->small = TRIED_NO;
	if (p->turn == TURN_ORDER && d->order == ORDER_UNTRIED)
		d->order = ORDER_UNKNOWN;
	if (p->turn == TURN_PLAIN && d->plain == NOT_TRIED)
		d->plain = TRIED_UNKNOWN;
}

static void
turn_over(struct probe *p)
{
	enum tried *v = &p->main.versions[0];
	const struct trouble *t = &p->extra.trouble;

	if (p->turn == TURN_FIRST)
		return;
	if (p->turn == TURN_OTHER) {
		note_other(p);
		return;
	}
	if (p->turn < TURN_VERSION) {
		note_deep(p);
		return;
	}
	if (p->turn >= TURN_INJECT) {
		if (p->main.inject == INJECT_NONE)
			p->main.inject = hung_up(t->class) ? INJECT_REFUSED :
			    INJECT_UNKNOWN;
		return;
	}
	v += p->turn - TURN_VERSION;
	if (*v == NOT_TRIED)
		*v = TRIED_UNKNOWN;
}

/*
 * A port without an answer means most when others of the same host do answer:
 * then somebody on the way keeps it shut.  So it waits for them, if there are
 * slots for all that wait for one.  A certificate waits for those of the others, too,
 * but not where the reports of a list come as they are done.
 */
static bool
held(struct probe *p)
{
	struct host *h = p->job->host;
	const struct run *r = p->run;
	bool compared = p->main.tls.have_cert && !r->set->limit.list;

	if ((p->main.way.tcp != REACH_FILTERED && !compared) || h->left == 0 ||
	    jobs_waiting(r->jobs) + share_waiting(r->shares) >
	    slot_left(r->slots))
		return false;
	p->next = h->held;
	h->held = p;
	p->stage = STAGE_HELD;
	return true;
}

static void
leave(struct probe *p)
{
	arena_reset(&p->mem);
	share_leave(p->run, p->job);
	p->stage = STAGE_FREE;
	p->job = NULL;
	slot_give(p->run->slots, p);
}

/*
 * That this machine has no way to an address is known at once, and what it
 * means only when the others of the host are over: it is tried again then.
 */
static bool
put_off(struct probe *p)
{
	struct job *j = p->job;
	struct host *h = j->host;

	if (p->main.way.blame.who != NET_HERE || h->left == 0 || j->again)
		return false;
	j->again = true;
	j->next = h->put_off;
	h->put_off = j;
	leave(p);
	return true;
}

static void
resume(struct run *r, struct host *h)
{
	struct job *j = h->put_off, *next;

	h->put_off = NULL;
	for (; j != NULL; j = next) {
		next = j->next;
		h->left++;
		jobs_add(r->jobs, j);
	}
}

/* All addresses of one family, or all others. */
static struct answers
answers_of(const struct host *h, int family, bool others)
{
	struct answers all = { 0 };
	int i;

	for (i = 0; i < h->naddr; i++) {
		if ((h->addr[i].ss.ss_family == family) == others)
			continue;
		all.open += h->answers[i].open;
		all.refused += h->answers[i].refused;
	}
	return all;
}

static const char *
ports_word(unsigned n)
{
	return n == 1 ? "port" : "ports";
}

static const char *
family_name(int f)
{
	return f == AF_INET6 ? "IPv6" : "IPv4";
}

/* Whose fault it may be, by what became of the host's other ports. */
static void
compare(struct probe *p)
{
	const struct host *h = p->job->host;
	int f = p->job->addr->ss.ss_family;
	struct answers same = answers_of(h, f, false);
	struct answers other = answers_of(h, f, true);
	unsigned n = h->answers[p->job->nth].others;
	struct way *w = &p->main.way;

	p->main.tls.elsewhere = served_elsewhere(p->job, &p->main);
	w->spared = w->blame.who == NET_HERE && other.open + other.refused > 0;
	if (w->tcp != REACH_FILTERED)
		return;
	if (p->main.relay && n > 0)
		w->port25 = arena_printf(&p->mem, "%u other %s of %s %s", n,
		    ports_word(n), h->naddr > 1 ? p->main.ip : h->name,
		    n == 1 ? "answers" : "answer");
	else if (same.open + same.refused == 0 && other.open > 0)
		w->family = arena_printf(&p->mem, "nothing of %s answers by %s; %u %s %s by %s",
		    h->name, family_name(f), other.open, ports_word(other.open),
		    other.open == 1 ? "does" : "do",
		    family_name(f == AF_INET ? AF_INET6 : AF_INET));
}

void
probe_end(struct probe *p)
{
	struct target *t = p->job->host->target;

	if ((t->sts != NULL && !t->sts->done && p->main.us.tcp >= 0) ||
	    !crl_known(t, &p->main)) {
		p->next = t->held;	/* until its policy has come, or a list */
		t->held = p;
		p->stage = STAGE_HELD;
		return;
	}
	compare(p);
	output_report(&p->main);
	leave(p);
	target_told(t);
}

/* The job is over: what it says of its address. */
static void
note_answer(const struct probe *p)
{
	struct answers *a = &p->job->host->answers[p->job->nth];

	a->open += p->main.us.tcp >= 0;
	a->others += p->main.us.tcp >= 0 && !p->main.relay;
	a->refused += p->main.way.tcp == REACH_REFUSED;
}

void
probe_release(struct host *h)
{
	struct probe *p = h->held, *next;

	h->held = NULL;
	for (; p != NULL; p = next) {
		next = p->next;
		probe_end(p);
	}
}

static void
finished(struct probe *p)
{
	struct run *r = p->run;
	struct host *h = p->job->host;
	bool last;

	h->left--;
	note_answer(p);
	served_note(p->job, &p->main);
	jobs_shut(r->jobs, p->job);
	share_over(r, p->job, &p->main, &p->mem);
	if (put_off(p) || held(p))
		return;
	last = h->left == 0;
	if (last)
		resume(r, h);
	probe_end(p);
	if (last)
		probe_release(h);
}

/* As far as it gets with what is there. */
static void
move(struct probe *p)
{
	bool again;

	do {
		while (p->stage != STAGE_OVER && stage_step(p))
			;
		if (!p->wire.more || p->stage == STAGE_OVER)
			break;
		p->wire.more = false;
		probe_conn_receive(p);
	} while (!p->wire.more);
	if (p->wire.fd >= 0)
		probe_conn_flush(p);
	share_time(p);
	probe_conn_spare(p);
	if (p->stage == STAGE_QUIT && p->wire.eof)
		p->stage = STAGE_OVER;
	if (p->wire.eof && p->stage != STAGE_OVER && p->stage != STAGE_INJECTED)
		stage_hung_up(p);
	while (p->stage == STAGE_OVER) {
		if (p->now->us.total < 0 && main_turn(p))
			p->now->us.total = clock_us() - p->began +
			    p->job->host->dns_us;
		again = hello_lost(p);
		if (main_turn(p))
			p->unheard = unheard(p);
		hang_up(p);
		if (again) {
			p->classic = true;
			trace_note(TRACE_DONE,
			    "%s:%u: no answer to TLS with a hybrid group: one more try with classic groups",
			    p->job->host->name, p->job->port.number);
			main_begin(p);
			continue;
		}
		if (unsure(p)) {
			stage_enter(p, STAGE_LOOKUP);
			return;
		}
		if (!main_turn(p))
			turn_over(p);
		if (!next_turn(p)) {
			finished(p);
			return;
		}
		blank_report(p, &p->extra);
		if (p->turn == TURN_OTHER) {
			p->extra.dane = p->main.dane;
			p->extra.dane.rr = NULL;
		}
		p->now = &p->extra;
		dial(p);
	}
}

/* Another job's probe has found it out. */
static void
probe_known(struct probe *p)
{
	blank_report(p, &p->main);
	share_fill(p->job, &p->main);
	p->now = &p->main;
	p->stage = STAGE_OVER;
	trace_note(TRACE_DONE, "%s:%u is known", p->job->host->name,
	    p->job->port.number);
	finished(p);
}

void
probe_start(struct run *r, struct probe *p, struct job *j)
{
	p->run = r;
	p->job = j;
	p->turn = TURN_MAIN;
	p->classic = false;
	p->half = 0;
	p->due.who = p;
	p->wire.rx.max = p->wire.tx.max = WIRE_MAX;
	p->wire.in.max = 2 * WIRE_MAX;
	p->wire.fd = -1;
	if (share_known(j)) {
		probe_known(p);
		return;
	}
	main_begin(p);
	if (p->stage == STAGE_OVER)
		move(p);
}

void
probe_event(struct probe *p, const struct net_event *ev)
{
	if (p->wire.fd < 0 || p->stage == STAGE_FREE || p->stage == STAGE_HELD)
		return;
	if (p->stage == STAGE_CONNECT) {
		if (ev->err || (ev->hup && !ev->out))
			failed(p);
		else if (ev->out)
			connected(p);
		else
			return;
	}
	p->wire.hup |= ev->hup || ev->err;
	if (ev->in && p->stage != STAGE_OVER)
		probe_conn_receive(p);
	move(p);
}

bool
probe_shake(struct run *r)
{
	struct probe *p = probe_conn_next(r);

	if (p == NULL)
		return false;
	move(p);
	return true;
}

void
probe_wake(struct probe *p)
{
	if (p->stage == STAGE_LOOKUP) {
		stage_await_no_more(p);
		p->stage = STAGE_OVER;
		move(p);
		return;
	}
	if (p->stage != STAGE_DANE)
		return;
	stage_await_no_more(p);
	due_set(&p->run->dues, &p->due, DUE_PROBE, p->deadline);
	stage_enter(p, stage_to_tls(p));
	if (p->stage != STAGE_DANE)
		move(p);
}

void
probe_late(struct probe *p)
{
	char text[100];

	if (p->stage == STAGE_QUEUE && clock_ms() + 1 < p->deadline) {
		if (probe_conn_impatient(p))
			move(p);
		return;
	}
	if (p->stage == STAGE_HELLO && p->rest &&
	    clock_ms() + 1 < p->deadline) {
		stage_hello_rest(p);
		move(p);
		return;
	}
	if (p->stage == STAGE_DANE || p->stage == STAGE_LOOKUP) {
		stage_dane_late(p);
		probe_wake(p);
		return;
	}
	if (p->stage == STAGE_BANNER && p->talk == NULL && !p->wire.implicit &&
	    p->wire.in.n == 0 && clock_ms() + 1 < p->deadline) {
		p->wire.implicit = true;	/* silent: it waits for TLS */
		due_set(&p->run->dues, &p->due, DUE_PROBE, p->deadline);
		stage_enter(p, stage_to_tls(p));
		move(p);
		return;
	}
	if (p->due.at == p->half && (p->stage != STAGE_TLS ||
	    !tls_look_unanswered(p->wire.tls))) {
		due_set(&p->run->dues, &p->due, DUE_PROBE, p->deadline);
		return;
	}
	if (p->stage == STAGE_INJECTED) {
		stage_injected(p);
	} else if (p->stage == STAGE_QUIT) {
		p->stage = STAGE_OVER;
	} else {
		if (main_turn(p) && p->stage == STAGE_BANNER &&
		    p->wire.in.n == 0 && p->talk != NULL && !p->wire.inside &&
		    p->talk->say[PROBE_STARTTLS] != NULL)
			p->now->talk.odd = ODD_MUTE;
		if (p->stage == STAGE_CONNECT)
			p->now->way.tcp = REACH_FILTERED;
		snprintf(text, sizeof text, "no answer in %.3g s",
		    p->run->set->scope.timeout);
		slot_broken(p, stage_late(p->stage), text);
	}
	move(p);
}
