/* sendlog.h: a line for each message, for those whom nobody tells anything */
#ifndef SENDLOG_H
#define SENDLOG_H

#include "letter.h"
#include "report.h"
#include "run.h"

/*
 * Opens the file or the socket of --log, before the sandbox.  That it cannot be is told, and
 * stops nothing.
 */
void sendlog_open(struct run *);

/* What became of the message, with the exit status; in one write(2). */
void sendlog_message(const struct letter *, const struct run *,
    const struct report *, int status, const char *why);

/* Another line, about no message of this run; without a log on stderr. */
void sendlog_text(const struct run *, const char *text);

#endif
