/* jobs.h: addresses and ports that are to be probed: which is next */
#ifndef JOBS_H
#define JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"
#include "port.h"

struct gate;
struct host;
struct share;

/* One address and port to be probed. */
struct job {
	struct job *next;
	struct host *host;
	const struct net_addr *addr;
	unsigned nth;			/* of the host's addresses */
	bool again;			/* was put off: see probe.c */
	struct port port;
	uint64_t order;			/* of its report among the target's */
	struct gate *gate;		/* while it is open: see jobs.c */
	struct share *share;		/* with others: see share.h; or NULL */
};

struct jobs;

/*
 * At most per_host of them at a time to one port of one address, and at most
 * rate of them a second (0: as many as there are).
 */
struct jobs *jobs_new(uint64_t per_host, uint64_t rate);
void jobs_free(struct jobs *);

/* It may begin, after those before it. */
void jobs_add(struct jobs *, struct job *);

/* It needs no connection and no leave: it may be told at once. */
void jobs_known(struct jobs *, struct job *);

/* How many have not begun. */
size_t jobs_waiting(const struct jobs *);

/* One that begins now, or NULL.  Then jobs_shut is owed. */
struct job *jobs_next(struct jobs *);

/* By when to ask for the next one; CLOCK_NEVER if it is not for the rate. */
int64_t jobs_when(const struct jobs *);

/* The connections of this one are over. */
void jobs_shut(struct jobs *, struct job *);

#endif
