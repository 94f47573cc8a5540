/*
 * map.h: mailboxes that have another name here
 *
 * A rule is "NEAR -> FAR": "Sent -> [Gmail]/Sent Mail"; or with a "*" at the
 * end of both, for all names that begin so: "* -> INBOX.*"; or with a regular
 * expression on one side: "~(.*)-(.*) -> \2/\1" (map_regex.h).  "/" stands for the
 * server's separator.  The first rule that fits counts.  INBOX is meant only
 * where a rule has it whole.
 */
#ifndef MAP_H
#define MAP_H

#include <stdbool.h>

#include "fail.h"
#include "opt.h"
#include "str.h"

/* EX_USAGE for what is no rule. */
int map_check(const struct opt_list *rules, struct err *);
/* Appends the name here of a mailbox there: its own, if no rule fits. */
void map_near(const struct opt_list *rules, struct str far, char sep,
    struct buf *);
/* The other way.  false: no mailbox has that name here. */
bool map_far(const struct opt_list *rules, struct str near, char sep,
    struct buf *);

#endif
