/*
 * foreign_server.h: a server, a login, a command of another program's
 * configuration in our words
 */
#ifndef FOREIGN_SERVER_H
#define FOREIGN_SERVER_H

#include <stdbool.h>

#include "conf_out.h"
#include "mem.h"

enum foreign_tls { FOREIGN_PLAIN, FOREIGN_STARTTLS, FOREIGN_TLS };

/* A server as they name it. */
struct foreign_server {
	const char *protocol;	/* "smtp", "lmtp", "imap", "pop3" */
	const char *host;	/* to connect to */
	const char *verify;	/* the name of its certificate; NULL: host */
	const char *port;	/* NULL: the protocol's own */
	const char *user;	/* or NULL */
	enum foreign_tls tls;
};

/*
 * "account NAME" with the server and the user; false, and a comment, if we
 * could not read that.
 */
bool foreign_account(struct conf_out *, const char *name,
    const struct foreign_server *);

/* The account's mechanisms, as far as we have them, blanks or commas between. */
void foreign_auth(struct conf_out *, const char *mechs);
/* A note that the password was not copied, and what to do about it. */
void foreign_secret(struct conf_out *);
/* Do they want a token, first of all? */
bool foreign_token(const char *mechs);

/* Words for a shell, and for "exec:", which has the same quotes. */
const char *foreign_quote(struct arena *, const char *word);
/* text with each "%c", and the quotes around it, replaced. */
const char *foreign_fill(struct arena *, const char *text, char c,
    const char *with);
/* A command line for "exec:"; with a shell before it if it needs one. */
const char *foreign_command(struct arena *, const char *command);

#endif
