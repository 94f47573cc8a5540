/* sync_do.h: what is planned is done, in which order */
#ifndef SYNC_DO_H
#define SYNC_DO_H

struct run;

/* All plans of this pass, but for what a brake holds back.  -1, r->e. */
int sync_do(struct run *);

#endif
