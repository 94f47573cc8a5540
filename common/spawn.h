/* spawn.h: the one way to start a process, and to wait for it */
#ifndef SPAWN_H
#define SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fail.h"

struct spawn_env;			/* of spawn_env.h */

enum { SPAWN_NULL = -1 };		/* /dev/null */

struct spawn_conf {
	const char *command;	/* the user's own text, for /bin/sh -c */
	char *const *argv;	/* if that is NULL: the words, of PATH */
	const char *program;	/* its path, where argv[0] is a mere name; NULL:
				 * it is argv[0] */
	int fd[3];		/* what it has as 0, 1 and 2: SPAWN_NULL, its
				 * own number, or one over 2, which stays ours */
	const struct spawn_env *env;	/* what it is told, be it nothing; NULL:
					   our environment as it is */
	bool asks;		/* it may ask at the terminal: while we are in
				 * the foreground there, it is with us */
};

enum spawn_how {
	SPAWN_NONE,		/* nothing was started */
	SPAWN_RUNS,
	SPAWN_EXITED,		/* code is the exit status */
	SPAWN_KILLED,		/* code is the signal */
	SPAWN_LOST		/* ended, if it ran, and nobody knows how */
};

/*
 * Wait for it by these functions alone: the pid may be another process's
 * child.  Start with { 0 }.
 */
struct spawn_child {
	enum spawn_how how;	/* as spawn_wait saw it last */
	int code;
	int fd;			/* private, as are the others */
	pid_t pid;
	bool group;
	bool remote;		/* the helper's child: fd is all we have */
};

/*
 * Runs a command, by the helper (helper.h) if that knows it.  It has the three
 * descriptors and no other of ours, no signal ignored or blocked, and a
 * process group of its own, but for asks.  -1: EX_UNAVAILABLE if argv cannot
 * be executed, else EX_OSERR; with SPAWN_LOST it may have been started all the
 * same.  Whatever was started must be waited for until it ended, or given to
 * spawn_end.
 */
int spawn_start(const struct spawn_conf *, struct spawn_child *,
    struct err *);

/*
 * Runs a command of the user's that is a peer: the socket that is its standard
 * input and output, non-blocking; its stderr is ours.
 */
int spawn_socket(const char *command, struct spawn_child *, struct err *)
    __attribute__((nonnull));

/* A process of ours, which goes on here: 1 in the caller, 0 in it, -1. */
int spawn_fork(struct spawn_child *, struct err *);

/*
 * Has it ended by the deadline (clock.h)?  how and code say the way.  A stop
 * (stop.h) is a deadline, too; of spawn_wait_last, for a command that has a
 * message, the one of stop_grace.
 */
bool spawn_wait(struct spawn_child *, int64_t deadline);
bool spawn_wait_last(struct spawn_child *, int64_t deadline);

/*
 * Which of n running ones ends first; -1: none of them by the deadline, or
 * before a stop.
 */
int spawn_any(struct spawn_child *, size_t n, int64_t deadline);

/*
 * For poll(2): readable once it has ended; -1 if the kernel cannot tell:
 * then ask spawn_wait now and then.  It stays the child's.
 */
int spawn_fd(const struct spawn_child *);

/*
 * After a stop: the signal goes on to those of n forks of ours that run, and
 * when this returns all of them have ended.
 */
void spawn_stop(struct spawn_child *, size_t n);

/*
 * If it still runs: SIGTERM to its group, SIGKILL a second later, and wait.
 * After a stop, and of spawn_end_soon, it has 200 ms.
 */
void spawn_end(struct spawn_child *);
void spawn_end_soon(struct spawn_child *);

#endif
