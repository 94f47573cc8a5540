/* output.h: reports on their way out */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"

struct report;
struct run;

void output_start(struct run *);
void output_free(struct run *);

/* Judges the report and tells it, or keeps its row. */
void output_report(struct report *);

/* Writes what is due; now: all of it. */
int output_flush(struct run *, bool now, struct err *);

/* By when to call output_flush, clock_ms. */
int64_t output_when(const struct run *);

/* The rest, and --prom. */
int output_end(struct run *, struct err *);

#endif
