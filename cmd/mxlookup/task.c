/*
 * task.c: one name and its checks
 *
 * A check is replayed from its beginning whenever all it asked for has come,
 * so it needs no state of its own: the list of questions is the state.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "mxlookup.h"
#include "table.h"

/* FEW: so many questions are found sooner by looking at each of them. */
enum { NAMEMAX = 1024, SPARE = 64, FEW = 32 };

/* One question of a task. */
struct ask {
	struct ask *next;
	struct ask *same;		/* of the same name, if in the table */
	struct whole *task;
	const char *name;
	unsigned type, waiting;		/* bits of checks */
	const struct dns_answer *answer;
};

/* What checks see of a task, and what they do not. */
struct whole {
	struct task t;
	struct arena arena;
	struct ask first;		/* most tasks have one or few */
	unsigned n;			/* questions */
	struct table names;		/* from FEW of them on */
	struct ask **name;		/* the last one of each name */
	size_t names_cap;
	unsigned pending;		/* unanswered, even if nobody waits */
	void (*ended)(struct task *);
};

static struct whole *
whole(struct task *t)
{
	return (struct whole *)t;
}

/* ---- asking */

static void go(struct task *);

static struct str
name_at(const void *of, size_t at)
{
	return str_of(((struct ask *const *)of)[at]->name);
}

/* The question that was asked already, or NULL. */
static struct ask *
find(struct whole *w, const char *name, unsigned type)
{
	struct ask *q = w->t.asks;
	size_t at;

	if (w->n < FEW) {
		while (q != NULL && (q->type != type ||
		    strcmp(q->name, name) != 0))
			q = q->next;
		return q;
	}
	at = table_text(&w->names, w->name, str_of(name));
	q = at != TABLE_NONE ? w->name[at] : NULL;
	while (q != NULL && q->type != type)
		q = q->same;
	return q;
}

static void
index_name(struct whole *w, struct ask *q)
{
	size_t at = table_text(&w->names, w->name, str_of(q->name));

	if (at != TABLE_NONE) {
		q->same = w->name[at];
		w->name[at] = q;
		return;
	}
	if (w->names.n == w->names_cap) {
		w->names_cap = w->names_cap > 0 ? 2 * w->names_cap : 2 * FEW;
		w->name = mem_grow(w->name, w->names_cap, sizeof *w->name);
	}
	at = w->names.n;
	w->name[at] = q;
	table_add(&w->names, w->name, at);
}

static void
index_all(struct whole *w)
{
	struct ask *q;

	for (q = w->t.asks; q != NULL; q = q->next)
		index_name(w, q);
}

static void
answered(void *arg, const struct dns_answer *a)
{
	struct ask *q = arg;
	struct task *t = &q->task->t;
	bool ready = false;
	int c;

	q->answer = dns_keep(a);
	q->task->pending--;
	t->queries += a->tries;
	t->cached += a->tries == 0;
	t->retries += a->tries > 1 ? a->tries - 1 : 0;
	t->tcp += a->tcp;
	for (c = 0; c < CHECK_MAX; c++)
		if ((q->waiting & ~t->done & CHECK_BIT(c)) != 0)
			ready |= --t->missing[c] == 0;
	q->waiting = 0;
	if (ready || q->task->pending == 0)
		go(t);
}

static struct ask *
ask(struct task *t, const char *name, unsigned type)
{
	struct whole *w = whole(t);
	struct ask *q = &w->first;

	if (w->n++ > 0)
		q = arena_new(t->mem, 1, sizeof *q);
	*q = (struct ask){ .task = w, .name = arena_dup(t->mem,
	    str_of(name)), .type = type, .next = t->asks };
	t->asks = q;
	if (w->n == FEW)
		index_all(w);
	else if (w->n > FEW)
		index_name(w, q);
	w->pending++;
	dns_want(t->run->dns, name, type, answered, q);
	return q;
}

const struct dns_answer *
task_ask(struct task *t, const char *name, unsigned type)
{
	struct ask *q = find(whole(t), name, type);

	if (q == NULL)
		q = ask(t, name, type);
	if (q->answer != NULL && dns_temporary(q->answer->status))
		t->unknown |= CHECK_BIT(t->now);
	if (q->answer == NULL && (q->waiting & CHECK_BIT(t->now)) == 0) {
		q->waiting |= CHECK_BIT(t->now);
		t->missing[t->now]++;
	}
	return q->answer;
}

/*
 * The one conversion that names are made with is %s; printf takes longer over
 * it than the question does, and checks that are replayed ask again.  -1: it
 * is too long, or there is another.
 */
static int
join(char *dst, size_t cap, const char *fmt, va_list ap)
{
	const char *s;
	size_t n = 0, len;

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
task_askf(struct task *t, unsigned type, const char *fmt, ...)
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
	return task_ask(t, name, type);
}

void
task_hold(struct task *t)
{
	t->missing[t->now]++;
}

void
task_release(struct task *t, int check)
{
	if (--t->missing[check] == 0)
		go(t);
}

bool
task_wants(const struct task *t, int check)
{
	return (t->run->wanted & CHECK_BIT(check)) != 0;
}

/* ---- running */

static void
drop_findings(struct task *t, int check)
{
	struct finding **p = &t->findings;

	while (*p != NULL) {
		if ((*p)->check == check)
			*p = (*p)->next;
		else
			p = &(*p)->next;
	}
}

/* Those wanted that make sense for such an operand. */
static unsigned
suitable(const struct task *t)
{
	unsigned bits = 0;
	int c;

	if (t->kind == IN_BAD)
		return 0;
	for (c = 0; c < CHECK_MAX; c++)
		if (task_wants(t, c) &&
		    (t->kind != IN_ADDRESS || t->run->checks[c]->addresses))
			bits |= CHECK_BIT(c);
	return bits;
}

/* Runs check c once; true if it is done. */
static bool
run_check(struct task *t, int c)
{
	drop_findings(t, c);
	t->now = c;
	if (!t->run->checks[c]->run(t) && t->missing[c] > 0)
		return false;
	t->missing[c] = 0;
	t->done |= CHECK_BIT(c);
	return true;
}

/*
 * Everything that can run now, until nothing moves.  A check without missing
 * answers that is not done has not run yet, or has them all now.
 */
static void
go(struct task *t)
{
	unsigned all = t->ready;
	bool moved;
	int c;

	do {
		moved = false;
		for (c = 0; c < CHECK_MAX; c++)
			if ((all & ~t->done & CHECK_BIT(c)) != 0 &&
			    t->missing[c] == 0 &&
			    (t->run->checks[c]->needs & all & ~t->done) == 0)
				moved |= run_check(t, c);
	} while (moved && t->done != all);
	if (t->done == all && whole(t)->pending == 0)
		whole(t)->ended(t);
}

/* ---- what was given */

static char *
text_of(struct task *t, struct str s)
{
	return arena_dup(t->mem, s);
}

static bool
is_address(struct task *t, struct str s)
{
	char text[64];
	unsigned char *raw = NULL;

	if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_to(str_from(s, 1), s.n - 2);
	if (str_starts(s, "IPv6:"))
		s = str_from(s, 5);
	if (s.n == 0 || s.n >= sizeof text || (!str_has(s, ':') &&
	    !str_digit(s.p[s.n - 1])))
		return false;
	str_copy(text, s);
	text[s.n] = '\0';
	raw = arena_new(t->mem, 16, 1);
	if (inet_pton(AF_INET, text, raw) == 1)
		t->addr = (struct str){ (char *)raw, 4 };
	else if (inet_pton(AF_INET6, text, raw) == 1)
		t->addr = (struct str){ (char *)raw, 16 };
	else
		return false;
	dns_addr(t->addr, text, sizeof text);
	t->domain = text_of(t, str_of(text));
	t->kind = IN_ADDRESS;
	return true;
}

/* Plain names need no IDNA: this is the way of a million of them. */
static int
domain(struct task *t, struct str s)
{
	struct err e = { 0 };
	char name[DNS_NAMELEN];

	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (!str_ascii(s) && addr_ascii(t->mem, s, &s, &e) < 0)
		return -1;
	if (s.n == 0 || s.n > 300 || str_control(s) || str_has(s, ' ') ||
	    dns_name(text_of(t, s), name) < 0)
		return -1;
	t->domain = text_of(t, str_of(name));
	return 0;
}

static const char *
last_at(struct str s)
{
	return s.n > 0 ? memrchr(s.p, '@', s.n) : NULL;
}

static void
understand(struct task *t, struct str in)
{
	struct str s = str_trim(in);
	const char *at = last_at(s);

	if (at != NULL) {
		if (at > s.p) {
			t->kind = IN_MAILBOX;
			t->local = text_of(t, str_to(s, (size_t)(at - s.p)));
		}
		s = str_from(s, (size_t)(at - s.p) + 1);
	}
	if (is_address(t, s))
		return;
	if (domain(t, s) < 0)
		t->kind = IN_BAD;
}

/* ---- beginning and end; a few are kept for the next ones */

static struct whole *spare[SPARE];
static unsigned spares;

void
task_start(struct run *r, struct str in, uint64_t seq,
    void (*ended)(struct task *))
{
	struct whole *w = spares > 0 ? spare[--spares] :
	    mem_new(1, sizeof *w);
	struct task *t = &w->t;

	w->ended = ended;
	w->names.text = name_at;
	t->run = r;
	t->mem = &w->arena;
	t->seq = seq;
	t->in = text_of(t, in);
	t->domain = t->in;
	t->started = clock_us();
	understand(t, in);
	t->ready = suitable(t);
	go(t);
}

void
task_free(struct task *t)
{
	struct whole *w = whole(t);
	struct arena a = w->arena;
	struct ask *q;

	for (q = t->asks; q != NULL; q = q->next)
		dns_drop(q->answer);
	arena_reset(&a);
	table_free(&w->names);
	free(w->name);
	*w = (struct whole){ .arena = a };
	if (spares < SPARE) {
		spare[spares++] = w;
		return;
	}
	arena_free(&w->arena);
	free(w);
}

void
task_end(void)
{
	while (spares > 0) {
		arena_free(&spare[--spares]->arena);
		free(spare[spares]);
	}
}
