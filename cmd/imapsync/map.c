/* map.c: mailboxes that have another name here */
#include <string.h>

#include "map.h"
#include "map_regex.h"

struct map_rule {
	struct str near, far;
	bool stem;		/* of all names that begin so */
	bool regex;		/* see map_regex.h */
};

static bool
ends_in_star(struct str *s)
{
	bool is = s->n > 0 && s->p[s->n - 1] == '*';

	if (is)
		s->n--;
	return is;
}

static bool
map_parse(const char *text, struct map_rule *to)
{
	const char *arrow = strstr(text, "->");
	bool near, far;

	if (arrow == NULL)
		return false;
	to->near = str_trim((struct str){ text, (size_t)(arrow - text) });
	to->far = str_trim(str_of(arrow + 2));
	if (to->near.n == 0 || to->far.n == 0 || str_control(to->near) ||
	    str_control(to->far))
		return false;
	to->stem = false;
	to->regex = map_regex_is(to->near, to->far);
	if (to->regex)
		return true;
	near = ends_in_star(&to->near);
	far = ends_in_star(&to->far);
	to->stem = near;
	return near == far && !str_has(to->near, '*') &&
	    !str_has(to->far, '*');
}

int
map_check(const struct opt_list *rules, struct err *e)
{
	struct map_rule r;
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (map_parse(rules->v[i], &r)) {
			if (r.regex && map_regex_check(r.near, r.far, e) < 0)
				return -1;
		} else
			return fail(e, EX_USAGE, "--map: \"NEAR -> FAR\", with a * at the end of both or of neither, not \"%s\"",
			    rules->v[i]);
	return 0;
}

/* Does it begin so?  "/" is the separator. */
static bool
map_begins(struct str name, struct str with, char sep)
{
	size_t i;

	if (name.n < with.n)
		return false;
	for (i = 0; i < with.n; i++)
		if (name.p[i] != (with.p[i] == '/' && sep != '\0' ? sep :
		    with.p[i]))
			return false;
	return true;
}

/* The name with another beginning, if that is its own. */
static bool
translate(struct str name, char sep, const struct map_rule *r, bool from_far,
    struct buf *b)
{
	struct str from = from_far ? r->far : r->near;
	struct str to = from_far ? r->near : r->far;
	bool stem = r->stem;
	size_t i;

	if (r->regex)
		return !str_is(name, "INBOX") && map_regex_to(r->near, r->far,
		    from_far, name, sep, b);
	if (!map_begins(name, from, sep) || (stem ? str_is(name, "INBOX") :
	    name.n != from.n))
		return false;
	for (i = 0; i < to.n; i++)
		buf_c(b, to.p[i] == '/' && sep != '\0' ? sep : to.p[i]);
	buf_str(b, str_from(name, from.n));
	return true;
}

void
map_near(const struct opt_list *rules, struct str far, char sep, struct buf *b)
{
	struct map_rule r;
	size_t i;

	for (i = 0; i < rules->n; i++)
		if (map_parse(rules->v[i], &r) &&
		    translate(far, sep, &r, true, b))
			return;
	buf_str(b, far);
}

/* A mailbox is only meant if it has that name here by the rules, too. */
bool
map_far(const struct opt_list *rules, struct str near, char sep,
    struct buf *b)
{
	struct buf again = { .max = 4096 };
	size_t was = b->n, i;
	struct map_rule r;
	bool is;

	for (i = 0; i < rules->n; i++)
		if (map_parse(rules->v[i], &r) &&
		    translate(near, sep, &r, false, b))
			break;
	if (i == rules->n)
		buf_str(b, near);
	map_near(rules, str_from(BUF_STR(*b), was), sep, &again);
	is = str_eq(BUF_STR(again), near);
	buf_free(&again);
	if (!is)
		b->n = was;
	return is;
}
