/*
 * map_regex.c: rules of names with a regular expression
 *
 * Both sides of a rule are cut into the same kind of parts, text and groups,
 * and of each side an expression is made of them, so that names are
 * translated in one way, whichever side the expression was written for.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "map_regex.h"
#include "mem.h"

enum { GROUPS = 9, PARTS = 2 * GROUPS + 1, NAME = 4096 };

struct part {
	int group;		/* from 1 on; 0: text */
	struct buf text;	/* as it is in names */
};

struct side {
	struct part v[PARTS];
	size_t n;
	int order[GROUPS];	/* of the groups, as they come */
	size_t groups;
	regex_t regex;
	bool compiled;
};

struct rule {
	struct buf key;		/* both sides as they were given */
	struct str group[GROUPS];	/* their expressions, of key */
	struct side near, far;
};

bool
map_regex_is(struct str near, struct str far)
{
	return (near.n > 0 && near.p[0] == '~') ||
	    (far.n > 0 && far.p[0] == '~');
}

/* ---- the parts ---- */

static bool
part_text(struct side *s, char c)
{
	if (s->n == 0 || s->v[s->n - 1].group != 0) {
		if (s->n == PARTS)
			return false;
		s->v[s->n++] = (struct part){ .text.max = NAME };
	}
	buf_c(&s->v[s->n - 1].text, c);
	return true;
}

static bool
part_group(struct side *s, int group)
{
	size_t i;

	for (i = 0; i < s->groups; i++)
		if (s->order[i] == group)
			return false;
	if (s->groups == GROUPS || s->n == PARTS)
		return false;
	s->v[s->n++] = (struct part){ .group = group };
	s->order[s->groups++] = group;
	return true;
}

/* How long a bracket expression is: "[^]a[:digit:]]"; 0: it has no end. */
static size_t
bracket(struct str s)
{
	size_t i = 1;

	if (i < s.n && s.p[i] == '^')
		i++;
	if (i < s.n && s.p[i] == ']')
		i++;
	for (; i < s.n && s.p[i] != ']'; i++)
		if (s.p[i] == '[' && i + 1 < s.n && strchr(":.=", s.p[i + 1]) !=
		    NULL) {
			char kind = s.p[i + 1];

			for (i += 2; i + 1 < s.n && (s.p[i] != kind ||
			    s.p[i + 1] != ']'); i++)
				;
			i++;
		}
	return i < s.n ? i + 1 : 0;
}

/* A group without its brackets; NULL: it is none, or has another one in it. */
static struct str
cut_group(struct str *s)
{
	size_t i = 1, n;
	struct str group;

	while (i < s->n && s->p[i] != ')') {
		n = 1;
		if (s->p[i] == '(')
			return (struct str){ NULL, 0 };
		if (s->p[i] == '\\')
			n = 2;
		else if (s->p[i] == '[' && (n = bracket(str_from(*s, i))) == 0)
			break;
		i += n;
	}
	if (i >= s->n || i == 1)
		return (struct str){ NULL, 0 };
	group = (struct str){ s->p + 1, i - 1 };
	*s = str_from(*s, i + 1);
	return group;
}

/* NULL, or why not. */
static const char *
read_regex(struct rule *r, struct side *to, struct str s)
{
	struct str group;

	s = str_from(s, 1);
	if (s.n > 0 && s.p[0] == '^')
		s = str_from(s, 1);
	if (s.n > 0 && s.p[s.n - 1] == '$' && (s.n < 2 || s.p[s.n - 2] != '\\'))
		s.n--;
	while (s.n > 0) {
		if (s.p[0] == '(') {
			group = cut_group(&s);
			if (group.p == NULL || !part_group(to,
			    (int)to->groups + 1))
				return "a group is empty, has another one in it, or has no end";
			if (s.n > 0 && strchr("*+?{", s.p[0]) != NULL)
				return "a group is repeated";
			r->group[to->groups - 1] = group;
			continue;
		}
		if (s.p[0] == '\\' && s.n > 1 && !str_alpha(s.p[1]) &&
		    !str_digit(s.p[1]))
			s = str_from(s, 1);
		else if (strchr("\\^$.|?*+()[]{}", s.p[0]) != NULL)
			return "outside of groups there can only be text";
		if (!part_text(to, s.p[0]))
			return "it is too long";
		s = str_from(s, 1);
	}
	return NULL;
}

static const char *
read_template(struct side *to, struct str s)
{
	while (s.n > 0) {
		if (s.p[0] == '\\' && s.n > 1 && str_digit(s.p[1])) {
			if (!part_group(to, s.p[1] - '0'))
				return "a group stands on a side twice";
			s = str_from(s, 2);
			continue;
		}
		if (s.p[0] == '\\' && s.n > 1)
			s = str_from(s, 1);
		if (!part_text(to, s.p[0]))
			return "it is too long";
		s = str_from(s, 1);
	}
	return NULL;
}

/* ---- the expressions ---- */

static void
regex_escape(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (strchr("\\^$.|?*+()[]{}", s.p[i]) != NULL)
			buf_c(b, '\\');
		buf_c(b, s.p[i]);
	}
}

static const char *
compile(struct rule *r, struct side *s)
{
	struct buf b = { .max = 4 * NAME };
	size_t i;

	buf_c(&b, '^');
	for (i = 0; i < s->n; i++)
		if (s->v[i].group == 0)
			regex_escape(&b, BUF_STR(s->v[i].text));
		else
			buf_printf(&b, "(%.*s)",
			    STR_ARG(r->group[s->v[i].group - 1]));
	buf_c(&b, '$');
	s->compiled = !b.over && regcomp(&s->regex, b.p, REG_EXTENDED) == 0;
	buf_free(&b);
	return s->compiled ? NULL : "it is no extended regular expression";
}

static const char *
same_groups(const struct rule *r)
{
	size_t i, k;

	for (i = 0; i < r->near.groups; i++) {
		for (k = 0; k < r->far.groups; k++)
			if (r->near.order[i] == r->far.order[k])
				break;
		if (k == r->far.groups)
			break;
	}
	return i < r->near.groups || r->near.groups != r->far.groups ?
	    "each group has to be on both sides" : NULL;
}

static void
side_free(struct side *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		buf_free(&s->v[i].text);
	if (s->compiled)
		regfree(&s->regex);
}

static void
rule_free(struct rule *r)
{
	side_free(&r->near);
	side_free(&r->far);
	buf_free(&r->key);
	free(r);
}

/* NULL, and *why. */
static struct rule *
rule_make(struct str near, struct str far, const char **why)
{
	struct rule *r = mem_new(1, sizeof *r);

	r->key.max = 2 * NAME + 1;
	buf_str(&r->key, near);
	buf_c(&r->key, '\n');
	buf_str(&r->key, far);
	if (near.p[0] == '~' && far.p[0] == '~')
		*why = "one side alone can begin with ~";
	else if (r->key.over)
		*why = "it is too long";
	else if (near.p[0] == '~')
		*why = read_regex(r, &r->near, str_to(BUF_STR(r->key),
		    near.n));
	else
		*why = read_regex(r, &r->far, str_from(BUF_STR(r->key),
		    near.n + 1));
	if (*why == NULL)
		*why = near.p[0] == '~' ? read_template(&r->far, far) :
		    read_template(&r->near, near);
	if (*why == NULL)
		*why = same_groups(r);
	if (*why == NULL)
		*why = compile(r, &r->near);
	if (*why == NULL)
		*why = compile(r, &r->far);
	if (*why == NULL)
		return r;
	rule_free(r);
	return NULL;
}

int
map_regex_check(struct str near, struct str far, struct err *e)
{
	const char *why;
	struct rule *r = rule_make(near, far, &why);

	if (r == NULL)
		return fail(e, EX_USAGE, "--map: \"%.*s -> %.*s\" cannot be turned round: %s",
		    STR_ARG(near), STR_ARG(far), why);
	rule_free(r);
	return 0;
}

/* ---- names ---- */

/* The rules that were used so far. */
static struct rule **compiled;
static size_t ncompiled;

static struct rule *
find_rule(struct str near, struct str far)
{
	const char *why;
	struct str key;
	struct rule *r;
	size_t i;

	for (i = 0; i < ncompiled; i++) {
		key = BUF_STR(compiled[i]->key);
		if (key.n == near.n + 1 + far.n && str_eq(str_to(key, near.n),
		    near) && str_eq(str_from(key, near.n + 1), far))
			return compiled[i];
	}
	if ((r = rule_make(near, far, &why)) == NULL)
		return NULL;
	compiled = mem_grow(compiled, ncompiled + 1, sizeof *compiled);
	return compiled[ncompiled++] = r;
}

/* In rules "/" is the separator; where it is another one the two change. */
static char
turn(char c, char sep)
{
	if (sep == '\0' || (c != '/' && c != sep))
		return c;
	return c == '/' ? sep : '/';
}

static struct str
matched(struct str name, const struct side *s, const regmatch_t *at, int group)
{
	size_t i = 0;

	while (s->order[i] != group)
		i++;
	at += i + 1;
	return (struct str){ name.p + at->rm_so,
	    (size_t)(at->rm_eo - at->rm_so) };
}

static void
put_name(const struct side *to, const struct side *from, struct str name,
    const regmatch_t *at, char sep, struct buf *b)
{
	struct str s;
	size_t i, k;

	for (i = 0; i < to->n; i++) {
		s = to->v[i].group == 0 ? BUF_STR(to->v[i].text) :
		    matched(name, from, at, to->v[i].group);
		for (k = 0; k < s.n; k++)
			buf_c(b, turn(s.p[k], sep));
	}
}

bool
map_regex_to(struct str near, struct str far, bool from_far, struct str name,
    char sep, struct buf *b)
{
	struct rule *r = find_rule(near, far);
	regmatch_t at[GROUPS + 1];
	struct buf text = { .max = NAME };
	const struct side *from, *to;
	size_t i;
	bool is;

	if (r == NULL || str_has(name, '\0'))
		return false;
	from = from_far ? &r->far : &r->near;
	to = from_far ? &r->near : &r->far;
	buf_s(&text, "");
	for (i = 0; i < name.n; i++)
		buf_c(&text, turn(name.p[i], sep));
	is = !text.over && regexec(&from->regex, text.p, GROUPS + 1, at, 0) ==
	    0;
	if (is)
		put_name(to, from, BUF_STR(text), at, sep, b);
	buf_free(&text);
	return is;
}
