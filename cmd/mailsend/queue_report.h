/* queue_report.h: a message that will not arrive is told to who sent it */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include "queue_entry.h"
#include "run.h"

/*
 * Puts a report (RFC 3464) into the queue, of all whose fate is owed one, to
 * user, the local one who submitted it (NULL: he is not known); then they are
 * QUEUE_TOLD.  None is made about a report, nor where the reverse-path is null,
 * but to postmaster if the aliases know him; nor where NOTIFY says so.  *log is
 * what the log is to say instead, or NULL.
 */
int queue_report(struct run *, const struct spool_entry *,
    struct queue_entry *, const struct msg *, const char *user,
    const char **log, struct err *);

#endif
