/*
 * asked.c: what the last whole run was asked to have here of each mailbox
 *
 * The rules as text, in a file of the base.  Rules that look at the age, and a
 * window of days, mean other messages each day.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "asked.h"
#include "box.h"
#include "clock.h"
#include "file.h"

enum { ASKED_MAX = 1 << 20, DAY = 86400 };

static const char *
asked_path(struct run *r)
{
	return arena_printf(&r->arena, "%s/asked", r->dir);
}

static void
asked_text(struct buf *b, const struct settings *o)
{
	if (o->here.bodies.n > 0)
		buf_printf(b, "bodies %s\n", o->here.bodies.text);
	if (o->here.bodies.ages)
		buf_printf(b, "day %lld\n", (long long)clock_wall() / DAY);
	if (o->here.last > 0)
		buf_printf(b, "last %llu\n", (unsigned long long)o->here.last);
	if (o->here.since != 0)
		buf_printf(b, "since %lld\n", (long long)o->here.since / DAY);
}

/* "" if there is none. */
static void
asked_before(struct run *r, struct buf *b)
{
	int fd = open(asked_path(r), O_RDONLY | O_CLOEXEC);
	struct err quiet = { 0 };

	if (fd < 0)
		return;
	if (file_slurp(fd, b, &quiet) < 0)
		b->n = 0;
	close(fd);
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
	struct buf was = { .max = ASKED_MAX };
	bool is;

	asked_before(r, &was);
	is = r->o->here.last > 0 || r->o->here.since != 0 ||
	    has_window(BUF_STR(was));
	buf_free(&was);
	return is;
}

bool
asked_anew(struct run *r)
{
	struct buf now = { .max = ASKED_MAX }, was = { .max = ASKED_MAX };
	bool anew;

	asked_text(&now, r->o);
	asked_before(r, &was);
	anew = (now.n > 0 || has_window(BUF_STR(was))) &&
	    !str_eq(BUF_STR(now), BUF_STR(was));
	buf_free(&now);
	buf_free(&was);
	return anew;
}

int
asked_begin(struct run *r)
{
	struct buf was = { .max = ASKED_MAX };
	int got = 0;

	asked_before(r, &was);
	if (!r->o->dry_run && !has_window(BUF_STR(was))) {
		buf_s(&was, "since begun\n");
		got = file_replace(asked_path(r), BUF_STR(was), r->e);
	}
	buf_free(&was);
	return got;
}

bool
asked_ever(struct run *r)
{
	return r->o->here.bodies.n > 0 || access(asked_path(r), F_OK) == 0;
}

int
asked_done(struct run *r)
{
	struct buf now = { .max = ASKED_MAX };
	int got = 0;

	if (asked_anew(r)) {
		asked_text(&now, r->o);
		got = file_replace(asked_path(r), BUF_STR(now), r->e);
	}
	buf_free(&now);
	return got;
}
