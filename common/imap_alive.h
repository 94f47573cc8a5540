/* imap_alive.h: which of a server's words renew the time of a command */
#ifndef IMAP_ALIVE_H
#define IMAP_ALIVE_H

#include "imap_read.h"
#include "table.h"

struct imap;

/* Its notes, from one tagged answer to the next. */
struct imap_alive {
	unsigned told;		/* tags that were answered, of all */
	unsigned asked;		/* what untagged data commands under way ask */
	bool useful;		/* this response is what was asked for */
	bool once;		/* SEARCH, VANISHED came */
	uint64_t due;		/* messages that are asked about, at most */
	uint64_t there;		/* EXISTS, when the first was told; 0: none */
	uint64_t fetched, removed;	/* so many were useful */
	size_t statuses;	/* STATUS was asked so often */
	uint64_t farthest;	/* FETCH, the highest number */
	uint64_t *names;	/* LIST, STATUS: hashes of what came */
	size_t nnames;
	struct table of_names;	/* places in names */
	uint64_t step;		/* of INPROGRESS */
	int64_t patience;	/* until when it is believed */
};

/* A command without its tag is about to be sent: "UID FETCH 1 (UID)". */
void imap_alive_asked(struct imap *, struct str command);

/* A response begins: useful is set if a command under way asks for it. */
void imap_alive_begins(struct imap *, enum imap_type);

/* It has come; the time of the phase is renewed if it is progress. */
void imap_alive_heard(struct imap *, const struct imap_resp *);

/* Frees what it noted of names: at the end, and before *m is set anew. */
void imap_alive_forget(struct imap *);

#endif
