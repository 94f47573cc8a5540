/*
 * dns_peer.c: whom a question is sent to, and how long for
 *
 * Timeouts: the first try waits for four times what replies took of late,
 * 0.2 s to --timeout, if there is another one; later ones --timeout, doubled
 * each time.
 */
#include <stdio.h>

#include "dns_engine.h"
#include "dns_peer.h"
#include "dns_slot.h"
#include "trace.h"

/* ---- whom to ask */

static bool
healthy(const struct dns *d, const struct question *q, unsigned s)
{
	const struct peer *p = &d->peer[s];

	return (q->tcp ? p->tcp_bad_until : p->bad_until) <= d->now;
}

/* The next server in turn that did not answer yet, healthy ones first. */
unsigned
dns_choose(const struct dns *d, const struct question *q)
{
	unsigned i, s, any = (q->whom.first + q->whom.turn) % d->sys.n;
	bool found = false;

	for (i = 0; i < d->sys.n; i++) {
		s = (q->whom.first + q->whom.turn + i) % d->sys.n;
		if ((q->whom.said & 1u << s) != 0)
			continue;
		if (healthy(d, q, s))
			return s;
		if (!found)
			any = s;
		found = true;
	}
	return any;
}

/* Where else could q be asked?  Not where it was last. */
bool
dns_elsewhere(const struct dns *d, const struct question *q)
{
	unsigned s;

	for (s = 0; s < d->sys.n; s++)
		if (s != q->server && healthy(d, q, s) &&
		    (q->whom.said & 1u << s) == 0)
			return true;
	return false;
}

/*
 * Whatever eats the packets (a firewall, fragments that do not come through,
 * a length that a middlebox does not like) may let TCP pass: each server that
 * takes connections is asked that way, once.
 */
static bool
last_resort(struct dns *d, struct question *q)
{
	unsigned s;

	if (q->tcp)
		return false;
	q->tcp = true;			/* whom it finds healthy, by TCP */
	for (s = 0; s < d->sys.n; s++)
		if (healthy(d, q, s) && (q->whom.said & 1u << s) == 0)
			q->whom.more++;
	q->tcp = q->whom.more > 0;
	d->stats.tcp += q->tcp;
	q->noedns = false;		/* that was not why */
	return q->tcp;
}

void
dns_retry(struct dns *d, struct question *q)
{
	dns_leave_stream(q);
	if (q->tries >= d->tries + q->whom.more && !last_resort(d, q)) {
		dns_bury_id(d, q);
		dns_give_up(d, q);
		return;
	}
	if (d->sys.n > 1)
		q->whom.turn++;
	d->stats.retries++;
	dns_append(&d->again, q);
}

/* ---- sending */

static int64_t
patience(const struct dns *d, const struct question *q, unsigned s)
{
	const struct peer *p = &d->peer[s];
	double ms = d->conf.timeout * 1000;
	double soon = (p->rtt + 4 * p->var) / 1000 * 4;
	unsigned i;

	if (q->tries > 0) {
		for (i = 1; i < q->tries && i < 6; i++)
			ms *= 2;
		return (int64_t)ms;
	}
	if (p->rtt <= 0 || soon > ms || d->tries == 1)
		return (int64_t)ms;
	return soon < 200 && ms > 200 ? 200 : (int64_t)soon;
}

unsigned
dns_bufsize(const struct dns *d, const struct question *q, unsigned server)
{
	return d->conf.no_edns || q->noedns || d->peer[server].noedns ? 0 :
	    d->conf.bufsize;
}

size_t
dns_write(const struct dns *d, const struct question *q, unsigned server,
    unsigned char *out)
{
	size_t len = dns_build(out, q->id, q->wire, q->len, q->type,
	    dns_bufsize(d, q, server));

	if (d->conf.signatures)
		dns_build_do(out, len);
	return len;
}

void
dns_count(struct dns *d, struct question *q)
{
	if (!q->counted)
		dns_window_enter(&d->window);
	q->counted = true;
}

/* With -vv, each query and what came of it. */
void
dns_note(const struct dns *d, const struct question *q, const char *mark,
    const struct dns_answer *a)
{
	char name[DNS_NAMELEN], line[DNS_NAMELEN + 300];
	const char *type;
	int n;

	if (!trace_on(TRACE_TALK))
		return;
	type = dns_type(q->type);
	dns_text(q->wire, name);
	n = snprintf(line, sizeof line, "%s %s", name, type != NULL ? type :
	    "?");
	if (a == NULL)
		n += snprintf(line + n, sizeof line - (size_t)n, " to %s%s, try %u",
		    d->sys.server[q->server].text, q->stream !=
		    NULL ? " by TCP" : "", q->tries);
	else
		n += snprintf(line + n, sizeof line - (size_t)n, " %s, %u records%s%s%s",
		    dns_status(a->status), a->n, a->ad_bit ?
		    ", AD" : "", a->why != NULL ? ": " : "", a->why != NULL ?
		    a->why : "");
	trace_line(mark, (struct str){ line, (size_t)n });
}

void
dns_sent(struct dns *d, struct question *q)
{
	unsigned k = q->tries < MAXTRIES ? q->tries : MAXTRIES - 1;

	q->deadline = d->now + patience(d, q, q->server);
	q->us.last = d->now_us;
	if (q->tries++ == 0)
		q->us.first = d->now_us;
	dns_append(&d->wait[k], q);
	dns_count(d, q);
	dns_note(d, q, ">", NULL);
	d->stats.queries++;
	if (d->conf.qps > 0)
		d->tokens -= 1;
}

/* The socket refused with an error of its own: as a timeout, but soon. */
void
dns_unsendable(struct dns *d, struct question *q, int error)
{
	d->peer[q->server].error = error;
	d->peer[q->server].bad_until = d->now + 1000;
	if (q->tries < 255)
		q->tries++;
	dns_count(d, q);
	if (dns_elsewhere(d, q) || q->tries >= d->tries) {
		dns_retry(d, q);
		return;
	}
	q->deadline = d->now + 250;
	dns_append(&d->wait[0], q);
}
