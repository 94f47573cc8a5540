/* migrate_folder.h: one mailbox of a migration */
#ifndef MIGRATE_FOLDER_H
#define MIGRATE_FOLDER_H

struct migrate;
struct migrate_folder;

/*
 * Made and subscribed there if need be, and all of it copied: 0, f->done is
 * set; 1 enough for now (see migrate_copy); -1 a connection, or the state, has
 * failed.  What is wrong with this folder alone is told, and it is done.
 */
int migrate_folder(struct migrate *, struct migrate_folder *);

#endif
