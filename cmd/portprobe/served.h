/* served.h: which certificates the ports of one address serve */
#ifndef SERVED_H
#define SERVED_H

#include "report.h"

struct job;

/* Keeps what this job's port serves, in the target's memory. */
void served_note(const struct job *, const struct report *);

/*
 * Another port of the same address serves another certificate, for the same
 * names and with the same kind of key: one of them was not told of a renewal.
 * In words, of the newest of those noted by now, in the report's memory; or
 * NULL.
 */
const char *served_elsewhere(const struct job *, const struct report *);

#endif
