/* version.h: what --version says beside the program's own version */
#ifndef VERSION_H
#define VERSION_H

#include "mem.h"
#include "str.h"

/*
 * A line for each library: of those linked in, which version; what this was
 * built without.
 */
void version_libraries(struct buf *);

/* "what: path", or why there is none. */
void version_path(struct buf *, const char *what, const char *path,
    const char *without);

/*
 * All of that, of a tool that keeps a state: where it is, and where the
 * configuration, or why there is none.  state is what --state says, or NULL.
 */
void version_all(struct buf *, const char *tool, struct arena *,
    const char *config, const char *state);

#endif
