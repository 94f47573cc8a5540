/* post.h: one message, from the letter to the exit status */
#ifndef POST_H
#define POST_H

#include "letter.h"
#include "run.h"

/*
 * Writes the letter, submits it or prints it (--dry-run), and says what became
 * of it.  from->user is set here.  The exit status; what is in e is still to
 * be told.
 */
int post(struct run *, struct letter_source *from, struct err *e);

#endif
