/* migrate_rest.c: how long a migration rests, by numbers alone */
#include "migrate_rest.h"
#include "migrate_run.h"

enum { LONGEST = 300 };		/* seconds */

double
migrate_rest(struct migrate_wait *w, uint64_t messages)
{
	double seconds = w->asked;

	if (w->at != messages)
		w->tries = 0;
	w->at = messages;
	if (w->tries > MIGRATE_TRIES)
		return -1;
	if (seconds < 1 << w->tries)
		seconds = 1 << w->tries;
	if (seconds > LONGEST)
		seconds = LONGEST;
	w->tries++;
	w->asked = 0;
	w->due = false;
	return seconds;
}

int64_t
migrate_rest_due(struct migrate_rate *w, uint64_t rate, int64_t now, size_t n)
{
	int64_t due = w->since + (int64_t)(w->bytes * 1000 / rate);

	if (w->since == 0 || due + 1000 < now) {	/* nothing is saved up */
		w->since = due = now;
		w->bytes = 0;
	}
	w->bytes += n;
	return due;
}

uint64_t
migrate_rest_days(uint64_t bytes, uint64_t used, uint64_t a_day)
{
	uint64_t today = used < a_day ? a_day - used : 0;

	if (a_day == 0 || bytes <= today)
		return 0;
	return (bytes - today - 1) / a_day + 1;
}
