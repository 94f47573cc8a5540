/* window.h: only the newest messages are here: --last and --since */
#ifndef WINDOW_H
#define WINDOW_H

struct box;
struct link;
struct run;

/*
 * Of each mailbox that was looked at: b->inside, the UIDs that belong here, by
 * what the server says now.  Unread and flagged messages do.  0, -1.
 */
int window_look(struct run *);
/*
 * The new messages that do not belong here are known from here on, as being
 * there alone.  -1.
 */
int window_note(struct box *);
/*
 * ACT_LEAVE: the files of those that the server has, read and not flagged, are
 * removed here; the base knows that before.  -1.
 */
int window_leave(struct link *, struct box *);

#endif
