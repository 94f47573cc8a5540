/* commit.h: what was downloaded is made durable, then visible, then known */
#ifndef COMMIT_H
#define COMMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct box;
struct commit;
struct link;
struct run;

/* A message that came. */
struct commit_msg {
	struct box *b;
	uint32_t uid, size;
	uint64_t flags, ident, ino;
	bool unnamed;		/* a file without a name, else in tmp/ */
	bool stub;		/* see stub.h */
	int fd;			/* of such a one, in a batch; else -1 */
	char name[64];
	char info[40];		/* behind the name once it is in place, or "" */
};
/*
 * For r->links connections in as many threads; until commit_end, which waits
 * until all that was flushed is durable, in its folder, and in the state.
 * -1, r->e, also if that failed at any time; what failed is not in the state.
 */
int commit_begin(struct run *, struct commit **);
int commit_end(struct run *, struct commit *);
/*
 * A descriptor to write g's message to (b, uid and, if known, flags are set);
 * the caller's, until commit_add or commit_not.  -1, l->err.
 */
int commit_create(struct link *, struct commit_msg *);
/* It is whole; date 0: unknown.  May wait.  -1, l->err. */
int commit_add(struct link *, struct commit_msg *, int fd, time_t date);
void commit_not(struct commit_msg *, int fd);	/* it is not */
/* To the disk with what came by this link so far.  -1, l->err. */
int commit_flush(struct link *);

#endif
