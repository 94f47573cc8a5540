/*
 * target.c: a target's questions, and that it has news
 *
 * Nothing here goes on by itself: what has changed is noted, and the loop looks
 * at it when all else is done.
 */
#include <stdlib.h>

#include "clock.h"
#include "run.h"
#include "target.h"

void
target_news(struct target *t)
{
	struct run *r = t->run;

	if (t->news)
		return;
	t->news = true;
	t->next = NULL;
	*(r->news.first != NULL ? r->news.last : &r->news.first) = t;
	r->news.last = &t->next;
}

struct target *
target_next_news(struct run *r)
{
	struct target *t = r->news.first;

	if (t == NULL)
		return NULL;
	r->news.first = t->next;
	t->news = false;
	return t;
}

void
target_told(struct target *t)
{
	t->left--;
	target_news(t);
}

/* An answer, of whichever question. */
static void
target_came(void *arg, unsigned ready)
{
	struct target *t = arg;

	(void)ready;
	t->answers = true;
	target_news(t);
}

struct target *
target_new(struct run *r, struct str text)
{
	struct target *t = mem_new(1, sizeof *t);

	t->run = r;
	t->given.text = arena_dup(&t->mem, text);
	t->ask = (struct ask){ .dns = r->dns, .mem = &t->mem,
	    .came = target_came, .arg = t };
	t->last = &t->hosts;
	t->due.who = t;
	t->started = clock_us();
	t->after = r->all;
	if (r->all != NULL)
		r->all->before = t;
	r->all = t;
	return t;
}

void
target_free(struct target *t)
{
	ask_free(&t->ask);
	*(t->before != NULL ? &t->before->after : &t->run->all) = t->after;
	if (t->after != NULL)
		t->after->before = t->before;
	arena_free(&t->mem);
	free(t);
}

bool
target_dane(struct host *h, const struct job *j, struct tlsa *out,
    struct arena *mem)
{
	bool (*decide)(struct tlsa *, struct arena *, const char *, unsigned,
	    const struct dns_answer *(*)(void *, const char *, unsigned),
	    void *) = j->port.proto->relay ? tlsa_decide : tlsa_decide_client;

	*out = (struct tlsa){ .state = TLSA_NO, .why = "no-dns" };
	if (h->literal || h->known || h->lead != LEAD_SECURE)
		return true;
	return decide(out, mem, h->name, j->port.number, ask_for, &h->target->ask);
}

bool
target_published(struct host *h, const struct job *j, const struct tlsa *t,
    const struct dns_answer **out)
{
	*out = t->answer;
	if (*out != NULL || h->literal || h->known)
		return true;
	*out = ask_dnsf(&h->target->ask, DNS_TLSA, "_%u._tcp.%s",
	    j->port.number, h->name);
	return *out != NULL;
}
