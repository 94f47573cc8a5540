/* migrate_folder.c: one mailbox of a migration */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "imap_box.h"
#include "migrate_copy.h"
#include "migrate_extra.h"
#include "migrate_flags.h"
#include "migrate_folder.h"
#include "migrate_gmail.h"
#include "migrate_lanes.h"
#include "migrate_look.h"
#include "migrate_make.h"
#include "migrate_pace.h"
#include "migrate_run.h"
#include "migrate_select.h"
#include "migrate_show.h"
#include "migrate_who.h"

enum { SUSPECT = 3 };			/* times, until a message is left */

/* ---- what there is to do ---- */

/* Which of all are to be copied; sorted. */
static void
still_to_do(struct migrate *r, struct migrate_box *b, const uint32_t *all,
    size_t n, struct imap_uids *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (migrate_state_todo(&r->state, b, all[i]))
			imap_uids_add(to, all[i]);
}

/*
 * What may be there, and cannot be read there, must not be sent again; unless a
 * later look has found it.
 */
static int
note_unsure(struct migrate *r, struct migrate_box *b,
    const struct imap_uids *unsure)
{
	const struct migrate_pair *p;
	size_t i;

	for (i = 0; i < unsure->n; i++) {
		p = migrate_state_find(b, unsure->v[i]);
		if ((p == NULL || p->to == 0) && migrate_state_fail(&r->state,
		    b, unsure->v[i], MIGRATE_MAYBE_THERE, r->e) < 0)
			return -1;
	}
	return 0;
}

/* Both have mail from before: what is not paired yet is looked for. */
static int
look_at_all(struct migrate *r, struct migrate_box *b, const uint32_t *all,
    size_t n, struct imap_uids *unsure)
{
	const struct migrate_pair *p;
	struct imap_uids some = { 0 };
	size_t i;
	int got;

	for (i = 0; i < n; i++)
		if ((p = migrate_state_find(b, all[i])) == NULL || p->to == 0)
			imap_uids_add(&some, all[i]);
	got = migrate_look(r, b, some.v, some.n, 1, false, unsure);
	free(some.v);
	return got;
}

/*
 * A server may store what it has as a whole after the connection, or the run,
 * that sent it is gone: what is not there is looked for once more a bit later.
 */
static int
look_later(struct migrate *r, struct migrate_box *b, int64_t looked,
    const struct imap_uids *doubts, struct imap_uids *unsure)
{
	struct imap *m = &r->to.imap;
	struct imap_uids left = { 0 };
	size_t i;
	int got = 0;

	for (i = 0; i < doubts->n; i++)
		if (migrate_state_find(b, doubts->v[i]) == NULL)
			imap_uids_add(&left, doubts->v[i]);
	if (left.n > 0)
		got = migrate_pace_settle(r, looked);
	if (got > 0 && (got = imap_wait(m, imap_say(m, "NOOP"))) >= 0)
		got = migrate_look(r, b, left.v, left.n, b->low, true, unsure);
	free(left.v);
	return got;
}

/* In doubt is what was sent without an answer, and what is tried once more. */
static int
look_at_doubts(struct migrate *r, struct migrate_box *b, const uint32_t *all,
    size_t n, struct imap_uids *unsure)
{
	const struct migrate_fail *f;
	struct imap_uids doubts = { 0 }, sent = { 0 };
	int64_t looked = clock_ms();
	uint32_t low = b->low;
	size_t i;
	int got = 0;

	migrate_state_doubts(&r->state, b, &sent);
	for (i = 0; i < sent.n; i++)
		imap_uids_add(&doubts, sent.v[i]);
	for (i = 0; i < n; i++) {
		f = migrate_state_failed(&r->state, b, all[i]);
		if (f == NULL || f->is != MIGRATE_AGAIN ||
		    migrate_state_find(b, all[i]) != NULL)
			continue;
		imap_uids_add(&doubts, all[i]);
		low = 1;
	}
	imap_uids_sort(&doubts);
	if (doubts.n > 0)
		got = migrate_look(r, b, doubts.v, doubts.n, low, true, unsure);
	if (got == 0)
		got = look_later(r, b, looked, &sent, unsure);
	free(doubts.v);
	free(sent.v);
	return got;
}

/* Messages of before that may be there: in doubt, or all where both have mail. */
static int
look_before(struct migrate *r, struct migrate_box *b, const uint32_t *all,
    size_t n)
{
	struct imap_uids unsure = { 0 };
	int got = 0;

	if (!b->looked && r->to.imap.box.exists > 0)
		got = look_at_all(r, b, all, n, &unsure);
	if (got == 0)
		got = look_at_doubts(r, b, all, n, &unsure);
	imap_uids_sort(&unsure);
	if (got == 0)
		got = note_unsure(r, b, &unsure);
	free(unsure.v);
	return got < 0 ? -1 : migrate_state_sure(&r->state, b, r->e);
}

static int
copy_todo(struct migrate *r, struct migrate_folder *f, struct migrate_box *b,
    uint32_t next, const struct imap_uids *todo)
{
	int got = MIGRATE_ALL;

	if (todo->n > 0)
		got = migrate_lanes_copy(r, f, b, next, todo->v, todo->n);
	if (got == MIGRATE_GONE) {
		migrate_problem(r, EX_TEMPFAIL, f->from, "%s is not there any more: %s",
		    f->to, r->why);
		f->there = false;
	}
	return got;
}

/* 1: by its own count there are more than it tells of. */
static int
ask_all(struct migrate *r, const struct migrate_folder *f, uint32_t **all,
    size_t *n)
{
	struct imap *m = &r->from.imap;
	uint64_t exist = m->box.exists;

	if (migrate_uids_ask(m, 1, all, n) < 0)
		return -1;
	if (m->box.exists < exist)
		exist = m->box.exists;
	if (*n >= exist)
		return 0;
	migrate_problem(r, EX_TEMPFAIL, f->from, "the server tells of %zu messages, and says that there are %llu",
	    *n, (unsigned long long)exist);
	return 1;
}

/* What was neither copied nor refused has to be gone in FROM. */
static int
tell_missing(struct migrate *r, const struct migrate_folder *f,
    struct migrate_box *b, const struct imap_uids *todo)
{
	struct imap_uids left = { 0 };
	uint32_t *all = NULL;
	size_t n = 0, i, here = 0;
	int got = 0;

	still_to_do(r, b, todo->v, todo->n, &left);
	if (left.n > 0)
		got = migrate_uids_ask(&r->from.imap, 1, &all, &n);
	for (i = 0; i < n; i++)
		here += imap_uids_has(&left, all[i]);
	if (here > 0)
		migrate_problem(r, EX_TEMPFAIL, f->from, "%zu messages do not come, and are not gone",
		    here);
	free(all);
	free(left.v);
	return got;
}

/* The others are not to wait for one that breaks the connection each time. */
static int
leave_suspect(struct migrate *r, struct migrate_box *b)
{
	struct migrate_suspect s = b->suspect;

	if (s.times < SUSPECT)
		return 0;
	b->suspect = (struct migrate_suspect){ 0 };
	if (migrate_state_find(b, s.uid) != NULL)
		return 0;
	return migrate_state_fail(&r->state, b, s.uid, s.is_to ?
	    "the connection there breaks each time that it is sent" :
	    "the connection breaks each time that it is read", r->e);
}

/* 0, 1, -1: as migrate_folder. */
static int
copy_new(struct migrate *r, struct migrate_folder *f, struct migrate_box *b)
{
	struct imap_uids todo = { 0 };
	uint64_t before = r->messages, there = r->to.imap.box.uidnext;
	uint32_t *all, next = there > 0 && there <= UINT32_MAX ?
	    (uint32_t)there : 1;
	size_t n;
	int got = ask_all(r, f, &all, &n);
	bool whole = got == 0;

	if (got >= 0)
		got = look_before(r, b, all, n);
	if (got == 0)
		got = leave_suspect(r, b);
	if (got == 0)
		got = migrate_flags(r, f, b);
	if (got == 0) {
		still_to_do(r, b, all, n, &todo);
		got = migrate_gmail_leave_out(r, b, &todo);
	}
	if (got == 0) {
		got = copy_todo(r, f, b, next, &todo);
	}
	f->copied += r->messages - before;
	if (got == MIGRATE_ENOUGH && migrate_state_sure(&r->state, b, r->e) < 0)
		got = -1;		/* all that was sent was answered */
	if (got == MIGRATE_ALL)
		got = tell_missing(r, f, b, &todo);
	if (got == 0)
		got = migrate_state_sure(&r->state, b, r->e);
	if (got == 0 && whole && r->o->delete_extra)
		got = migrate_extra_look(r, f, b, next, all, n);
	if (got == 0)
		got = migrate_gmail_done(r, all, n);
	free(all);
	free(todo.v);
	if (got == MIGRATE_GONE)
		got = 0;
	return got;
}

/* It cannot be copied to, but what it has was, in a run before. */
static int
copied_before(struct migrate *r, const struct migrate_folder *f)
{
	struct migrate_box *b = migrate_state_named(&r->state, f->from);
	struct imap_uids uids = { 0 };
	size_t i;
	int got;

	if (b == NULL || !migrate_gmail(r))
		return 0;
	if ((got = imap_select(&r->from.imap, str_of(f->from), true)) != 0 ||
	    r->from.imap.box.uidvalidity != b->from_validity)
		return got < 0 ? -1 : 0;
	for (i = 0; i < b->n; i++)
		imap_uids_add(&uids, b->v[i].from);
	imap_uids_sort(&uids);
	got = migrate_gmail_done(r, uids.v, uids.n);
	free(uids.v);
	return got;
}

int
migrate_folder(struct migrate *r, struct migrate_folder *f)
{
	struct migrate_box *b;
	int got;

	if ((got = migrate_make(r, f)) != 0 ||
	    (got = migrate_select(r, f)) != 0)
		return got < 0 ? -1 : copied_before(r, f);
	if ((b = migrate_find(r, f)) == NULL && (b = migrate_state_begin(
	    &r->state, f->from, f->to, r->from.imap.box.uidvalidity,
	    r->to.imap.box.uidvalidity, r->e)) == NULL)
		return -1;
	if ((got = copy_new(r, f, b)) != 0)
		return got;
	f->done = true;
	migrate_show_folder(r, f);
	return 0;
}
