/* message_show.h: a message that was judged, as it is told */
#ifndef MESSAGE_SHOW_H
#define MESSAGE_SHOW_H

#include "message.h"
#include "str.h"

void message_text(const struct message *, struct buf *);
void message_json(const struct message *, struct buf *);	/* a line */

/* The result of a signature, what is not judged named so. */
const char *message_result(const struct dkim_sig *);

/*
 * What it is here, where a receiver said something else by that method; NULL: it
 * said the same, or nothing, or it is not known here.
 */
extern const char *const message_said_methods[];	/* ended by NULL */
const char *message_said_other(const struct message *,
    const struct message_result *, const char *method);

#endif
