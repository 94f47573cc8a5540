/* trace.h: what -v shows: the dialogue on stderr, secrets masked */
#ifndef TRACE_H
#define TRACE_H

#include "str.h"

/* 0: silent (the default), 1: the dialogue, 2: TLS and timing as well. */
void trace_set(int level);
int trace_level(void);

/* One line of the dialogue, without its CRLF: mark is ">", "<" or "*". */
void trace_line(const char *mark, struct str);

/* A remark "* text" from the given level on. */
void trace_note(int level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
