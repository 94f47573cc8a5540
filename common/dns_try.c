/* dns_try.c: what a reply means */
#include <stdlib.h>
#include <string.h>

#include "dns_peer.h"
#include "dns_slot.h"
#include "dns_try.h"
#include "mem.h"

/* ---- how long replies take */

static void
sample(struct peer *p, double us)
{
	if (p->rtt <= 0) {
		p->rtt = p->least = us;
		p->var = us / 2;
		return;
	}
	p->var += ((us > p->rtt ? us - p->rtt : p->rtt - us) - p->var) / 16;
	p->rtt += (us - p->rtt) / 32;
	if (us < p->least)
		p->least = us;
}

/* Did a reply to a repetition come so soon that it was the repetition's? */
static bool
was_lost(const struct dns *d, const struct question *q)
{
	return q->tries > 1 && (double)(d->now_us - q->us.last) <
	    4 * d->peer[q->server].least + 1000;
}

/* ---- answers that may be bettered */

static int
rank(const struct dns_answer *a)
{
	static const int order[] = { [DNS_BOGUS] = 4, [DNS_SERVFAIL] = 3,
	    [DNS_REFUSED] = 2, [DNS_MALFORMED] = 1 };

	return a == NULL ? 0 : order[a->status] * 2 + (a->ede >= 0);
}

/* An answer that another server may better. */
static void
second_best(struct dns *d, struct question *q, struct dns_answer *a)
{
	if (rank(a) > rank(q->best)) {
		dns_drop(q->best);
		q->best = a;
	} else {
		dns_drop(a);
	}
	q->whom.said |= (uint8_t)(1u << q->server);
	if (dns_elsewhere(d, q))
		dns_retry(d, q);
	else
		dns_give_up(d, q);
}

/* ---- aliases whose target is not in the message */

static void
chased(void *arg, const struct dns_answer *tail)
{
	struct question *q = ((void **)arg)[0];
	struct dns *d = ((void **)arg)[1];
	struct dns_answer *head = q->best, *a;

	free(arg);
	q->chasing = NULL;
	q->best = NULL;
	if (head->ncname + tail->ncname > 2 * DNS_MAXHOPS)
		a = dns_nothing(head->name, q->type, DNS_MALFORMED,
		    "too many aliases (CNAME)");
	else
		a = dns_join(head, tail);
	dns_drop(head);
	dns_complete(d, q, a);
}

/* Does what target waits for end up at q? */
static bool
circle(const struct question *target, const struct question *q)
{
	for (; target != NULL; target = target->chasing)
		if (target == q)
			return true;
	return false;
}

static void
chase(struct dns *d, struct question *q, struct dns_answer *head)
{
	const char *why = NULL;
	struct question *target;
	struct dns_key k;
	void **arg;

	if (dns_key(dns_owner(head), q->type, &k) < 0)
		why = "an alias (CNAME) to no name";
	else if (circle(dns_asked(d, &k), q))
		why = "aliases (CNAME) in a circle";
	else if (q->depth >= DNS_MAXHOPS)
		why = "too many aliases (CNAME)";
	if (why != NULL) {
		dns_complete(d, q, dns_nothing(head->name, q->type, DNS_MALFORMED,
		    why));
		dns_drop(head);
		return;
	}
	dns_unlist(q);
	dns_release_id(d, q);
	dns_leave_stream(q);
	dns_uncount(d, q);
	dns_drop(q->best);
	q->best = head;
	arg = mem_new(2, sizeof *arg);
	arg[0] = q;
	arg[1] = d;
	target = dns_ask(d, &k, (struct waiter){ .done = chased, .arg = arg,
	    .inner = true });
	q->chasing = target;
	if (target != NULL && target->depth <= q->depth)
		target->depth = (uint8_t)(q->depth + 1);
}

/* ---- replies */

/* FORMERR, NOTIMP or BADVERS may be about EDNS: once more without. */
static bool
try_plain(struct dns *d, struct question *q, unsigned rcode)
{
	if ((rcode != 1 && rcode != 4 && rcode != 16) ||
	    dns_bufsize(d, q, q->server) == 0)
		return false;
	q->noedns = true;
	dns_leave_stream(q);
	dns_append(&d->again, q);
	return true;
}

static void
learn(struct dns *d, const struct question *q, bool tcp)
{
	struct peer *p = &d->peer[q->server];

	p->streak = 0;
	p->bad_until = 0;
	p->error = 0;
	if (tcp) {
		p->tcp_bad_until = 0;
		p->tcp_only |= q->whom.more > 0 && p->rtt <= 0;
	} else {
		sample(p, (double)(d->now_us - q->us.first));
		dns_window_reply(&d->window, d->now_us, was_lost(d, q));
	}
	if (dns_bufsize(d, q, q->server) > 0)
		p->edns_ok = true;
	else if (!p->edns_ok && q->noedns)
		p->noedns = true;
}

/* There is an answer, but it does not fit. */
static void
ask_by_tcp(struct dns *d, struct question *q)
{
	learn(d, q, false);
	dns_release_id(d, q);
	q->tcp = true;
	d->stats.tcp++;
	dns_prepend(&d->again, q);
}

/* A message that is the reply to q, by its id and its question. */
void
dns_reply(struct dns *d, struct question *q, const unsigned char *msg,
    size_t len, bool tcp)
{
	struct dns_answer *a;
	enum dns_next next;

	d->stats.replies++;
	if (try_plain(d, q, msg[3] & 15u))
		return;
	if (!tcp && dns_truncated(msg)) {
		ask_by_tcp(d, q);
		return;
	}
	a = dns_decode(msg, len, q->wire, q->type, &next);
	if (!tcp && next == DNS_BY_TCP) {
		dns_drop(a);
		ask_by_tcp(d, q);
		return;
	}
	if (try_plain(d, q, a->rcode)) {
		dns_drop(a);
		return;
	}
	learn(d, q, tcp);
	dns_note(d, q, "<", a);
	a->server = q->server;
	a->tcp = tcp;
	a->ad = a->ad_bit && d->sys.server[q->server].trusted;
	if (a->status == DNS_SERVFAIL || a->status == DNS_REFUSED ||
	    a->status == DNS_MALFORMED)
		second_best(d, q, a);
	else if (next == DNS_CHASE)
		chase(d, q, a);
	else
		dns_complete(d, q, a);
}
