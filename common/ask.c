/*
 * ask.c: the DNS asked by code that reads from top to bottom
 *
 * The questions are a list, the newest first; it is searched from the front
 * while it is short.  Then a table finds the last question of each name, and
 * those of one name, of which there are as many as types, are a list, too.
 */
#include "ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FEW: so many questions are found sooner by looking at each of them. */
enum { NAMEMAX = 1024, FEW = 32 };

struct ask_question {
	struct ask_question *next;
	struct ask_question *same;	/* of the same name, if in the table */
	struct ask *ask;
	const char *name;
	unsigned type;
	unsigned waiting;		/* bits of askers */
	const struct dns_answer *answer;
};

static struct str
question_name(const void *of, size_t at)
{
	return str_of(((struct ask_question *const *)of)[at]->name);
}

/* The question that was asked already, or NULL. */
static struct ask_question *
question_find(const struct ask *a, const char *name, unsigned type)
{
	struct ask_question *q = a->last;
	size_t at;

	if (a->n < FEW) {
		while (q != NULL && (q->type != type ||
		    strcmp(q->name, name) != 0))
			q = q->next;
		return q;
	}
	at = table_text(&a->names, a->name, str_of(name));
	q = at != TABLE_NONE ? a->name[at] : NULL;
	while (q != NULL && q->type != type)
		q = q->same;
	return q;
}

static void
index_name(struct ask *a, struct ask_question *q)
{
	size_t at = table_text(&a->names, a->name, str_of(q->name));

	if (at != TABLE_NONE) {
		q->same = a->name[at];
		a->name[at] = q;
		return;
	}
	if (a->names.n == a->names_cap) {
		a->names_cap = a->names_cap > 0 ? 2 * a->names_cap : 2 * FEW;
		a->name = mem_grow(a->name, a->names_cap, sizeof *a->name);
	}
	at = a->names.n;
	a->name[at] = q;
	table_add(&a->names, a->name, at);
}

static void
index_all(struct ask *a)
{
	struct ask_question *q;

	a->names.text = question_name;
	for (q = a->last; q != NULL; q = q->next)
		index_name(a, q);
}

/* One thing less for each of the askers in these bits. */
static unsigned
serve_askers(struct ask *a, unsigned askers)
{
	unsigned ready = 0, who;

	for (who = 0; who < ASK_WHO; who++)
		if ((askers & ~a->done & 1u << who) != 0 &&
		    --a->missing[who] == 0)
			ready |= 1u << who;
	return ready;
}

static void
question_answered(void *arg, const struct dns_answer *answer)
{
	struct ask_question *q = arg;
	struct ask *a = q->ask;
	unsigned waiting = q->waiting;

	q->answer = dns_keep(answer);
	q->waiting = 0;
	a->pending--;
	a->queries += answer->tries;
	a->cached += answer->tries == 0;
	a->retries += answer->tries > 1 ? answer->tries - 1 : 0;
	a->tcp += answer->tcp;
	a->came(a->arg, serve_askers(a, waiting));
}

static struct ask_question *
question_put(struct ask *a, const char *name, unsigned type)
{
	struct ask_question *q = arena_new(a->mem, 1, sizeof *q);

	*q = (struct ask_question){ .ask = a, .type = type, .next = a->last,
	    .name = arena_dup(a->mem, str_of(name)) };
	a->last = q;
	a->n++;
	if (a->n == FEW)
		index_all(a);
	else if (a->n > FEW)
		index_name(a, q);
	a->pending++;
	dns_want(a->dns, name, type, question_answered, q);
	return q;
}

const struct dns_answer *
ask_dns(struct ask *a, const char *name, unsigned type)
{
	struct ask_question *q = question_find(a, name, type);
	unsigned bit = 1u << a->who;

	if (q == NULL)
		q = question_put(a, name, type);
	if (q->answer != NULL && dns_temporary(q->answer->status))
		a->unknown |= bit;
	if (q->answer == NULL && (q->waiting & bit) == 0) {
		q->waiting |= bit;
		a->missing[a->who]++;
	}
	return q->answer;
}

const struct dns_answer *
ask_for(void *a, const char *name, unsigned type)
{
	return ask_dns(a, name, type);
}

/*
 * The one conversion that names are made with is %s; printf takes longer over
 * it than the question does, and what is replayed asks again.  -1: it is too
 * long, or there is another.
 */
static int
join(char *dst, size_t cap, const char *fmt, va_list ap)
{
	size_t n = 0, len;
	const char *s;

	for (; *fmt != '\0'; fmt++) {
		s = fmt;
		len = 1;
		if (fmt[0] == '%' && fmt[1] == 's') {
			s = va_arg(ap, const char *);
			len = strlen(s);
			fmt++;
		} else if (fmt[0] == '%') {
			return -1;
		}
		if (len >= cap - n)
			return -1;
		memcpy(dst + n, s, len);
		n += len;
	}
	dst[n] = '\0';
	return (int)n;
}

const struct dns_answer *
ask_dnsf(struct ask *a, unsigned type, const char *fmt, ...)
{
	char name[NAMEMAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = join(name, sizeof name, fmt, ap);
	va_end(ap);
	if (n < 0) {
		va_start(ap, fmt);
		n = vsnprintf(name, sizeof name, fmt, ap);
		va_end(ap);
	}
	if (n < 0 || (size_t)n >= sizeof name)
		name[0] = '\0';		/* no name: invalid-input */
	return ask_dns(a, name, type);
}

void
ask_done(struct ask *a)
{
	a->missing[a->who] = 0;
	a->done |= 1u << a->who;
}

void
ask_hold(struct ask *a)
{
	a->missing[a->who]++;
}

void
ask_release(struct ask *a, unsigned who)
{
	a->came(a->arg, serve_askers(a, 1u << who));
}

const struct dns_answer *
ask_came(const struct ask *a, const struct ask_question **at)
{
	do
		*at = *at == NULL ? a->last : (*at)->next;
	while (*at != NULL && (*at)->answer == NULL);
	return *at != NULL ? (*at)->answer : NULL;
}

void
ask_free(struct ask *a)
{
	struct ask_question *q;

	for (q = a->last; q != NULL; q = q->next)
		dns_drop(q->answer);
	a->last = NULL;
	table_free(&a->names);
	free(a->name);
	a->name = NULL;
}
