/* crl.h: --deep: the list of revoked certificates that a certificate names */
#ifndef CRL_H
#define CRL_H

#include <stdbool.h>

struct report;
struct target;

/*
 * Is the list known, or need not be?  Then the report's deep.crl says what it
 * says.  False: it is on its way, and the target has news when it has come.
 */
bool crl_known(struct target *, struct report *);

/* Nobody waits any more, before the target's memory goes. */
void crl_drop(struct target *);

#endif
