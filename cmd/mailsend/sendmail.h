/* sendmail.h: being called as sendmail(8) */
#ifndef SENDMAIL_H
#define SENDMAIL_H

#include <stdbool.h>

#include "options.h"
#include "pieces.h"

/*
 * sendmail(8)'s command line into options; 0, or -1, or 1 if there is
 * nothing more to do (-bi).
 */
int sendmail_parse(struct options *, struct opt_set *, int argc, char **argv,
    struct err *);

/*
 * From in to fd, up to a line that is a lone dot; another dot at the start of
 * a line is dropped if there was stuffing.  1 there was one, 0 the end, -1; with
 * stuffing the lone dot is read then, too.
 */
enum sendmail_dots {
	SENDMAIL_PLAIN,		/* without stuffing */
	SENDMAIL_STUFFED,	/* a dialogue, */
	SENDMAIL_CRLF		/* whose commands end in CRLF: a line of the
				 * text does so, too, if its first one does */
};
int sendmail_text(struct pieces *, int fd, enum sendmail_dots, struct err *);

#endif
