/* account_file.h: the configuration files: the user's, and the system's */
#ifndef ACCOUNT_FILE_H
#define ACCOUNT_FILE_H

#include "account.h"

#define ACCOUNT_SYSTEM "/etc/postbag/config"

/* The user's, which is read if it is there; NULL: no home. */
const char *account_path(struct account *);

/*
 * Reads both, once: account_load and account_section do, too.  A file named by --config must be
 * there, and is the only one; the usual one and the system's may.  One of those
 * that cannot be read is passed over: see account_nowhere.  account_text: a text
 * instead of a file.
 */
int account_read(struct account *, struct err *);
int account_text(struct account *, struct str, struct err *);

/*
 * There is no server: EX_CONFIG with the account that has none, or all places
 * that were looked at.
 */
int account_nowhere(const struct account *, struct err *);

/* Has the URL of a proxy a password: socks5://user:password@host? */
bool account_file_proxy(const char *url);

/* Wipes the secrets in the file's text: all that is used has been copied. */
void account_file_forget(struct account *);

#endif
