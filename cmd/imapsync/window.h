/* window.h: only the newest messages are here: --last and --since */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct box;
struct far_msg;
struct link;
struct outgo;
struct rec;
struct run;

enum window_says {
	WINDOW_LEAVES,
	WINDOW_HELD,		/* it belongs here now: looked at again */
	WINDOW_STAYS		/* it may have what the server has not */
};

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

/*
 * By what the server says of it now (NULL: it is not there); rec may be NULL,
 * native: its file is a download.  A file of another size stays.
 */
enum window_says window_says(const struct far_msg *, const struct rec *,
    bool native);
/* Is the file what was synced last?  changed: its flags that are others. */
bool window_known(const struct rec *, const struct outgo *, uint64_t changed);

#endif
