/* migrate_flags.h: flags that changed in FROM are brought to TO */
#ifndef MIGRATE_FLAGS_H
#define MIGRATE_FLAGS_H

struct migrate;
struct migrate_box;
struct migrate_folder;

/*
 * The mailbox is selected on both sides.  What changed in FROM since it was last
 * looked at, of messages whose copies are known, and nothing else: a flag that
 * was set or taken away in TO stays as it is there.  What the server refuses is
 * told.  -1: a connection has failed.
 */
int migrate_flags(struct migrate *, const struct migrate_folder *,
    struct migrate_box *);

#endif
