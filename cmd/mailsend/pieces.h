/* pieces.h: the lines of a descriptor, and a long one by the piece */
#ifndef PIECES_H
#define PIECES_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"
#include "str.h"

/* Start with { .fd = FD }; the descriptor stays the caller's. */
struct pieces {
	int fd;
	int wake;		/* readable: nobody wants more; 0: there is none */
	/* private */
	char *p;
	size_t at, end;
	bool eof;
};

/*
 * A line with its LF, or 64 KB of a longer one; empty at the end.  A view until
 * the next call.  *whole: it has its LF, or is the last.  -1 EX_NOINPUT,
 * EX_TEMPFAIL if a stop was asked for, or nobody wants more.
 */
int pieces_next(struct pieces *, struct str *, bool *whole, struct err *);

/* The next call gives what the last one gave once more. */
void pieces_back(struct pieces *, struct str);

/* Is a whole line there, so that the next call does not wait? */
bool pieces_ready(const struct pieces *);

void pieces_free(struct pieces *);

#endif
