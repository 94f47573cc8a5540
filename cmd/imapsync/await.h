/*
 * await.h: waiting until something has changed, here or there
 *
 * There a server tells of all its folders at once (NOTIFY, RFC 5465), or of
 * the first one (IDLE, RFC 2177), or not at all; what it does not tell of is
 * to be looked at each poll seconds.  Here the kernel tells (dirwatch.h).
 */
#ifndef AWAIT_H
#define AWAIT_H

#include <stdbool.h>
#include <stdint.h>

struct link;
struct roster;

enum await_rung { AWAIT_NOTIFY, AWAIT_IDLE, AWAIT_POLL };

/* Start with the first six. */
struct await {
	const char *title;	/* the account's, for messages */
	struct roster *roster;
	const char *root;	/* the directory of the Maildirs */
	double poll;
	double timeout;		/* for what ends a wait, if it is not 0 */
	int near;		/* of dirwatch.h, or -1 */
	int64_t looked;		/* clock_ms when all was looked at last */
	enum await_rung rung;	/* the best that the server has */
	/* private */
	bool untold;		/* it has refused NOTIFY */
	bool crowded;		/* there are too many folders to watch; said */
	int64_t mute;		/* it has refused IDLE: not asked until then */
	int watched;		/* the folder that was added last */
	unsigned news;
	int64_t first, calm;	/* the first of it; when no more is due */
};

enum await_news {
	AWAIT_NEAR = 1,		/* a Maildir may have changed */
	AWAIT_FAR = 2,		/* mailboxes of the roster were told of */
	AWAIT_ALL = 4		/* folders came or went, or nobody knows */
};

/*
 * Watches the Maildirs of the roster, and the folders above them, from here
 * on.  Where they are too many, or the system cannot, near is -1; the first is
 * said, and tried again by the next call.  True: there are new ones, in which
 * something may have happened before.
 */
bool await_here(struct await *);
/*
 * Bits of what is new; AWAIT_ALL if nothing was told when it is time to look at
 * all again, after so many seconds at most (0: any).  0 is a stop.  -1: the
 * connection is lost, and the link's err says why.
 */
int await_news(struct await *, struct link *, double seconds);
#endif
