/* opt_again.c: what was said on the command line, for another process */
#include <stdint.h>

#include "opt.h"
#include "str.h"

static const char *
choice_name(const struct opt *o)
{
	const struct opt_choice *c = o->choices;

	while (c[1].name != NULL && c->value != *(const unsigned *)o->to)
		c++;
	return c->name;
}

static void
add_value(struct arena *a, struct opt_list *words, const struct opt *o,
    const char *value)
{
	opt_list_add(a, words, arena_printf(a, "--%s=%s", o->name, value));
}

/* One that was given, as often as its kind can tell. */
static void
say_again(struct arena *a, struct opt_list *words, const struct opt *o)
{
	const struct opt_list *l;
	size_t i, n = 1;

	if (o->kind == OPT_COUNT)
		n = (size_t)*(const int *)o->to;
	switch (o->kind) {
	case OPT_COUNT:
	case OPT_FLAG:
		while (n-- > 0)
			opt_list_add(a, words, arena_printf(a, "--%s", o->name));
		break;
	case OPT_TEXT:
		add_value(a, words, o, *(const char *const *)o->to);
		break;
	case OPT_LIST:
		l = o->to;
		for (i = 0; i < l->n; i++)
			add_value(a, words, o, l->v[i]);
		break;
	case OPT_SECONDS:
		add_value(a, words, o, arena_printf(a, "%.6f",
		    *(const double *)o->to));
		break;
	case OPT_NUMBER:
		add_value(a, words, o, arena_printf(a, "%llu",
		    (unsigned long long)*(const uint64_t *)o->to));
		break;
	case OPT_CHOICE:
		add_value(a, words, o, choice_name(o));
		break;
	case OPT_CALL:			/* only what it calls knows its value */
	case OPT_HEAD:
		break;
	}
}

void
opt_again(const struct opt_set *set, const char *names, struct opt_list *words)
{
	struct str list = str_of(names), w;
	const struct opt *o;
	size_t i;

	while ((w = str_word(&list)).n > 0)
		for (i = 0; (o = opt_nth(set, i)) != NULL; i++)
			if (set->seen[i] != 0 && str_eq(w, str_of(o->name)))
				say_again(set->arena, words, o);
}
