/*
 * dns_slot.c: a question while it lives: its bucket, its id, who waits for it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_slot.h"
#include "mem.h"
#include "os.h"

/* ---- ids */

uint16_t
dns_random16(struct dns *d)
{
	if (d->ids.nrandom == 0) {
		if (os_random(d->ids.random, sizeof d->ids.random, false) < 0)
			abort();	/* Linux has given it since 3.17 */
		d->ids.nrandom = sizeof d->ids.random / sizeof *d->ids.random;
	}
	return d->ids.random[--d->ids.nrandom];
}

static uint64_t *
id_word(struct dns *d, uint16_t id)
{
	return &d->ids.taken[id / 64];
}

static uint64_t
id_bit(uint16_t id)
{
	return (uint64_t)1 << id % 64;
}

struct question *
dns_by_id(const struct dns *d, const struct sock *s, uint16_t id)
{
	struct question *q = d->ids.list[id % ID_LISTS];

	while (q != NULL && q->id != id)
		q = q->same;
	return q != NULL && q->sock == s ? q : NULL;
}

/* It has no id any more; whether others may have that is the caller's. */
static void
leave_id(struct dns *d, struct question *q)
{
	struct question **p = &d->ids.list[q->id % ID_LISTS];

	while (*p != q)
		p = &(*p)->same;
	*p = q->same;
	q->sock->waiting--;
	q->sock = NULL;
}

void
dns_release_id(struct dns *d, struct question *q)
{
	if (q->sock == NULL)
		return;
	leave_id(d, q);
	*id_word(d, q->id) &= ~id_bit(q->id);
}

/*
 * The id of a question nobody answered stays unused for a while (until as
 * many others died), since the answer may yet come.
 */
void
dns_bury_id(struct dns *d, struct question *q)
{
	struct ids *ids = &d->ids;
	uint16_t *tomb = &ids->tomb[ids->tombs % TOMBS];

	if (q->sock == NULL)
		return;
	leave_id(d, q);
	if (ids->tombs++ >= TOMBS)
		*id_word(d, *tomb) &= ~id_bit(*tomb);
	*tomb = q->id;
}

/* A window is at most half of the ids: this ends soon. */
void
dns_take_id(struct dns *d, struct question *q, struct sock *s)
{
	struct question **list;
	uint16_t id;

	do
		id = dns_random16(d);
	while ((*id_word(d, id) & id_bit(id)) != 0);
	*id_word(d, id) |= id_bit(id);
	list = &d->ids.list[id % ID_LISTS];
	q->same = *list;
	*list = q;
	s->waiting++;
	q->sock = s;
	q->id = id;
}

/* ---- its stream */

void
dns_leave_stream(struct question *q)
{
	struct stream *s = q->stream;
	unsigned i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n && s->q[i] != q; i++)
		;
	if (i < s->n)
		s->q[i] = s->q[--s->n];
	q->stream = NULL;
}

/* ---- its end */

void
dns_tell(struct dns *d, const struct waiter *w, const struct dns_answer *a)
{
	if (!w->inner)
		d->unanswered--;
	w->done(w->arg, a);
}

static void
unchain(struct dns *d, struct question *q)
{
	struct question **p = &d->bucket[q->hash % BUCKETS];

	while (*p != q)
		p = &(*p)->chain;
	*p = q->chain;
	d->questions--;
}

void
dns_uncount(struct dns *d, struct question *q)
{
	if (q->counted)
		dns_window_leave(&d->window);
	q->counted = false;
}

/* RFC 2308 section 7: a failure may be remembered, but not for long. */
static void
remember_answer(struct dns *d, const struct question *q,
    const struct dns_answer *a)
{
	int64_t s = a->ttl < LONGEST_S ? a->ttl : LONGEST_S;

	if (dns_temporary(a->status))
		s = FAILED_S;
	if (s > 0)
		dns_cache_put(d->cache, q->wire, q->len, q->type, q->hash, a,
		    d->now + s * 1000);
}

/* All who wait for q get a, whose reference is ours to drop. */
void
dns_complete(struct dns *d, struct question *q, struct dns_answer *a)
{
	struct waiter *w, *next;

	dns_unlist(q);
	dns_release_id(d, q);
	dns_leave_stream(q);
	dns_uncount(d, q);
	unchain(d, q);
	a->tries += q->tries;
	a->at = d->now;
	d->stats.servfail += dns_temporary(a->status);
	d->stats.timeouts += a->status == DNS_TIMEOUT;
	remember_answer(d, q, a);
	dns_tell(d, &q->wait, a);
	for (w = q->wait.next; w != NULL; w = next) {
		next = w->next;
		dns_tell(d, w, a);
		free(w);
	}
	if (q->best != a)
		dns_drop(q->best);
	free(q);
	dns_drop(a);
}

/* Why nobody answered q, for people. */
static void
slot_reason(const struct dns *d, const struct question *q, char *why,
    size_t cap)
{
	int error = d->peer[q->server].error;
	const char *what = q->junk ? "no sound reply" : "no reply", *how = "";
	unsigned n = q->whom.more > 0 ? d->tries : q->tries;

	if (error != 0 && q->whom.more == 0) {
		snprintf(why, cap, "%s: %s%s", d->sys.server[q->server].text,
		    q->tcp ? "TCP: " : "", strerror(error));
		return;
	}
	if (q->whom.more > 0)
		how = ", nor by TCP";
	else if (q->tcp)
		how = " (truncated, then TCP)";
	snprintf(why, cap, "%s in %u %s%s%s%s", what, n, n == 1 ? "try" :
	    "tries", how, error != 0 ? ": " : "", error != 0 ?
	    strerror(error) : "");
}

void
dns_give_up(struct dns *d, struct question *q)
{
	enum dns_status status = q->junk ? DNS_MALFORMED : DNS_TIMEOUT;
	char name[DNS_NAMELEN], why[160];
	struct dns_answer *a = q->best;

	if (a == NULL) {
		dns_text(q->wire, name);
		slot_reason(d, q, why, sizeof why);
		a = dns_nothing(name, q->type, status, why);
	}
	q->best = NULL;
	dns_complete(d, q, a);
}

/* ---- asking */

struct question *
dns_asked(struct dns *d, const struct dns_key *k)
{
	struct question *q;

	for (q = d->bucket[k->hash % BUCKETS]; q != NULL; q = q->chain)
		if (q->hash == k->hash && q->type == k->type &&
		    q->len == k->len && memcmp(q->wire, k->wire, k->len) == 0)
			return q;
	return NULL;
}

static struct question *
question_start(struct dns *d, const struct dns_key *k)
{
	struct question *q = mem_new(1, sizeof *q + k->len);

	memcpy(q->wire, k->wire, k->len);
	q->len = k->len;
	q->type = k->type;
	q->hash = k->hash;
	q->tcp = d->conf.tcp;
	if (d->conf.rotate)
		q->whom.first = (uint8_t)(d->next_first++ % d->sys.n);
	q->chain = d->bucket[k->hash % BUCKETS];
	d->bucket[k->hash % BUCKETS] = q;
	d->questions++;
	dns_append(&d->fresh, q);
	return q;
}

void
dns_make_ready(struct dns *d, struct waiter w, const struct dns_answer *a)
{
	struct ready *r = mem_new(1, sizeof *r);

	r->wait = w;
	r->answer = a;
	*d->ready_end = r;
	d->ready_end = &r->next;
}

/* The question that will be answered, or NULL if the answer is there. */
struct question *
dns_ask(struct dns *d, const struct dns_key *k, struct waiter w)
{
	const struct dns_answer *a = dns_cache_get(d->cache, k, d->now);
	struct question *q;
	struct waiter *more;

	if (a != NULL) {
		d->stats.cached++;
		dns_make_ready(d, w, dns_keep(a));
		return NULL;
	}
	q = dns_asked(d, k);
	if (q == NULL) {
		q = question_start(d, k);
		q->wait = w;
		return q;
	}
	d->stats.joined++;
	more = mem_new(1, sizeof *more);
	*more = w;
	more->next = q->wait.next;
	q->wait.next = more;
	return q;
}
