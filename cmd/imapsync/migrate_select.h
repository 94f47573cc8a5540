/* migrate_select.h: a mailbox on both sides, and what the state has of it */
#ifndef MIGRATE_SELECT_H
#define MIGRATE_SELECT_H

struct migrate;
struct migrate_box;
struct migrate_folder;

/*
 * Both are selected, TO for writing if anything may be written: 0; 1 they
 * cannot be, which is told, and it is done; -1.
 */
int migrate_select(struct migrate *, struct migrate_folder *);
/* What the state has of it; NULL: nothing, or its UIDs are others by now. */
struct migrate_box *migrate_find(struct migrate *,
    const struct migrate_folder *);

#endif
