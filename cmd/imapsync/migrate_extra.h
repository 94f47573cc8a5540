/* migrate_extra.h: --delete-extra: what is in TO and not in FROM */
#ifndef MIGRATE_EXTRA_H
#define MIGRATE_EXTRA_H

#include <stddef.h>
#include <stdint.h>

struct migrate;
struct migrate_box;
struct migrate_folder;

/*
 * The mailbox is selected on both sides and was copied whole; all has the UIDs
 * of FROM, sorted.  Is there something that is no copy of these and was there
 * before (below UID next)?  It is noted in the folder.  0, told if that cannot
 * be said; -1.
 */
int migrate_extra_look(struct migrate *, struct migrate_folder *,
    struct migrate_box *, uint32_t next, const uint32_t *all, size_t n);
/*
 * All mailboxes were looked at: deletes what was found, if the brake lets it,
 * but nothing that may be the only copy of a message.  As above.
 */
int migrate_extra_delete(struct migrate *);

#endif
