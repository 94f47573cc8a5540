/*
 * tlsa.c: DANE for SMTP, up to the handshake (RFC 7672 section 2.2)
 *
 * First the address records must be proven by DNSSEC; only then is the TLSA
 * record asked for.  Many name servers answer SERVFAIL to a TLSA question,
 * and to ask those would turn good mail servers into temporary failures.
 */
#include "tlsa.h"

#include <string.h>

const char *
tlsa_state(enum tlsa_state s)
{
	static const char *const names[] = { "none", "temp", "unusable",
	    "usable" };

	return names[s];
}

/* A known selector and digest, and data of the right length. */
static bool
sound(const struct dns_rr *rr)
{
	static const size_t digest[] = { 0, 32, 64 };

	return rr->selector <= 1 && rr->mtype <= 2 && rr->data.n > 0 &&
	    (rr->mtype == 0 || rr->data.n == digest[rr->mtype]);
}

/*
 * Usages from least to 3 are of use; of one usage and selector the strongest
 * digest counts (digest agility, RFC 7671 section 9).
 */
static size_t
pick(const struct dns_rr *rr, size_t n, unsigned least, enum tlsa_use *use)
{
	unsigned best[4][2] = { { 0 } };
	size_t i, used = 0;

	for (i = 0; i < n; i++) {
		use[i] = sound(&rr[i]) && rr[i].usage >= least &&
		    rr[i].usage <= 3 ? TLSA_USED : TLSA_NOUSE;
		if (use[i] == TLSA_USED &&
		    rr[i].mtype > best[rr[i].usage][rr[i].selector])
			best[rr[i].usage][rr[i].selector] = rr[i].mtype;
	}
	for (i = 0; i < n; i++) {
		if (use[i] == TLSA_USED && rr[i].mtype != 0 &&
		    rr[i].mtype < best[rr[i].usage][rr[i].selector])
			use[i] = TLSA_DROPPED;
		used += use[i] == TLSA_USED;
	}
	return used;
}

struct asker {
	const struct dns_answer *(*ask)(void *, const char *, unsigned);
	void *arg;
	unsigned least;			/* usage */
};

static bool
tlsa_set(struct tlsa *t, enum tlsa_state state, const char *why)
{
	t->state = state;
	t->why = why;
	return true;
}

/*
 * The names whose TLSA may be asked for, best first: none if the host is not
 * secure.  Of an alias the whole chain must be, or else its own CNAME record,
 * which a CNAME question shows.  -1: answers are missing.
 */
static int
bases(const struct asker *q, const char *host, const struct dns_answer *a,
    const char *base[2])
{
	const struct dns_answer *cname;

	if (a->ncname == 0) {
		base[0] = host;
		return a->ad;
	}
	if (a->ad) {
		base[0] = dns_owner(a);
		base[1] = host;
		return 2;
	}
	cname = q->ask(q->arg, host, DNS_CNAME);
	if (cname == NULL)
		return -1;
	base[0] = host;
	return cname->status == DNS_OK && cname->ad;
}

/* There is no proof: there is none, or whoever says so is not believed. */
static bool
unproven(struct tlsa *t, const struct dns_answer *a, const char *why)
{
	t->unbelieved = a->ad_bit;
	return tlsa_set(t, TLSA_NO, a->ad_bit ? "untrusted-resolver" : why);
}

/* One TLSA answer: true if it decides. */
static bool
judge_answer(struct tlsa *t, struct arena *mem, const char *base,
    const struct dns_answer *a, unsigned least)
{
	if (dns_absent(a->status) || a->status == DNS_INVALID)
		return false;
	t->base = base;
	t->answer = a;
	if (a->status != DNS_OK)
		return tlsa_set(t, TLSA_TEMP, "tlsa-lookup");
	if (!a->ad)
		return unproven(t, a, "insecure-tlsa");
	t->use = arena_new(mem, a->n, sizeof *t->use);
	t->usable = pick(a->rr, a->n, least, t->use);
	return tlsa_set(t, t->usable > 0 ? TLSA_USABLE : TLSA_UNUSABLE, NULL);
}

static bool
decide(struct tlsa *t, struct arena *mem, const char *host, unsigned port,
    const struct asker q)
{
	const struct dns_answer *a = q.ask(q.arg, host, DNS_A),
	    *aaaa = q.ask(q.arg, host, DNS_AAAA), *r;
	const char *base[2] = { NULL, NULL };
	int n, i;

	*t = (struct tlsa){ .state = TLSA_NO };
	if (a == NULL || aaaa == NULL)
		return false;
	if (dns_temporary(a->status) && dns_temporary(aaaa->status))
		return tlsa_set(t, TLSA_TEMP, "address-lookup");
	if (a->status != DNS_OK && aaaa->status != DNS_OK)
		return tlsa_set(t, dns_temporary(a->status) ||
		    dns_temporary(aaaa->status) ? TLSA_TEMP : TLSA_NO,
		    "no-address");
	if (a->status != DNS_OK || (!a->ad && aaaa->status == DNS_OK))
		a = aaaa;
	t->host_secure = a->ad;
	n = bases(&q, host, a, base);
	if (n < 0)
		return false;
	for (i = 0; i < n && i < 2; i++) {	/* there are no more than two */
		r = q.ask(q.arg, arena_printf(mem, "_%u._tcp.%s", port, base[i]),
		    DNS_TLSA);
		if (r == NULL)
			return false;
		if (judge_answer(t, mem, base[i], r, q.least))
			return true;
	}
	return n == 0 ? unproven(t, a, "insecure-host") :
	    tlsa_set(t, TLSA_NO, "no-tlsa");
}

bool
tlsa_decide(struct tlsa *t, struct arena *mem, const char *host,
    unsigned port, const struct dns_answer *(*ask)(void *, const char *,
    unsigned), void *arg)
{
	return decide(t, mem, host, port, (struct asker){ ask, arg, 2 });
}

bool
tlsa_decide_client(struct tlsa *t, struct arena *mem, const char *host,
    unsigned port, const struct dns_answer *(*ask)(void *, const char *,
    unsigned), void *arg)
{
	return decide(t, mem, host, port, (struct asker){ ask, arg, 0 });
}
