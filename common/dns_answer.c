/*
 * dns_answer.c: answers: one allocation each, made, joined and counted
 *
 * All that an answer points to is behind it in the same allocation: records,
 * then alias targets, then the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dns_private.h"
#include "mem.h"

char *
dns_place(struct dns_layout *l, const void *p, size_t n)
{
	char *at = l->at;

	if (n > 0)
		memcpy(at, p, n);
	at[n] = '\0';
	l->at += n + 1;
	return at;
}

/* An answer with room for n records, ncname names and len bytes of text. */
struct dns_answer *
dns_allocate(unsigned n, unsigned ncname, size_t len, struct dns_layout *l)
{
	size_t size = sizeof *l->a + n * sizeof(struct dns_rr) +
	    ncname * sizeof(char *) + len;
	struct dns_answer *a = mem_new(1, size);

	a->size = size;
	a->refs = 1;
	a->ede = -1;
	a->server = -1;
	a->n = n;
	a->ncname = ncname;
	a->rr = (struct dns_rr *)(a + 1);
	a->cname = (const char *const *)(a->rr + n);
	l->a = a;
	l->at = (char *)(a->cname + ncname);
	return a;
}

struct dns_answer *
dns_nothing(const char *name, unsigned type, enum dns_status status,
    const char *why)
{
	struct dns_answer *a;
	struct dns_layout l;

	a = dns_allocate(0, 0, strlen(name) + (why != NULL ? strlen(why) : 0) + 2,
	    &l);
	a->name = dns_place(&l, name, strlen(name));
	a->type = type;
	a->status = status;
	if (why != NULL)
		a->why = dns_place(&l, why, strlen(why));
	return a;
}

/* Bytes that a string of an answer takes. */
static size_t
string_room(const char *s)
{
	return s != NULL ? strlen(s) + 1 : 1;
}

static size_t
answer_room(const struct dns_answer *a)
{
	size_t n = 0;
	unsigned i;

	for (i = 0; i < a->ncname; i++)
		n += string_room(a->cname[i]);
	for (i = 0; i < a->n; i++)
		n += string_room(a->rr[i].name) + a->rr[i].data.n +
		    a->rr[i].raw.n + 2;
	return n + string_room(a->name) + string_room(a->why) +
	    a->ede_text.n + 1;
}

struct dns_answer *
dns_join(const struct dns_answer *head, const struct dns_answer *tail)
{
	struct dns_answer *a;
	struct dns_layout l;
	unsigned i;

	a = dns_allocate(tail->n, head->ncname + tail->ncname,
	    answer_room(head) + answer_room(tail), &l);
	a->name = dns_place(&l, head->name, strlen(head->name));
	a->type = head->type;
	a->status = tail->status;
	a->ad = head->ad && tail->ad;
	a->ad_bit = head->ad_bit && tail->ad_bit;
	a->tcp = head->tcp || tail->tcp;
	a->rcode = tail->rcode;
	a->ttl = head->ttl < tail->ttl ? head->ttl : tail->ttl;
	a->zone_ttl = tail->zone_ttl;
	a->ede = tail->ede;
	a->ede_text.n = tail->ede_text.n;
	a->ede_text.p = dns_place(&l, tail->ede_text.p, tail->ede_text.n);
	if (tail->why != NULL)
		a->why = dns_place(&l, tail->why, strlen(tail->why));
	a->tries = head->tries + tail->tries;
	a->server = tail->server;
	a->at = tail->at;
	for (i = 0; i < head->ncname; i++)
		dns_cname_of(a)[i] = dns_place(&l, head->cname[i],
		    strlen(head->cname[i]));
	for (i = 0; i < tail->ncname; i++)
		dns_cname_of(a)[head->ncname + i] = dns_place(&l, tail->cname[i],
		    strlen(tail->cname[i]));
	for (i = 0; i < tail->n; i++) {
		dns_rr_of(a)[i] = tail->rr[i];
		if (tail->rr[i].name != NULL)
			dns_rr_of(a)[i].name = dns_place(&l, tail->rr[i].name,
			    strlen(tail->rr[i].name));
		dns_rr_of(a)[i].data.p = dns_place(&l, tail->rr[i].data.p,
		    tail->rr[i].data.n);
		dns_rr_of(a)[i].raw.p = dns_place(&l, tail->rr[i].raw.p,
		    tail->rr[i].raw.n);
	}
	return a;
}

const char *
dns_owner(const struct dns_answer *a)
{
	return a->ncname > 0 ? a->cname[a->ncname - 1] : a->name;
}

const struct dns_answer *
dns_keep(const struct dns_answer *a)
{
	((struct dns_answer *)(uintptr_t)a)->refs++;
	return a;
}

void
dns_drop(const struct dns_answer *a)
{
	struct dns_answer *own = (struct dns_answer *)(uintptr_t)a;

	if (own != NULL && --own->refs == 0)
		free(own);
}
