/* batch_tell.h: the results of a batch, a line of JSON for each recipient */
#ifndef BATCH_TELL_H
#define BATCH_TELL_H

#include "batch_in.h"
#include "smtp_mail.h"

/* Of one message; begins as zero, but for the item. */
struct batch_tell {
	const struct batch_item *item;
	const char *id;		/* Message-ID, or NULL */
	struct buf out;
	int status;		/* the worst exit status of what is told so */
};

void batch_tell_rcpt(struct batch_tell *, const struct smtp_rcpt *,
    const struct err *why);
/* A recipient of whom nobody was asked. */
void batch_tell_word(struct batch_tell *, const char *addr, const char *word);
/* The message cannot be sent to anybody. */
void batch_tell_fault(struct batch_tell *, const struct err *);

/* All of it at once, and the buffer is freed; *torn: behind a line's end. */
int batch_tell_out(struct batch_tell *, bool *torn, struct err *);

#endif
