/* targets.h: what is to be probed: operands and lines, looked up */
#ifndef TARGETS_H
#define TARGETS_H

#include <stdbool.h>

#include "fail.h"

struct run;
struct target;

/* All operands, before anything is done: usage, and what the sandbox allows. */
int targets_check(struct run *, struct err *);

/* Begins as many as there is room for. */
void targets_feed(struct run *);

/* None is left to begin. */
bool targets_end(const struct run *);

/* Standard input, in net_event, and that it can be read. */
extern char targets_token;
void targets_readable(struct run *);

/* Those with news go on. */
void targets_settle(struct run *);

/* The deadline of this one has come. */
void targets_late(struct target *);

/* At the end: was all of the list read? */
int targets_over(const struct run *, struct err *);

void targets_free(struct run *);

#endif
