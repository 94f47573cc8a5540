/* command.h: a command that gets a message */
#ifndef COMMAND_H
#define COMMAND_H

#include "place.h"
#include "spawn.h"

/* How one run of it ended. */
struct command_end {
	bool started;
	bool late;		/* not done in time, and ended by us */
	bool all;		/* it has read the message to its end */
	struct spawn_child child;
};

/*
 * Runs it with the message as its standard input, from the start, and out
 * (as in spawn.h) as its standard output, for --deliver-timeout at most.  0,
 * or -1: nothing works any more, for it cannot be started, we were asked to
 * end, or nobody knows how it ended.
 */
int command_run(struct command *, struct handed *, int out,
    struct command_end *);

/*
 * That end is why the message stays: counted for the report, and for the exit
 * status.  -1 EX_TEMPFAIL if it was late several times in a row: what the
 * command waits for is not in the message.
 */
int command_failed(struct command *, struct handed *,
    const struct command_end *);

#endif
