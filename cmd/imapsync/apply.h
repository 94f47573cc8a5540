/* apply.h: carries the actions of a plan out */
#ifndef APPLY_H
#define APPLY_H

#include "imapsync.h"

struct box;
struct run;

int apply_all(struct run *);

#endif
