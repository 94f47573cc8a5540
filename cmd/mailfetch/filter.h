/* filter.h: a command that a message goes through before it is delivered */
#ifndef FILTER_H
#define FILTER_H

#include "place.h"

/* Start with { .out = -1 }. */
struct filter {
	struct command command;
	int out;		/* what it gave for the last message, or -1 */
};

enum filter_fate {
	FILTER_PASSED,		/* as it came out */
	FILTER_LEFT,		/* it stays on the server, and is counted */
	FILTER_DROPPED		/* it goes nowhere, and is done */
};

/* Takes what --filter says.  EX_USAGE. */
int filter_parse(struct filter *, struct handed *);

/* Lists what it will start.  It needs a temporary file of its own. */
void filter_box(const struct filter *);

/*
 * Which fate, or -1.  Of FILTER_PASSED h's file and size are what came out,
 * until the next message.
 */
int filter_run(struct filter *, struct handed *h);

void filter_close(struct filter *);

#endif
