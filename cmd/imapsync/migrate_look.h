/* migrate_look.h: which messages are on the other server already */
#ifndef MIGRATE_LOOK_H
#define MIGRATE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imap_uids;
struct migrate;
struct migrate_box;

/*
 * The mailbox is selected on both sides.  Looks for these UIDs, sorted, in the
 * messages there from UID low on that are no pair's yet, and notes the pairs.
 * strict: each by its bytes; else a message whose header and size are those of
 * one other alone is that one.  -1: a connection has failed.
 *
 * unsure: of which that cannot be told, for what may be their copy does not
 * come; added.
 */
int migrate_look(struct migrate *, struct migrate_box *, const uint32_t *uids,
    size_t n, uint32_t low, bool strict, struct imap_uids *unsure);

#endif
