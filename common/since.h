/* since.h: --since: what came on an earlier day is left out */
#ifndef SINCE_H
#define SINCE_H

#include <stdbool.h>
#include <time.h>

#include "fail.h"

/*
 * "2026-07-01", or "14d" for so many days ago: some moment of that day, here.
 * EX_USAGE.
 */
int since_day(const char *text, time_t *, struct err *);

/* Is it of an earlier day than the other? */
bool since_before(time_t, time_t day);

#endif
