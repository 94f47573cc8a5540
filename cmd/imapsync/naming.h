/* naming.h: where a mailbox's Maildir is, by the options */
#ifndef NAMING_H
#define NAMING_H

#include "str.h"

struct settings;

/*
 * Appends the path, below near or whole, of a mailbox's Maildir; sep is the
 * server's.  -1: it cannot have one.
 */
int naming_path(const struct settings *, struct buf *, struct str name,
    char sep);
/* The mailbox of such a path.  -1: there is none. */
int naming_name(const struct settings *, struct buf *, struct str path,
    char sep);

#endif
