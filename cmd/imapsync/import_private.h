/* import_private.h: the two kinds of file behind import.h */
#ifndef IMPORT_PRIVATE_H
#define IMPORT_PRIVATE_H

#include "conf_out.h"
#include "fail.h"
#include "foreign.h"
#include "mem.h"
#include "str.h"

/* Each reads the text and writes what it means. */
int import_mbsync(struct foreign *, struct conf_out *, struct err *);
int import_offlineimap(struct foreign *, struct conf_out *, struct err *);

/* "patterns", as names_match reads them; nothing for an empty list. */
void import_patterns(struct conf_out *, const struct opt_list *);

/* The changes that are carried to one side. */
struct import_way {
	bool new, gone, flags;
	bool expunge;		/* what is gone is removed, not only marked */
};

struct import_ways {
	struct import_way near, far;
};

/* Is nothing at all carried?  We have no way to say that. */
bool import_idle(const struct import_ways *);

/* "pull", "push", "far-gets", "delete-far" and the like: never wider. */
void import_directions(struct conf_out *, const struct import_ways *);

/*
 * What Python's re.sub(from, to) does to a name of the server's, as a rule of
 * --map; NULL where it cannot be one: it has to go both ways.
 */
const char *import_regex(struct arena *, struct str from, struct str to);

#endif
