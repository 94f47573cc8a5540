/* imap_alive.h: which of a server's words renew the time of a command */
#ifndef IMAP_ALIVE_H
#define IMAP_ALIVE_H

#include "imap.h"

/* A command without its tag is about to be sent: "UID FETCH 1 (UID)". */
void imap_alive_asked(struct imap *, struct str command);

/* What begins here: m->useful is set if a command under way asks for it. */
void imap_alive_begins(struct imap *, enum imap_type);

/* It has come; the time of the phase is renewed if it is progress. */
void imap_alive_heard(struct imap *, const struct imap_resp *);

/* What it noted of names goes: at the end, and before *m is set anew. */
void imap_alive_forget(struct imap *);

#endif
