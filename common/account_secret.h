/* account_secret.h: where an account's password or token comes from */
#ifndef ACCOUNT_SECRET_H
#define ACCOUNT_SECRET_H

#include "account.h"

/*
 * The password: --password-command, -fd, -file, the file's own "password",
 * $POSTBAG_PASSWORD_FILE, the systemd credential postbag.ACCOUNT (or
 * postbag.password), netrc, a prompt; the first of these that is there.
 * EX_NOPERM if there is none, with what was looked at.
 */
int account_password(struct account *, struct secret *, struct err *);

/* The token of --token-command: 1, 0 if there is no such option, -1. */
int account_token(struct account *, struct secret *, struct err *);

#endif
