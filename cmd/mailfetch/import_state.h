/* import_state.h: what another program has fetched, as our state */
#ifndef IMPORT_STATE_H
#define IMPORT_STATE_H

#include "run.h"

/*
 * A .fetchids, mpop's list of UIDs or a getmail oldmail file: what it has of
 * this account counts as seen from now on.  EX_NOINPUT, EX_DATAERR.
 */
int import_state_run(struct run *, const char *path);

#endif
