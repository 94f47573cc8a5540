/* stop.h: asked to end, by SIGINT, SIGTERM or SIGHUP */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * From here on the first of these signals is a request: whatever waits ends,
 * and the program closes what it has begun, within a second.  The next one
 * ends the program by itself, as if nobody had caught it; but for one that
 * comes within STOP_ECHO ms, which is the same request: timeout(1) signals a
 * process and its group, a terminal the whole group, and we our children.
 * SIGHUP counts unless it was ignored (nohup).  System calls are interrupted,
 * and go on being so every STOP_NUDGE ms: one that had not begun when the
 * signal came, or that is begun afterwards, cannot block for long either.
 *
 * program_begin calls it.
 */
enum { STOP_ECHO = 200, STOP_NUDGE = 50, STOP_GRACE = 700 };
void stop_guard(void);

/*
 * fork(2) for a child that goes on as this program: signals to either are its
 * own from then on.  A stop that was asked for before is asked of both.
 */
int stop_fork(void);

/* Was it asked?  Cheap enough for a loop over a stranger's lines. */
bool stop_asked(void);

/* By which signal, and its name ("SIGTERM"); 0 and "" if it was not. */
int stop_signal(void);
const char *stop_name(void);

/* Readable once it was asked, for poll(2), and never read; -1: no guard. */
int stop_fd(void);

/*
 * Until when (clock_ms) the last answer may be waited for, without which
 * nobody knows whether a message was taken: STOP_GRACE ms after the signal.
 */
int64_t stop_grace(void);

#endif
