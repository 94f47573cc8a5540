/* body.h: the bodies of messages whose header alone is here */
#ifndef BODY_H
#define BODY_H

#include <stdbool.h>

#include "opt.h"

struct box;
struct err;
struct run;

/* Which ones, and what is done; one of files, id, uids and keys. */
struct body_want {
	struct opt_list files;		/* paths */
	const char *id;			/* a Message-ID */
	const char *uids;		/* a set, in folder */
	const char *keys;		/* of SEARCH */
	const char *folder;		/* the mailbox; NULL: all of them */
	bool print;			/* to stdout, and nothing is changed */
	bool trim;			/* instead: see trim.h */
};

/* EX_USAGE where these cannot be together, or cannot be said. */
int body_check(const struct body_want *, struct err *);
/*
 * Each message that is a stub here becomes whole, under a name of its own; one
 * that has its body already stays as it is.  The run is connected and has its
 * lock.  What is wrong with one is told, and the others are done; -1, r->e: the
 * run ends.
 */
int body_run(struct run *, const struct body_want *);
/*
 * State and Maildir of a mailbox, opened and scanned, once.  1: it cannot be,
 * which is told; -1.
 */
int body_open(struct box *);

#endif
