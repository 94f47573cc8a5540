/* bulk.h: many names */
#ifndef BULK_H
#define BULK_H

#include "fail.h"

struct run;

/* All operands, or stdin: each becomes a task, and is shown and counted. */
int bulk_run(struct run *, struct err *);

#endif
