/*
 * fallback.h: the servers of an account that are tried one after the other
 *
 * Server 0 is the account's own, the others those of --fallback.  All have its
 * login, its TLS settings and its secret.
 */
#ifndef FALLBACK_H
#define FALLBACK_H

#include <stdbool.h>
#include <stddef.h>

#include "letter.h"
#include "run.h"

/* After account_load: the URLs are read.  EX_USAGE, also beside mx:. */
int fallback_check(struct run *, struct err *);

/* Once: all the servers, and that of --save, are made ready; or nothing. */
int fallback_ready(struct run *, struct err *);

/* Server i, or NULL behind the last one. */
struct session *fallback_session(struct run *, size_t i);

/* Server i begins: it and those behind it share the time that is left. */
void fallback_begin(struct run *, size_t i);

/*
 * May a further server be asked after this outcome of one?  Where it was not
 * reached or has said 4yz, for somebody who has not got the message; never
 * where somebody may have got it.
 */
bool fallback_helps(const struct letter *, int got, const struct err *);

/*
 * Before a further server: who was deferred is untried again, and what was said
 * of them is kept, in the letter's arena, for fallback_restore: to those of whom
 * that server has said nothing.
 */
struct smtp_rcpt *fallback_reopen(struct letter *);
void fallback_restore(struct letter *, const struct smtp_rcpt *);

/* Adds why one server failed to what the others did, for all fail. */
void fallback_blame(struct err *all, const struct err *why);

void fallback_close(struct run *);

#endif
