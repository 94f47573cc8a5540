/* asked.h: what the last whole run was asked to have here of each mailbox */
#ifndef ASKED_H
#define ASKED_H

#include <stdbool.h>

struct run;

/*
 * Is this run asked for something else?  Then mailboxes in which nothing has
 * changed need a look, too.
 */
bool asked_anew(struct run *);
/* Has this run a window, or had the last whole one? */
bool asked_window(struct run *);
/* Was any run, or is this one, asked for headers alone? */
bool asked_ever(struct run *);
/*
 * Before anything leaves for a window: a run that is cut has had one.  -1, r->e.
 */
int asked_begin(struct run *);
/* All was done as it was asked.  -1, r->e. */
int asked_done(struct run *);

#endif
