/* import_ways.c: what another program may do to each side, in our words */
#include <string.h>

#include "import_private.h"

static bool
quoted(const char *pattern)
{
	return pattern[0] == '\0' || strpbrk(pattern, " \t") != NULL;
}

/*
 * A line of our configuration that begins with a quote would be quoted as a
 * whole: "!*", nothing but what follows, goes before it.
 */
void
import_patterns(struct conf_out *o, const struct opt_list *patterns)
{
	struct buf b = { .max = 8000 };
	const char *p;
	size_t i;

	for (i = 0; i < patterns->n; i++) {
		p = patterns->v[i];
		if (strchr(p, '"') != NULL) {
			conf_out_note(o, "not taken over: a pattern with a double quote in it");
			continue;
		}
		if (b.n == 0 && p[0] != '!' && quoted(p))
			buf_s(&b, "!* ");
		else if (b.n > 0)
			buf_c(&b, ' ');
		if (p[0] == '!') {
			buf_c(&b, '!');
			p++;
		}
		buf_printf(&b, quoted(p) ? "\"%s\"" : "%s", p);
	}
	if (b.over)
		conf_out_note(o, "not taken over: patterns, too many of them");
	else if (b.n > 0)
		conf_out_key(o, "patterns", b.p);
	buf_free(&b);
}

/* Never wider than it was there: NULL is what we do unasked, trash and attic. */
static const char *
deletion(const struct import_way *w)
{
	if (!w->gone)
		return "never";
	return w->expunge ? NULL : "mark";
}

static bool
whole_way(const struct import_way *w)
{
	return w->new && w->flags;
}

static bool
some_way(const struct import_way *w)
{
	return w->new || w->gone || w->flags;
}

bool
import_idle(const struct import_ways *w)
{
	return !some_way(&w->near) && !some_way(&w->far);
}

void
import_directions(struct conf_out *o, const struct import_ways *w)
{
	bool pull = some_way(&w->near) && !whole_way(&w->far);
	bool push = !pull && !whole_way(&w->near);

	if (pull || push)
		conf_out_key(o, pull ? "pull" : "push", "on");
	if (!pull)
		conf_out_key(o, "delete-far", deletion(&w->far));
	if (!push)
		conf_out_key(o, "delete-near", deletion(&w->near));
	if (some_way(&w->near) != whole_way(&w->near) ||
	    some_way(&w->far) != whole_way(&w->far))
		conf_out_note(o, "Sync: what of it is taken over is above; here it is both ways, pull or push, all of it");
}
