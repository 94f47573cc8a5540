/* direct.h: delivery by MX, without a server of the account's (RFC 5321 5.1) */
#ifndef DIRECT_H
#define DIRECT_H

#include "letter.h"
#include "report.h"
#include "run.h"

/* Options that mean nothing with mx:, or something only with it: EX_USAGE. */
int direct_check(const struct account *, const struct options *, struct err *);

/*
 * Once, before the first: opens what is needed, and confines the process.
 * direct_send does that if it was not done.
 */
int direct_ready(struct run *, struct err *);

/*
 * To the hosts of each recipient's domain, up to 16 domains side by side.  The
 * recipients' fates are in the letter: one that no host has settled is
 * SMTP_DEFERRED, or SMTP_REFUSED where no time will help, with the stage
 * SMTP_AT_ROUTE and the reason for text.  -1: nobody could be tried at all,
 * and e says why.
 */
int direct_send(struct letter *, struct run *, struct report *, struct err *);

/* At the end of the process; false as direct_way_close has it. */
bool direct_close(struct run *);

#endif
