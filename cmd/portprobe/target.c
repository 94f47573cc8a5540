/*
 * target.c: a target's questions, and that it has news
 *
 * A target is replayed whenever an answer has come: the list of what was asked
 * is its state.  Nothing here goes on by itself: what has changed is noted,
 * and the loop looks at it when all else is done.
 */
#include <string.h>

#include "run.h"
#include "target.h"

/* One question of a target. */
struct ask {
	struct ask *next;
	struct target *target;
	const char *name;
	unsigned type;
	const struct dns_answer *answer;
};

void
target_news(struct target *t)
{
	struct run *r = t->run;

	if (t->news)
		return;
	t->news = true;
	t->next = NULL;
	*(r->news != NULL ? r->last_news : &r->news) = t;
	r->last_news = &t->next;
}

struct target *
target_next_news(struct run *r)
{
	struct target *t = r->news;

	if (t == NULL)
		return NULL;
	r->news = t->next;
	t->news = false;
	return t;
}

void
target_told(struct target *t)
{
	t->left--;
	target_news(t);
}

static void
answered(void *arg, const struct dns_answer *a)
{
	struct ask *q = arg;
	struct target *t = q->target;

	q->answer = dns_keep(a);
	t->pending--;
	t->run->asked--;
	t->answers = true;
	target_news(t);
}

const struct dns_answer *
target_ask(struct target *t, const char *name, unsigned type)
{
	struct ask *q;

	for (q = t->asks; q != NULL; q = q->next)
		if (q->type == type && strcmp(q->name, name) == 0)
			return q->answer;
	q = arena_new(&t->mem, 1, sizeof *q);
	*q = (struct ask){ .next = t->asks, .target = t, .type = type,
	    .name = arena_dup(&t->mem, str_of(name)) };
	t->asks = q;
	t->pending++;
	t->run->asked++;
	dns_want(t->run->dns, name, type, answered, q);
	return NULL;
}

static const struct dns_answer *
ask_for(void *arg, const char *name, unsigned type)
{
	return target_ask(arg, name, type);
}

bool
target_dane(struct host *h, const struct job *j, struct tlsa *out,
    struct arena *mem)
{
	bool (*decide)(struct tlsa *, struct arena *, const char *, unsigned,
	    const struct dns_answer *(*)(void *, const char *, unsigned),
	    void *) = j->port.proto->relay ? tlsa_decide : tlsa_decide_client;

	*out = (struct tlsa){ .state = TLSA_NO, .why = "no-dns" };
	if (h->literal || h->known || !h->secure)
		return true;
	return decide(out, mem, h->name, j->port.number, ask_for, h->target);
}

void
target_forget(struct target *t)
{
	struct ask *q;

	for (q = t->asks; q != NULL; q = q->next)
		dns_drop(q->answer);
	t->asks = NULL;
}
