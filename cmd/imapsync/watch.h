/* watch.h: --watch: an account that is synced whenever something has changed */
#ifndef WATCH_H
#define WATCH_H

struct err;
struct settings;

struct watch {
	double poll;		/* seconds: where nobody tells of changes */
	double complain_after;	/* seconds: see complain.h; 0 */
};

/*
 * Syncs and waits, until a stop: 0.  All else is waited out, but for a usage
 * error: EX_USAGE, and e.
 */
int watch_account(const struct settings *, const struct watch *,
    struct err *);

#endif
