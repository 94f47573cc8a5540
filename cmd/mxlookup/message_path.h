/* message_path.h: the hops of a message (RFC 5321 section 4.4), and the border */
#ifndef MESSAGE_PATH_H
#define MESSAGE_PATH_H

#include <stdint.h>

#include "dkim_header.h"
#include "mem.h"
#include "opt.h"
#include "str.h"

enum message_fact { MESSAGE_NO, MESSAGE_YES, MESSAGE_UNTOLD };

enum { MESSAGE_HOPS = 100 };

/* One field Received.  Texts are NULL where it says nothing. */
struct message_hop {
	const char *helo;	/* what the client called itself */
	const char *name;	/* what its address is called in the DNS */
	struct str ip;		/* 4 or 16 bytes; p NULL: none */
	bool told;		/* private: a comment told who the client is */
	const char *by;
	const char *with;	/* the protocol */
	const char *tls;	/* its version */
	enum message_fact crypt;
	int64_t when;		/* seconds since 1970; -1: no date */
};

/* Where the message came to who is believed. */
struct message_border {
	struct str ip;		/* the stranger's; p NULL: not known */
	const char *sender;	/* MAIL FROM, "" the null one; NULL: unknown */
	const char *helo;	/* NULL: unknown */
	size_t hop;		/* the hop; SIZE_MAX: none of them */
	const char *why;	/* why it is not known */
};

struct message_path {
	struct message_hop *hop;	/* the newest first, as they stand */
	size_t n;
	size_t more;		/* over MESSAGE_HOPS: not looked at */
	struct message_border border;
};

/* Reads all fields Received; in the arena. */
void message_path(struct message_path *, struct arena *,
    const struct dkim_header *);

/*
 * The border: that given, or where the hops of hosts that are trusted (names,
 * those below them, addresses) end.  A field is believed only if all above it
 * are of such hosts; what a stranger wrote below is not.
 */
void message_path_border(struct message_path *, struct arena *,
    const struct dkim_header *, const struct opt_list *trust,
    const struct message_border *given);

/* Seconds from the hop below to hop i; false: not known. */
bool message_path_delay(const struct message_path *, size_t i,
    int64_t *seconds);

#endif
