/* deliver_open.c: the places of a run are opened */
#include <stdio.h>
#include <string.h>

#include "deliver.h"
#include "file.h"
#include "known.h"
#include "names.h"

/*
 * How many processes that commands left running may have their message's file
 * open.
 */
enum { STRAYS = 5 };

/* A place twice would be in its own way: its files and its locks. */
static int
refuse_twice(struct deliver *d, size_t n)
{
	const struct opt_list *to = &d->h.o->to.deliver;
	struct str name = place_known_as(d->h.arena, to->v[n]);
	size_t i;

	for (i = 0; i < n; i++)
		if (str_eq(name, place_known_as(d->h.arena, to->v[i])) ||
		    place_same_file(&d->place[n], &d->place[i]))
			return fail(d->h.e, EX_USAGE, "--deliver %s and --deliver %s are one place",
			    to->v[i], to->v[n]);
	return 0;
}

static int
parse_places(struct deliver *d)
{
	const struct options *o = d->h.o;
	bool all_files = true;
	size_t i;

	d->places = o->to.deliver.n;
	d->place = arena_new(d->h.arena, d->places, sizeof *d->place);
	for (i = 0; i < d->places; i++) {
		if (place_parse(&d->place[i], o->to.deliver.v[i], &d->h) < 0 ||
		    refuse_twice(d, i) < 0)
			return -1;
		all_files &= place_files(&d->place[i]);
	}
	if (d->h.state->lost > 0 && !all_files)
		return fail(d->h.e, EX_CONFIG, "%s: damaged: what was delivered to other places than Maildirs cannot be found out. Remove it, and mail that is still on the server comes again", d->h.state->path);
	return 0;
}

static int
begin_state(struct deliver *d)
{
	struct state *s = d->h.state;

	if (state_begin(s, d->h.e) < 0)
		return -1;
	if (!s->look && (s->lost > 0 || s->head == STATE_HEAD_LOST))
		fail_print("%s: damaged: kept as %s.damaged, and made anew from what is left",
		    s->path, s->path);
	return 0;
}

/* The ledger's numbers, in the order of the places. */
static int
number_places(struct deliver *d)
{
	const struct options *o = d->h.o;
	struct ledger_place v[LEDGER_PLACES];
	size_t i;

	for (i = 0; i < d->places && i < LEDGER_PLACES; i++)
		v[i] = (struct ledger_place){ .name = place_known_as(
		    d->h.arena, o->to.deliver.v[i]), .of = o->to.of };
	if (ledger_open(d->h.ledger, d->h.state, v, d->places, d->h.e) < 0)
		return -1;
	for (i = 0; i < d->places; i++)
		d->place[i].number = v[i].number;
	for (i = 0; i < d->h.state->n && !d->old; i++)
		d->old = d->h.state->v[i].kind == STATE_SEEN &&
		    d->h.state->v[i].places == STATE_ALL;
	return 0;
}

/* One that is made now cannot be seen to be another one before. */
static int
open_places(struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->places; i++) {
		if (place_open(&d->place[i], &d->h) < 0 ||
		    refuse_twice(d, i) < 0)
			return -1;
		d->single |= place_single(&d->place[i]);
	}
	return 0;
}

bool
deliver_by_folder(const struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (d->place[i].each != NULL)
			return true;
	return false;
}

/* Opened by then: only now can two of them be seen to be one. */
static int
refuse_one_folder(struct deliver *d, size_t n)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (i != n && place_same_file(&d->place[n], &d->place[i]))
			return fail(d->h.e, EX_USAGE, "--deliver %s and --deliver %s are one place for this folder",
			    d->h.o->to.deliver.v[i], d->h.o->to.deliver.v[n]);
	return 0;
}

static int
open_folder(struct deliver *d, const char *path)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (d->place[i].each != NULL &&
		    (place_folder(&d->place[i], path, &d->h) < 0 ||
		    refuse_one_folder(d, i) < 0 ||
		    known_find_in(d, i) < 0))
			return 1;
	return 0;
}

int
deliver_folder(struct deliver *d, struct str folder, char sep)
{
	struct buf path = { .max = 4096 };
	int got;

	if (!deliver_by_folder(d))
		return 0;
	if (deliver_commit(d) < 0)
		return -1;
	if (names_to_path(&path, folder, sep, &names_verbatim) == 0)
		got = open_folder(d, path.p);
	else {
		fail(d->h.e, EX_CANTCREAT, "this name cannot be a path here");
		got = 1;
	}
	buf_free(&path);
	return got;
}

void
deliver_init(struct deliver *d, const struct handed *h)
{
	*d = (struct deliver){ .h = *h, .spool = -1, .filter.out = -1,
	    .hook.file = -1 };
	d->h.file = -1;
}

int
deliver_open(struct deliver *d)
{
	d->out = arena_new(d->h.arena, 1, DELIVER_OUT);
	d->batch = arena_new(d->h.arena, DELIVER_BATCH, sizeof *d->batch);
	if (d->h.o->to.filter != NULL && filter_parse(&d->filter, &d->h) < 0)
		return -1;
	if (hook_open(&d->hook, d->h.arena, d->h.o->to.on_change,
	    d->h.o->to.deliver_timeout, d->h.e) < 0)
		return -1;
	maildir_host(d->host);
	return parse_places(d) < 0 || begin_state(d) < 0 ||
	    number_places(d) < 0 || open_places(d) < 0 || known_find(d) < 0 ?
	    -1 : 0;
}

void
deliver_box(const struct deliver *d, struct sandbox *box)
{
	size_t i, more = d->single ? STRAYS : 0;

	for (i = 0; i < d->places; i++) {
		place_box(&d->place[i], box);
		more += place_temps(&d->place[i]);
	}
	if (d->h.o->to.filter != NULL) {
		filter_box(&d->filter);
		more += 1 + STRAYS;
	}
	if (d->h.o->to.on_change != NULL)
		more += HOOK_TEMPS;
	file_temp_keep((d->places > 0) + more, box);
}
