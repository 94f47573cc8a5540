/* saved.h: deletions on the server that are one half of a move */
#ifndef SAVED_H
#define SAVED_H

struct run;

/*
 * Sets saved in each planned deletion of a message that lies in another place
 * there, too, since the last run that was whole: same bytes, in step, and each
 * such copy stands for one deletion.  Only where that makes a difference, for
 * the message is read once more.  After all additions.  0, -1.
 */
int saved_find(struct run *);

#endif
