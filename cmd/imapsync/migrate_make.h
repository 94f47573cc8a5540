/* migrate_make.h: the mailboxes of a migration are made there, and subscribed to */
#ifndef MIGRATE_MAKE_H
#define MIGRATE_MAKE_H

struct migrate;
struct migrate_folder;

/*
 * As many at once as one flight of commands may have.  What is refused is left
 * as it is, for migrate_make, which tells it.  -1: the connection has failed.
 */
int migrate_make_all(struct migrate *);
/* One, unless it is made: 0; 1 it cannot be, which is told, and it is done; -1. */
int migrate_make(struct migrate *, struct migrate_folder *);

#endif
