/*
 * held.h: deletions that were told once as held back, or were copied
 *
 * The second ones are in the trash by now, and still where they were: saved.h.
 */
#ifndef HELD_H
#define HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "str.h"
#include "table.h"

/*
 * dir/held: a line of 16 hexadecimal digits for each message, with a "-" in
 * front of it once it is forgotten.
 */
struct held {
	uint64_t *v;		/* hashes: mailbox, UIDVALIDITY, UID */
	size_t n, cap;
	size_t saved;		/* the first ones are in the file */
	struct table at;
	struct buf gone;	/* lines to be saved */
	int fd;			/* -1: nothing is saved */
};

/*
 * Reads the file; read_only: it is not made, and nothing is saved.  What is
 * malformed in it is passed over: it costs one more word.
 */
int held_open(struct held *, const char *dir, bool read_only, struct err *);
bool held_has(const struct held *, struct str box, uint64_t uidvalidity,
    uint32_t uid);
/* Was it told before?  It is from here on. */
bool held_told(struct held *, struct str box, uint64_t uidvalidity,
    uint32_t uid);
/* It was not told, whatever was said before.  No harm if it was not. */
void held_forget(struct held *, struct str box, uint64_t uidvalidity,
    uint32_t uid);
/* Saves what is new and what is forgotten, and closes; EX_IOERR. */
int held_close(struct held *, struct err *);

#endif
