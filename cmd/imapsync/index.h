/* index.h: 64 bytes a mailbox: is there anything to do at all? */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "mark.h"
#include "mem.h"
#include "str.h"

/* 64 bytes a mailbox on disk; the names stand behind the entries. */
struct entry {
	const char *box;	/* UTF-8; the index's */
	struct mark mark;	/* but for the id, which is a hash here */
	struct stamp stamp;
	uint64_t id;		/* hash of MAILBOXID; 0: none */
	uint32_t arrived;	/* the first UID of the last run that brought
				   messages; 0: not known */
	bool dirty;		/* not to be trusted: open the state */
	bool missing;		/* it was on one side alone in the last run */
	bool latest;		/* the last run that brought anything to any
				   mailbox brought something to this one */
};
struct index {
	const char *path;
	struct entry *v;	/* sorted by name */
	size_t n;
	struct arena arena;
	uint64_t saved;		/* private: what is on the disk */
};
/*
 * A file that is not whole is as none: all mailboxes are looked into.  The
 * directory is made, 0700, if it is not there.
 */
int index_open(struct index *, const char *dir, struct err *);
struct entry *index_find(struct index *, struct str box);
/* Found or made (dirty); entries move when one is made or dropped. */
struct entry *index_add(struct index *, struct str box);
void index_drop(struct index *, struct str box);
/* Saves it if it has changed: tmp, fsync, rename, fsync. */
int index_save(struct index *, struct err *);
void index_close(struct index *);

#endif
