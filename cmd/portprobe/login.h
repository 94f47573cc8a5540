/* login.h: --login: once to each server of the list */
#ifndef LOGIN_H
#define LOGIN_H

#include "settings.h"

/*
 * To each of settings.login.servers in turn, before anything is probed.  What
 * became of it is in server.login; a refusal is no failure of this call.
 */
int login_all(struct settings *, struct err *);

#endif
