/* migrate_copy.h: messages from one server to the other, as a stream */
#ifndef MIGRATE_COPY_H
#define MIGRATE_COPY_H

#include <stdint.h>

struct migrate_box;
struct migrate_lane;
struct migrate_ranges;

/*
 * The mailbox is selected on both sides.  Copies ranges of messages as long as
 * there are any: what is there is in b, what the other server refuses, too.
 * low: its UIDNEXT before.  0 all of them; 1 enough for now: it wants a pause,
 * is full, or the day's budget is spent; 2 the mailbox is gone there; -1 a
 * connection has failed.  Other threads may do the same with the same ranges.
 */
enum migrate_copied { MIGRATE_ALL, MIGRATE_ENOUGH, MIGRATE_GONE };
int migrate_copy(struct migrate_lane *, struct migrate_box *, uint32_t low,
    struct migrate_ranges *);

#endif
