/* pop_since.h: POP3: --since, by the header of each */
#ifndef POP_SINCE_H
#define POP_SINCE_H

#include "popbox.h"

/*
 * With --since: the headers of what is new are asked for (of a listing: of
 * all), and old[i] says that the topmost Received is of an earlier day.  What
 * has no such date, or cannot be asked for, is not old.
 */
int pop_since(struct pop *);

#endif
