/* migrate_make.h: the mailboxes of a migration are made there, and subscribed to */
#ifndef MIGRATE_MAKE_H
#define MIGRATE_MAKE_H

struct migrate;
struct migrate_folder;

/* One, unless it is made: 0; 1 it cannot be, which is told, and it is done; -1. */
int migrate_make(struct migrate *, struct migrate_folder *);

#endif
