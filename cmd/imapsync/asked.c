/*
 * asked.c: what the last whole run was asked to have here of each mailbox
 *
 * The rules as text, in a file of the base.  Rules that look at the age, and a
 * window of days, mean other messages each day.  Behind them, what was left out
 * when the window ended: what is missing there comes back when it is synced.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "box.h"
#include "clock.h"
#include "file.h"
#include "index.h"
#include "name_set.h"

#define LEFT "left "

enum { ASKED_MAX = 1 << 20, DAY = 86400 };

static const char *
asked_path(struct run *r)
{
	return arena_printf(&r->arena, "%s/asked", r->dir);
}

static void
asked_text(struct buf *b, const struct run *r)
{
	const struct settings *o = r->o;

	if (o->here.bodies.n > 0)
		buf_printf(b, "bodies %s\n", o->here.bodies.text);
	if (o->here.bodies.ages)
		buf_printf(b, "day %lld\n", (long long)clock_wall() / DAY);
	if (o->here.last > 0)
		buf_printf(b, "last %llu\n", (unsigned long long)o->here.last);
	if (r->since != 0)
		buf_printf(b, "since %lld\n", (long long)r->since / DAY);
}

/* "" if there is none; the lines of what was left out are in left. */
static void
asked_before(struct run *r, struct buf *b, struct buf *left)
{
	int fd = open(asked_path(r), O_RDONLY | O_CLOEXEC);
	struct buf all = { .max = ASKED_MAX };
	struct err quiet = { 0 };
	struct str text, line;

	if (fd < 0)
		return;
	if (file_slurp(fd, &all, &quiet) < 0)
		all.n = 0;
	close(fd);
	for (text = BUF_STR(all); text.n > 0; ) {
		line = str_cut(&text, '\n');
		if (line.n > 0)
			buf_printf(str_starts(line, LEFT) ? left : b, "%.*s\n",
			    STR_ARG(line));
	}
	buf_free(&all);
}

/* Is one of them synced now? */
static bool
has_left(struct run *r, struct str left)
{
	struct arena some = { 0 };
	struct str line;
	bool is = false;

	while (left.n > 0 && !is) {
		line = str_cut(&left, '\n');
		is = box_named(r, arena_dup(&some, str_from(line,
		    strlen(LEFT)))) != NULL;
	}
	arena_free(&some);
	return is;
}

static bool
has_window(struct str text)
{
	struct str line;

	while (text.n > 0) {
		line = str_cut(&text, '\n');
		if (str_starts(line, "last ") || str_starts(line, "since "))
			return true;
	}
	return false;
}

bool
asked_window(struct run *r)
{
	struct buf was = { .max = ASKED_MAX }, left = { .max = ASKED_MAX };
	bool is;

	asked_before(r, &was, &left);
	is = r->o->here.last > 0 || r->since != 0 ||
	    has_window(BUF_STR(was)) || has_left(r, BUF_STR(left));
	buf_free(&was);
	buf_free(&left);
	return is;
}

bool
asked_anew(struct run *r)
{
	struct buf now = { .max = ASKED_MAX }, was = { .max = ASKED_MAX };
	struct buf left = { .max = ASKED_MAX };
	bool anew;

	asked_text(&now, r);
	asked_before(r, &was, &left);
	anew = ((now.n > 0 || has_window(BUF_STR(was))) &&
	    !str_eq(BUF_STR(now), BUF_STR(was))) ||
	    has_left(r, BUF_STR(left));
	buf_free(&now);
	buf_free(&was);
	buf_free(&left);
	return anew;
}

int
asked_begin(struct run *r)
{
	struct buf was = { .max = ASKED_MAX }, left = { .max = ASKED_MAX };
	int got = 0;

	asked_before(r, &was, &left);
	if (!r->o->dry_run && !has_window(BUF_STR(was))) {
		buf_s(&was, "since begun\n");
		buf_str(&was, BUF_STR(left));
		got = file_replace(asked_path(r), BUF_STR(was), r->e);
	}
	buf_free(&was);
	buf_free(&left);
	return got;
}

bool
asked_ever(struct run *r)
{
	return r->o->here.bodies.n > 0 || access(asked_path(r), F_OK) == 0;
}

/* The mailboxes that had a window, and are not synced now. */
static void
put_left(struct run *r, struct buf *now)
{
	struct buf was = { .max = ASKED_MAX }, left = { .max = ASKED_MAX };
	struct name_set before = { 0 };
	struct arena some = { 0 };
	struct str lines, name;
	bool all;
	size_t i;

	asked_before(r, &was, &left);
	all = has_window(BUF_STR(was)) && !has_window(BUF_STR(*now));
	for (lines = BUF_STR(left); lines.n > 0; ) {
		name = str_cut(&lines, '\n');
		name_set_add(&before, &some, str_from(name, strlen(LEFT)));
	}
	for (i = 0; i < r->index.n; i++) {
		name = str_of(r->index.v[i].box);
		if (box_named(r, r->index.v[i].box) == NULL &&
		    (all || name_set_has(&before, name)))
			buf_printf(now, LEFT "%.*s\n", STR_ARG(name));
	}
	name_set_free(&before);
	arena_free(&some);
	buf_free(&was);
	buf_free(&left);
}

int
asked_done(struct run *r)
{
	struct buf now = { .max = ASKED_MAX };
	int got = 0;

	if (asked_anew(r)) {
		asked_text(&now, r);
		put_left(r, &now);
		got = file_replace(asked_path(r), BUF_STR(now), r->e);
	}
	buf_free(&now);
	return got;
}
