/*
 * https_pool.h: HTTPS beside the loop
 *
 * A few threads, each with one connection, take jobs from a queue; a
 * descriptor tells the loop that one has ended.
 */
#ifndef HTTPS_POOL_H
#define HTTPS_POOL_H

#include <stdbool.h>

#include "fail.h"
#include "https.h"

enum { HTTPS_DIALS = 4 };

/*
 * A job: .get but for .dial and .seconds, the addresses to try one after the
 * other, .seconds for all of them, and .done are the caller's to set.  From
 * https_pool_start until .done is called it belongs to its thread.
 */
struct https_job {
	struct https get;	/* of the last address tried; the caller frees
				 * .get.body */
	char dial[HTTPS_DIALS][64];
	unsigned ndial;
	double seconds;
	void (*done)(struct https_job *);
	void *arg;
	int got;		/* what https_get returned, and said */
	struct err e;
	struct https_job *next;	/* private */
};

/* { NULL } at first: no thread is there before there is a job. */
struct https_pool {
	struct https_threads *threads;		/* private */
};

/* EX_OSERR if there can be no thread at all: then .done is never called. */
int https_pool_start(struct https_pool *, struct https_job *, struct err *);

/* Can be read when a job has ended; -1: none is under way. */
int https_pool_fd(const struct https_pool *);

/* Calls .done of all that have ended. */
void https_pool_reap(struct https_pool *);

/*
 * Ends the threads.  False: some are with a stranger, and are not waited for:
 * nothing that they use may be freed, not even by exit(3).
 */
bool https_pool_end(struct https_pool *);

#endif
