/* dns_slot.c: a question while it lives, and how long its answer does */
#include "dns_slot.h"

#include <errno.h>
#include <stdlib.h>

#include "mem.h"
#include "tap.h"

static struct dns *d;
static struct sock sock, other;
static unsigned told;
static const struct dns_answer *last;	/* kept */

static void
come(void *arg, const struct dns_answer *a)
{
	(void)arg;
	told++;
	dns_drop(last);
	last = dns_keep(a);
}

static void
begin(void)
{
	d = mem_new(1, sizeof *d);
	d->cache = dns_cache_new(1 << 20);
	d->ready_end = &d->ready;
	d->now = 1000000;
	d->tries = 3;
	d->sys.n = 2;
	snprintf(d->sys.server[0].text, sizeof d->sys.server[0].text,
	    "192.0.2.1:53");
	told = 0;
}

static void
end(void)
{
	struct ready *r;

	while ((r = d->ready) != NULL) {
		d->ready = r->next;
		dns_drop(r->answer);
		free(r);
	}
	dns_cache_free(d->cache);
	free(d);
	dns_drop(last);
	last = NULL;
}

static struct question *
ask(const char *name, unsigned type, bool inner)
{
	struct dns_key k;

	dns_key(name, type, &k);
	d->unanswered += !inner;
	return dns_ask(d, &k, (struct waiter){ .done = come,
	    .inner = inner });
}

/* What came with this TTL: is it known so many milliseconds later? */
static void
remembered(void)
{
	static const struct {
		enum dns_status status;
		uint32_t ttl;
		int64_t ms;
		bool want;
	} t[] = {
		{ DNS_OK, 60, 0, true }, { DNS_OK, 60, 59999, true },
		{ DNS_OK, 60, 60001, false }, { DNS_OK, 0, 0, false },
		{ DNS_OK, 1, 999, true }, { DNS_OK, 1, 1001, false },
		{ DNS_OK, 86400, 86399999, true },
		{ DNS_OK, 90000, 86399999, true },
		{ DNS_OK, 90000, 86400001, false },
		{ DNS_NXDOMAIN, 30, 29999, true },
		{ DNS_NXDOMAIN, 30, 30001, false },
		{ DNS_NODATA, 30, 29999, true },
		{ DNS_SERVFAIL, 0, 9999, true },
		{ DNS_SERVFAIL, 3600, 10001, false },
		{ DNS_TIMEOUT, 0, 9999, true },
		{ DNS_TIMEOUT, 0, 10001, false },
	};
	struct dns_answer *a;
	struct question *q;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin();
		q = ask("a.test", DNS_A, false);
		a = dns_nothing("a.test", DNS_A, DNS_OK, NULL);
		a->ttl = 1;
		dns_complete(d, q, a);
		q = ask("a.test", DNS_A, false);	/* kept from now on */
		a = dns_nothing("a.test", DNS_A, t[i].status, NULL);
		a->ttl = t[i].ttl;
		dns_complete(d, q, a);
		d->now += t[i].ms;
		q = ask("a.test", DNS_A, false);
		is_int(q == NULL, t[i].want, "%s, TTL %u, after %lld ms",
		    dns_status(t[i].status), t[i].ttl, (long long)t[i].ms);
		is_int(d->stats.cached, t[i].want, "from the cache");
		is_int(d->questions, !t[i].want, "and asked, if not");
		if (q != NULL)
			dns_give_up(d, q);
		end();
	}
}

/* Who asks the same waits with the first. */
static void
joined(void)
{
	struct question *q, *r;
	struct dns_answer *a;

	begin();
	q = ask("a.test", DNS_A, false);
	r = ask("A.test", DNS_A, false);
	ok(q == r && d->stats.joined == 1, "the same question is asked once");
	r = ask("a.test", DNS_AAAA, false);
	ok(q != r && d->stats.joined == 1, "another type is another one");
	dns_give_up(d, r);
	r = ask("b.test", DNS_A, true);
	ok(q != r && d->stats.joined == 1, "so is another name");
	ok(ask("a.test", DNS_A, true) == q, "one of our own joins, too");
	is_int(d->questions, 2, "two questions");
	is_int(d->fresh.n, 2, "that are to be sent");
	is_int(d->unanswered, 2, "for two who asked");
	told = 0;
	q->tries = 2;
	a = dns_nothing("a.test", DNS_A, DNS_SERVFAIL, NULL);
	a->tries = 1;
	dns_complete(d, q, a);
	is_int(told, 3, "three are told");
	is_int(d->unanswered, 0, "those of our own are not counted");
	is_int(d->questions, 1, "it is gone");
	is_int(last->tries, 3, "tries of it and of its alias");
	is_int(last->at, d->now, "when it came");
	ok(d->stats.servfail == 2 && d->stats.timeouts == 1,
	    "a failure that is none of time");
	dns_give_up(d, r);
	ok(d->stats.servfail == 3 && d->stats.timeouts == 2,
	    "and one that is");
	is_int(d->fresh.n, 0, "none is to be sent");
	end();
}

/* With --rotate each question begins with the next server. */
static void
rotated(bool rotate)
{
	struct question *q[3];
	int i;

	begin();
	d->conf.rotate = rotate;
	d->conf.tcp = rotate;
	for (i = 0; i < 3; i++)
		q[i] = ask(i == 0 ? "a.test" : i == 1 ? "b.test" : "c.test",
		    DNS_A, false);
	ok(q[0]->whom.first == 0 && q[1]->whom.first == rotate &&
	    q[2]->whom.first == 0, "rotate %d", rotate);
	is_int(q[0]->tcp, rotate, "by TCP");
	for (i = 0; i < 3; i++)
		dns_give_up(d, q[i]);
	end();
}

/* Nobody answered: why. */
static void
reasons(void)
{
	static const struct {
		bool junk, tcp;
		uint8_t tries, more;
		int error;
		enum dns_status status;
		const char *want;	/* %s: the error's text */
	} t[] = {
		{ false, false, 1, 0, 0, DNS_TIMEOUT, "no reply in 1 try" },
		{ false, false, 2, 0, 0, DNS_TIMEOUT, "no reply in 2 tries" },
		{ true, false, 2, 0, 0, DNS_MALFORMED,
		    "no sound reply in 2 tries" },
		{ false, true, 2, 0, 0, DNS_TIMEOUT,
		    "no reply in 2 tries (truncated, then TCP)" },
		{ false, true, 5, 1, 0, DNS_TIMEOUT,
		    "no reply in 3 tries, nor by TCP" },
		{ false, false, 2, 0, ECONNREFUSED, DNS_TIMEOUT,
		    "192.0.2.1:53: %s" },
		{ false, true, 2, 0, ECONNREFUSED, DNS_TIMEOUT,
		    "192.0.2.1:53: TCP: %s" },
		{ false, true, 5, 1, ECONNREFUSED, DNS_TIMEOUT,
		    "no reply in 3 tries, nor by TCP: %s" },
	};
	struct question *q;
	char want[200];
	const char *at;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		begin();
		q = ask("a.test", DNS_A, false);
		q->junk = t[i].junk;
		q->tcp = t[i].tcp;
		q->tries = t[i].tries;
		q->whom.more = t[i].more;
		d->peer[0].error = t[i].error;
		dns_give_up(d, q);
		at = strchr(t[i].want, '%');
		snprintf(want, sizeof want, "%.*s%s", at != NULL ?
		    (int)(at - t[i].want) : 99, t[i].want, at != NULL ?
		    strerror(t[i].error) : "");
		is_str(last->why, want, "why, %zu", i);
		is_int(last->status, t[i].status, "as what");
		end();
	}
	begin();
	q = ask("a.test", DNS_A, false);
	q->best = dns_nothing("a.test", DNS_A, DNS_REFUSED, "said");
	dns_give_up(d, q);
	ok(last->status == DNS_REFUSED && strcmp(last->why, "said") == 0,
	    "the best of what was said");
	end();
}

static bool
taken(uint16_t id)
{
	return (d->ids.taken[id / 64] >> id % 64 & 1) != 0;
}

/* Ids: of this socket, free again, or not to be used for a while. */
static void
ids(void)
{
	struct question *q;
	uint16_t id, n;
	unsigned i;

	begin();
	q = ask("a.test", DNS_A, false);
	dns_take_id(d, q, &sock);
	id = q->id;
	ok(taken(id) && sock.waiting == 1, "an id is taken");
	ok(dns_by_id(d, &sock, id) == q, "whose it is");
	ok(dns_by_id(d, &other, id) == NULL, "by another port nobody's");
	n = (uint16_t)(id + ID_LISTS);
	ok(dns_by_id(d, &sock, n) == NULL, "another id of that list");
	dns_release_id(d, q);
	dns_release_id(d, q);
	ok(!taken(id) && sock.waiting == 0 && q->sock == NULL,
	    "it is free again");
	ok(dns_by_id(d, &sock, id) == NULL, "and nobody's");
	dns_take_id(d, q, &sock);
	id = q->id;
	dns_bury_id(d, q);
	dns_bury_id(d, q);
	ok(taken(id) && sock.waiting == 0, "one that died is not used");
	ok(dns_by_id(d, &sock, id) == NULL, "nor anybody's");
	for (i = 1; i < TOMBS; i++) {
		dns_take_id(d, q, &sock);
		dns_bury_id(d, q);
	}
	ok(taken(id), "until as many others died");
	do {			/* it is of use again, and may be chosen */
		dns_take_id(d, q, &sock);
		dns_bury_id(d, q);
	} while (q->id == id);
	ok(!taken(id), "then it is");
	dns_give_up(d, q);
	end();
}

int
main(void)
{
	remembered();
	joined();
	rotated(false);
	rotated(true);
	reasons();
	ids();
	return done();
}
