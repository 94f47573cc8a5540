/*
 * pop_twice.h: POP3: a unique id that is listed for several messages
 *
 * RFC 1939, section 7, lets servers make it from the header: then nothing but
 * its bytes says which message of that name it is.
 */
#ifndef POP_TWICE_H
#define POP_TWICE_H

#include "popbox.h"

/*
 * Gives each message whose id is, or was, listed for several a key of its own;
 * those that may be known are read for that, to sum.  One that cannot be read
 * has the number 0 then, and that is said.
 */
int pop_twice(struct pop *);
/* At the end, in a group of the state: ids that are not listed any more. */
int pop_twice_forget(struct pop *);

#endif
