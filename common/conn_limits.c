/*
 * conn_limits.c: how long a peer may take, and what it must bring meanwhile
 *
 * A phase has so many seconds.  Bytes that come do not renew them, unless the
 * caller says so, or it is a message and comes fast enough; what goes does, as
 * long as the peer takes as much.
 */
#include <sys/ioctl.h>

#include "clock.h"
#include "conn_limits.h"
#include "stop.h"

enum {
	AWAY = 1000,		/* ms of the caller's that do not count */
	FLOOR = 2048		/* bytes a minute, of a message */
};

void
conn_limits_begin(struct conn_limits *l, const char *what, double seconds)
{
	l->what = what;
	l->seconds = seconds;
	l->body = false;
	l->seen = clock_ms();
	conn_limits_renew(l);
}

void
conn_limits_renew(struct conn_limits *l)
{
	l->deadline = clock_in(l->seconds);
	l->moved = 0;
	l->heard = false;
}

int64_t
conn_limits_end(const struct conn_limits *l)
{
	int64_t whole = *l->whole;

	return whole != 0 && whole < l->deadline ? whole : l->deadline;
}

bool
conn_limits_stop(const struct conn_limits *l)
{
	return stop_asked() && (!l->last || clock_left(stop_grace()) == 0);
}

void
conn_limits_wait(struct conn_limits *l)
{
	int64_t away = clock_ms() - l->seen;

	if (away >= AWAY && l->deadline != CLOCK_NEVER)
		l->deadline += away;
}

void
conn_limits_waited(struct conn_limits *l)
{
	l->seen = clock_ms();
}

/* The bytes that a phase's seconds must bring, or take. */
static bool
enough(const struct conn_limits *l, uint64_t n)
{
	return (double)n >= l->seconds * FLOOR / 60;
}

void
conn_limits_came(struct conn_limits *l, size_t n)
{
	if (l->body && enough(l, l->moved += n))
		conn_limits_renew(l);
}

/*
 * Does the peer still take what we have to say?  Bytes that the kernel has
 * taken are not there yet: it keeps megabytes, and says that it has room for
 * more in large steps.  Asked when time is up, so that it costs nothing
 * otherwise.
 */
static bool
takes(struct conn_limits *l, int fd, size_t queued)
{
	uint64_t was = l->arrived, unacked;
	int n = 0;

	ioctl(fd, TIOCOUTQ, &n);
	unacked = (uint64_t)n < l->sent ? (uint64_t)n : l->sent;
	l->arrived = l->sent - unacked;
	return (unacked > 0 || queued > 0) && l->arrived > was &&
	    enough(l, l->arrived - was);
}

int
conn_limits_over(struct conn_limits *l, int fd, size_t queued, struct err *e)
{
	if (conn_limits_end(l) != *l->whole && takes(l, fd, queued)) {
		conn_limits_renew(l);
		return 0;
	}
	if (*l->whole != 0 && clock_left(*l->whole) == 0)
		return fail(e, EX_TEMPFAIL, "%s: the time allowed for all of it is over",
		    l->what);
	if ((l->body && l->moved > 0) || queued > 0)
		return fail(e, EX_TEMPFAIL, "%s: less than 2 KB a minute",
		    l->what);
	if (l->heard)
		return fail(e, EX_TEMPFAIL, "%s: not complete after %g seconds",
		    l->what, l->seconds);
	return fail(e, EX_TEMPFAIL, "%s: nothing for %g seconds", l->what,
	    l->seconds);
}
