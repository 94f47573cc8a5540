/*
 * dns.c: replies to a question of the input's own choice
 *
 * Two bytes choose the type, the rest is the message; its question is made
 * to match, so that the fuzzer need not guess it.  What comes back must be
 * one consistent answer: every view inside the allocation.
 */
#include <stdlib.h>
#include <string.h>

#include "dns_reply.h"

static const unsigned types[] = { DNS_A, DNS_NS, DNS_CNAME, DNS_SOA, DNS_PTR,
    DNS_MX, DNS_TXT, DNS_AAAA, DNS_SRV, DNS_DS, DNS_DNSKEY, DNS_TLSA, 255 };

static void
inside(const struct dns_answer *a, const char *p, size_t n)
{
	const char *base = (const char *)a;

	if (p != NULL && (p < base || p + n > base + a->size))
		abort();
}

static void
text(const struct dns_answer *a, const char *p)
{
	if (p != NULL)
		inside(a, p, strlen(p) + 1);
}

static void
check(const struct dns_answer *a)
{
	unsigned i;

	text(a, a->name);
	text(a, a->why);
	text(a, dns_owner(a));
	inside(a, a->ede_text.p, a->ede_text.n);
	for (i = 0; i < a->ncname; i++)
		text(a, a->cname[i]);
	for (i = 0; i < a->n; i++) {
		text(a, a->rr[i].name);
		inside(a, a->rr[i].data.p, a->rr[i].data.n);
		inside(a, a->rr[i].raw.p, a->rr[i].raw.n);
	}
	if ((a->status == DNS_OK) != (a->n > 0) ||
	    (dns_temporary(a->status) && a->why == NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char name[] = "mail.example.org";
	unsigned char q[512], *msg;
	struct dns_answer *a;
	unsigned type;
	size_t len;

	if (n < 12)
		return 0;
	type = types[data[0] % (sizeof types / sizeof *types)];
	len = reply_query(q, 1, name, type, 0);
	msg = malloc(len + n);
	memcpy(msg, q, len);
	memcpy(msg + len, data + 12, n - 12);
	memcpy(msg + 2, data + 2, 10);
	msg[2] = (unsigned char)((msg[2] & 7) | 0x80);
	msg[4] = 0;
	msg[5] = 1;
	a = reply_parse(msg, len + n - 12, name, type);
	check(a);
	dns_drop(a);
	free(msg);
	return 0;
}
