/* account_file.h: what account.c needs to know of the file's secrets */
#ifndef ACCOUNT_FILE_H
#define ACCOUNT_FILE_H

#include "account.h"

/* Has the URL of a proxy a password: socks5://user:password@host? */
bool account_file_proxy(const char *url);

/* Wipes the secrets in the file's text: all that is used has been copied. */
void account_file_forget(struct account *);

#endif
