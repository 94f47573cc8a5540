/*
 * known.h: what an interrupted run left in the Maildirs
 *
 * Its files are visible, and nothing of them is in the state: what they hold is
 * not delivered there again.
 */
#ifndef KNOWN_H
#define KNOWN_H

#include <stdbool.h>
#include <stddef.h>

struct deliver;

/*
 * Looks for them, where this run cannot know from its state what is there.  The
 * places are open.  -1: failed, and said in the deliver's err.
 */
int known_find(struct deliver *);
/* Is a file that an interrupted run left still nobody's? */
bool known_unsure(const struct deliver *);
/* Is the message under way, which is complete, in this place already? */
bool known_holds(const struct deliver *, size_t place);

#endif
