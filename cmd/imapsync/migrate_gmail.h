/* migrate_gmail.h: a message that Gmail shows in several mailboxes is copied once */
#ifndef MIGRATE_GMAIL_H
#define MIGRATE_GMAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imap_uids;
struct migrate;
struct migrate_box;
struct migrate_name;

/* Does FROM say which messages are one (X-GM-MSGID)? */
bool migrate_gmail(const struct migrate *);
/* A mailbox of what is in others, too, which comes behind those. */
bool migrate_gmail_is_view(const struct migrate_name *);

/*
 * The mailbox is selected in FROM.  Of these UIDs, sorted, those are taken out
 * that have no pair (b may be NULL) and are messages of a mailbox before it, for
 * which migrate_gmail_done was called.  -1: the connection has failed.
 */
int migrate_gmail_leave_out(struct migrate *, struct migrate_box *,
    struct imap_uids *);
/* The mailbox is done: its messages, all of them, are in what was copied. */
int migrate_gmail_done(struct migrate *, const uint32_t *uids, size_t n);

#endif
