/*
 * migrate.c: imapsync migrate FROM TO: all mail of one account to another
 *
 * Small folders that are new come first, several at once.  Then folder by folder:
 * what is in doubt from a run before is looked for, what is new is copied, and a
 * lost connection is opened again, as long as there is progress.  FROM is never written to: its connection refuses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "migrate.h"
#include "migrate_check.h"
#include "migrate_extra.h"
#include "migrate_folder.h"
#include "migrate_lanes.h"
#include "migrate_make.h"
#include "migrate_mend.h"
#include "migrate_names.h"
#include "migrate_pace.h"
#include "migrate_run.h"
#include "migrate_share.h"
#include "migrate_show.h"
#include "migrate_verify.h"
#include "names.h"
#include "statedir.h"
#include "stop.h"
#include "trace.h"

enum { STUCK = 3 };		/* attempts at a folder, if others wait */

/* ---- the run ---- */

/* Both are there, and so are their lists. */
static int
connect_both(struct migrate *r)
{
	if (migrate_sides_connect(&r->from, &r->to) < 0)
		return -1;
	if (r->folder != NULL)
		return 0;
	if (r->from.n + r->from.nodd == 0)	/* each account has an INBOX */
		migrate_problem(r, EX_TEMPFAIL, NULL, "%s: it lists no mailbox, not even INBOX: nothing is copied",
		    r->from.name);
	migrate_names(r);
	return 0;
}

static void
hang_up_all(struct migrate *r)
{
	migrate_lanes_hang_up(r);
	migrate_side_hang_up(&r->from);
	migrate_side_hang_up(&r->to);
}

/*
 * Of the sides' failures the one that came, if any.  Where both came, since both
 * are connected to at once, one that will not pass counts: a password that was
 * refused is not tried again and again while the other server is away.
 */
static const struct err *
side_error(const struct migrate *r)
{
	const struct err *from = &r->from.err, *to = &r->to.err;
	bool final = !r->to.open && to->code != 0 && to->code != EX_TEMPFAIL;

	return from->code == 0 || (from->code == EX_TEMPFAIL && final) ? to :
	    from;
}

static int
do_folder(struct migrate *r, struct migrate_folder *f)
{
	switch (r->o->verb) {
	case MIGRATE_CHECK:
		return migrate_check(r, f);
	case MIGRATE_VERIFY:
		return migrate_verify(r, f);
	case MIGRATE_COPY:
	case MIGRATE_FAILS:
		break;
	}
	return migrate_folder(r, f);
}

/*
 * A folder that breaks the connection again and again, with nothing copied, is
 * put behind the others: they are not to wait for it, should it never end.
 */
static void
note_broken(struct migrate *r, struct migrate_folder *f)
{
	if (f->copied_at != r->messages)
		f->broke = 0;
	f->copied_at = r->messages;
	if (++f->broke < STUCK || f->last)
		return;
	f->last = true;
	migrate_pace_progress(r);
	trace_note(TRACE_DONE, "%s: it is left until the others are done",
	    f->from);
}

/*
 * What a server refuses of one folder, or says that is no IMAP, is that folder's;
 * a connection that has failed is opened again by the next step.
 */
static int
folder_step(struct migrate *r, struct migrate_folder *f)
{
	const struct err *why;
	int got = do_folder(r, f);

	if (got >= 0 || r->e->code != 0 || stop_asked())
		return got;
	why = side_error(r);
	if (why->code == EX_TEMPFAIL) {
		note_broken(r, f);
		return -1;
	}
	migrate_problem(r, why->code, f->from, "%s", why->msg);
	hang_up_all(r);
	f->done = true;
	return 0;
}

/*
 * All mailboxes by a few round trips.  If that breaks the connection they are
 * made one by one: it may be about one of them.
 */
static void
make_once(struct migrate *r)
{
	if (r->made || r->o->verb != MIGRATE_COPY)
		return;
	r->made = true;
	if (migrate_make_all(r) < 0 && !stop_asked()) {
		trace_note(TRACE_DONE, "%s", r->to.err.msg);
		hang_up_all(r);
	}
}

/* What one of several at once has met is told when it is the only one. */
static int
share_step(struct migrate *r)
{
	int got = migrate_share(r);

	if (got >= 0 || r->e->code != 0 || stop_asked() ||
	    side_error(r)->code == EX_TEMPFAIL)
		return got;
	hang_up_all(r);
	return 0;
}

/* Those that are to be done, or are left for the end: as attempt. */
static int
all_folder_steps(struct migrate *r, bool last)
{
	size_t i;
	int got;

	for (i = 0; i < r->nfolders; i++) {
		if (r->folder[i].done || r->folder[i].last != last)
			continue;
		if (connect_both(r) < 0)
			return -1;
		if ((got = folder_step(r, &r->folder[i])) != 0)
			return got;
	}
	return 0;
}

/* 0 all folders are done, 1 enough for now, -1. */
static int
attempt(struct migrate *r)
{
	int got;

	if (connect_both(r) < 0)
		return -1;
	make_once(r);
	if (connect_both(r) < 0)
		return -1;
	if ((got = share_step(r)) != 0)
		return got;
	if ((got = all_folder_steps(r, false)) != 0 ||
	    (got = all_folder_steps(r, true)) != 0)
		return got;
	if (r->o->verb != MIGRATE_CHECK && !r->o->delete_extra)
		return 0;
	if (connect_both(r) < 0)
		return -1;
	return r->o->delete_extra ? migrate_extra_delete(r) :
	    migrate_check_end(r);
}

/* After a failure: is it worth another try, and when? */
static int
again(struct migrate *r)
{
	const struct err *why = side_error(r);

	if (r->e->code != 0 || stop_asked() || why->code != EX_TEMPFAIL)
		return -1;
	trace_note(TRACE_DONE, "%s", why->msg);
	if (migrate_pace_pause(r) < 0)
		return -1;
	hang_up_all(r);
	return 0;
}

/* The server wants a pause; -1 if that was one too many, or at a stop. */
static int
paused(struct migrate *r)
{
	if (migrate_pace_pause(r) == 0)
		return 0;
	if (!stop_asked())
		fail(r->e, EX_TEMPFAIL, "%s: takes nothing, after pauses of minutes: %s",
		    r->to.name, r->why);
	return -1;
}

static int
all_attempts(struct migrate *r)
{
	int got;

	while ((got = attempt(r)) != 0) {
		if (got > 0 && !migrate_pace_waits(r))
			return got;
		if (got > 0 ? paused(r) < 0 : again(r) < 0)
			return -1;
	}
	return 0;
}

/* The connection broke in each of their attempts. */
static void
tell_stuck(struct migrate *r)
{
	size_t i;

	for (i = 0; i < r->nfolders; i++)
		if (r->folder[i].last && !r->folder[i].done)
			migrate_problem(r, EX_TEMPFAIL, r->folder[i].from,
			    "the connection breaks whenever it is at this one: it is not done");
}

static void
migrate_conclude(struct migrate *r, int got)
{
	unsigned left;

	if (got < 0 && !stop_asked())
		tell_stuck(r);
	if (got < 0 && !stop_asked())
		fail_join(r->e, side_error(r));
	if (stop_asked())
		fail_stop(r->e);
	else if (got < 0 && r->e->code == 0)
		fail(r->e, EX_TEMPFAIL, "%s wants pauses, and nothing more was copied between them: run it again later",
		    r->to.name);
	if (r->full)
		migrate_problem(r, EX_TEMPFAIL, NULL, "%s: there is no more room: %s",
		    r->to.name, r->why);
	if (r->spent)
		migrate_problem(r, EX_TEMPFAIL, NULL, "the bytes of --bytes-a-day are used up: run it again tomorrow (UTC)");
	if ((left = migrate_show_left(r)) > 0)
		migrate_problem(r, EX_DATAERR, NULL, "%u messages were refused: see --failed",
		    left);
}

/* ---- the state ---- */

static const char *
state_folder(struct migrate *r)
{
	const char *dir = r->o->state;

	if (dir == NULL)
		dir = statedir_path(&r->arena, "imapsync", "--state DIR", r->e);
	return dir == NULL ? NULL : arena_printf(&r->arena, "%s/migrate", dir);
}

/* Who only looks needs no lock, and no file. */
static int
open_state(struct migrate *r)
{
	const char *from = migrate_side_who(&r->from),
	    *to = migrate_side_who(&r->to), *path;
	bool looks = r->o->verb == MIGRATE_CHECK;

	if ((r->dir = state_folder(r)) == NULL)
		return -1;
	path = arena_printf(&r->arena, "%s/%016llx", r->dir,
	    (unsigned long long)names_hash(str_of(arena_printf(&r->arena,
	    "%s\t%s", from, to))));
	if (!looks && (r->lock = statedir_lock(arena_printf(&r->arena,
	    "%s.lock", path), r->e)) < 0)
		return -1;
	if (migrate_state_open(&r->state, path, from, to, looks, r->e) < 0)
		return -1;
	if (r->state.damaged == 0 || looks)
		return 0;
	fail_print("%s: %zu records are damaged: what they were about is looked for in %s",
	    path, r->state.damaged, r->to.name);
	if (migrate_mend(&r->state, path, from, to, r->e) < 0)
		return -1;
	return r->o->ignore.n == 0 ? 0 : fail(r->e, EX_USAGE,
	    "--ignore: the ids are others now: see --failed");
}

static int
judge(struct migrate *r)
{
	uint64_t id;
	size_t i;

	for (i = 0; i < r->o->ignore.n; i++)
		if (str_num(str_of(r->o->ignore.v[i]), UINT32_MAX, &id) < 0)
			return fail(r->e, EX_USAGE, "--ignore: an id of --failed, not \"%s\"",
			    r->o->ignore.v[i]);
		else if (migrate_state_judge(&r->state, (unsigned)id, true,
		    r->e) < 0)
			return -1;
	for (i = 0; r->o->retry && i < r->state.nfails; i++)
		if (r->state.fail[i].is == MIGRATE_FAILED &&
		    migrate_state_judge(&r->state, r->state.fail[i].id, false,
		    r->e) < 0)
			return -1;
	return 0;
}

/* ---- from the options to the end ---- */

static void
all_folders(struct migrate *r)
{
	struct sandbox box = { 0 };

	if (r->lock >= 0)
		sandbox_path(&box, r->dir, SANDBOX_WRITE);
	if (migrate_sides_ready(&r->from, &r->to, &box, r->e) == 0)
		migrate_conclude(r, all_attempts(r));
	sandbox_forget(&box);
	migrate_show_end(r);
}

static void
with_state(struct migrate *r)
{
	if (open_state(r) == 0 && judge(r) == 0) {
		if (r->o->verb == MIGRATE_FAILS)
			migrate_show_failed(r);
		else if (r->o->ignore.n == 0)
			all_folders(r);
		if (r->lock >= 0)
			migrate_state_sync(&r->state, r->e);
	}
	migrate_state_close(&r->state);
	if (r->lock >= 0)
		close(r->lock);
}

int
migrate_run(const struct migrate_options *o, struct err *e)
{
	struct migrate r = { .o = o, .e = e,
	    .from = { .name = o->from, .password = o->from_password,
	    .looks = true },
	    .to = { .name = o->to, .password = o->to_password,
	    .looks = o->verb != MIGRATE_COPY }, .lock = -1,
	    .mutex = PTHREAD_MUTEX_INITIALIZER,
	    .state.log = { .fd = -1, .dir = -1 } };
	int status;

	if (migrate_side_load(&r.from, o->like, e) == 0 &&
	    migrate_side_load(&r.to, o->like, e) == 0)
		with_state(&r);
	status = fail_worse(r.status, e->code);
	migrate_lanes_free(&r);
	migrate_side_free(&r.from);
	migrate_side_free(&r.to);
	table_free(&r.of_to);
	free(r.folder);
	free(r.gmail.id);
	arena_free(&r.arena);
	return status;
}
