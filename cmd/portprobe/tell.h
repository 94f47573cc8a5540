/* tell.h: reports on their way out */
#ifndef TELL_H
#define TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"

struct report;
struct run;
struct target;

void tell_start(struct run *);
void tell_free(struct run *);

/* Judges the report and tells it, or keeps its row. */
void tell(struct report *);

/* All reports of the target were told. */
void tell_target(struct target *);

/* Writes what is due; now: all of it. */
int tell_flush(struct run *, bool now, struct err *);

/* By when to call tell_flush, clock_ms. */
int64_t tell_when(const struct run *);

/* The rest, and --prom. */
int tell_end(struct run *, struct err *);

#endif
