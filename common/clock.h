/* clock.h: deadlines on the monotonic clock, and the one wall clock */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);		/* monotonic milliseconds */
int64_t clock_us(void);		/* monotonic microseconds */
int64_t clock_in(double s);	/* the deadline s seconds from now; <= 0: never */
int clock_left(int64_t deadline);	/* for poll(2): ms, 0 if past, -1 never */
/*
 * Those seconds, and up to a tenth of them more or less by chance: not all
 * clients come at the same moment.
 */
double clock_about(double s);
time_t clock_wall(void);	/* seconds since 1970 */
int64_t clock_wall_us(void);	/* microseconds since 1970 */
/*
 * Milliseconds this machine was suspended since it started: who waits sees
 * by a jump of it that the other side of a connection may be long gone.
 */
int64_t clock_slept(void);
/*
 * Which start of the machine this is, up to 39 bytes; "" where nobody says.
 * The first call learns it: before the sandbox, and before there are threads.
 */
const char *clock_boot(void);

#endif
