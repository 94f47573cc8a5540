/*
 * map_regex.h: rules of names with a regular expression
 *
 * One side of such a rule begins with "~": an extended regular expression
 * (POSIX) of the whole name.  The other one is made of its groups, \1 to \9,
 * and of what stands between them.  Such a rule goes both ways, for the text
 * between the groups is that of names, and each group is on both sides once.
 */
#ifndef MAP_REGEX_H
#define MAP_REGEX_H

#include <stdbool.h>

#include "fail.h"
#include "str.h"

/* Has the rule one, on either side? */
bool map_regex_is(struct str near, struct str far);
/* EX_USAGE, with the reason, for one that cannot be turned round. */
int map_regex_check(struct str near, struct str far, struct err *);
/*
 * The name on the other side, appended, if the rule is about it; far: it is
 * one of the server's.  "/" stands for the separator.  A rule is compiled once,
 * and stays so: not for several threads.
 */
bool map_regex_to(struct str near, struct str far, bool from_far,
    struct str name, char sep, struct buf *);

#endif
