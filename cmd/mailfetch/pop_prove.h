/* pop_prove.h: POP3: what may be gone, and is listed again */
#ifndef POP_PROVE_H
#define POP_PROVE_H

#include "popbox.h"

/* Before anything is planned: what may be another one is compared. */
int pop_prove(struct pop *);
/* Behind the last delivery: what was given again is the one that is there. */
int pop_prove_given(struct pop *);

#endif
