/* imapsync_await.c: what wakes a watch, what it waits by, and how long */
#include <errno.h>

#include "await_says.h"
#include "imap.h"
#include "roster.h"
#include "tap.h"

/* What comes in a burst is one piece of work, but not for ever. */
static void
bursts(void)
{
	static const struct {
		unsigned news;
		int calm;
		int64_t now, first, due;
		unsigned all;
		const char *what;
	} c[] = {
	{ 0, 30, 5000, 0, 0, 0, "of nothing there is no news" },
	{ AWAIT_FAR, 3, 5000, 5000, 5003, AWAIT_FAR, "the first" },
	{ 0, 30, 5001, 5000, 5003, AWAIT_FAR, "nothing changes nothing" },
	{ AWAIT_NEAR, 30, 5002, 5000, 5032, AWAIT_FAR | AWAIT_NEAR,
	    "another, and both are known" },
	{ AWAIT_FAR, 3, 5010, 5000, 5013, AWAIT_FAR | AWAIT_NEAR,
	    "the last one tells when it is calm" },
	{ AWAIT_NEAR, 30, 5970, 5000, 6000, AWAIT_FAR | AWAIT_NEAR,
	    "up to a second" },
	{ AWAIT_ALL, 30, 5990, 5000, 6000, AWAIT_FAR | AWAIT_NEAR | AWAIT_ALL,
	    "and no more" },
	{ AWAIT_ALL, 30, 7000, 5000, 6000, AWAIT_FAR | AWAIT_NEAR | AWAIT_ALL,
	    "which may be over" },
	};
	struct await a = { .news = 0 };
	size_t i;

	is_int(await_says_end(&a, 9000), 9000, "without news, to the end");
	for (i = 0; i < sizeof c / sizeof *c; i++) {
		await_says_news(&a, c[i].news, c[i].calm, c[i].now);
		ok(a.first == c[i].first && a.calm == c[i].due &&
		    a.news == c[i].all, "%s", c[i].what);
	}
	is_int(await_says_end(&a, 9000), 6000, "with news, until it is calm");
	is_int(await_says_end(&a, 5500), 5500, "or to the end");
}

/* NOTIFY, IDLE, neither. */
static void
rungs(void)
{
	static const struct {
		unsigned caps;
		bool mute, untold, far;
		size_t n;
		enum await_rung best;
		const char *what;
	} c[] = {
	{ IMAP_NOTIFY | IMAP_IDLE, false, false, true, 1, AWAIT_NOTIFY,
	    "NOTIFY" },
	{ IMAP_NOTIFY | IMAP_IDLE, false, false, false, 0, AWAIT_NOTIFY,
	    "whatever there is" },
	{ IMAP_NOTIFY, false, false, true, 1, AWAIT_POLL,
	    "NOTIFY, and nothing to wait by" },
	{ IMAP_NOTIFY | IMAP_IDLE, false, true, true, 1, AWAIT_IDLE,
	    "NOTIFY is refused" },
	{ IMAP_IDLE, false, false, true, 1, AWAIT_IDLE, "IDLE" },
	{ IMAP_IDLE, false, false, true, 0, AWAIT_POLL, "IDLE, in no folder" },
	{ IMAP_IDLE, false, false, false, 1, AWAIT_POLL,
	    "IDLE, in one that is not there" },
	{ IMAP_NOTIFY | IMAP_IDLE, true, false, true, 1, AWAIT_POLL,
	    "IDLE is refused" },
	{ IMAP_UIDPLUS, false, false, true, 1, AWAIT_POLL, "neither" },
	};
	struct roster_box b = { .name = "INBOX" };
	struct roster all = { .v = &b };
	struct await a = { .roster = &all };
	unsigned caps;
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		b.far = c[i].far;
		all.n = c[i].n;
		a.untold = c[i].untold;
		caps = await_says_caps(c[i].caps, c[i].mute);
		is_int(await_says_notify(&a, caps) ? AWAIT_NOTIFY :
		    await_says_idle(&a, caps) ? AWAIT_IDLE : AWAIT_POLL,
		    c[i].best, "%s", c[i].what);
	}
	is_int((long)await_says_caps(IMAP_IDLE | IMAP_UIDPLUS, true),
	    IMAP_UIDPLUS, "what else there is remains");
}

/* An hour if all is told of, here and there; else as often as was asked for. */
static void
patience(void)
{
	static const struct {
		enum await_rung rung;
		int near;
		bool heard;
		double poll, want;
		const char *what;
	} c[] = {
	{ AWAIT_NOTIFY, 3, true, 60, 3600, "told of everything" },
	{ AWAIT_NOTIFY, 0, true, 60, 3600, "by descriptor 0, too" },
	{ AWAIT_NOTIFY, -1, true, 60, 60, "but of nothing here" },
	{ AWAIT_NOTIFY, 3, false, 60, 60, "but of one folder" },
	{ AWAIT_IDLE, 3, true, 60, 60, "of the first one" },
	{ AWAIT_POLL, 3, true, 60, 60, "of nothing" },
	{ AWAIT_IDLE, 3, true, 7200, 540, "routers forget" },
	{ AWAIT_NOTIFY, -1, true, 540.5, 540, "those that are silent" },
	};
	struct roster_box b = { .far = true };
	struct roster all = { .v = &b, .n = 1 };
	struct await a = { .roster = &all };
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		a.rung = c[i].rung;
		a.near = c[i].near;
		b.heard = c[i].heard;
		is_int((long)await_says_patience(&a, c[i].poll),
		    (long)c[i].want, "%s", c[i].what);
	}
	is_int(AWAIT_TOLD, 540, "nine minutes of silence");
}

/* A server that tells of changes without end. */
static void
hasty(void)
{
	static const struct {
		unsigned was;
		int news;
		int64_t ms;
		unsigned is;
		const char *what;
	} c[] = {
	{ 0, AWAIT_FAR, 499, 1, "at once" },
	{ 8, AWAIT_FAR, 0, 9, "once more, which is too often" },
	{ 8, AWAIT_ALL, 0, 9, "whatever is told of" },
	{ 8, AWAIT_FAR, 500, 0, "a moment later" },
	{ 8, AWAIT_NEAR, 0, 0, "here" },
	{ 8, AWAIT_NEAR | AWAIT_FAR, 0, 0, "here, too" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_int((long)await_says_hasty(c[i].was, c[i].news, c[i].ms),
		    (long)c[i].is, "%s", c[i].what);
	is_int(AWAIT_HASTY, 8, "eight times are not too often");
}

static void
ends(void)
{
	is_int(await_says_short(1000, 10999), 1, "ended too soon: no IDLE");
	is_int(await_says_short(1000, 11000), 0, "ten seconds are one");
	is_int((long)await_says_ended(0), 60, "DONE: a minute");
	is_int((long)await_says_ended(20), 20, "or less, if so much is asked");
	is_int((long)await_says_ended(90), 60, "but not more");
	is_int(await_says_gone(ENOENT), 1, "a Maildir that is gone");
	is_int(await_says_gone(ENOTDIR), 1, "or a file");
	is_int(await_says_gone(ENOSPC), 0, "but not too many of them");
	is_int(await_says_gone(EACCES), 0, "or those that are not ours");
}

int
main(void)
{
	bursts();
	rungs();
	patience();
	hasty();
	ends();
	return done();
}
