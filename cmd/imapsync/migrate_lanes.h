/* migrate_lanes.h: several pairs of connections that copy one mailbox */
#ifndef MIGRATE_LANES_H
#define MIGRATE_LANES_H

#include <stddef.h>
#include <stdint.h>

struct migrate;
struct migrate_box;
struct migrate_folder;

/*
 * The mailbox is selected on both sides of r.  Copies these UIDs, sorted, in
 * ranges that go to whichever connections are free; further ones are opened if
 * there is enough to do, and a server that does not let them in is no failure.
 * As migrate_copy; what broke one of them is in the err of a side of r.
 */
int migrate_lanes_copy(struct migrate *, const struct migrate_folder *,
    struct migrate_box *, uint32_t low, const uint32_t *uids, size_t n);

/* Those of r itself stay. */
void migrate_lanes_hang_up(struct migrate *);
void migrate_lanes_free(struct migrate *);

#endif
