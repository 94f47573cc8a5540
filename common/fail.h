/* fail.h: how things go wrong: one struct, one sentence, one exit status */
#ifndef FAIL_H
#define FAIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <sysexits.h>

/*
 * One per thread of work.  code is a sysexits value and becomes the exit
 * status; 0 means success.  The first failure wins: later ones, usually its
 * echoes, change nothing until fail_clear.
 */
struct err {
	int code;
	char msg[1024];
};

/* Records a failure, unless one is recorded already.  Always -1. */
int fail(struct err *, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * As fail, and ": " and strerror(errno) at the end; EX_OSERR where descriptors
 * or memory are used up.
 */
int fail_sys(struct err *, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Prefixes "where: " to a recorded failure, at the boundary where the place is
 * known ("host:port", "file:line").  Nothing if there is none.  Always -1.
 */
int fail_in(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends to a recorded failure; nothing if there is none.  Always -1. */
int fail_add(struct err *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Records that we were asked to end (stop.h): EX_TEMPFAIL, for what was not
 * done is worth another try.  Always -1.
 */
int fail_stop(struct err *);

void fail_clear(struct err *);

/* The program's name for fail_print; the pointer is kept. */
void fail_name(const char *argv0);

/*
 * Prints "name: text" on stderr, after stdout was flushed.  Control bytes,
 * broken UTF-8 and direction overrides, which a server may have put into the
 * text, are escaped (see str_escape), so nothing reaches the terminal raw.
 */
void fail_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Prints what was recorded, "who: " before it if who is not NULL; nothing if
 * there is none.  After a stop what failed for now is its echo and not said:
 * program_end says once which signal it was.
 */
void fail_tell(const struct err *, const char *who);

/*
 * The worse of two exit statuses, by one order that postbag(7) has: 70 71 78
 * 77 76 74 73 69 68 67 65 66 64 75 0.  One that is not in it counts as 70.
 * Any number of them comes to the same, in whatever order they are folded.
 */
int fail_worse(int a, int b);

/*
 * A failure beside the recorded one: the worse of the two stays, of two of
 * one status the first.
 */
void fail_join(struct err *, const struct err *other);

#endif
