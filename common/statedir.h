/* statedir.h: where a tool keeps what it must know the next time */
#ifndef STATEDIR_H
#define STATEDIR_H

#include "fail.h"
#include "mem.h"

/*
 * $XDG_STATE_HOME/postbag/TOOL, or below ~/.local/state if that is not set.
 * NULL with EX_CONFIG if there is no home either; instead is the option that
 * would help then ("--state FILE").
 */
const char *statedir_path(struct arena *, const char *tool,
    const char *instead, struct err *);

/*
 * Makes dir, and what is above it, with mode 0700, on the disk; what is there
 * stays as it is.  EX_CANTCREAT, EX_IOERR.
 */
int statedir_make(const char *dir, struct err *);

/*
 * So that there is one run at a time: makes the folder that lock is in, and
 * takes that lock, as lock_take does.  The descriptor, or -1.
 */
int statedir_lock(const char *lock, struct err *);

#endif
