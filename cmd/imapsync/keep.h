/* keep.h: what was downloaded is made durable, then visible, then known */
#ifndef KEEP_H
#define KEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct box;
struct keep;
struct link;
struct run;

/* A message that came. */
struct got {
	struct box *b;
	uint32_t uid, size;
	uint64_t flags, ident, ino;
	bool unnamed;		/* a file without a name, else in tmp/ */
	int fd;			/* of such a one, in a batch; else -1 */
	char name[64];
};
/*
 * For r->links connections in as many threads; until keep_end, which waits
 * until all that was flushed is durable, in its folder, and in the state.
 * -1, r->e, also if that failed at any time; what failed is not in the state.
 */
int keep_begin(struct run *, struct keep **);
int keep_end(struct run *, struct keep *);
/*
 * A descriptor to write g's message to (b, uid and, if known, flags are set);
 * the caller's, until keep_add or keep_not.  -1, l->err.
 */
int keep_create(struct link *, struct got *);
/* It is whole; date 0: unknown.  May wait.  -1, l->err. */
int keep_add(struct link *, struct got *, int fd, time_t date);
void keep_not(struct got *, int fd);	/* it is not */
/* To the disk with what came by this link so far.  -1, l->err. */
int keep_flush(struct link *);

#endif
