/* migrate_names.h: which mailbox there is which one here */
#ifndef MIGRATE_NAMES_H
#define MIGRATE_NAMES_H

struct migrate;

/*
 * Both lists are there: r->folder has what is to be migrated, by patterns,
 * rules and uses.  What cannot be is told as a problem.
 */
void migrate_names(struct migrate *);

#endif
