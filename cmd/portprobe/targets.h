/* targets.h: a target from its beginning until all of it is told */
#ifndef TARGETS_H
#define TARGETS_H

#include <stdint.h>

#include "str.h"

struct run;
struct target;

/* Begins with what was given; seq: the order in which they are told. */
void targets_begin(struct run *, struct str, uint64_t seq);

/* Those with news go on. */
void targets_settle(struct run *);

/* The deadline of this one has come. */
void targets_late(struct target *);

/* A signal stops the run: reports that wait for others are told. */
void targets_stop(struct run *);

/* All that are left, at the end. */
void targets_free(struct run *);

#endif
