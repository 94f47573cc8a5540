/*
 * foreign_pair.h: mpop's and msmtp's configuration, which have one lexer and
 * most words in common
 */
#ifndef FOREIGN_PAIR_H
#define FOREIGN_PAIR_H

#include "foreign.h"

/*
 * The file's lines as sections: "defaults" first, then each account, with what
 * it takes after from defaults and from others.  EX_DATAERR.
 */
int foreign_pair_read(struct foreign *, struct err *);

/* Is a value, which may be NULL, this word, letter by letter? */
bool foreign_pair_is(const char *value, const char *word);
/* "on", "off" and nothing, which is on; where it is not said: unsaid. */
bool foreign_pair_on(const char *value, bool unsaid);
/* NULL for "off" and for nothing, which both mean no value. */
const char *foreign_pair_some(const char *value);

/* Does it say nothing of its own, and is another account's other name? */
bool foreign_pair_alias(const struct foreign_section *);

/*
 * The account with its server: host, port, tls, login if it logs in,
 * certificates, proxy.  False, and a comment, if it has no server.
 */
bool foreign_pair_account(struct foreign_section *, struct conf_out *,
    const char *name, const char *protocol, const char *port, bool login);

#endif
