/* batch_done.h: who has got it already, and who is never to get anything */
#ifndef BATCH_DONE_H
#define BATCH_DONE_H

#include "fail.h"
#include "table.h"

/* Texts by 64 bits, each with a number.  Begins as zero. */
struct batch_set {
	struct batch_mark {
		uint64_t hash;
		uint32_t left;
	} *v;
	size_t n, cap;
	struct table table;
};

/*
 * --resume: the results of an earlier run; what was sent is counted by the
 * message's key and the recipient.  *torn: its last line has no end.  A file
 * that is not there is an empty one.
 */
int batch_done_load(struct batch_set *, const char *path, bool *torn,
    struct err *);

/* Has he got it?  Each time that he did counts once. */
bool batch_done_take(struct batch_set *, const char *key, const char *addr);

/*
 * --suppress: an address a line, or "@domain" for all of it; "#" begins a
 * comment.  In any case of letters.
 */
int batch_suppress_load(struct batch_set *, const char *path, struct err *);
bool batch_suppressed(const struct batch_set *, const char *addr);

void batch_set_free(struct batch_set *);

#endif
