/*
 * spf_names.c: addresses compared, and the names that a client's address has
 * (RFC 7208 section 5.5), for ptr and for the macro p
 */
#include "spf_private.h"

#include <string.h>

unsigned
spf_family(const struct spf *q)
{
	return q->ip.n == 4 ? DNS_A : DNS_AAAA;
}

bool
spf_within(struct str ip, const void *net, unsigned bits)
{
	const unsigned char *a = (const unsigned char *)ip.p, *b = net;
	unsigned mask = 0xff00u >> (bits % 8) & 0xff;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

bool
spf_has_address(const struct spf *q, const struct dns_answer *a, unsigned bits)
{
	unsigned i;

	for (i = 0; i < a->n; i++)
		if (a->rr[i].data.n == q->ip.n &&
		    spf_within(q->ip, a->rr[i].data.p, bits))
			return true;
	return false;
}

int
spf_names(struct spf *q, const char **names, bool counted)
{
	const struct dns_answer *ptr, *a;
	char name[DNS_NAMELEN];
	bool wait = false;
	unsigned i;
	int n = 0;

	dns_reverse(q->ip, name);
	ptr = q->ask(q->arg, name, DNS_PTR);
	if (ptr == NULL)
		return SPF_NAMES_WAIT;
	if (counted && dns_absent(ptr->status) && ++q->voids > SPF_VOIDS)
		return SPF_NAMES_PERM;
	for (i = 0; i < ptr->n && i < SPF_NAMES; i++)
		if (q->ask(q->arg, ptr->rr[i].name, spf_family(q)) == NULL)
			wait = true;
	for (i = 0; i < ptr->n && i < SPF_NAMES && !wait; i++) {
		a = q->ask(q->arg, ptr->rr[i].name, spf_family(q));
		if (counted && dns_absent(a->status) &&
		    ++q->voids > SPF_VOIDS)
			return SPF_NAMES_PERM;
		if (spf_has_address(q, a, q->ip.n == 4 ? 32 : 128))
			names[n++] = ptr->rr[i].name;
	}
	return wait ? SPF_NAMES_WAIT : n;
}
