/* import_ways.c: what another program may do to each side, in our words */
#include <stdio.h>
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

/* ---- what goes where ---- */

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

/* What is gone is there only marked, not removed: so it is here, too. */
static void
import_side(struct conf_out *o, const struct import_way *w, const char *gets,
    const char *delete)
{
	char words[32];

	snprintf(words, sizeof words, "%s%s%s", w->new ? " new" : "",
	    w->flags ? " flags" : "", w->gone ? " gone" : "");
	if (!w->new || !w->flags || !w->gone)
		conf_out_key(o, gets, words + 1);
	if (w->gone && !w->expunge)
		conf_out_key(o, delete, "mark");
}

void
import_directions(struct conf_out *o, const struct import_ways *w)
{
	if (!some_way(&w->far))
		conf_out_key(o, "pull", "on");
	else
		import_side(o, &w->far, "far-gets", "delete-far");
	if (!some_way(&w->near))
		conf_out_key(o, "push", "on");
	else
		import_side(o, &w->near, "near-gets", "delete-near");
}
