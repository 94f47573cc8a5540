/*
 * save.h: --save: a copy of what was sent
 *
 *	maildir:DIR			# in cur/, as read
 *
 * What was sent was sent: that it cannot be saved is told, and is EX_IOERR where
 * all else is well.
 */
#ifndef SAVE_H
#define SAVE_H

#include "letter.h"
#include "report.h"
#include "run.h"

/* EX_USAGE if the option is malformed. */
int save_check(const struct options *, struct err *);

/* Before anything connects; it does nothing where nothing will be saved. */
void save_open(struct run *);

/*
 * Before the sandbox: the Maildir is made, in a folder that exists, and on the
 * list of what is written (account.box).
 */
int save_prepare(struct run *, struct err *);

/* A copy, if the letter was sent to at least one recipient. */
void save_letter(struct letter *, struct run *, struct report *);

#endif
