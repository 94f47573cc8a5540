/* bodies.c: of which messages the bodies come */
#include <string.h>

#include "bodies.h"
#include "flags.h"
#include "pattern.h"

enum { CONDITIONS = 8 };		/* of a rule */

enum what { AGE, SIZE, FLAGS, FOLDER };

struct condition {
	enum what what;
	bool over;		/* > and not < */
	uint64_t number;	/* bytes or seconds */
	uint64_t set, clear;	/* flags that it has, and has not */
	const char *folder;
};

struct bodies_rule {
	enum bodies_level level;
	struct condition v[CONDITIONS];
	size_t n;
};

static const struct {
	const char *word;
	uint64_t set, clear;
} words[] = {
	{ "flagged", FLAG_FLAGGED, 0 }, { "unflagged", 0, FLAG_FLAGGED },
	{ "read", FLAG_SEEN, 0 }, { "unread", 0, FLAG_SEEN },
	{ "answered", FLAG_ANSWERED, 0 }, { "unanswered", 0, FLAG_ANSWERED }
};

/* ---- read ---- */

/* ">30d", "<2M" */
static int
condition_limit(struct condition *c, struct str s)
{
	char text[32];
	double seconds;

	if (s.n < 2 || s.n >= sizeof text || (s.p[0] != '<' && s.p[0] != '>'))
		return -1;
	c->over = s.p[0] == '>';
	str_copy(text, str_from(s, 1));
	text[s.n - 1] = '\0';
	if (c->what == SIZE)
		return opt_to_number(text, &c->number);
	if (opt_to_seconds(text, &seconds) < 0)
		return -1;
	c->number = (uint64_t)seconds;
	return 0;
}

static int
flag_word(struct condition *c, struct str s)
{
	size_t i;

	c->what = FLAGS;
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (str_is(s, words[i].word)) {
			c->set = words[i].set;
			c->clear = words[i].clear;
			return 0;
		}
	return -1;
}

/* The next condition off the front of *s: a folder's name takes the rest. */
static int
condition(struct condition *c, struct str *s, struct arena *a)
{
	struct str one;

	if (str_starts(*s, "folder=")) {
		c->what = FOLDER;
		c->folder = arena_dup(a, str_from(*s, strlen("folder=")));
		*s = str_from(*s, s->n);
		return c->folder[0] != '\0' ? 0 : -1;
	}
	one = str_trim(str_cut(s, ','));
	if (str_starts(one, "age")) {
		c->what = AGE;
		return condition_limit(c, str_from(one, strlen("age")));
	}
	if (str_starts(one, "size")) {
		c->what = SIZE;
		return condition_limit(c, str_from(one, strlen("size")));
	}
	return flag_word(c, one);
}

static int
rule(struct bodies_rule *r, const char *text, struct arena *a, struct err *e)
{
	struct str rest = str_of(text), level = str_trim(str_cut(&rest, ':'));
	bool some = strchr(text, ':') != NULL;

	r->level = str_is(level, "headers") ? BODIES_HEADERS : BODIES_FULL;
	if (r->level == BODIES_FULL && !str_is(level, "full"))
		return fail(e, EX_USAGE, "--bodies: full or headers, not \"%.*s\"",
		    STR_ARG(level));
	while (some) {
		rest = str_trim(rest);
		if (r->n == CONDITIONS || condition(&r->v[r->n++], &rest, a) < 0)
			return fail(e, EX_USAGE, "--bodies %s: conditions are age>30d, size<50k, flagged, unread and their like, parted by commas, and folder=PATTERN as the last",
			    text);
		some = rest.n > 0;
	}
	return 0;
}

int
bodies_parse(struct bodies *b, const struct opt_list *l, struct arena *a,
    struct err *e)
{
	struct bodies_rule *v = arena_new(a, l->n + 1, sizeof *v);
	size_t i, k;

	*b = (struct bodies){ .v = v, .n = l->n };
	for (i = 0; i < l->n; i++) {
		v[i] = (struct bodies_rule){ .n = 0 };
		if (rule(&v[i], l->v[i], a, e) < 0)
			return -1;
		for (k = 0; k < v[i].n; k++)
			b->ages |= v[i].v[k].what == AGE;
		b->text = b->text == NULL ? l->v[i] : arena_printf(a,
		    "%s; %s", b->text, l->v[i]);
	}
	return 0;
}

/* ---- asked ---- */

static bool
is_over(const struct condition *c, uint64_t is)
{
	return c->over ? is > c->number : is < c->number;
}

static bool
condition_fits(const struct condition *c, const struct bodies_msg *m)
{
	switch (c->what) {
	case AGE:
		return is_over(c, m->age > 0 ? (uint64_t)m->age : 0);
	case SIZE:
		return is_over(c, m->size);
	case FLAGS:
		return (m->flags & c->set) == c->set &&
		    (m->flags & c->clear) == 0;
	case FOLDER:
		return pattern_fits(str_of(c->folder), str_of(m->box), m->sep);
	}
	return false;
}

static bool
rule_fits(const struct bodies_rule *r, const struct bodies_msg *m)
{
	size_t i;

	for (i = 0; i < r->n && condition_fits(&r->v[i], m); i++)
		;
	return i == r->n;
}

enum bodies_level
bodies_of(const struct bodies *b, const struct bodies_msg *m)
{
	size_t i;

	for (i = b->n; i-- > 0; )
		if (rule_fits(&b->v[i], m))
			return b->v[i].level;
	return BODIES_FULL;
}

/* Of a rule that may mean the mailbox; and is that all it looks at? */
static unsigned
rule_needs(const struct bodies_rule *r, const struct bodies_msg *m)
{
	static const unsigned needs[] = { [AGE] = BODIES_AGE,
	    [SIZE] = BODIES_SIZE, [FLAGS] = BODIES_FLAGS, [FOLDER] = 0 };
	unsigned all = 0;
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->v[i].what == FOLDER && !condition_fits(&r->v[i], m))
			return 0;
		all |= needs[r->v[i].what];
	}
	return all;
}

unsigned
bodies_needs(const struct bodies *b, const struct bodies_msg *m)
{
	unsigned all = 0, one;
	size_t i;

	for (i = b->n; i-- > 0; ) {
		one = rule_needs(&b->v[i], m);
		all |= one;
		if (one == 0 && rule_fits(&b->v[i], m))
			break;		/* no earlier one decides */
	}
	return all;
}
