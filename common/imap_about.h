/* imap_about.h: what a server says of the account: its names, its room */
#ifndef IMAP_ABOUT_H
#define IMAP_ABOUT_H

#include "imap.h"

/*
 * The prefix of the names of one's own mailboxes but for INBOX ("INBOX."), and
 * their separator (RFC 2342); "" and '\0' where the server does not say.
 */
struct imap_namespace {
	char prefix[256];
	char sep;
};
/* 0: nothing was sent, for the server has no NAMESPACE. */
unsigned imap_ask_namespace(struct imap *);
/* Of an IMAP_OTHER response, if it is that.  0, -1. */
int imap_namespace(struct imap *, const struct imap_resp *,
    struct imap_namespace *);

/*
 * KB that are in use and that there may be (RFC 2087, 9208: STORAGE) for INBOX,
 * waited for.  1; 0: there is no limit, or the server does not say; -1.
 */
int imap_quota(struct imap *, uint64_t *used, uint64_t *limit);

/* Does it say that capability, in upper case? */
bool imap_says_cap(const struct imap *, const char *name);

#endif
