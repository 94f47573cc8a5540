/*
 * imap_box.h: what a client does with mailboxes (RFC 3501, 9051 and friends)
 *
 * imap_ask_* queue one command and return its tag, so that any number can be
 * under way; the answers are read with imap_next.  Reads may ride behind a
 * SELECT that is not answered yet; what changes anything must not, for only
 * the answer says whether the UIDs are still those (RFC 3501 5.5).  Sets are
 * "1:4,7", at most about 8,000 bytes (RFC 7162 4): see imap_set_put.  Tag 0:
 * nothing was sent, for a name or a flag cannot be said (EX_USAGE); imap_wait
 * then is -1.
 *
 *	a = imap_ask_select(m, name, true, &since);
 *	b = imap_ask_search(m, "ALL");
 *	imap_box_forget(m);
 *	... imap_next until imap_done(&r, a), then until imap_done(&r, b)
 */
#ifndef IMAP_BOX_H
#define IMAP_BOX_H

#include "imap.h"
#include "imap_set.h"

/*
 * ID, and ENABLE of what is offered of IMAP_QRESYNC, IMAP_CONDSTORE and
 * IMAP_UTF8, in one flight: the tag of ENABLE, for nobody need wait for the
 * other; 0 if there is nothing to enable.  The outcome is in m->utf8,
 * m->qresync, m->condstore.
 */
unsigned imap_ask_ready(struct imap *, unsigned of);

/*
 * LIST "" PATTERN, with SPECIAL-USE, SUBSCRIBED and STATUS in the same answer
 * where the server can (IMAP_LIST_STATUS); else STATUS is to be asked for.
 * STATUS has MESSAGES UIDNEXT UIDVALIDITY, and HIGHESTMODSEQ where the server
 * has CONDSTORE, MAILBOXID with OBJECTID, and APPENDLIMIT if that is one a
 * mailbox; with IMAP_LIST_SIZES SIZE, too, where the server has it (RFC 8438).
 */
enum imap_counts { IMAP_LIST_NAMES, IMAP_LIST_COUNTS, IMAP_LIST_SIZES };
unsigned imap_ask_list(struct imap *, const char *pattern,
    enum imap_counts);
unsigned imap_ask_status(struct imap *, struct str name);
unsigned imap_ask_status_size(struct imap *, struct str name);	/* with SIZE */
/* Says LIST which mailboxes are subscribed?  Else LSUB does. */
bool imap_list_says_subscribed(const struct imap *);

/*
 * SELECT or EXAMINE.  With QRESYNC and since.modseq > 0 the answer has what
 * changed since then as VANISHED (EARLIER) and FETCH; else with CONDSTORE.
 */
struct imap_since {
	uint64_t uidvalidity, modseq;	/* 0: nothing is known */
	const char *uids;		/* those known, or NULL */
};
unsigned imap_ask_select(struct imap *, struct str name, bool examine,
    const struct imap_since *);

/* EXAMINE or SELECT, without more, waited for: 0, 1 refused, -1. */
int imap_select(struct imap *, struct str name, bool examine);

/* UID SEARCH, RETURN (ALL) with ESEARCH.  imap_found adds what came. */
unsigned imap_ask_search(struct imap *, const char *keys);

/* Of an IMAP_SEARCH response; -1 EX_PROTOCOL. */
int imap_found(struct imap *, struct imap_resp *, struct imap_uids *);
/* Asks and waits: the UIDs that match, in order; the caller frees *uids. */
int imap_search(struct imap *, const char *keys, uint32_t **uids, size_t *n);
/* The same with keys that somebody typed: a BAD is EX_USAGE. */
int imap_search_typed(struct imap *, const char *keys, uint32_t **uids,
    size_t *n);

/*
 * UIDBATCHES (RFC 10022), waited for: the highest UIDs of pieces that have n
 * messages at most, in order.  0; 1 there is no such command, or it is refused;
 * -1.
 */
int imap_batches(struct imap *, uint64_t n, struct imap_uids *ends);

/* UID FETCH SET (UID FLAGS), of those changed since modseq if it is not 0. */
unsigned imap_ask_flags(struct imap *, const char *set, uint64_t modseq);
/* (UID FLAGS INTERNALDATE BODY.PEEK[]), or with HEADER alone, or facts. */
enum imap_bodies {
	IMAP_HEADERS = 1 << 0, IMAP_NO_FLAGS = 1 << 1,
	IMAP_SIZES = 1 << 2,		/* RFC822.SIZE, before the body */
	IMAP_OR_WHOLE = 1 << 3,		/* see imap_fetch.h */
	IMAP_FACTS = 1 << 4		/* imap_ask_facts, whatever else is set */
};
unsigned imap_ask_bodies(struct imap *, const char *set, unsigned bodies);
/*
 * (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID
 * DATE FROM SUBJECT)]): who is who.
 */
unsigned imap_ask_idents(struct imap *, const char *set);
unsigned imap_ask_gmail_ids(struct imap *, const char *set); /* X-GM-MSGID */
unsigned imap_ask_sizes(struct imap *, const char *set); /* (UID RFC822.SIZE) */
/* (UID FLAGS RFC822.SIZE INTERNALDATE) */
unsigned imap_ask_facts(struct imap *, const char *set);
/* For people: RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)]. */
unsigned imap_ask_subjects(struct imap *, const char *set);

/* Is it one of the blank separated flags?  May such a mailbox be selected? */
bool imap_has_flag(struct str flags, const char *flag);
bool imap_selectable(struct str flags);
/* What it is for: the first of RFC 6154's, 8457's and 9979's; NULL: none. */
const char *imap_special_use(struct str flags);

/* UID STORE SET +FLAGS.SILENT (FLAGS), or - when add is not set. */
unsigned imap_ask_store(struct imap *, const char *set, bool add,
    const char *flags);
/*
 * UID EXPUNGE SET: of those with \Deleted, these alone; IMAP_UIDPLUS.  NULL
 * is EXPUNGE: whatever anybody has marked.
 */
unsigned imap_ask_expunge(struct imap *, const char *set);
/* UID MOVE (IMAP_MOVE), UID COPY; COPYUID says what they are called there. */
unsigned imap_ask_move(struct imap *, const char *set, struct str to);
unsigned imap_ask_copy(struct imap *, const char *set, struct str to);

unsigned imap_ask_create(struct imap *, struct str name);
unsigned imap_ask_delete(struct imap *, struct str name);
unsigned imap_ask_rename(struct imap *, struct str from, struct str to);
unsigned imap_ask_lsub(struct imap *);	/* LSUB "" "*" */
unsigned imap_ask_subscribe(struct imap *, struct str name);
/*
 * To be asked after each line of LIST, whatever becomes of it: so many came,
 * and so many bytes are kept of them.  -1, EX_PROTOCOL: too much (limit.h).
 */
int imap_list_bound(struct imap *, size_t lines, size_t bytes);

/* UNSELECT, else EXAMINE of nothing: never CLOSE, which expunges. */
unsigned imap_ask_unselect(struct imap *);

/*
 * [APPENDUID v uids] of the tagged OK to an APPEND, [COPYUID v from to] of an
 * OK to COPY (tagged) or MOVE (RFC 6851: untagged, before the tagged one), in
 * pairs.  1 there is one, 0 there is none, -1 (EX_PROTOCOL): sets that are
 * none, or not of the same length, or of more than 4 million.  To be asked
 * of the answers to that command alone; whether from was asked for at all is
 * the caller's to see.
 */
int imap_appended(struct imap *, const struct imap_resp *,
    uint64_t *uidvalidity, struct imap_uids *to);
int imap_copied(struct imap *, const struct imap_resp *,
    uint64_t *uidvalidity, struct imap_uids *from, struct imap_uids *to);

#endif
