/* imapbox.h: IMAP: one folder */
#ifndef IMAPBOX_H
#define IMAPBOX_H

#include "imap.h"
#include "run.h"

/* Before connecting: can what was asked for be said in a command? */
int imapbox_check(const struct options *, struct err *);
/* Selected here; sep: between the parts of its name.  0, 1 it cannot be selected, -1. */
int imapbox_run(struct run *, struct imap *, const char *folder, char sep);

#endif
