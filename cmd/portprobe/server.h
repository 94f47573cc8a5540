/* server.h: the servers of accounts: targets, and where to log in */
#ifndef SERVER_H
#define SERVER_H

#include "account.h"
#include "settings.h"

/* What became of a login.  It comes from another process: no pointers. */
struct login {
	bool tried;
	bool refused;			/* by the server, to whom it was said */
	int status;
	int64_t us;			/* from AUTH to its answer; -1 */
	char ip[64];			/* of the connection; "": there was none */
	char mech[40];
	char text[600];			/* what went wrong */
};

struct server {
	struct server *next;
	struct account account;
	char *url;			/* as a target, "imaps://host:993" */
	struct login login;
	bool told;			/* in a report */
};

/*
 * Those of -A or -a become operands; with --login that of the one operand is
 * loaded, too.  EX_USAGE where no secret must be sent: to a list, to what the
 * DNS names, without verification.
 */
int server_load(struct settings *, struct arena *, struct err *);

/*
 * The one at this host, port and address that was logged in to: it is told.
 * With --first at any address: that of the login may not be looked at.
 */
const struct server *server_find(const struct settings *, const char *host,
    unsigned port, const char *ip);

/* A login that no report has told, since the server's name led elsewhere. */
const struct server *server_untold(const struct settings *);

/* The file that -A and -a read: the one given, or the usual one; or NULL. */
const char *server_configuration(struct arena *, const char *given);

/* There will be no login, or it is over: the secrets are wiped. */
void server_forget(struct settings *);

void server_free(struct settings *);

#endif
