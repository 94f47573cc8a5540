/*
 * tally.c: why messages stay on the server: counted, and said once a run
 *
 * Who reads it gets it from cron: a line for each of a thousand messages
 * would hide the one that is about something else.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "tally.h"

static struct tally_why *
find_why(struct tally *t, const char *why, const char *cause)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->v[i].why, why) == 0)
			return &t->v[i];
	if (t->n == TALLY_WHYS)
		return &t->v[TALLY_WHYS - 1];
	if (t->n == TALLY_WHYS - 1)
		why = cause = "other reasons";
	t->v[t->n] = (struct tally_why){ .why = arena_dup(&t->arena,
	    str_of(why)), .cause = arena_dup(&t->arena, str_of(cause)) };
	return &t->v[t->n++];
}

void
tally_add(struct tally *t, const struct message *m, int status,
    const char *cause, const char *fmt, ...)
{
	struct tally_why *w;
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	w = find_why(t, why, cause != NULL ? cause : fmt);
	w->status = fail_worse(w->status, status);
	if (w->n++ < TALLY_NAMES)
		w->name[w->n - 1] = m->folder != NULL ?
		    arena_printf(&t->arena, "%s UID %u", m->folder, m->number) :
		    arena_printf(&t->arena, "message %u", m->number);
}

static void
say_why(const struct tally_why *w, const char *title, struct complain *c)
{
	struct buf b = { .max = 4096 };
	size_t i;

	for (i = 0; i < TALLY_NAMES && i < w->n; i++) {
		if (i > 0)
			buf_s(&b, i + 1 == w->n ? " and " : ", ");
		buf_s(&b, w->name[i]);
	}
	if (w->n == 1)
		complain_say(c, w->status, w->cause, "%s: %s: %s stays on the server",
		    title, w->why, b.p);
	else
		complain_say(c, w->status, w->cause, "%s: %s: %llu messages stay on the server: %s%s",
		    title, w->why, (unsigned long long)w->n, b.p,
		    w->n > TALLY_NAMES ? " and others" : "");
	buf_free(&b);
}

void
tally_say(struct tally *t, const char *title, struct complain *c)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		say_why(&t->v[i], title, c);
	arena_free(&t->arena);
	*t = (struct tally){ .n = 0 };
}
