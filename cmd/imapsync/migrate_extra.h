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
 * of FROM, sorted.  Deletes there what is no copy of these and was there before
 * (below UID next), if the brake lets it.  0, told if not; -1.
 */
int migrate_extra(struct migrate *, const struct migrate_folder *,
    struct migrate_box *, uint32_t next, const uint32_t *all, size_t n);

#endif
