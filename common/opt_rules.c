/* opt_rules.c: options that have no effect; who reads standard input */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "opt.h"
#include "str.h"

static bool
option_listed(const char *words, const char *name)
{
	struct str list = str_of(words), w;

	while ((w = str_word(&list)).n > 0)
		if (str_eq(w, str_of(name)))
			return true;
	return false;
}

/* The first of these words that was given, or NULL. */
static const char *
given_of(const struct opt_set *set, const char *words)
{
	const struct opt *o;
	size_t i;

	for (i = 0; (o = opt_nth(set, i)) != NULL; i++)
		if (set->seen[i] != 0 && option_listed(words, o->name))
			return o->name;
	return NULL;
}

/* The first that was given and is neither name nor one of these words. */
static const char *
given_beside(const struct opt_set *set, const char *name, const char *words)
{
	const struct opt *o;
	size_t i;

	for (i = 0; (o = opt_nth(set, i)) != NULL; i++)
		if (set->seen[i] != 0 && strcmp(o->name, name) != 0 &&
		    !option_listed(words, o->name))
			return o->name;
	return NULL;
}

/* "fetch ca" as "--fetch or --ca". */
static void
spell(const char *words, struct buf *b)
{
	struct str list = str_of(words), w;

	while ((w = str_word(&list)).n > 0)
		buf_printf(b, "%s--%.*s", b->n > 0 ? " or " : "", STR_ARG(w));
}

static int
nothing(const char *name, const char *other, struct err *e)
{
	return fail(e, EX_USAGE, "--%s has no effect with --%s", name, other);
}

static int
rule_check(const struct opt_set *set, const struct opt_rule *r, struct err *e)
{
	struct buf b = { .max = 512 };
	const char *other;

	if (r->without != NULL &&
	    (other = given_of(set, r->without)) != NULL)
		return nothing(r->name, other, e);
	if (r->stops != NULL && (other = given_of(set, r->stops)) != NULL)
		return nothing(other, r->name, e);
	if (r->only != NULL &&
	    (other = given_beside(set, r->name, r->only)) != NULL)
		return nothing(other, r->name, e);
	if (r->with == NULL || given_of(set, r->with) != NULL)
		return 0;
	spell(r->with, &b);
	fail(e, EX_USAGE, "--%s has an effect with %s only", r->name, b.p);
	buf_free(&b);
	return -1;
}

int
opt_rules(const struct opt_set *set, const struct opt_rule *r, struct err *e)
{
	for (; r->name != NULL; r++)
		if (opt_given(set, r->name) && rule_check(set, r, e) < 0)
			return -1;
	return 0;
}

/* ---- standard input */

static bool
is_stdin(const struct opt *o, const char *arg)
{
	static const char *const names[] = { "-", "/dev/stdin", "/dev/fd/0",
	    "/proc/self/fd/0" };
	struct str s = str_of(arg);
	uint64_t fd;
	size_t i, n;

	if ((o->flags & OPT_STDIN_FD) != 0)
		return str_num(s, UINT32_MAX, &fd) == 0 && fd == 0;
	if ((o->flags & OPT_STDIN_DASH) != 0)
		return strcmp(arg, "-") == 0;
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		n = strlen(names[i]);
		if (str_starts(s, names[i]) && (s.n == n || (s.p[n] == ':' &&
		    o->kind == OPT_LIST)))
			return true;
	}
	return false;
}

/* Who wants it, one after the other. */
struct readers {
	char by[2][128];
	size_t n;
};

static void
reads(struct readers *r, const struct opt *o, const char *arg)
{
	if (arg == NULL || !is_stdin(o, arg))
		return;
	if (r->n < 2)
		snprintf(r->by[r->n], sizeof r->by[r->n], "--%s %s", o->name,
		    arg);
	r->n++;
}

int
opt_stdin(const struct opt_set *set, const char *also, struct err *e)
{
	const unsigned any = OPT_STDIN | OPT_STDIN_FD | OPT_STDIN_DASH;
	struct readers r = { .n = 0 };
	const struct opt_list *l;
	const struct opt *o;
	size_t i, k;

	if (also != NULL)
		snprintf(r.by[r.n++], sizeof r.by[0], "%s", also);
	for (i = 0; (o = opt_nth(set, i)) != NULL; i++) {
		if ((o->flags & any) == 0)
			continue;
		if (o->kind == OPT_TEXT) {
			reads(&r, o, *(const char *const *)o->to);
			continue;
		}
		l = o->to;
		for (k = 0; k < l->n; k++)
			reads(&r, o, l->v[k]);
	}
	return r.n < 2 ? 0 : fail(e, EX_USAGE, "standard input cannot be both %s and %s",
	    r.by[0], r.by[1]);
}
