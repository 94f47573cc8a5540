/* migrate_verify.h: is what was copied there, byte for byte? */
#ifndef MIGRATE_VERIFY_H
#define MIGRATE_VERIFY_H

struct migrate;
struct migrate_folder;

/*
 * Reads each message of a folder on both sides and compares SHA-256; what
 * differs, is gone there, or was never copied is told, and nothing is changed.
 * 0, f->done is set; -1 a connection has failed.
 */
int migrate_verify(struct migrate *, struct migrate_folder *);

#endif
