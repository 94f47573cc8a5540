/*
 * places.h: mailboxes at places that other programs gave them
 *
 * Where a Maildir may lie that mbsync, offlineimap or a mail program made:
 * names as they are or in modified UTF-7, "Inbox" in any case, a.b for a/b.
 */
#ifndef PLACES_H
#define PLACES_H

#include "mem.h"
#include "names.h"
#include "str.h"
#include "table.h"

struct place;

/* Start with { 0 }. */
struct places {
	struct arena arena;
	struct table path;
	struct place *v;	/* malloced */
	size_t n, cap;
};

/*
 * Notes all places of a mailbox by the name that it has here, of which sep is
 * the separator; a.b among them if dots is set.  Of two mailboxes with one
 * place the first has it.
 */
void places_note(struct places *, const char *box, struct str here, char sep,
    const struct naming *, bool dots);
/* The mailbox that this path may be, valid until places_free; or NULL. */
const char *places_find(const struct places *, const char *path);
void places_free(struct places *);

#endif
