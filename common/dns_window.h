/* dns_window.h: how many questions are in flight at once; for dns*.c alone */
#ifndef DNS_WINDOW_H
#define DNS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
	unsigned size;		/* so many may be in flight */
	unsigned most;		/* what size may be at most */
	unsigned inflight;	/* so many are */
	bool full;		/* inflight was size since the last measure */

	/* Since the last measure. */
	unsigned replies;
	unsigned lost;		/* replies that had to be asked for again */
	int64_t since_us;

	/* What growing brings. */
	unsigned before;	/* size before it grew on trial; 0: no trial */
	double rate;		/* replies per microsecond then, or at size */
	unsigned calm;		/* measures until the next trial */
	unsigned pause;		/* how many there will be after one in vain */
};

/* Empty, with room for what nobody minds, at most for most (not 0). */
void dns_window_open(struct window *, unsigned most, int64_t now_us);

/* How many more may be sent. */
static inline unsigned
dns_window_room(const struct window *w)
{
	return w->inflight < w->size ? w->size - w->inflight : 0;
}

/* A question is in flight; it is no more. */
void dns_window_enter(struct window *);
void dns_window_leave(struct window *);

/*
 * A reply came; lost: to a question that was sent again since the reply to the
 * first one, or the question, was lost.  Sets size anew when there is enough
 * to measure by.
 */
void dns_window_reply(struct window *, int64_t now_us, bool lost);

#endif
