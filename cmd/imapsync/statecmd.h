/* statecmd.h: imapsync state dump, check, rebuild */
#ifndef STATECMD_H
#define STATECMD_H

#include <stdbool.h>

#include "fail.h"

/*
 * "imapsync state VERB" of an account's state directory, to stdout; the
 * account's lock is the caller's.
 * dump	every mailbox's mark, messages, what is pending; with json, NDJSON
 * check	every record's sum, and that the index agrees; EX_DATAERR if not
 * rebuild	all is renamed to *.old: the next run pairs anew
 */
int statecmd_run(const char *verb, const char *dir, bool json,
    struct err *);

#endif
