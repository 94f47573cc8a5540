/*
 * hook.h: a command of the user's that is told what was done
 *
 * It gets events, one JSON object a line, as its standard input, when what they
 * tell is on the disk.  A run of it that fails loses its events, and nothing
 * else.
 */
#ifndef HOOK_H
#define HOOK_H

#include <stdint.h>

#include "fail.h"
#include "mem.h"
#include "spawn_env.h"
#include "str.h"

/*
 * Runs the words of a command to its end, for so many seconds at most; what it
 * writes is talk, and goes to stderr.  in: its standard input, as spawn.h has
 * it; env: or NULL.  -1: it did not exit 0, "OPTION COMMAND: exit 3" in err,
 * which is EX_UNAVAILABLE; or EX_TEMPFAIL where it exits so, is ended by a
 * signal or has no end.
 */
struct hook_command {
	char **argv;
	const char *option;	/* --on-change */
	double seconds;
};
int hook_command(const struct hook_command *, int in,
    const struct spawn_env *, struct err *);

/* Start with { .file = -1 }. */
struct hook {
	struct hook_command command;	/* argv NULL: there is none */
	int file;		/* what it will read, or -1 */
	uint64_t lines;		/* since it last ran */
	struct buf some;	/* of them, not yet in the file */
	struct err err;		/* why the file has not all of them */
};

/* One that keeps a temporary file of its own: see file_temp_keep. */
enum { HOOK_TEMPS = 2 };

/* Cuts the command into words, and lists it for the helper.  EX_USAGE. */
int hook_open(struct hook *, struct arena *, const char *command,
    double seconds, struct err *);
/* One more event, without its line end; nothing where there is no command. */
void hook_event(struct hook *, struct str line);
/* If there is anything to tell: it is told.  0, or -1 as above. */
int hook_run(struct hook *, struct err *);
void hook_close(struct hook *);

#endif
