/* secret.h: getting a secret out of a command or a person */
#ifndef SECRET_H
#define SECRET_H

#include "fail.h"
#include "mem.h"

/*
 * Runs the user's command by /bin/sh -c and takes the first line it prints.
 * A shell, because the command is the user's own text and people write
 * "pass show mail | head -1"; nothing from the network ever gets into it.
 * It has /dev/null as input, our stderr, and no other descriptor of ours.
 * After so many seconds it is killed (EX_TEMPFAIL).  EX_CONFIG if it fails,
 * prints nothing, or too much.  what names it in messages.
 */
int secret_command(const char *what, const char *command, double seconds,
    struct secret *, struct err *);

/*
 * Asks at the terminal with echo off, which any signal restores, those that
 * ask us to end under stop_guard.  1 there is an answer, 0 nobody can be asked
 * (no terminal, or in the background), -1 the answer is nothing (EX_NOPERM),
 * there was none until the deadline (EX_TEMPFAIL; CLOCK_NEVER: no limit), or
 * we were asked to end.
 */
int secret_prompt(const char *prompt, int64_t deadline, struct secret *,
    struct err *);

#endif
