/*
 * conn_limits.h: how long a peer may take, and what it must bring meanwhile;
 * for conn*.c alone
 */
#ifndef CONN_LIMITS_H
#define CONN_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"

struct conn_limits {
	const char *what;	/* the phase, for messages */
	double seconds;		/* that it may last; 0: for ever */
	int64_t deadline;	/* when these are over (clock.h) */
	const int64_t *whole;	/* deadline of all of it, 0: none; it may
				 * change while the connection lasts */
	int64_t seen;		/* when we last waited, or began to */
	bool last;		/* a stop leaves a little: see conn_last */
	bool heard;		/* something came since the last renewal */
	bool body;		/* bytes of a message come */
	uint64_t moved;		/* so many of them since the last renewal */
	uint64_t sent;		/* bytes that the kernel took */
	uint64_t arrived;	/* so many of these were at the peer, as far
				 * as we last knew */
};

/* As conn_phase and conn_again. */
void conn_limits_begin(struct conn_limits *, const char *what, double seconds);
void conn_limits_renew(struct conn_limits *);

/* When time is up: for the phase, or for all of it if that is sooner. */
int64_t conn_limits_end(const struct conn_limits *);

/* Is a stop to be heeded now? */
bool conn_limits_stop(const struct conn_limits *);

/*
 * We are about to wait, and have waited.  The caller's time between the two,
 * if it was much, is added to the phase's.
 */
void conn_limits_wait(struct conn_limits *);
void conn_limits_waited(struct conn_limits *);

/* So many bytes of the stream came: if they are of a message, they count. */
void conn_limits_came(struct conn_limits *, size_t n);

/*
 * Time is up.  0: there is more, for the peer still takes what we have to say,
 * of which "queued" bytes are not in the kernel yet; -1, and the err says which
 * limit it was.
 */
int conn_limits_over(struct conn_limits *, int fd, size_t queued,
    struct err *);

#endif
