/* protocols.h: the two ways to the mail of an account: pop.c and imap.c */
#ifndef PROTOCOLS_H
#define PROTOCOLS_H

#include "run.h"

/* From connecting to QUIT or LOGOUT; what failed is in the run. */
int pop_run(struct run *);
int imap_run(struct run *);

#endif
