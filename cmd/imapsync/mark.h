/* mark.h: what shows that a mailbox, or a Maildir, has not changed */
#ifndef MARK_H
#define MARK_H

#include <stdint.h>

/* What the server said when all up to then had been dealt with. */
struct mark {
	uint64_t uidvalidity, uidnext, modseq, exists;
	char id[80];		/* MAILBOXID, or "" */
};

/* When the Maildir was as the base says; all 0: not known to be. */
struct stamp {
	uint64_t cur_mtime, cur_ino, new_mtime, new_ino;	/* ns */
};

#endif
