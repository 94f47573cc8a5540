/* message.h: one message on the server, and what became of all of them */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <time.h>

#include "state.h"

struct message {
	struct key key;
	struct key asked;	/* what it is called in hung.h */
	uint32_t number;	/* of POP3; the UID of IMAP */
	uint64_t size;
	uint64_t sum;		/* a digest, as it came; 0: not known (yet) */
	bool shared;		/* its UIDL is, or was, another one's, too */
	bool bare_lf;		/* a line ends without a CR */
	bool part;		/* perhaps: size says that there is more */
	time_t date;		/* INTERNALDATE; 0: not known */
	bool seen;		/* on the server */
	const char *id;		/* UIDL, for -j */
	const char *folder;
	const char *flags;	/* of IMAP, if asked for; or NULL */
};

struct counts {
	uint64_t there;
	uint64_t total;		/* to be fetched */
	uint64_t total_bytes;	/* of them, as the server says; 0: it does not */
	uint64_t fetched;
	uint64_t bytes;		/* of what was fetched */
	uint64_t kept;		/* left there for now */
	uint64_t dropped;	/* by the filter */
	uint64_t skipped;	/* too large */
	uint64_t doubt;		/* handed over before, and no answer was seen */
	uint64_t deleted;
	uint64_t moved;
	uint64_t seen;		/* count as fetched from now on */
	int status;		/* what single messages add up to */
	int hook;		/* what --on-change adds up to */
};

#endif
