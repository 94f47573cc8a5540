/* mark.h: what shows that a mailbox, or a Maildir, has not changed */
#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "names.h"

enum { MARK_ID = 79 };	/* of a MAILBOXID so much is kept */

/* The watermark of a mailbox: what STATUS said when both sides were agreed. */
struct mark {
	uint64_t uidvalidity, uidnext, modseq, exists;
	const char *id;		/* MAILBOXID, or NULL; the maker's */
};

static inline bool
mark_id_is(const struct mark *m, const char *id)
{
	return strcmp(m->id != NULL ? m->id : "", id != NULL ? id : "") == 0;
}

/* Of so much of it as is kept; 0: there is none. */
static inline uint64_t
mark_id_hash(const char *id)
{
	return id == NULL || id[0] == '\0' ? 0 :
	    names_hash(str_to(str_of(id), MARK_ID));
}

/* With MODSEQ in both: without it nothing says that no flag has changed. */
static inline bool
mark_same(const struct mark *a, const struct mark *b)
{
	return a->uidvalidity == b->uidvalidity &&
	    a->uidnext == b->uidnext && a->modseq == b->modseq &&
	    a->exists == b->exists && a->modseq != 0;
}

/* The stats of a Maildir when it was as the base says; all 0: not known. */
struct stamp {
	uint64_t cur_mtime, cur_ino, new_mtime, new_ino;	/* ns */
};

static inline bool
stamp_same(const struct stamp *a, const struct stamp *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

#endif
