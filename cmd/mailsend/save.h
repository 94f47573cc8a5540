/*
 * save.h: --save: a copy of what was sent
 *
 *	maildir:DIR			# in cur/, as read
 *	imap:ACCOUNT/FOLDER		# with \Seen; no FOLDER: what is \Sent
 *	imaps://USER@HOST/FOLDER
 *	off				# none, whatever the configuration says
 *
 * What was sent was sent: that it cannot be saved is told, and is EX_IOERR where
 * all else is well.
 */
#ifndef SAVE_H
#define SAVE_H

#include <stdbool.h>

#include "letter.h"
#include "report.h"
#include "run.h"

/* EX_USAGE if the option is malformed. */
int save_check(const struct options *, struct err *);

/*
 * Before anything connects: the IMAP account is loaded, which there must be.
 * It does nothing where nothing will be saved.
 */
int save_open(struct run *, struct err *);

/*
 * Before the sandbox: the Maildir is made, in a folder that exists, and on the
 * list of what is written (account.box).
 */
int save_prepare(struct run *, struct err *);

/* To be made ready beside the others (session_ready_all); NULL: none. */
struct session *save_session(struct run *);

/* Will save_letter store it?  That may take minutes: note what was sent before. */
bool save_due(const struct letter *, const struct run *);

/*
 * A copy, if the letter was sent to at least one recipient; also from several
 * threads.  By IMAP it is stored once: after an answer that was lost, and where
 * an attempt before may have done it (letter.tried), it is looked for.
 */
void save_letter(struct letter *, struct run *, struct report *);

void save_close(struct run *);

#endif
