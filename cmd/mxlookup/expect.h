/* expect.h: --expect */
#ifndef EXPECT_H
#define EXPECT_H

#include "fail.h"

struct run;

/* Compares the records in a file with those that are: the exit status. */
int expect_run(struct run *, const char *path, struct err *);

#endif
