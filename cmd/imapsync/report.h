/* report.h: what is said: the plan, what was done, progress, the end */
#ifndef REPORT_H
#define REPORT_H

#include "imapsync.h"

struct box;
struct run;

void report_plan(struct run *);
void report_done(struct box *, const struct act *);
void report_folder(struct run *, const char *what, const char *a,
    const char *b);
void report_problem(struct run *, int code, const char *box, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void report_progress(struct run *, uint64_t bytes, bool last);
void report_box(const struct box *, bool whole);	/* with -v: one is done */
int report_status(const struct run *);	/* the exit status so far */
void report_end(struct run *);
const char *report_word(enum act_kind);

#endif
