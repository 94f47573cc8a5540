/* trace.h: what -v shows on stderr: what is done, the dialogue, details */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>

#include "str.h"

/* How many times -v was given; each level shows the ones before it, too. */
enum trace_level {
	TRACE_DONE = 1,		/* -v: what is done, a line each */
	TRACE_TALK,		/* -vv: the dialogue, secrets masked, and what
				 * confines us */
	TRACE_DETAIL,		/* -vvv: TLS in detail; each line timed */
};

/* 0, the default, is silent. */
void trace_set(int level);

/* Is this level shown? */
bool trace_on(enum trace_level);

/* One line of the dialogue, without its CRLF: mark is ">" or "<". */
void trace_line(const char *mark, struct str);

/* A remark "* text", if this level is shown. */
void trace_note(enum trace_level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
