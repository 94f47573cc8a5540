/* migrate.h: imapsync migrate FROM TO: all mail of one account to another */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "fail.h"
#include "migrate_options.h"

/* The exit status; what ended it is in the err, too. */
int migrate_run(const struct migrate_options *, struct err *);

#endif
