/* version.h: what --version says beside the program's own version */
#ifndef VERSION_H
#define VERSION_H

#include "str.h"

/*
 * A line for each library: of those linked in, which version; what this was
 * built without.
 */
void version_libraries(struct buf *);

/* "what: path", or why there is none. */
void version_path(struct buf *, const char *what, const char *path,
    const char *without);

#endif
