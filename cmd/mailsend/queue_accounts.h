/* queue_accounts.h: the queue of a user who has several accounts */
#ifndef QUEUE_ACCOUNTS_H
#define QUEUE_ACCOUNTS_H

#include "queue_entry.h"
#include "run.h"

/*
 * Before the configuration is read: notes which options go on to the processes
 * of other accounts.  Those that are about one server, a login, TLS and the
 * like, do not.
 */
void queue_accounts_options(struct run *, const struct opt_set *);

/* Is it for the account of this process? */
bool queue_account_ours(const struct run *, const struct queue_entry *);

/*
 * NULL, or a text to tell: the account that is to send this message is not in
 * the configuration any more.
 */
const char *queue_account_gone(const struct run *, const struct queue_entry *);

/*
 * Sends what waits for one of the other accounts: a process, by this name, with
 * its configuration.  Its exit status; e is still to be told.
 */
int queue_account_flush(const struct run *, const char *argv0,
    const char *account, struct err *e);

#endif
