/* migrate_show.h: what is said of a migration */
#ifndef MIGRATE_SHOW_H
#define MIGRATE_SHOW_H

struct migrate;
struct migrate_folder;

/* One folder is done: with -v, and with -j. */
void migrate_show_folder(const struct migrate *, const struct migrate_folder *);
/* Messages that were refused, one a line: --failed. */
void migrate_show_failed(const struct migrate *);
/* How many are left that were refused, and were not said to be ignored. */
unsigned migrate_show_left(const struct migrate *);
void migrate_show_end(const struct migrate *);

#endif
