/* route.h: which hosts mx: and srv: lead to */
#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>

#include "target.h"

/*
 * Adds the hosts that mail for the domain goes to, or that its clients use;
 * tells of what leads to none.  False: answers are missing.
 */
bool route_mx(struct target *);
bool route_srv(struct target *);

#endif
