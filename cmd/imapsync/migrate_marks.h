/* migrate_marks.h: flags, dates and sizes of messages, asked for beforehand */
#ifndef MIGRATE_MARKS_H
#define MIGRATE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "imap.h"
#include "mem.h"
#include "migrate_base.h"
#include "str.h"

enum { MIGRATE_MARKS = 10000 };		/* are asked for at once */

struct migrate_mark {
	uint32_t uid, size;
	uint32_t flags;			/* a place in texts */
	time_t date;			/* or 0 */
};

struct migrate_marks {
	struct migrate_mark *v;		/* sorted by UID */
	uint32_t *uids;			/* of v */
	size_t n;
	struct migrate_texts texts;
	const char **storable;		/* of each text; NULL: not asked yet */
	struct arena arena;
};

/*
 * Asks for the first n of these sorted UIDs, and waits; those that are gone are
 * left out.  A failure is the connection's: -1.
 */
int migrate_marks_ask(struct migrate_marks *, struct imap *,
    const uint32_t *uids, size_t n);
/*
 * The same in steps, for who hears the answers beside others: what is begun
 * takes what comes, in any order, and has what came when it is ended.
 */
void migrate_marks_begin(struct migrate_marks *, const uint32_t *uids, size_t n);
/* FLAGS as they came; what is not among those UIDs is left. */
void migrate_marks_take(struct migrate_marks *, uint32_t uid, uint64_t size,
    time_t date, struct str flags);
void migrate_marks_end(struct migrate_marks *);
/* NULL: it is not among them. */
const struct migrate_mark *migrate_marks_find(const struct migrate_marks *,
    uint32_t uid);
/* Can a mailbox with these PERMANENTFLAGS have that flag? */
bool migrate_marks_keeps(const char *permanent, const char *flag);
/* Its flags that a mailbox with these PERMANENTFLAGS can have. */
const char *migrate_marks_storable(struct migrate_marks *,
    const struct migrate_mark *, const char *permanent);
void migrate_marks_free(struct migrate_marks *);

#endif
