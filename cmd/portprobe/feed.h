/* feed.h: operands and lines, begun as there is room for them */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>

#include "fail.h"

struct run;

/* All operands, before anything is done: usage, and what the sandbox allows. */
int feed_check(struct run *, struct err *);

/* Begins as many as there is room for. */
void feed_begin(struct run *);

/* None is left to begin. */
bool feed_end(const struct run *);

/* Standard input, in net_event, and that it can be read. */
extern char feed_token;
void feed_readable(struct run *);

/* At the end: was all of the list read? */
int feed_over(const struct run *, struct err *);

void feed_free(struct run *);

#endif
