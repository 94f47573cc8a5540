/*
 * probe_conn.c: bytes of one connection, in the clear and by TLS
 *
 * What waits holds no buffers.  Nothing here knows what is said.
 */
#include <errno.h>

#include "clock.h"
#include "jobs.h"
#include "probe_conn.h"
#include "run.h"
#include "target.h"
#include "trace.h"

enum {
	CHUNK = 4000,			/* with what malloc adds, a page */
	SHAKING = 200,			/* handshakes at a time */
	QUEUE_MS = 500,
};

/* How much of it; 0 as well when nothing can be sent any more. */
static size_t
send_some(struct wire *w, struct str s)
{
	long sent;

	if (w->error != 0)
		return 0;
	sent = net_send(w->fd, s.p, s.n);
	if (sent >= 0)
		return (size_t)sent;
	if (sent != NET_LATER) {
		w->error = errno;
		w->eof = true;
	}
	return 0;
}

void
probe_conn_flush(struct probe *p)
{
	struct fifo *tx = &p->wire.tx;
	size_t sent;

	while (tx->n > 0 && (sent = send_some(&p->wire,
	    (struct str){ tx->p + tx->at, tx->n })) > 0)
		fifo_drop(tx, sent);
}

/* All that came; more of it only if there is room. */
void
probe_conn_receive(struct probe *p)
{
	struct wire *w = &p->wire;
	char *to, chunk[CHUNK];		/* most of what is said is short */
	size_t room = CHUNK;
	long got;

	while (!w->eof) {
		if (w->tls != NULL)
			to = fifo_room(&w->rx, CHUNK, &room);
		else
			to = w->in.n < WIRE_MAX + CHUNK ? chunk : NULL;
		if (to == NULL) {
			w->more = true;
			return;
		}
		got = net_recv(w->fd, to, room);
		if (got == NET_LATER)
			return;
		if (got <= 0) {
			w->error = got < 0 ? errno : 0;
			w->eof = true;
			return;
		}
		if (w->tls != NULL)
			w->rx.n += (size_t)got;
		else
			buf_put(&w->in, chunk, (size_t)got);
		/* That was all for now, or for ever, if it takes its leave. */
		w->eof |= w->hup && p->stage == STAGE_QUIT &&
		    (size_t)got < room;
		if ((size_t)got < room && !w->hup)
			return;
	}
}

/* The verdict of a failed handshake on the one version that it offered. */
static void
note_version(struct probe *p, enum tls_why why)
{
	enum tried *v = &p->main.versions[0] + p->turn - TURN_VERSION;

	if (p->turn < TURN_VERSION || p->turn >= TURN_INJECT)
		return;
	if (tls_look_asked(p->wire.tls))	/* so it was agreed on */
		*v = TRIED_YES;
	else if (why == TLS_WHY_VERSION)
		*v = TRIED_NO;
	else
		*v = why == TLS_WHY_REFUSED ? TRIED_REFUSED : TRIED_UNKNOWN;
}

static void
tls_failed(struct probe *p)
{
	const char *text;
	enum tls_why why;

	p->now->tls.client_cert = tls_look_asked(p->wire.tls);
	why = tls_look_why(p->wire.tls, &text);
	note_version(p, why);
	if (p->turn == TURN_FIRST && (why == TLS_WHY_ALERT ||
	    why == TLS_WHY_REFUSED || why == TLS_WHY_VERSION))
		p->main.talk.odd = ODD_TLS_FIRST;	/* in its own way */
	switch (why) {
	case TLS_WHY_ALERT:
	case TLS_WHY_REFUSED:
		slot_failed(p, TROUBLE_TLS_ALERT, text);
		p->now->trouble.alert = p->now->trouble.text;
		break;
	case TLS_WHY_PLAIN:
		slot_failed(p, TROUBLE_TLS_PROTO, "what came is not TLS");
		break;
	case TLS_WHY_VERSION:
	case TLS_WHY_OTHER:
		slot_failed(p, TROUBLE_TLS_PROTO, text);
		break;
	}
	p->stage = STAGE_OVER;
}

/* From TLS into the clear. */
void
probe_conn_decrypt(struct probe *p)
{
	char chunk[CHUNK];
	long got;

	while (p->stage != STAGE_OVER && p->wire.in.n < WIRE_MAX + CHUNK) {
		got = tls_look_read(p->wire.tls, chunk, CHUNK);
		if (got == TLS_END)
			p->wire.eof = true;
		else if (got != TLS_MORE && got <= 0)
			tls_failed(p);
		if (got <= 0)
			return;
		buf_put(&p->wire.in, chunk, (size_t)got);
	}
}

void
probe_conn_put(struct probe *p, struct str s)
{
	struct wire *w = &p->wire;

	if (w->inside) {
		tls_look_write(w->tls, s.p, s.n);
		return;
	}
	if (w->tx.n == 0)
		s = str_from(s, send_some(w, s));
	if (s.n > 0)
		fifo_put(&w->tx, s.p, s.n);
}

static enum tls_version
only(const struct probe *p)
{
	return p->turn >= TURN_VERSION && p->turn < TURN_INJECT ?
	    (enum tls_version)(TLS_1_0 + (int)p->turn - TURN_VERSION) :
	    TLS_ANY;
}

/* The authorities take a while to read, if there are many in one file. */
int
probe_conn_tls(struct run *r, struct err *e)
{
	if (r->tls != NULL)
		return 0;
	r->tls = tls_ctx_new(&r->set->tls, e);
	if (r->tls != NULL && tls_look_ctx(r->tls, e) == 0)
		return 0;
	tls_ctx_free(r->tls);
	r->tls = NULL;
	return -1;
}

/* The records as the handshake wants them, usable ones marked. */
static void
probe_conn_records(struct probe *p)
{
	struct report *r = p->now;
	const struct dns_answer *a = r->dane.tlsa.answer;
	unsigned i;

	if (r->dane.rr != NULL || a == NULL || r->dane.tlsa.use == NULL)
		return;
	r->dane.rr = arena_new(&p->mem, a->n, sizeof *r->dane.rr);
	for (i = 0; i < a->n; i++)
		r->dane.rr[i] = (struct tls_tlsa){ a->rr[i].usage,
		    a->rr[i].selector, a->rr[i].mtype, a->rr[i].data,
		    r->dane.tlsa.use[i] == TLSA_USED && r->dane.why == NULL, -1, NULL };
}

/* The turns whose certificates are looked at. */
static bool
looks(const struct probe *p)
{
	return main_turn(p) || p->turn == TURN_OTHER;
}

/* Not those that the main turn has seen. */
static enum tls_keys
other_keys(const struct probe *p)
{
	if (p->turn != TURN_OTHER)
		return TLS_KEYS_ANY;
	return str_starts(str_of(p->main.tls.facts.cert[0].key), "RSA") ?
	    TLS_KEYS_OTHER : TLS_KEYS_RSA;
}

void
probe_conn_begin(struct probe *p)
{
	struct report *r = p->now;
	const struct host *h = p->job->host;
	struct tls_ask ask = { .name = r->tls.name, .only = only(p),
	    .keys = other_keys(p), .classic = p->classic };
	bool dane = looks(p) && r->dane.tlsa.state == TLSA_USABLE &&
	    r->dane.why == NULL;

	/*
	 * Bytes said in the clear do not count, and are told, those that came
	 * while this waited for its turn or for DNS, too.  But where TLS is
	 * from the first byte, an answer may be faster than our hello.
	 */
	if (p->wire.implicit && p->wire.in.n > 0)
		fifo_put(&p->wire.rx, p->wire.in.p, p->wire.in.n);
	else if (p->wire.in.n > 0)
		r->talk.buffered = true;
	p->wire.in.n = 0;
	fail_clear(&p->run->scratch);
	if (p->run->set->scope.name != NULL || !h->literal)
		ask.sni = r->tls.name;
	if (looks(p))
		probe_conn_records(p);
	if (r->dane.rr != NULL) {
		ask.tlsa = r->dane.rr;
		ask.ntlsa = r->dane.tlsa.answer->n;
		ask.base = r->dane.tlsa.base;
		if (h->target->given.kind == TARGET_MX)
			ask.also = h->target->given.domain;
	}
	if (dane && p->run->set->scope.name == NULL)
		ask.sni = r->dane.tlsa.base;
	p->at = clock_us();
	if (probe_conn_tls(p->run, &p->run->scratch) == 0)
		p->wire.tls = tls_look_new(p->run->tls, &ask, &p->wire.rx,
		    &p->wire.tx, &p->run->scratch);
	if (p->wire.tls == NULL)
		slot_broken(p, TROUBLE_INTERNAL, p->run->scratch.msg);
}

/*
 * A handshake under way takes twice the memory of one that is done, and the
 * processor does them one by one anyway: the others wait for their turn, as
 * long as those before are not stuck.
 */
bool
probe_conn_turn(struct probe *p)
{
	struct shakes *s = &p->run->shakes;

	if (p->shaking)
		return true;
	if ((s->n >= SHAKING || s->queue != NULL) && p->stage == STAGE_TLS) {
		p->stage = STAGE_QUEUE;
		p->next = NULL;
		*(s->queue != NULL ? s->last : &s->queue) = p;
		s->last = &p->next;
		slot_short(p, clock_ms() + QUEUE_MS);
		return false;
	}
	p->shaking = true;
	s->n++;
	return true;
}

void
probe_conn_leave(struct probe *p)
{
	struct shakes *s = &p->run->shakes;
	struct probe **q = &s->queue;

	while (*q != NULL && *q != p)
		q = &(*q)->next;
	if (*q == NULL)
		return;
	*q = p->next;
	if (p->next == NULL)
		s->last = q;
}

/* Its turn has come, or its patience has ended. */
static void
proceed(struct probe *p)
{
	probe_conn_leave(p);
	p->shaking = true;
	p->run->shakes.n++;
	p->stage = STAGE_TLS;
	due_set(&p->run->dues, &p->due, DUE_PROBE, p->deadline);
}

bool
probe_conn_impatient(struct probe *p)
{
	int64_t now = clock_ms(), most = (p->deadline - p->began / 1000) / 4;

	if (now - p->run->shakes.ended < QUEUE_MS &&
	    now - p->at / 1000 < most) {
		slot_short(p, now + QUEUE_MS);
		return false;
	}
	proceed(p);
	return true;
}

struct probe *
probe_conn_next(struct run *r)
{
	struct probe *p = r->shakes.queue;

	if (p == NULL || r->shakes.n >= SHAKING)
		return NULL;
	proceed(p);
	return p;
}

void
probe_conn_shaken(struct probe *p)
{
	if (!p->shaking)
		return;
	p->shaking = false;
	p->run->shakes.n--;
	p->run->shakes.ended = clock_ms();
}

bool
probe_conn_shake(struct probe *p)
{
	struct report *r = p->now;
	struct buf pem = { .max = 1 << 20 };
	int got = tls_look_handshake(p->wire.tls);

	if (got == TLS_MORE)
		return false;
	if (got != 0) {
		tls_failed(p);
		return false;
	}
	r->us.tls = clock_us() - p->at;
	r->tls.on = p->wire.inside = true;
	r->tls.client_cert = tls_look_asked(p->wire.tls);
	if (looks(p)) {
		r->tls.have_cert = tls_look_facts(p->wire.tls, &r->tls.facts,
		    &p->mem) == 0;
		trace_note(TRACE_DONE, "%s:%u %s", p->job->host->name,
		    p->job->port.number, r->tls.facts.version);
		trace_note(TRACE_DETAIL, "%s:%u TLS: %s, handshake %.1f ms",
		    p->job->host->name, p->job->port.number, r->tls.facts.cipher,
		    (double)r->us.tls / 1e3);
		if (main_turn(p) && (p->run->set->extra.deep ||
		    p->run->set->show.save_chain != NULL)) {
			tls_look_pem(p->wire.tls, &pem);
			r->tls.pem = arena_dup(&p->mem, BUF_STR(pem));
			buf_free(&pem);
		}
	}
	probe_conn_shaken(p);
	return true;
}

/* A thousand of them wait at a time. */
void
probe_conn_spare(struct probe *p)
{
	if (p->wire.rx.n == 0)
		fifo_free(&p->wire.rx);
	if (p->wire.tx.n == 0)
		fifo_free(&p->wire.tx);
	if (p->wire.in.n == 0)
		buf_free(&p->wire.in);
}
