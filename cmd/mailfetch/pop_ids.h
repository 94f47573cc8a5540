/* pop_ids.h: POP3: which message is which */
#ifndef POP_IDS_H
#define POP_IDS_H

#include "popbox.h"

/*
 * Of all that LIST gave: the keys, and room for what else is kept of each.  By
 * UIDL; without it by the header and the size, or by all of it.  One that
 * cannot be told has the number 0 then.
 */
int pop_ids_find(struct pop *);

#endif
