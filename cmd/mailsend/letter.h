/* letter.h: one message and its envelope, from the options and a text */
#ifndef LETTER_H
#define LETTER_H

#include <stdbool.h>

#include "envelope.h"
#include "fail.h"
#include "mem.h"
#include "msg.h"
#include "options.h"

/* All that a letter is written from, beside the options. */
struct letter_source {
	const char *mail_from;	/* the reverse-path; NULL: the sender's */
	struct opt_list to;	/* recipients, each a bare address */
	int fd;			/* a finished message; -1: as options say */
	const char *user;	/* the account's; or NULL */
	const char *self;	/* envelope_self; NULL: found out if needed */
	bool composing;		/* the command line has parts of a message */
};

/* All of it lives in the arena. */
struct letter {
	struct arena *arena;	/* set this one, and nothing else */
	struct envelope envelope;
	struct msg msg;
	const char *id;		/* Message-ID, for the report */
	bool empty;		/* there is no text */
	bool nothing;		/* and no file, so that nothing is sent (-E) */
	bool mended;		/* a daemon's: whatever is odd is recoded */
	bool sealed;		/* by seal_letter */
	bool tried;		/* before, out of the queue */
	const char *queued;	/* what it is called there, as a name for files
				 * (maildir.h); or NULL */
};

/*
 * In words, what standard input is read for though no option says so; NULL:
 * for nothing.
 */
const char *letter_reads(const struct options *);

/*
 * Everything up to the server; stdin is read here if it is needed.  0 or -1;
 * letter_close either way.
 */
int letter_write(struct letter *, const struct options *,
    const struct letter_source *, struct err *);
void letter_close(struct letter *);

#endif
