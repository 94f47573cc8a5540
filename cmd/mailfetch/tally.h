/* tally.h: why messages stay on the server: counted, and said once a run */
#ifndef TALLY_H
#define TALLY_H

#include "complain.h"
#include "mem.h"
#include "message.h"

enum { TALLY_WHYS = 16, TALLY_NAMES = 8 };

struct tally_why {
	char *why;
	char *cause;		/* as complain_say has it */
	int status;
	uint64_t n;
	char *name[TALLY_NAMES];	/* of the first ones */
};

/* Start with { 0 }. */
struct tally {
	struct arena arena;
	struct tally_why v[TALLY_WHYS];
	size_t n;
};

/*
 * This message stays, for that reason: what failed, how, and the exit status
 * of that.  cause: as complain_say has it.  Of more reasons than there is room for the last is "other reasons".
 */
void tally_add(struct tally *, const struct message *, int status,
    const char *cause, const char *why, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * One line for each reason, with the account's name in front, and all is
 * forgotten: "work: exec cat: exit 75: message 3 stays on the server".
 * What passes by itself is a complaint.
 */
void tally_say(struct tally *, const char *title, struct complain *);

#endif
