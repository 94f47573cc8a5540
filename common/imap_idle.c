/* imap_idle.c: IDLE (RFC 2177): waiting for what a server tells */
#include "clock.h"
#include "imap_idle.h"
#include "stop.h"

unsigned
imap_ask_idle(struct imap *m)
{
	unsigned tag = imap_say(m, "IDLE");

	conn_phase(m->c, "IDLE", CONN_COMMAND);
	return tag;
}

int
imap_idle_open(struct imap *m, unsigned tag, struct imap_resp *r)
{
	if (imap_next(m, r) < 0)
		return -1;
	if (imap_done(r, tag))
		return 2;
	return r->type != IMAP_CONTINUE;
}

int
imap_idle_next(struct imap *m, unsigned tag, int also, double seconds,
    struct imap_resp *r)
{
	int got;

	conn_phase(m->c, "IDLE", 0);
	got = seconds > 0 ? conn_wait(m->c, also, seconds) : 0;
	if (got >= 0)
		conn_phase(m->c, "IDLE", CONN_COMMAND);
	if (got != 1)
		return got;
	if (imap_next(m, r) < 0)
		return -1;
	return imap_done(r, tag) ? 3 : 1;
}

void
imap_idle_done(struct imap *m)
{
	conn_printf(m->c, "DONE\r\n");
}

static bool
changes(enum imap_type t, bool others)
{
	return t == IMAP_EXISTS || t == IMAP_EXPUNGE || t == IMAP_FETCH ||
	    t == IMAP_VANISHED || (t == IMAP_STATUS && others);
}

int
imap_idle(struct imap *m, double seconds, bool others)
{
	unsigned tag = imap_ask_idle(m);
	int64_t end = clock_in(seconds < CONN_IDLE ? seconds : CONN_IDLE);
	struct imap_resp r;
	bool news = false;
	int got;

	while ((got = imap_idle_open(m, tag, &r)) == 1)
		news |= changes(r.type, others);
	if (got > 1)
		return conn_fail(m->c, EX_UNAVAILABLE, "IDLE: %s", m->text);
	while (got >= 0 && !news && (got = imap_idle_next(m, tag, -1,
	    clock_left(end) / 1e3, &r)) == 1)
		news = changes(r.type, others);
	if (got == 3)
		return conn_fail(m->c, EX_TEMPFAIL, "IDLE: %s", m->text);
	if (got < 0)
		return -1;
	imap_idle_done(m);
	if (stop_asked())		/* only imap_quit can follow */
		return 0;
	return imap_wait(m, tag) < 0 ? -1 : news;
}
