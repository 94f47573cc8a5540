/* probe.h: a probe from its first connection to its report */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>

#include "net.h"

struct host;
struct job;
struct probe;
struct run;

/* Begins with a job, in a slot; it may be over at once. */
void probe_start(struct run *, struct probe *, struct job *);

/* Something came, or can be sent. */
void probe_event(struct probe *, const struct net_event *);

/* An answer of the DNS came for its target. */
void probe_wake(struct probe *);

/* Its deadline has come. */
void probe_late(struct probe *);

/* Moves one whose turn to shake hands has come; false: there is none. */
bool probe_shake(struct run *);

/* It was held for its target's sake, and is to be told now. */
void probe_end(struct probe *);

/* Those that were held for this host's other ports are told now. */
void probe_release(struct host *);

#endif
