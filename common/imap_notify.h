/* imap_notify.h: NOTIFY (RFC 5465): one connection is told of many mailboxes */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include "imap.h"

/* A mailbox that is to be told of, and what its UIDNEXT was. */
struct imap_told {
	const char *name;
	uint64_t uidnext;	/* 0: not known */
};

/*
 * IMAP_NOTIFY: from here on the server tells of what comes to these n
 * mailboxes and leaves them, the selected one included, and imap_idle hears
 * it.  Waited for: 0 nothing has come since, 1 something has, 2 refused
 * (m->text; [BADEVENT] and the like), or more names than a line may have, -1.
 */
int imap_notify(struct imap *, const struct imap_told *, size_t n);

/*
 * The same for all mailboxes of the user's own, and for what comes, goes, or
 * gets other flags in any of them; for folders that are made, removed or
 * renamed (LIST), too.  The answer has a STATUS of each.  What the selected
 * mailbox says stays as it is without NOTIFY (SELECTED-DELAYED, 6.2).
 */
unsigned imap_ask_notify_all(struct imap *);
/* Again as without NOTIFY: of the selected mailbox alone. */
unsigned imap_ask_notify_off(struct imap *);

/* NOTIFY NONE, waited for: it would disturb other commands.  0, or -1. */
int imap_notify_end(struct imap *);

#endif
