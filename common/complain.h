/* complain.h: --complain-after: what passes by itself is said once it lasts */
#ifndef COMPLAIN_H
#define COMPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct complain_cause;

/* Start with { 0 }: everything is said at once. */
struct complain {
	double after;		/* seconds; 0: everything is said at once */
	/* private */
	char *file;		/* what fails since when */
	struct complain_cause *v;	/* of this pass, n of them */
	size_t n;
};

/*
 * From here on EX_TEMPFAIL is held back until it has lasted so long.  What
 * fails since when is kept in STATE.failing.  Again for each pass of a watch.
 */
void complain_open(struct complain *, double after, const char *state);
void complain_close(struct complain *);

/* The cause that there is one of: the run ended before it looked at all. */
#define COMPLAIN_RUN "run"

/*
 * As fail_print, at once, for any status but EX_TEMPFAIL.  That one is held
 * back until complain_end.  Texts with one cause, but for the numbers in it,
 * are one complaint.  The cause is our own words for what failed, never those
 * of a server, which may be others each time; NULL: fmt itself.
 */
void complain_say(struct complain *, int status, const char *cause,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * A pass is over.  What was held back is said if its cause is there for the
 * time of --complain-after, once; at once where nobody can know that: no pass
 * was completed before, or the file is damaged or cannot be written.  looked:
 * everything was looked at, so a cause that was not met is over, which is said
 * if the cause was.  A pass that was stopped (stop.h) does not count.
 */
void complain_end(struct complain *, bool looked, time_t now);

#endif
