/* await.c: waiting until something has changed, here or there */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "await_says.h"
#include "clock.h"
#include "dirwatch.h"
#include "fail.h"
#include "imap_idle.h"
#include "imap_notify.h"
#include "link.h"
#include "roster.h"
#include "service.h"
#include "stop.h"
#include "str.h"
#include "trace.h"

/* ms of silence, after which what came in a burst is one piece of work. */
enum { CALM_FAR = 3, CALM_NEAR = 30 };

/* ---- here ---- */

static bool
await_add(struct await *a, const char *path, const char *sub)
{
	struct buf full = { .max = 8192 };
	bool is;
	int got;

	if (path[0] == '/')
		buf_printf(&full, "%s/%s", path, sub);
	else
		buf_printf(&full, "%s/%s%s%s", a->root, path,
		    path[0] != '\0' ? "/" : "", sub);
	got = full.over ? 0 : dirwatch_add(a->near, full.p);
	if (got > a->watched)
		a->watched = got;
	is = got >= 0 || await_says_gone(errno);
	buf_free(&full);
	return is;
}

/* Those above it need not be Maildirs. */
static bool
await_add_above(struct await *a, const char *path)
{
	struct buf above = { .max = 8192 };
	const char *slash = path;
	bool is = true;

	while (is && path[0] != '/' && (slash = strchr(slash, '/')) != NULL) {
		above.n = 0;
		buf_str(&above, (struct str){ path, (size_t)(slash++ - path) });
		is = above.over || await_add(a, above.p, "");
	}
	buf_free(&above);
	return is;
}

/* Two folders a Maildir, and itself for those below it. */
static bool
await_add_all(struct await *a)
{
	const struct roster_box *b;
	bool is = await_add(a, "", "");
	size_t i;

	for (i = 0; is && i < a->roster->n; i++) {
		b = &a->roster->v[i];
		if (b->near)
			is = await_add_above(a, b->path) &&
			    await_add(a, b->path, "") &&
			    await_add(a, b->path, "cur") &&
			    await_add(a, b->path, "new");
	}
	return is;
}

/* Said once, until they can be watched again. */
static void
await_crowded(struct await *a, int why)
{
	if (!a->crowded)
		fail_print("%s: not all folders below %s can be watched (%s): they are looked at every %g seconds",
		    a->title, a->root, strerror(why), a->poll);
	a->crowded = true;
}

/*
 * Watches that are used up are a matter of the moment: whoever has them may end.
 * So it is tried anew each time that all is looked at.
 */
bool
await_here(struct await *a)
{
	int was = a->watched, why;

	if (a->near < 0 && a->crowded) {
		a->near = dirwatch_open();
		was = a->watched = 0;
	}
	if (a->near >= 0 && !await_add_all(a)) {
		why = errno;
		close(a->near);
		a->near = -1;
		await_crowded(a, why);
	} else if (a->near >= 0 && a->crowded) {
		a->crowded = false;
		trace_note(TRACE_DONE, "%s: all folders can be watched again",
		    a->title);
	}
	return a->near >= 0 && a->watched > was;
}

/* ---- what is told ---- */

static void
await_note(struct await *a, unsigned news, int calm)
{
	await_says_news(a, news, calm, clock_ms());
}

static void
await_take(struct await *a)
{
	unsigned bits = dirwatch_take(a->near);

	if ((bits & (DIRWATCH_FOLDERS | DIRWATCH_LOST)) != 0)
		await_note(a, AWAIT_ALL, CALM_NEAR);
	else if (bits != 0)
		await_note(a, AWAIT_NEAR, CALM_NEAR);
}

/* Of a folder that is not in the roster LIST tells if it is new. */
static void
await_hear(struct await *a, struct imap *m, const struct imap_resp *r)
{
	struct roster *all = a->roster;

	switch (r->type) {
	case IMAP_STATUS:
		if (roster_status(all, m, r) > 0)
			await_note(a, AWAIT_FAR, CALM_FAR);
		break;
	case IMAP_EXISTS:
	case IMAP_EXPUNGE:
	case IMAP_FETCH:
	case IMAP_VANISHED:
		if (a->rung != AWAIT_IDLE)
			break;
		all->v[0].told = true;
		await_note(a, AWAIT_FAR, CALM_FAR);
		break;
	case IMAP_LIST:
		await_note(a, AWAIT_ALL, CALM_FAR);
		break;
	default:
		if (str_is(r->code, "NOTIFICATIONOVERFLOW"))
			await_note(a, AWAIT_ALL, CALM_FAR);
		break;
	}
}

/* Up to the answer: 0 OK, 1 refused, -1. */
static int
await_answer(struct await *a, struct imap *m, unsigned tag)
{
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0)
			return -1;
		await_hear(a, m, &r);
	} while (!imap_done(&r, tag));
	return r.type != IMAP_OK;
}

/* As imap_idle_next, also where the server does not idle. */
static int
await_next(struct await *a, struct imap *m, unsigned tag, double seconds,
    struct imap_resp *r)
{
	int got;

	if (tag != 0)
		return imap_idle_next(m, tag, a->near, seconds, r);
	conn_phase(m->c, "waiting", 0);
	got = seconds > 0 ? conn_wait(m->c, a->near, seconds) : 0;
	conn_phase(m->c, "waiting", CONN_COMMAND);
	return got == 1 ? imap_next(m, r) : got;
}

/* Until there is news and a moment of silence, or it is time; 3: it ended. */
static int
await_until(struct await *a, struct imap *m, unsigned tag, int64_t until)
{
	struct imap_resp r;
	int64_t end;
	int got;

	do {
		end = await_says_end(a, until);
		got = await_next(a, m, tag, clock_left(end) / 1e3, &r);
		if (got == 1)
			await_hear(a, m, &r);
		if (got == 2)
			await_take(a);
	} while (got == 1 || got == 2 || (got == 0 && clock_left(end) != 0 &&
	    !stop_asked()));
	return got;
}

/* ---- the rungs ---- */

/* From the answer it is known what it tells of. */
static int
await_notify(struct await *a, struct link *l)
{
	int got;

	link_unselect(l);
	roster_deaf(a->roster);
	got = await_answer(a, &l->imap, imap_ask_notify_all(&l->imap));
	a->untold = got > 0;
	if (got > 0)
		trace_note(TRACE_DONE, "NOTIFY: %s", l->imap.text);
	return got;
}

/* The first mailbox, which is INBOX if that is synced. */
static int
await_select(struct await *a, struct link *l)
{
	struct roster_box *b = &a->roster->v[0];
	int got;

	l->selected = NULL;
	l->chose = true;
	got = imap_select(&l->imap, str_of(b->name), true);
	if (got == 0 && roster_selected(b, &l->imap))
		await_note(a, AWAIT_FAR, CALM_FAR);
	return got;
}

/* The best one that works: 0, -1. */
static int
await_climb(struct await *a, struct link *l)
{
	unsigned caps = await_says_caps(l->imap.caps, clock_left(a->mute) > 0);
	int got = 1;

	if (await_says_notify(a, caps)) {
		a->rung = AWAIT_NOTIFY;
		got = await_notify(a, l);
	}
	if (got > 0 && await_says_idle(a, caps)) {
		a->rung = AWAIT_IDLE;
		got = await_select(a, l);
	}
	if (got > 0)
		a->rung = AWAIT_POLL;
	return got < 0 ? -1 : 0;
}

/* How it waits, for people. */
static void
await_how(const struct await *a, char *dst, size_t cap)
{
	switch (a->rung) {
	case AWAIT_NOTIFY:
		snprintf(dst, cap, "told of %zu folders (NOTIFY)",
		    a->roster->n - roster_unheard(a->roster));
		break;
	case AWAIT_IDLE:
		snprintf(dst, cap, "told of %s (IDLE), the others every %g s",
		    a->roster->v[0].name, a->poll);
		break;
	case AWAIT_POLL:
		snprintf(dst, cap, "looking every %g s", a->poll);
		break;
	}
}

static void
await_tell(const struct await *a)
{
	char text[256];

	await_how(a, text, sizeof text);
	trace_note(TRACE_DONE, "%s: waiting: %s", a->title, text);
	service_say("STATUS=%s: waiting: %s", a->title, text);
}

/* It is asked again in an hour: what refuses may be a part of it. */
static int
await_mute(struct await *a, struct imap *m)
{
	trace_note(TRACE_DONE, "%s: IDLE: %s", a->title, m->text);
	if (a->rung == AWAIT_NOTIFY)
		imap_ask_notify_off(m);
	a->mute = clock_in(AWAIT_SURE);
	a->rung = AWAIT_POLL;
	await_tell(a);
	return 0;
}

/* One IDLE, or one silence. */
static int
await_once(struct await *a, struct imap *m, int64_t until)
{
	int64_t end = clock_in(AWAIT_TOLD), began = clock_ms();
	struct imap_resp r;
	unsigned tag = 0;
	int got = 0;

	if (until < end)
		end = until;
	if (a->rung != AWAIT_POLL) {
		tag = imap_ask_idle(m);
		while ((got = imap_idle_open(m, tag, &r)) == 1)
			await_hear(a, m, &r);
	}
	if (got > 0)
		return await_mute(a, m);
	if (got < 0 || (got = await_until(a, m, tag, end)) < 0)
		return -1;
	if (got == 3)
		return await_says_short(began, clock_ms()) ? await_mute(a, m) : 0;
	if (tag == 0)
		return 0;
	imap_idle_done(m);
	conn_phase(m->c, "the end of IDLE", await_says_ended(a->timeout));
	if (stop_asked())		/* only imap_quit can follow */
		return 0;
	return await_answer(a, m, tag) < 0 ? -1 : 0;
}

/* When all is to be looked at, by how it waits. */
static int64_t
await_end(const struct await *a, int64_t early)
{
	int64_t end = a->looked + (int64_t)(await_says_patience(a,
	    clock_about(a->poll)) * 1000);

	return early < end ? early : end;
}

int
await_news(struct await *a, struct link *l, double seconds)
{
	struct imap *m = &l->imap;
	int64_t end, early = clock_in(seconds);
	enum await_rung was;

	a->news = 0;
	if (await_climb(a, l) < 0)
		return -1;
	await_tell(a);
	was = a->rung;
	end = await_end(a, early);
	while (a->news == 0 && clock_left(end) > 0 && !stop_asked()) {
		if (await_once(a, m, end) < 0)
			return -1;
		if (a->rung != was)
			end = await_end(a, early);
		was = a->rung;
	}
	if (stop_asked())
		return 0;
	if (a->rung == AWAIT_NOTIFY)
		imap_ask_notify_off(m);
	link_unselect(l);
	return a->news != 0 ? (int)a->news : AWAIT_ALL;
}
