/*
 * limit.h: what a peer may make us hold
 *
 * Each string from a peer is bounded where it is read.  These are the bounds
 * of whole answers, and of lists that are collected over many: so that a peer
 * that talks for ever ends with EX_PROTOCOL, its name and what was too much,
 * and a tool stays below 32 MB until then, but for 8 bytes a message that was
 * named one by one.  A number that a peer only tells ("4000000 EXISTS")
 * allocates nothing.  Beside each stands what one costs, and what all of them
 * do.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdint.h>

/*
 * One IMAP response, but for the bodies that go to a sink: the strings in it
 * that are kept until the next, and its items and literals, of any name.  A
 * SEARCH of a megabyte is the longest that is not nonsense.
 */
#define LIMIT_RESPONSE_BYTES (4 << 20)
#define LIMIT_RESPONSE_ITEMS 10000

/*
 * Lines of an SMTP reply or of POP3's CAPA, and of HTTP headers, those before
 * a 100 counted: none is kept but what is understood.  A line has 8 KB.
 */
#define LIMIT_REPLY_LINES 1000
#define LIMIT_HTTP_LINES 200

/* Bytes of a SASL challenge; of them each mechanism has so many steps. */
#define LIMIT_CHALLENGE 8192

/*
 * Of DNS a message has 64 KB, a chain DNS_MAXHOPS aliases (dns.h), and the
 * cache its own size (dns_conf).  Of DEFLATE as much is expanded as there is
 * room for, a megabyte (AHEAD in conn.c), so no ratio makes it more.
 */

/*
 * How long a message may be that was announced with n bytes: some servers
 * count a line end as one, and some guess.
 */
#define LIMIT_ANNOUNCED(n) (2 * (uint64_t)(n) + (1 << 20))

/*
 * A literal: RFC822.SIZE has 32 bits, and this is twice that.  To read past
 * one takes time alone.
 */
#define LIMIT_LITERAL (INT64_C(1) << 33)
#define LIMIT_SKIPPED (64 << 20)

/* A UID takes 4 bytes, and 4 more while they are sorted: 32 MB. */
#define LIMIT_MESSAGES 4000000

/*
 * In a POP3 maildrop: 8 bytes each for LIST, and in mailfetch 16 for the
 * digest that UIDL becomes at once, and 8 to tell them apart: 16 MB.  It
 * is an eighth of IMAP's, since POP3 cannot be asked for what is new: each id
 * is held until it is known whether another message has it, too, as RFC 1939
 * section 7 allows.
 */
#define LIMIT_MAILDROP 500000

/* The unique ids themselves are kept for JSON alone. */
#define LIMIT_UIDL_BYTES (10 << 20)

/*
 * Mailboxes in LIST, and the bytes of their names with what is noted of each
 * (some 150 bytes): 8 MB for both sides of imapsync, as many for mailfetch.
 * One that imapsync looks into has 350 bytes more until the end, and 1 KB while
 * it is open: 30 MB in all with the most of them.
 */
#define LIMIT_MAILBOXES 30000
#define LIMIT_MAILBOX_BYTES (8 << 20)

#endif
