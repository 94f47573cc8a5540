/* saved.h: deletions on the server that are one half of a move */
#ifndef SAVED_H
#define SAVED_H

struct box;
struct imap_uids;
struct run;

/*
 * These were copied to the trash, and could not be taken out of their mailbox:
 * kept for later runs.  What cannot be kept costs one more copy.
 */
void saved_note(const struct box *, const struct imap_uids *);

/*
 * Sets saved in each planned deletion of a message that lies in another place
 * there, too, since the last run that was whole: same bytes, in step, and each
 * such copy stands for one deletion.  Only where that makes a difference, for
 * the message is read once more.  In those of saved_note, too.  After all
 * additions.  0, -1.
 */
int saved_find(struct run *);

#endif
