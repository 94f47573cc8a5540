/* imap_read.h: what a server says, response by response, item by item */
#ifndef IMAP_READ_H
#define IMAP_READ_H

#include "conn.h"
#include "mem.h"

struct imap;

enum imap_type {
	IMAP_OK, IMAP_NO, IMAP_BAD, IMAP_BYE, IMAP_PREAUTH, IMAP_CONTINUE,
	IMAP_CAPABILITY, IMAP_ENABLED, IMAP_EXISTS, IMAP_EXPUNGE, IMAP_FETCH,
	IMAP_LIST, IMAP_LSUB, IMAP_STATUS, IMAP_SEARCH, IMAP_VANISHED,
	IMAP_FLAGS, IMAP_BATCHES,
	IMAP_OTHER
};

/* All views are valid until the next imap_next, or until more is asked. */
struct imap_resp {
	enum imap_type type;
	unsigned tag;		/* 0: untagged */
	uint64_t number;	/* EXISTS, EXPUNGE, FETCH: message number */
	struct str code, arg;	/* "[UIDVALIDITY 12]" */
	struct str text;	/* for people */
	struct str name;	/* LIST, LSUB, STATUS: in UTF-8, if it can be */
	struct str word;	/* OTHER: its first, "QUOTA" */
	struct str flags;	/* LIST, FLAGS: blank separated */
	char sep;		/* LIST; '\0' for NIL */
	struct str set;		/* SEARCH (ESEARCH's ALL), VANISHED, BATCHES */
	uint64_t count;		/* ESEARCH's */
	unsigned of;		/* ESEARCH: the tag of its SEARCH, or 0 */
	bool earlier;		/* VANISHED (EARLIER) */
	bool bad_name;		/* name is raw: no modified UTF-7 */
	bool old_search;	/* SEARCH: set is "1 2 3" */
};

enum imap_kind {
	IMAP_UID, IMAP_SIZE, IMAP_DATE, IMAP_FLAG, IMAP_MODSEQ, IMAP_BODY,
	IMAP_COUNT, IMAP_OBJECT, IMAP_UNKNOWN
};

struct imap_item {
	enum imap_kind kind;
	struct str name;	/* "BODY[HEADER]", STATUS: "UIDNEXT" */
	uint64_t number;	/* UID, SIZE, MODSEQ, COUNT */
	/* DATE, FLAG, OBJECT (MAILBOXID, EMAILID); BODY when it was quoted */
	struct str text;
	bool nil, literal;	/* of BODY; nil also of OBJECT, APPENDLIMIT */
	uint64_t size;		/* of BODY */
};

/*
 * The next response: 1, or -1.  The unread rest of the last is skipped.  Data
 * that commands under way ask for, tagged answers, and INPROGRESS (RFC 9585)
 * renew the time of the phase (conn_again); nothing else does.
 */
int imap_next(struct imap *, struct imap_resp *);

static inline bool
imap_done(const struct imap_resp *r, unsigned tag)
{
	return r->tag == tag;
}

/* Of FETCH and STATUS: 1 the next item, 0 no more, -1. */
int imap_item(struct imap *, struct imap_item *);
/* The bytes of a BODY item, once, before the next imap_item. */
int imap_body(struct imap *, struct imap_item *, const struct conn_sink *);

/* The response that is being read, as far as it was. */
struct imap_read {
	struct arena mem;	/* the strings in it */
	struct str rest;	/* of the line */
	uint64_t at;		/* conn_taken where it begins */
	size_t kept, items;	/* of this response: limit.h */
	uint64_t skipped;	/* bytes of bodies that nobody wanted */
	uint64_t literal;	/* bytes that come behind the line */
	bool pending;		/* and were not read yet */
	bool inside;		/* a list of items is not at its end */
	bool counts;		/* which is that of STATUS */
};

#endif
