/* account_url.h: a server as it is written, "imaps://jo@mail.example.org:993" */
#ifndef ACCOUNT_URL_H
#define ACCOUNT_URL_H

#include <stdbool.h>

#include "fail.h"
#include "mem.h"
#include "str.h"

enum account_scheme {
	ACCOUNT_SMTP, ACCOUNT_SMTPS, ACCOUNT_MX, ACCOUNT_LMTP, ACCOUNT_LMTP_UNIX,
	ACCOUNT_MAILDIR, ACCOUNT_MBOX,
	ACCOUNT_IMAP, ACCOUNT_IMAPS, ACCOUNT_POP3, ACCOUNT_POP3S
};

/* No server at all: the mailboxes of this machine's users. */
static inline bool
account_here(enum account_scheme s)
{
	return s == ACCOUNT_MAILDIR || s == ACCOUNT_MBOX;
}

struct account_server {
	enum account_scheme scheme;
	const char *host;	/* checked, without []; NULL with a path, or
				 * with ACCOUNT_MX: the recipients say it */
	unsigned port;		/* the scheme's own if none was given */
	const char *user;	/* decoded; or NULL */
	const char *path;	/* of ACCOUNT_LMTP_UNIX; of account_here, with
				 * %u for the user, or "~/..."; else NULL */
};

/*
 * "mx:"; "smtps://[user@]host[:port]", smtp imap imaps pop3 pop3s lmtp likewise,
 * "lmtp:///path" and "lmtp:/path"; "maildir:/path/%u", "mbox:~/path"; "host", "host:port", "[v6]:port" are of
 * the default scheme.  EX_USAGE; a password in it is refused and not shown.
 */
int account_url(struct account_server *, struct arena *, const char *url,
    const char *default_scheme, struct err *);

/* "smtp", "smtps", "lmtp", ...: as it begins. */
struct str account_scheme_name(enum account_scheme);

/* "smtp", "lmtp", "imap", "pop3" */
const char *account_protocol(enum account_scheme);

/* The scheme a bare host of a protocol has: that with TLS, if there is one. */
const char *account_bare_scheme(struct str protocol);

#endif
