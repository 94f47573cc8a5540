/* sync_brake.h: the brakes, put on before anything is done */
#ifndef SYNC_BRAKE_H
#define SYNC_BRAKE_H

struct run;

/* Takes the deletions out of each plan that has too many, and tells. */
void sync_brake(struct run *);

#endif
