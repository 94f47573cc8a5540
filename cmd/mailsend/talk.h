/* talk.h: sendmail -bs: SMTP on standard input */
#ifndef TALK_H
#define TALK_H

#include "run.h"

/* Until QUIT, the end of input or a signal.  The exit status. */
int talk_serve(struct run *);

#endif
