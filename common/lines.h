/* lines.h: the lines of a descriptor, read as there is room for more work */
#ifndef LINES_H
#define LINES_H

#include "str.h"

enum { LINES_LONGEST = 1024, LINES_CHUNK = 65536 };

/*
 * Start with { .fd = FD }.  readable: the descriptor may be read without
 * waiting; set it when poll(2) says so.  A plain file always may.
 */
struct lines {
	int fd;
	bool begun, regular, readable, eof, skipping;
	int error;			/* errno of a read that failed, or 0 */
	size_t at, n;
	char p[LINES_CHUNK];
};

/*
 * The next line without its LF, a view until the next call, or what stands
 * behind the last LF; false if there is none now, or a stop was asked for
 * (stop.h).  Of a line that is longer than LINES_LONGEST its beginning is
 * given, and the rest passed over.
 */
bool lines_next(struct lines *, struct str *line);

/* There will be none any more. */
bool lines_end(const struct lines *);

#endif
