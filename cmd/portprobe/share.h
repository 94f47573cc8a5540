/* share.h: a port that several targets lead to is probed once */
#ifndef SHARE_H
#define SHARE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct job;
struct report;
struct run;
struct shares;

struct shares *shares_new(void);
void shares_free(struct shares *);

/*
 * A new job.  The first one for a port of an address, under one name, goes to
 * jobs_add.  The others wait for its report, and go to jobs_known then; or at
 * once, if it is there.
 */
void share_join(struct run *, struct job *);

/* How many wait for another one's report. */
size_t share_waiting(const struct shares *);

/* Is the report there that another job's probe has brought? */
bool share_known(const struct job *);

/*
 * Puts it into one that is blank but for what is the job's own.  What it points
 * to stays until share_leave.
 */
void share_fill(const struct job *, struct report *);

/*
 * The job's own probe is over.  Unless what was found is true for this moment
 * only, others get the report, and its arena, which is empty afterwards; the
 * report stays valid until share_leave.
 */
void share_over(struct run *, struct job *, const struct report *,
    struct arena *);

/* The job's report was told. */
void share_leave(struct run *, struct job *);

#endif
