/* migrate_share.h: small mailboxes, several at once */
#ifndef MIGRATE_SHARE_H
#define MIGRATE_SHARE_H

struct migrate;

/*
 * Copies those of the run that are small, new in the state and empty there, over
 * all connections; the others are left to migrate_folder, and so is what does
 * not go as it should.  0; 1 enough for now (see migrate_copy); -1 a connection,
 * or the state, has failed.
 */
int migrate_share(struct migrate *);

#endif
