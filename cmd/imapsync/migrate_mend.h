/* migrate_mend.h: the state of a migration of which a part is damaged */
#ifndef MIGRATE_MEND_H
#define MIGRATE_MEND_H

#include "fail.h"

struct migrate_state;

/*
 * A damaged state is written anew and takes the place of the old one, without
 * what cannot be read, and without any mailbox being known as looked through:
 * what the lost records were about is looked for in TO before anything is sent.
 * The ids of refusals begin anew.  path: as in migrate_state_open, which it does
 * again.  EX_CANTCREAT, EX_IOERR: the old one is as it was.
 */
int migrate_mend(struct migrate_state *, const char *path, const char *from,
    const char *to, struct err *);

#endif
