/* outage.c: what a watch does after a pass: it goes on, waits, or ends */
#include <sysexits.h>

#include "clock.h"
#include "net.h"
#include "outage.h"
#include "stop.h"

enum { POLL = 300 };		/* seconds: what POP3 waits, and an outage at most */
enum { STEADY = 60 };		/* seconds that a connection lasts at least */
enum { SLICE = 5, SLEPT = 2000 };		/* seconds, and ms */

/* A password may be changed for another, but a server is wrong, too. */
static bool
login_refused(struct outage *o, const struct outage_pass *p)
{
	if (p->code != EX_NOPERM)
		return false;
	if (o->refused++ == 0)
		o->since = p->ended;
	return o->refused >= o->refusals &&
	    (double)(p->ended - o->since) >= o->refused_for * 1000;
}

static bool
ends(struct outage *o, const struct outage_pass *p)
{
	bool many = login_refused(o, p);

	if (o->patient)
		return p->code == EX_USAGE;
	if (p->code == 0 || p->code == EX_NOHOST)
		return false;
	if (p->code == EX_TEMPFAIL)
		return p->busy && !o->worked;
	return !o->worked || many || p->code == EX_USAGE ||
	    p->code == EX_SOFTWARE;
}

/*
 * Is the outage over?  A connection that was lost after a pass is had again at
 * once, unless the server hangs up as soon as it is to tell of mail.  Any other
 * error behind a pass, each time, may not be tried each second.
 */
static bool
outage_over(const struct outage_pass *p)
{
	if (p->status == 0)
		return true;
	return p->reached && (p->code == 0 || p->ended - p->began >=
	    (p->code == EX_TEMPFAIL ? STEADY : POLL) * 1000);
}

/*
 * Who is heard, and hung up on soon each time, has been told of mail until
 * then: it misses a minute of it at most.
 */
static double
longest(const struct outage_pass *p)
{
	return p->reached && p->code == EX_TEMPFAIL ? STEADY : POLL;
}

enum outage_next
outage_after(struct outage *o, const struct outage_pass *p)
{
	if (p->code == 0 || p->reached) {
		o->worked = true;
		o->refused = 0;
	}
	if (ends(o, p))
		return OUTAGE_END;
	if (outage_over(p) || o->next == 0) {
		o->next = 1;
		o->said = 0;
	} else if (p->reached && p->code == EX_TEMPFAIL) {
		o->said = 0;
	}
	o->pause = o->next < longest(p) ? o->next : longest(p);
	if (p->status == 0)
		o->pause = o->poll > 0 ? o->poll : POLL;
	else
		o->next = 2 * o->pause < longest(p) ? 2 * o->pause : longest(p);
	if (p->code == 0 || p->code == o->said ||
	    (p->reached && p->code == EX_TEMPFAIL))
		return OUTAGE_WAIT;
	o->said = p->code;
	return OUTAGE_SAY;
}

void
outage_rest(double seconds, int64_t slept)
{
	int64_t end = clock_in(seconds), slice;

	while (clock_left(end) > 0 && clock_slept() - slept < SLEPT &&
	    !stop_asked()) {
		slice = clock_in(SLICE);
		net_poll(NULL, 0, slice < end ? slice : end);
	}
}

double
outage_pause(const struct outage *o)
{
	return o->pause * (0.5 + (double)(clock_us() & 1023) / 1024);
}
