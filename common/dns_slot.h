/* dns_slot.h: a question while it lives; for dns*.c alone */
#ifndef DNS_SLOT_H
#define DNS_SLOT_H

#include "dns_engine.h"

/* ---- lists */

static inline void
dns_unlist(struct question *q)
{
	struct list *l = q->in;

	if (l == NULL)
		return;
	*(q->prev != NULL ? &q->prev->next : &l->first) = q->next;
	*(q->next != NULL ? &q->next->prev : &l->last) = q->prev;
	l->n--;
	q->in = NULL;
}

static inline void
dns_append(struct list *l, struct question *q)
{
	dns_unlist(q);
	q->next = NULL;
	q->prev = l->last;
	*(l->last != NULL ? &l->last->next : &l->first) = q;
	l->last = q;
	l->n++;
	q->in = l;
}

static inline void
dns_prepend(struct list *l, struct question *q)
{
	dns_unlist(q);
	q->prev = NULL;
	q->next = l->first;
	*(l->first != NULL ? &l->first->prev : &l->last) = q;
	l->first = q;
	l->n++;
	q->in = l;
}

/* ---- its id */

uint16_t dns_random16(struct dns *);
/* Who was asked with this id by this socket; or NULL. */
struct question *dns_by_id(const struct dns *, const struct sock *, uint16_t);
void dns_release_id(struct dns *, struct question *);
/* As release, but the id is not used for a while: a reply may yet come. */
void dns_bury_id(struct dns *, struct question *);
/* One that is free, to be asked by this socket. */
void dns_take_id(struct dns *, struct question *, struct sock *);

/* ---- its stream, its end */

void dns_leave_stream(struct question *);
/* All who wait for q get the answer, whose reference is ours to drop. */
void dns_complete(struct dns *, struct question *, struct dns_answer *);
/* With the best that was said, or a timeout. */
void dns_give_up(struct dns *, struct question *);
/* No longer in the window. */
void dns_uncount(struct dns *, struct question *);
/* The question that will be answered, or NULL if the answer is there. */
struct question *dns_ask(struct dns *, const struct dns_key *, struct waiter);
struct question *dns_asked(struct dns *, const struct dns_key *);
/* One of those who wait is told. */
void dns_tell(struct dns *, const struct waiter *, const struct dns_answer *);
/* It is told at the next step; the answer's reference is taken over. */
void dns_make_ready(struct dns *, struct waiter, const struct dns_answer *);

#endif
