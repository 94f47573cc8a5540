/* window_says.h: which files may leave, for they are on the server */
#ifndef WINDOW_SAYS_H
#define WINDOW_SAYS_H

#include <stdbool.h>
#include <stdint.h>

struct far_msg;
struct outgo;
struct rec;

enum window_says {
	WINDOW_LEAVES,
	WINDOW_HELD,		/* it belongs here now: looked at again */
	WINDOW_STAYS		/* it may have what the server has not */
};

/*
 * By what the server says of it now (NULL: it is not there); rec may be NULL,
 * native: its file is a download.  A file of another size stays.
 */
enum window_says window_says(const struct far_msg *, const struct rec *,
    bool native);
/* Is the file what was synced last?  changed: its flags that are others. */
bool window_known(const struct rec *, const struct outgo *, uint64_t changed);

#endif
