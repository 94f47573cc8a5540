/* told.h: what a watch has said of single mailboxes, so that it is said once */
#ifndef TOLD_H
#define TOLD_H

#include <stdbool.h>

#include "complain.h"
#include "table.h"

/* Start with { 0 }; the caller opens complain, for --complain-after. */
struct told {
	struct complain complain;
	/* private */
	struct told_line *v;
	size_t n;
	struct table hash;	/* of v */
};

/*
 * A line about a mailbox, as complain_say has it, with the format as cause.
 * What is said at once is not said again before it was over.
 */
void told_say(struct told *, int code, const char *box, const char *cause,
    const char *line);
/* A pass is over.  all: it has looked at everything, so what it did not meet is
 * over. */
void told_end(struct told *, bool all);
void told_free(struct told *);

#endif
