/*
 * watch.c: --watch: an account that is synced whenever something has changed
 *
 * A run looks at all folders, and then, over the same connection, smaller ones
 * look at what was told of.  The lock is held in a run alone, so that others
 * can be made beside it: a body is fetched, the state is looked at.
 */
#include <stdio.h>
#include <unistd.h>

#include "account.h"
#include "account_run.h"
#include "await.h"
#include "await_says.h"
#include "clock.h"
#include "complain.h"
#include "dirwatch.h"
#include "link.h"
#include "mem.h"
#include "os.h"
#include "outage.h"
#include "roster.h"
#include "service.h"
#include "settings.h"
#include "stop.h"
#include "told.h"
#include "trace.h"
#include "watch.h"

/*
 * Another run is waited for without a word for a minute; one that has not much
 * to do is over soon.
 */
enum { BUSY = 60 };
/* Who tells of changes without end is heard every so many seconds. */
enum { PAUSE = 2 };
/* Once more if there are new folders, and so often at most. */
enum { MORE = 3 };

struct watching {
	const struct settings *o;
	const struct watch *how;
	struct err *e;
	struct account_kept kept;
	struct roster roster;
	struct told told;
	struct await await;
	struct outage outage;	/* of connections */
	struct outage failing;	/* of runs, while the connection is well */
	unsigned hasty;
	bool reached;		/* since the connection was opened */
};

/* ---- one run ---- */

/* The time for a run, which is not that of the wait behind it. */
static void
set_time(struct watching *w, bool begins)
{
	struct account *a = w->o->account;
	struct link *l = account_link(&w->kept);

	a->deadline = 0;
	if (l != NULL)
		l->session.conf.deadline = begins && a->timeout > 0 ?
		    clock_in(a->timeout) : 0;
}

/* Beside the base, once that is known. */
static void
complain_where(struct watching *w)
{
	struct buf b = { .max = 8192 };

	if (w->told.complain.after > 0 || w->how->complain_after <= 0 ||
	    w->kept.state == NULL)
		return;
	buf_printf(&b, "%s/watch", w->kept.state);
	complain_open(&w->told.complain, w->how->complain_after, b.p);
	buf_free(&b);
}

static int
run_once(struct watching *w)
{
	bool all = !w->roster.whole;
	int status;

	service_say("STATUS=%s: syncing", w->o->title);
	set_time(w, true);
	status = account_pass(&w->kept, w->o, NULL, w->e);
	set_time(w, false);
	complain_where(w);
	fflush(stdout);
	if (w->e->code != 0)
		return status;
	if (all)
		w->await.looked = clock_ms();
	told_end(&w->told, all);
	return status;
}

static int
run_waited(struct watching *w)
{
	int64_t end = clock_in(BUSY), slept = clock_slept();
	int status;

	while ((status = run_once(w)) != 0 && w->kept.busy &&
	    clock_left(end) > 0 && !stop_asked()) {
		fail_clear(w->e);
		outage_rest(1, slept);
	}
	return status;
}

/*
 * All of it once more where folders are watched that were not while it looked:
 * something may have come into them, or a folder beside them.
 */
static int
run_all(struct watching *w)
{
	int status = run_waited(w), more = MORE;
	struct link *l;

	while (w->e->code == 0 && !stop_asked() &&
	    (l = account_link(&w->kept)) != NULL && more-- > 0 &&
	    await_here(&w->await)) {
		link_unselect(l);
		w->roster.whole = false;
		status = run_waited(w);
	}
	os_trim();			/* it may wait for days */
	return status;
}

/* ---- one connection ---- */

static struct outage_pass
pass_of(const struct watching *w, int status, int64_t began)
{
	return (struct outage_pass){ .status = status, .code = w->e->code,
	    .reached = w->reached, .began = began, .ended = clock_ms() };
}

/* What failed in it is tried again, sooner or later. */
static double
seconds_after(struct watching *w, int status)
{
	outage_after(&w->failing, &(struct outage_pass){ .status = status });
	return status != 0 ? outage_pause(&w->failing) : 0;
}

static void
hold_back(struct watching *w, int64_t since, int news)
{
	w->hasty = await_says_hasty(w->hasty, news, clock_ms() - since);
	if (w->hasty > AWAIT_HASTY)
		outage_rest(PAUSE, clock_slept());
}

/* Runs and waits until a run fails, the connection is lost, or a stop. */
static int
hold_session(struct watching *w)
{
	struct link *l;
	int64_t since;
	double pause;
	int status, news;

	w->roster.whole = w->reached = false;
	for (;;) {
		status = run_all(w);
		if (w->e->code != 0 || stop_asked() ||
		    (l = account_link(&w->kept)) == NULL)
			return status;
		w->reached = true;
		pause = seconds_after(w, status);
		since = clock_ms();
		news = await_news(&w->await, l, pause);
		if (news < 0)
			fail_join(w->e, &l->err);
		if (news < 0 || stop_asked())
			return EX_TEMPFAIL;
		hold_back(w, since, news);
		if ((news & AWAIT_ALL) != 0)
			w->roster.whole = false;
	}
}

/* ---- all of them ---- */

/* Why a run or a connection ended. */
static void
tell_outage(struct watching *w)
{
	complain_say(&w->told.complain, w->e->code, COMPLAIN_RUN,
	    "%s: %s; trying again", w->o->title, w->e->msg);
}

static int
watch_on(struct watching *w)
{
	struct outage_pass pass;
	enum outage_next next;
	int64_t slept, began;
	int status;

	while (!stop_asked()) {
		slept = clock_slept();
		began = clock_ms();
		status = hold_session(w);
		account_hang_up(&w->kept);
		if (stop_asked())
			break;
		pass = pass_of(w, status, began);
		next = outage_after(&w->outage, &pass);
		if (next == OUTAGE_END)
			return status;
		trace_note(TRACE_DONE, "%s: %s", w->o->title, w->e->msg);
		service_say("STATUS=%s: %s", w->o->title, w->e->msg);
		if (next == OUTAGE_SAY || (w->told.complain.after > 0 &&
		    pass.code == EX_TEMPFAIL && !w->reached))
			tell_outage(w);
		told_end(&w->told, false);
		fail_clear(w->e);
		outage_rest(outage_pause(&w->outage), slept);
	}
	fail_clear(w->e);
	service_say("STOPPING=1");
	return 0;
}

int
watch_account(const struct settings *o, const struct watch *how,
    struct err *e)
{
	struct watching w = { .o = o, .how = how, .e = e,
	    .kept = { .hook.file = -1 }, .outage = { .patient = true },
	    .await = { .title = o->title, .root = o->near, .poll = how->poll,
	    .timeout = o->account->timeout,
	    .near = dirwatch_open() } };
	int status;

	os_frugal();		/* there may be fifty of us, and days of rest */
	o->account->again = true;
	w.await.roster = w.kept.roster = &w.roster;
	w.kept.told = &w.told;
	status = watch_on(&w);
	if (w.await.near >= 0)
		close(w.await.near);
	account_unkeep(&w.kept);
	roster_free(&w.roster);
	told_free(&w.told);
	return status;
}
