/*
 * import_regex.c: re.sub of Python as a rule of --map
 *
 * Of Python's expressions those are taken over that mean the same in POSIX'
 * extended ones.  They see names with the server's separator, where ours see
 * "/": who begins with INBOX\. has a dot for it.
 */
#include <string.h>

#include "import_private.h"
#include "map.h"
#include "mem.h"
#include "opt.h"
#include "str.h"

enum { RULE = 1000 };		/* bytes of a rule */

/* One expression on its way to the other kind. */
struct turning {
	struct str s;		/* what is left of it */
	struct buf *to;
	char sep;		/* of the server's names, as far as known */
	unsigned groups;
	bool deep;		/* in a group */
};

/* Outside of groups there is text: a dot of it may be the separator. */
static bool
regex_text(struct turning *t, char c)
{
	if (c == '.' && t->sep == '\0' && !t->deep)
		return false;		/* it may be one or not */
	if (c == t->sep)
		c = '/';
	else if (strchr("\\^$.|?*+()[]{}", c) != NULL)
		buf_c(t->to, '\\');
	buf_c(t->to, c);
	return true;
}

static bool
regex_escaped(struct turning *t)
{
	char c = t->s.n > 1 ? t->s.p[1] : '\0';

	t->s = str_from(t->s, 2);
	if (c == 'd' && t->deep)
		buf_s(t->to, "[0-9]");
	else if (c == 'w' && t->deep)
		buf_s(t->to, "[[:alnum:]_]");
	else if (c == '\0' || str_alpha(c) || str_digit(c))
		return false;
	else
		return regex_text(t, c);
	return true;
}

/* "[...]", without escapes, which mean something else in POSIX. */
static bool
regex_bracket(struct turning *t)
{
	size_t end = 1, i;

	if (end < t->s.n && t->s.p[end] == '^')
		end++;
	if (end < t->s.n && t->s.p[end] == ']')
		return false;
	while (end < t->s.n && t->s.p[end] != ']')
		end++;
	if (end == t->s.n)
		return false;
	for (i = 0; i <= end; i++) {
		if (t->s.p[i] == '\\' || (i > 0 && t->s.p[i] == '['))
			return false;
		buf_c(t->to, i > 0 && t->s.p[i] == t->sep ? '/' : t->s.p[i]);
	}
	t->s = str_from(t->s, end + 1);
	return true;
}

static bool
regex_one(struct turning *t)
{
	char c = t->s.p[0], next = t->s.n > 1 ? t->s.p[1] : '\0';

	if (c == '\\')
		return regex_escaped(t);
	if (c == '[')
		return t->deep && regex_bracket(t);
	if (c == '(') {
		if (t->deep || next == '?')
			return false;
		t->groups++;
		t->deep = true;
	} else if (c == ')') {
		t->deep = false;
	} else if (strchr("^$.|?*+{}", c) == NULL) {
		t->s = str_from(t->s, 1);
		return regex_text(t, c);
	} else if (!t->deep || c == '^' || c == '$' ||
	    (strchr("*+?}", c) != NULL && (next == '?' || next == '+'))) {
		return false;		/* POSIX knows the longest match alone */
	}
	buf_c(t->to, c);
	t->s = str_from(t->s, 1);
	return true;
}

/* "\1" or "\g<1>"; else 0. */
static unsigned
take_group(struct str *s)
{
	unsigned n;

	if (s->n > 1 && s->p[0] == '\\' && str_digit(s->p[1])) {
		n = (unsigned)(s->p[1] - '0');
		*s = str_from(*s, 2);
		return s->n > 0 && str_digit(s->p[0]) ? 0 : n;
	}
	if (!str_starts(*s, "\\g<") || s->n < 5 || !str_digit(s->p[3]) ||
	    s->p[4] != '>')
		return 0;
	n = (unsigned)(s->p[3] - '0');
	*s = str_from(*s, 5);
	return n;
}

static bool
put_replacement(struct buf *b, struct str s, char sep)
{
	unsigned group;

	if (s.n > 0 && s.p[0] == '~')
		return false;
	while (s.n > 0) {
		if (s.p[0] == '\\') {
			if ((group = take_group(&s)) == 0)
				return false;
			buf_printf(b, "\\%u", group);
			continue;
		}
		if (s.p[0] == '.' && sep == '\0')
			return false;
		buf_c(b, s.p[0] == sep ? '/' : s.p[0]);
		s = str_from(s, 1);
	}
	return true;
}

static char
separator(struct str from)
{
	if (str_has(from, '/'))
		return '/';
	return str_starts(from, "INBOX\\.") ? '.' : '\0';
}

const char *
import_regex(struct arena *a, struct str from, struct str to)
{
	struct buf near = { .max = RULE }, far = { .max = RULE };
	struct turning t = { .to = &far };
	struct opt_list rules = { .n = 0 };
	struct err why = { 0 };
	const char *rule = NULL;
	bool is, whole;

	if (from.n < 2 || from.p[0] != '^')
		return NULL;		/* it may be in any place of a name */
	t.s = str_from(from, 1);
	whole = t.s.p[t.s.n - 1] == '$' && (t.s.n < 2 ||
	    t.s.p[t.s.n - 2] != '\\');
	if (whole)
		t.s.n--;
	t.sep = separator(t.s);
	is = put_replacement(&near, to, t.sep);
	while (is && t.s.n > 0)
		is = regex_one(&t);
	is = is && t.groups < 9;
	if (is && !whole) {		/* what is behind it stays */
		buf_printf(&near, "\\%u", t.groups + 1);
		buf_s(&far, "(.*)");
	}
	if (is && !near.over && !far.over)
		rule = arena_printf(a, "%.*s -> ~%.*s", STR_ARG(BUF_STR(near)),
		    STR_ARG(BUF_STR(far)));
	if (rule != NULL) {
		opt_list_add(a, &rules, rule);
		if (map_check(&rules, &why) < 0)
			rule = NULL;
	}
	buf_free(&near);
	buf_free(&far);
	return rule;
}
