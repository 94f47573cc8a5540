/* trim_says.h: which bodies need not be here, by numbers alone */
#ifndef TRIM_SAYS_H
#define TRIM_SAYS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct far_msg;
struct rec;

/* Its age in seconds, for the rules; 0 if the server does not tell its date. */
int64_t trim_says_age(const struct far_msg *, int64_t now);
/*
 * Has nobody written to this download?  It has as many bytes on the wire as the
 * message there and as when it came, and still the time of that, in whole seconds.
 */
bool trim_says_untouched(const struct far_msg *, const struct rec *,
    uint64_t wire, struct timespec mtime);

#endif
