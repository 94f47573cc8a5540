/* migrate_check.h: --check: what a migration will have to do, and may */
#ifndef MIGRATE_CHECK_H
#define MIGRATE_CHECK_H

struct migrate;
struct migrate_folder;

/*
 * Counts the messages and bytes of a folder; nothing is written on either side.
 * 0, f->done is set; -1 a connection has failed.
 */
int migrate_check(struct migrate *, struct migrate_folder *);
/* What the servers can, how much there is, how long it will take.  0 or -1. */
int migrate_check_end(struct migrate *);

#endif
