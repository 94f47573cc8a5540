/* task.c: one name and its checks, each replayed as its answers come */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "operand.h"
#include "run.h"
#include "settings.h"
#include "task.h"
#include "zone.h"

/* FEW: so many questions are found sooner by looking at each of them. */
enum { SPARE = 64 };

_Static_assert(CHECK_MAX <= (int)ASK_WHO, "each check is an asker");

bool
task_wants(const struct task *t, int check)
{
	return (t->run->set->want.checks & CHECK_BIT(check)) != 0;
}

bool
task_asked(const struct task *t, int check)
{
	return (t->run->set->want.asked & CHECK_BIT(check)) != 0 ||
	    (t->kind == IN_MAILBOX && check == CHECK_MX);
}

static struct finding * __attribute__((format(printf, 4, 0)))
find(struct task *t, const char *id, const char *at, const char *fmt,
    va_list ap)
{
	const struct check *c = t->run->checks[t->ask.who];
	struct finding *f;

	f = finding_add(&t->findings, t->mem, finding_kind(c->findings, id),
	    at != NULL ? at : t->domain, fmt, ap);
	f->by = t->ask.who;
	return f;
}

struct finding *
task_find(struct task *t, const char *id, const char *at,
    const char *fmt, ...)
{
	struct finding *f;
	va_list ap;

	va_start(ap, fmt);
	f = find(t, id, at, fmt, ap);
	va_end(ap);
	return f;
}

void
task_fix(struct task *t, struct finding *f, const char *name, unsigned type,
    struct str data)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s. IN %s ", name, dns_type(type));
	zone_put(&b, type, data);
	f->fix = arena_dup(t->mem, BUF_STR(b));
	buf_free(&b);
}

bool
task_fixed(const struct task *t, const char *name, unsigned type)
{
	struct str start = str_of(arena_printf(t->mem, "%s. IN %s ", name,
	    dns_type(type)));
	const struct finding *f;

	for (f = t->findings.first; f != NULL; f = f->next)
		if (f->fix != NULL && str_starts(str_of(f->fix), start.p))
			return true;
	return false;
}

void
task_fix_text(struct task *t, struct finding *f, const char *name,
    const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	task_fix(t, f, name, DNS_TXT, BUF_STR(b));
	buf_free(&b);
}

void
task_limit(struct task *t, const char *id, const char *at,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	find(t, id, at, fmt, ap);
	va_end(ap);
	t->ask.unknown |= CHECK_BIT(t->ask.who);
}

/* ---- running */

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
	t->ask.who = (unsigned)c;
	finding_forget(&t->findings, t->ask.who);
	if (!t->run->checks[c]->run(t) && t->ask.missing[c] > 0)
		return false;
	ask_done(&t->ask);
	return true;
}

/*
 * A check without missing answers that is not done has not run yet, or has
 * them all now.
 */
static bool
can_run(const struct task *t, int c)
{
	unsigned left = t->todo & ~t->ask.done;

	return (left & CHECK_BIT(c)) != 0 && t->ask.missing[c] == 0 &&
	    (left & t->run->checks[c]->needs) == 0;
}

/*
 * A wrong signature anywhere is told, whichever check met it; those of the
 * zone itself and of TLSA records have findings of their own.
 */
static void
tell_bogus(struct task *t)
{
	const struct ask_question *at = NULL;
	unsigned by = CHECK_DNSSEC;
	const struct dns_answer *a;
	struct finding *f;

	if (!task_asked(t, CHECK_DNSSEC))
		for (by = 0; by + 1 < CHECK_MAX && !task_asked(t, (int)by); )
			by++;
	t->ask.who = CHECK_DNSSEC;
	while ((a = ask_came(&t->ask, &at)) != NULL) {
		if (a->status != DNS_BOGUS || a->type == DNS_SOA ||
		    a->type == DNS_DS || a->type == DNS_DNSKEY ||
		    a->type == DNS_TLSA)
			continue;
		f = task_find(t, "DNSSEC_BOGUS", a->name, "%s: %s%s%.*s",
		    dns_type(a->type), a->why != NULL ? a->why :
		    "validation failed", a->ede_text.n > 0 ? ": " : "",
		    STR_ARG(a->ede_text));
		f->by = by;		/* it is shown with what was asked */
	}
}

/* Everything that can run now, until nothing moves. */
static void
go(struct task *t)
{
	bool moved;
	int c;

	do {
		moved = false;
		for (c = 0; (t->todo & ~t->ask.done) >> c != 0; c++)
			if (can_run(t, c))
				moved |= run_check(t, c);
	} while (moved && t->ask.done != t->todo);
	if (t->ask.done != t->todo || t->ask.pending > 0)
		return;
	tell_bogus(t);
	t->ended(t);
}

static void
task_came(void *arg, unsigned ready)
{
	struct task *t = arg;

	if (ready != 0 || t->ask.pending == 0)
		go(t);
}

/* ---- beginning and end; a few are kept for the next ones */

static struct task *
unused(struct run *r)
{
	struct task *t = r->spare;

	if (t == NULL)
		return mem_new(1, sizeof *t);
	r->spare = t->next;
	r->spares--;
	return t;
}

void
task_start(struct run *r, struct str in, uint64_t seq,
    void (*ended)(struct task *))
{
	struct task *t = unused(r);

	*t = (struct task){ .run = r, .mem = &t->arena, .seq = seq,
	    .arena = t->arena, .ended = ended };
	t->ask = (struct ask){ .dns = r->dns, .mem = t->mem, .came = task_came,
	    .arg = t };
	t->in = arena_dup(t->mem, in);
	t->domain = t->in;
	t->started = clock_us();
	operand_read(t, in);
	t->todo = suitable(t);
	go(t);
}

static void
destroy(struct task *t)
{
	arena_free(&t->arena);
	free(t);
}

void
task_free(struct task *t)
{
	struct run *r = t->run;

	ask_free(&t->ask);
	arena_reset(&t->arena);
	if (r->spares == SPARE) {
		destroy(t);
		return;
	}
	t->next = r->spare;
	r->spare = t;
	r->spares++;
}

void
task_end(struct run *r)
{
	struct task *t;

	while ((t = r->spare) != NULL) {
		r->spare = t->next;
		destroy(t);
	}
}
