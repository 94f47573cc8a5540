/* check_dmarc.h: DMARC's walk, for the checks that need it of any domain */
#ifndef CHECK_DMARC_H
#define CHECK_DMARC_H

#include <stdbool.h>

#include "dmarc.h"

struct task;

/* False: answers are missing. */
bool check_dmarc_walk(struct task *, const char *domain, struct dmarc_walk *);

#endif
