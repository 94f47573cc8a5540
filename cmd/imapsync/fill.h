/* fill.h: stubs become the messages that they stand for */
#ifndef FILL_H
#define FILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct box;
struct link;

/*
 * The bodies of these messages, UIDs sorted, whose files are stubs; others stay
 * as they are.  The box is open and scanned.  What is wrong with one is told,
 * and the others are done; -1: the run ends.
 */
int fill_box(struct box *, const uint32_t *uids, size_t n);

/* A file whose message the server is proven to have, as it was then. */
struct fill_file {
	uint32_t uid;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};
/*
 * The other way, UIDs sorted: each file becomes a stub, if it is the same still
 * when it is replaced.
 */
int fill_trim(struct box *, const struct fill_file *, size_t n);

/* Must the files be read to know which bodies the rules ask for? */
bool fill_needs_files(const struct box *);
/* Adds an ACT_BODY to the plan for each stub whose body they ask for. */
void fill_plan(struct box *);
/* Those acts. */
int fill_planned(struct link *, struct box *);

#endif
