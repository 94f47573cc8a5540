/* feed.c: operands and lines, begun as there is room for them */
#include <errno.h>
#include <stdlib.h>

#include "dns.h"
#include "feed.h"
#include "hosts.h"
#include "jobs.h"
#include "lines.h"
#include "operand.h"
#include "run.h"
#include "share.h"
#include "stop.h"
#include "targets.h"

struct feed {
	struct lines lines;
	bool reading;			/* stdin */
	bool watched, begun;
	size_t next;
	uint64_t seq;
};

char feed_token;

static void
feed_set_up(struct run *r)
{
	if (r->feed != NULL)
		return;
	r->feed = mem_new(1, sizeof *r->feed);
}

/* Which ports are connected to; SRV records and lines to come say it late. */
static void
opens(struct run *r, const struct operand *o)
{
	size_t i;

	r->policies |= o->kind == TARGET_MX && !r->set->want.no_sts;
	r->box.any_port |= o->kind == TARGET_SRV;
	if (o->port.number != 0) {
		sandbox_port(&r->box, o->port.number);
	} else if (r->set->scope.nports > 0) {
		for (i = 0; i < r->set->scope.nports; i++)
			sandbox_port(&r->box, r->set->scope.port[i].number);
	} else if (o->kind == TARGET_MX) {
		sandbox_port(&r->box, 25);
	} else {
		for (i = 0; i < HOSTS_USUAL; i++)
			sandbox_port(&r->box, hosts_usual[i]);
	}
}

static int
check_target(struct run *r, const char *text, struct err *e)
{
	struct operand o = { .text = text };
	struct arena mem = { 0 };
	int got = operand_parse(&o, str_of(text), r->set, &mem, e);

	if (got == 0)
		opens(r, &o);
	arena_free(&mem);
	return got;
}

int
feed_check(struct run *r, struct err *e)
{
	const struct opt_list *all = &r->set->operands;
	size_t i;
	int got = 0;

	feed_set_up(r);
	if (all->n == 0)
		return fail(e, EX_USAGE, "which host? (- reads them from standard input)");
	for (i = 0; i < all->n && got == 0; i++) {
		if (!str_is(str_of(all->v[i]), "-")) {
			got = check_target(r, all->v[i], e);
			continue;
		}
		r->box.any_port = true;
		r->policies |= !r->set->want.no_sts;
	}
	return got;
}

static bool
room(const struct run *r)
{
	return r->targets < 2 * r->most + 16 &&
	    jobs_waiting(r->jobs) + share_waiting(r->shares) < 4 * r->most &&
	    dns_room(r->dns) > 0;
}

/* A line of stdin: no comment, no BOM, no CR. */
static bool
next_line(struct run *r, struct str *s)
{
	struct feed *f = r->feed;
	struct str rest;

	for (;;) {
		while (lines_next(&f->lines, &rest)) {
			if (!f->begun && str_starts(rest, "\xef\xbb\xbf"))
				rest = str_from(rest, 3);
			f->begun = true;
			*s = str_trim(str_cut(&rest, '#'));
			if (s->n > 0)
				return true;
		}
		if (lines_end(&f->lines))
			f->reading = false;
		if (!f->reading || f->watched || stop_asked())
			return false;
		f->watched = net_watch_once(r->watch, f->lines.fd,
		    &feed_token) == 0;
		if (f->watched)
			return false;
		f->lines.regular = f->lines.readable = true;
	}
}

void
feed_readable(struct run *r)
{
	r->feed->watched = false;
	r->feed->lines.readable = true;
}

void
feed_begin(struct run *r)
{
	struct feed *f = r->feed;
	struct str s;

	while (room(r)) {
		if (f->reading) {
			if (next_line(r, &s))
				targets_begin(r, s, f->seq++);
			else if (f->reading)
				return;
		} else if (f->next < r->set->operands.n) {
			s = str_of(r->set->operands.v[f->next++]);
			if (str_is(s, "-"))
				f->reading = !lines_end(&f->lines);
			else
				targets_begin(r, s, f->seq++);
		} else {
			return;
		}
	}
}

int
feed_over(const struct run *r, struct err *e)
{
	errno = r->feed->lines.error;
	return errno == 0 ? 0 : fail_sys(e, EX_NOINPUT, "standard input");
}

bool
feed_end(const struct run *r)
{
	return !r->feed->reading && r->feed->next == r->set->operands.n;
}

void
feed_free(struct run *r)
{
	free(r->feed);
}
