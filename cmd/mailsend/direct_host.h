/*
 * direct_host.h: manners with mail hosts: how many connections, and when not
 *
 * One thread at a time, by the caller's lock.
 */
#ifndef DIRECT_HOST_H
#define DIRECT_HOST_H

#include <stdbool.h>

#include "direct_way.h"

enum direct_room {
	DIRECT_ROOM,		/* one may connect: it is counted already */
	DIRECT_FULL,		/* as many are connected as may be */
	DIRECT_RESTS		/* it wants, or needs, to be left alone */
};

/* May one connect to this host now? */
enum direct_room direct_host_enter(struct direct_way *, const char *name);

/*
 * The connection has ended.  tired: it said 421 or other 4yz to all, or did
 * not answer: it rests a minute, and twice as long each time, up to an hour.
 */
void direct_host_leave(struct direct_way *, const char *name, bool tired);

void direct_host_free(struct direct_way *);

#endif
