/* outage.h: what a watch does after a pass: it goes on, waits, or ends */
#ifndef OUTAGE_H
#define OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Start with these four alone. */
struct outage {
	bool patient;		/* nothing ends it but a usage error */
	double poll;		/* seconds between passes that work; 0: 300 */
	uint64_t refusals;	/* so many logins refused in a row end it, */
	double refused_for;	/* if the first was so many seconds ago */
	double pause;		/* seconds to wait until the next pass */
	/* private */
	double next;		/* the pause after that one */
	int said;		/* the status of what was said last, or 0 */
	bool worked;		/* some pass did */
	uint64_t refused;	/* in a row */
	int64_t since;		/* the first of these, ms */
};

/* A pass that is over. */
struct outage_pass {
	int status;		/* single messages counted */
	int code;		/* of the whole: 0, or what ended it */
	bool reached;		/* it has looked at everything at least once */
	bool busy;		/* another run has the lock */
	int64_t began, ended;	/* of clock_ms */
};

enum outage_next { OUTAGE_END, OUTAGE_WAIT, OUTAGE_SAY };

/*
 * Until a pass has worked everything ends it but what passes by itself
 * (EX_TEMPFAIL, EX_NOHOST): who starts a watch is told what is wrong.  Later
 * only a usage error does, a fault of ours, and logins that are refused again
 * and again: disks, proxies and token servers have bad moments.  OUTAGE_WAIT
 * and OUTAGE_SAY: wait for pause seconds; OUTAGE_SAY: say first what is wrong,
 * once in an outage, and again when its status changes.
 */
enum outage_next outage_after(struct outage *, const struct outage_pass *);

/*
 * Waits for so many seconds; not longer than until a stop (stop.h), or until
 * this machine has been suspended since slept (clock_slept).
 */
void outage_rest(double seconds, int64_t slept);

/* The pause of an outage, half of it more or less by chance: a server that
 * comes back is not overrun. */
double outage_pause(const struct outage *);

#endif
