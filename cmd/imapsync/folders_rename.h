/* folders_rename.h: whole folders: renamed on the other side */
#ifndef FOLDERS_RENAME_H
#define FOLDERS_RENAME_H

#include <stdbool.h>

struct box;
struct run;

/* A rename here that a crash has interrupted is done now.  0, -1. */
int folders_resume(struct run *);
/*
 * The Maildir, or the mailbox, of the one gets the name of the other, which has
 * none on that side; so do its state and its entry.  A dry run only tells it.
 * 0, -1; 1 if it cannot be: then both are left alone, and it is told; far: also
 * if it has inferiors that stay.
 */
int folders_rename_near(struct box *, struct box *to);
int folders_rename_far(struct box *, struct box *to);
/*
 * The state and the index have it under the other's name from here on, durably.
 * 0, -1.
 */
int folders_follow(struct box *, struct box *to);
/*
 * Is c an inferior of b, and would go with it on the server to another place
 * than its own new one?  Then it is to be renamed first.
 */
bool folders_first(const struct box *c, const struct box *to_c,
    const struct box *b, const struct box *to);
/* Has it inferiors, on either side? */
bool folders_above(const struct box *);

#endif
