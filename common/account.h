/*
 * account.h: the options all tools share, the configuration file, secrets
 *
 * A tool puts account_options and its own table into an opt_set whose arena
 * is the account's, parses the command line, and calls account_load, which
 * adds what the file says to both tables.  The rest is in the fields.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "account_url.h"
#include "conf.h"
#include "fail.h"
#include "mem.h"
#include "opt.h"
#include "sandbox.h"
#include "str.h"
#include "tls.h"

enum account_tls {
	ACCOUNT_TLS_UNSET, ACCOUNT_TLS_IMPLICIT, ACCOUNT_TLS_STARTTLS,
	ACCOUNT_TLS_MAY, ACCOUNT_TLS_OFF
};

/* How the server is verified, and who we are to it: see struct tls_conf. */
struct account_trust {
	const char *ca, *crl, *cert, *key, *key_command, *groups;
	struct opt_list pins;
	enum tls_version min;
	bool strict, insecure;
};

/* How the server is reached. */
struct account_way {
	const char *source;		/* our address */
	const char *proxy;		/* its URL */
	const char *connect_command;	/* that stands for a connection */
	const char *connect_to;		/* HOST:PORT in place of the server's */
	bool only4, only6;
};

/* Who logs in, by which mechanisms, and where the secret is. */
struct account_login {
	const char *user;		/* also from the URL or netrc */
	const char *authzid;		/* whom it acts for; or NULL: itself */
	const char *auth;		/* mechanisms; "off": nobody logs in */
	const char *password_command, *password_file, *password_fd, *netrc;
	const char *token_command;
};

/* The configuration: the user's file, and behind it the system's. */
struct account_file {
	bool read;			/* or there was none to be read */
	struct buf text, system;
	struct conf conf;		/* of both, the user's sections first */
	const char *looked;		/* where, and what was there */
	const struct conf_section *section;	/* see account_section */
};

struct account {			/* start with { 0 } */
	struct arena arena;		/* for the opt_set as well */
	/* what the options say, from the command line or the file */
	int verbose;
	bool quiet, json;
	const char *name;		/* the account's, once loaded; or NULL */
	const char *config, *url;
	struct account_way way;
	enum account_tls tls_option;
	struct account_trust trust;
	struct account_login login;
	double timeout;			/* of the whole, seconds; 0: none */
	int64_t deadline;		/* of the same, once it runs */
	bool no_sandbox;
	/* what the tool says */
	struct sandbox *box;		/* what it reads and writes itself:
					 * see session_ready */
	bool again;			/* it will log in again later */
	enum account_role { ACCOUNT_ALONE, ACCOUNT_ONE_OF, ACCOUNT_BESIDE }
	    role;			/* see session_ready_all */
	/* what account_load found */
	bool has_server;
	struct account_server server;
	enum account_tls tls;		/* of the scheme, unless --tls */
	/* private */
	struct account_file file;
	struct secret *password;	/* from the file itself, or NULL */
	struct secret *from_fd;		/* what came from password_fd, or NULL */
};

/* The table of the shared options, as long as the account lives. */
const struct opt *account_options(struct account *);

/*
 * Reads the file and applies defaults, the account's parents and the account.
 * keys are the protocols the tool speaks, best first ("smtp lmtp"): a file's
 * key that names the server, and what a URL may be.  from is the sender's
 * address for the choice of an account, or NULL.  The account: -A; none if
 * -S was given; that whose "from" is the sender's; "default"; the first one
 * that has a server.
 * No server is no error: see has_server.  EX_CONFIG with "file:line: ".  All
 * secrets in the file's text are wiped then: it can be done once.
 */
int account_load(struct account *, struct opt_set *, const char *keys,
    const char *from, struct err *);

/*
 * Refuses what was given on the command line and has no effect; account_load
 * does this last.  A set that was handed_on may have idle words on the network.
 */
int account_effects(const struct account *, const struct opt_set *,
    struct err *);

/*
 * Before account_load: a section "fetch NAME" or "sync NAME", whose keys go
 * over the account's, and whose account is its parent or that of its name.
 * 1 there is one, 0 not (then NAME is the account), -1 failed.
 */
int account_section(struct account *, const char *kind, const char *name,
    struct err *);
/* The names of all sections of that kind, in the file's order.  -1: none. */
int account_sections(struct account *, const char *kind, struct opt_list *,
    struct err *);

/*
 * TLS as the options have it.  Paths, and the account for the passphrase of a
 * client key, live as long as the account does.
 */
void account_tls_conf(struct account *, struct tls_conf *);

/* After account_load: trust, time and sandbox as for this other server. */
void account_like(struct account *, const struct account *other);

/*
 * There will be no other login, unless it says again, and no account_load: wipes
 * what it has of secrets; of the configuration's text, too.
 */
void account_forget(struct account *);

/* Whose mail it is: whom the login acts for, or who logs in; or "". */
static inline const char *
account_user(const struct account *a)
{
	if (a->login.authzid != NULL)
		return a->login.authzid;
	return a->login.user != NULL ? a->login.user : "";
}

void account_wipe(struct account *);	/* secrets, arena and all */

#endif
