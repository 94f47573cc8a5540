/* netrc.h: finding a login in the text of a .netrc file */
#ifndef NETRC_H
#define NETRC_H

#include "fail.h"
#include "mem.h"
#include "str.h"

/*
 * The first entry with a password for this machine (case ignored) or the
 * default one; if user is not NULL, only an entry of that login or of none.
 * login, if not NULL, gets the entry's (or "").  Values may stand in double
 * quotes with \" and \\; macdef is skipped.  1 found, 0 not, -1 EX_CONFIG.
 */
int netrc_find(struct str text, const char *machine, const char *user,
    struct secret *password, char login[256], struct err *);

#endif
