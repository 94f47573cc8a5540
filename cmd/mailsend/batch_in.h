/*
 * batch_in.h: the messages of a batch, one after the other
 *
 * One reader for all threads, by the caller's lock.  A message goes to a file
 * of the caller's; none is ever in memory, but a line of NDJSON is.
 */
#ifndef BATCH_IN_H
#define BATCH_IN_H

#include "mem.h"
#include "opt.h"
#include "options_batch.h"
#include "pieces.h"

enum { BATCH_KEY = 17 };

struct batch_in {
	enum option_batch kind;	/* by the caller, as .pieces */
	struct pieces pieces;
	uint64_t n;		/* messages so far */
};

/* In the arena. */
struct batch_item {
	uint64_t n;		/* its place in the input, from 1 */
	const char *id;		/* of NDJSON, or the path of a file; or NULL */
	const char *from;	/* the envelope's; or NULL */
	struct opt_list to;
	bool enveloped;		/* it has an envelope: that one counts */
	char key[BATCH_KEY];	/* a digest of all that, and of the message */
	struct err e;		/* why this one cannot be sent */
};

/*
 * The next message, written to fd, which is emptied first, and its item.  1; 0:
 * there is none; -1: what is read is no batch, or cannot be read.
 */
int batch_in_next(struct batch_in *, struct batch_item *, int fd,
    struct arena *, struct err *);
void batch_in_free(struct batch_in *);

#endif
