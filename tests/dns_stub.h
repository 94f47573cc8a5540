/*
 * dns_stub.h: the DNS of a test: a zone in memory, answers when it says so
 *
 * Stands in for dns_engine.c: a question waits until stub_answer; the answer
 * is made of a message, as the engine makes it.
 */
#ifndef DNS_STUB_H
#define DNS_STUB_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns_reply.h"

/*
 * One record, its data as in a zone file (TXT: one string).  data NULL: the
 * question fails so (SERVFAIL, TIMEOUT).  ad: the answer is proven.
 */
struct stub_record {
	const char *name;
	unsigned type;
	const char *data;
	enum dns_status status;
	bool ad;
};

struct stub_question {
	struct stub_question *next;
	char name[DNS_NAMELEN];
	unsigned type;
	void (*done)(void *, const struct dns_answer *);
	void *arg;
};

static const struct stub_record *stub_zone;	/* ended by name NULL */
static struct stub_question *stub_first;	/* without an answer */
static unsigned stub_asked;			/* since the start */

void
dns_want(struct dns *d, const char *name, unsigned type,
    void (*done)(void *arg, const struct dns_answer *), void *arg)
{
	struct stub_question *q = calloc(1, sizeof *q), **last = &stub_first;

	(void)d;
	if (q == NULL)
		abort();
	snprintf(q->name, sizeof q->name, "%s", name);
	q->type = type;
	q->done = done;
	q->arg = arg;
	while (*last != NULL)
		last = &(*last)->next;
	*last = q;
	stub_asked++;
}

/* The library's own would bring the engine along; no test gets there. */
int
dns_hosts(const char *host, unsigned port, int family, struct net_addr *a,
    int max, int64_t deadline, struct err *e)
{
	(void)port, (void)family, (void)a, (void)max, (void)deadline;
	return fail(e, EX_SOFTWARE, "%s: asked by dns_hosts", host);
}

static void
stub_data(struct reply *m, const struct stub_record *r)
{
	struct reply data = { .n = 0 };
	unsigned char raw[16];
	unsigned pref;
	int at = 0;

	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		inet_pton(r->type == DNS_A ? AF_INET : AF_INET6, r->data, raw);
		reply_put(&data, raw, r->type == DNS_A ? 4 : 16);
		break;
	case DNS_MX:
		if (sscanf(r->data, "%u %n", &pref, &at) != 1)
			abort();
		reply_put16(&data, pref);
		reply_name(&data, r->data[at] == '.' ? "" : r->data + at);
		break;
	case DNS_TXT:
		raw[0] = (unsigned char)strlen(r->data);
		reply_put(&data, raw, 1);
		reply_put(&data, r->data, raw[0]);
		break;
	default:
		reply_name(&data, r->data);
	}
	reply_record(m, REPLY_AN, r->name, r->type, data.p, data.n);
}

/* The records of this name; *ad of all that count.  How many. */
static unsigned
stub_records(struct reply *m, const char *name, unsigned type, bool *ad)
{
	const struct stub_record *r;
	unsigned n = 0;

	for (r = stub_zone; r->name != NULL; r++) {
		if (strcmp(r->name, name) != 0 || r->data == NULL)
			continue;
		if (r->type != type && r->type != DNS_CNAME)
			continue;
		stub_data(m, r);
		*ad = *ad && r->ad;
		n++;
		if (r->type == DNS_CNAME && type != DNS_CNAME)
			n += stub_records(m, r->data, type, ad);
	}
	return n;
}

static struct dns_answer *
stub_look(const char *name, unsigned type)
{
	static struct reply m;
	const struct stub_record *r;
	struct dns_answer *a;
	struct dns_key k;
	bool ad = true, exists = false;

	if (dns_key(name, type, &k) < 0)
		return dns_nothing(name, type, DNS_INVALID, "no DNS name");
	for (r = stub_zone; r->name != NULL; r++) {
		exists = exists || strcmp(r->name, name) == 0;
		if (strcmp(r->name, name) == 0 && r->type == type &&
		    r->data == NULL)
			return dns_nothing(name, type, r->status, "as told");
	}
	reply_begin(&m, exists ? 0x8180 : 0x8183, name, type);
	ad = stub_records(&m, name, type, &ad) > 0 && ad;
	a = reply_parse(m.p, m.n, name, type);
	a->ad = a->ad_bit = ad;
	a->tries = 1;
	return a;
}

/*
 * Answers the question that has waited longest, of those with this name and
 * type (NULL, 0: any).  False: there is none.
 */
static inline bool
stub_answer(const char *name, unsigned type)
{
	struct stub_question *q, **p = &stub_first;
	struct dns_answer *a;

	while (*p != NULL && ((name != NULL && strcmp((*p)->name, name) != 0) ||
	    (type != 0 && (*p)->type != type)))
		p = &(*p)->next;
	q = *p;
	if (q == NULL)
		return false;
	*p = q->next;
	a = stub_look(q->name, q->type);
	q->done(q->arg, a);
	dns_drop(a);
	free(q);
	return true;
}

#endif
