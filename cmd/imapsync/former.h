/* former.h: what mbsync or offlineimap knew of a mailbox */
#ifndef FORMER_H
#define FORMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "opt.h"
#include "str.h"

struct box;

/* A message that the other program knew on both sides. */
struct knew {
	uint32_t near;		/* the number in the file's name */
	uint32_t far;		/* the server's UID */
	uint64_t flags;		/* that both had; UINT64_MAX: not known */
	bool stub;		/* the file stands for one too large */
};

struct former {
	const char *who;	/* the program's name */
	struct knew *v;		/* malloced, by near */
	size_t n;
	bool all;		/* both numbers are one, be it in v or not */
};

void former_add(struct former *, const struct knew *);
/* The flags of Maildir's letters. */
uint64_t former_flags(struct str letters);
/* Appends a file, by openat; false: it cannot be read. */
bool former_slurp(int at, const char *name, struct buf *);
/*
 * A folder's entries, one after the other, each NUL-terminated; their number.
 * "" of a folder that is not there.
 */
size_t former_entries(const char *dir, struct buf *);
/*
 * Is that what another program calls the mailbox, "/" in it being c: by the
 * server's name or by its Maildir's, as it is or in modified UTF-7?  With
 * loose something may stand before it.
 */
bool former_named(const struct box *, struct str name, char c, bool loose);

/*
 * What it knew of this mailbox, if the server's UIDs are still those.  dirs:
 * where it may be.  false: nothing.
 */
bool former_mbsync(const struct box *, const struct opt_list *dirs,
    struct former *);
bool former_offlineimap(const struct box *, const struct opt_list *dirs,
    struct former *);

#endif
