/*
 * migrate_pace.c: how fast a migration may be, and when it has to pause
 *
 * Gmail takes 500 MB a day by IMAP and gives 2500 MB, Exchange says "Suggested
 * Backoff Time: 299961 milliseconds".  A budget for a day is kept in the state,
 * for all runs of that day (UTC).
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "later.h"
#include "migrate_pace.h"
#include "migrate_rest.h"
#include "migrate_run.h"
#include "net.h"
#include "stop.h"
#include "trace.h"

enum {
	SETTLE = 5,		/* seconds; a server stores mail in one or two */
	DAY = 86400
};

static double
milliseconds(const char *text)
{
	static const char name[] = "Backoff Time: ";
	const char *at = strstr(text, name);

	return at != NULL ? strtod(at + sizeof name - 1, NULL) / 1e3 : 0;
}

/* Not this message is refused, but any for now: codes of RFC 5530, and words. */
static bool
throttled(const char *text)
{
	static const char *const codes[] = { "[LIMIT]", "[INUSE]",
	    "[UNAVAILABLE]" };
	size_t i;

	for (i = 0; i < sizeof codes / sizeof *codes; i++)
		if (str_starts(str_of(text), codes[i]))
			return true;
	return strcasestr(text, "Suggested Backoff Time") != NULL ||
	    (text[0] != '[' && later_by_words(str_of(text)));
}

bool
migrate_pace_asked(struct migrate *r, const char *text)
{
	struct migrate_wait *w = &r->wait;

	if (!throttled(text))
		return false;
	if (w->tries == MIGRATE_TRIES && w->at == r->messages) {
		w->tries++;		/* it may be about this message */
		return false;
	}
	w->asked = milliseconds(text);
	if (!(w->asked > 0))		/* nor "nan" */
		w->asked = 1;
	w->due = true;
	return true;
}

void
migrate_pace_progress(struct migrate *r)
{
	r->wait.tries = 0;
}

bool
migrate_pace_waits(const struct migrate *r)
{
	return r->wait.due;
}

int
migrate_pace_pause(struct migrate *r)
{
	double seconds = migrate_rest(&r->wait, r->messages);

	if (seconds < 0)
		return -1;
	trace_note(TRACE_DONE, "a pause of %.0f s", seconds);
	net_poll(NULL, 0, clock_in(seconds));
	return stop_asked() ? -1 : 0;
}

int
migrate_pace_settle(const struct migrate *r, int64_t looked)
{
	int64_t due = r->to.opened + SETTLE * 1000;

	if (looked >= due)
		return 0;
	trace_note(TRACE_DONE, "%s may still be storing what was sent before: looking again in %d s",
	    r->to.name, SETTLE);
	net_poll(NULL, 0, due);
	return stop_asked() ? -1 : 1;
}

int
migrate_pace_hold(struct migrate *r, size_t n)
{
	int64_t due;

	if (r->o->rate == 0)
		return 0;
	pthread_mutex_lock(&r->mutex);
	due = migrate_rest_due(&r->rate, r->o->rate, clock_ms(), n);
	pthread_mutex_unlock(&r->mutex);
	if (due > clock_ms())
		net_poll(NULL, 0, due);
	return 0;
}

static uint64_t
today(void)
{
	return (uint64_t)clock_wall() / DAY;
}

uint64_t
migrate_pace_used(const struct migrate *r)
{
	return r->state.day == today() ? r->state.bytes : 0;
}

bool
migrate_pace_reserve(struct migrate *r, uint64_t bytes)
{
	if (r->o->day > 0 && migrate_pace_used(r) + r->rate.reserved + bytes > r->o->day)
		return false;
	r->rate.reserved += bytes;
	return true;
}

void
migrate_pace_return(struct migrate *r, uint64_t bytes)
{
	r->rate.reserved -= bytes < r->rate.reserved ? bytes :
	    r->rate.reserved;
}

int
migrate_pace_spend(struct migrate *r, uint64_t bytes)
{
	migrate_pace_return(r, bytes);
	if (r->o->day == 0)
		return 0;
	return migrate_state_spend(&r->state, today(), bytes, r->e);
}
