/* resolver.h: --resolver-info */
#ifndef RESOLVER_H
#define RESOLVER_H

#include "fail.h"

struct run;

/* The exit status. */
int resolver_info(struct run *, struct err *);

#endif
