/*
 * sasl.h: logging in (RFC 4422): the mechanisms, without the transport
 *
 * Usage: sasl_pick; sasl_first with the command or as the answer to an empty
 * first challenge; sasl_step for each further challenge; sasl_done when the
 * server says yes; sasl_wipe always.  Bytes are raw: base64, "=" for an empty
 * initial response and "*" to cancel after a failed step are the caller's.
 */
#ifndef SASL_H
#define SASL_H

#include "fail.h"
#include "mem.h"
#include "str.h"

/* Who logs in and what the connection offers.  Outlives the struct sasl. */
struct sasl_login {
	const char *user;		/* UTF-8; only EXTERNAL does without */
	const char *authzid;		/* act as somebody else, which LOGIN,
				 * XOAUTH2, CRAM-MD5 cannot; or NULL */
	const struct secret *password;	/* or NULL */
	const struct secret *token;	/* OAuth access token, or NULL */
	const char *mechs;	/* "plain,login", tried in this order; or NULL:
				 * the strongest first, never CRAM-MD5 */
	const char *host;	/* OAUTHBEARER tells them; NULL and 0: not */
	unsigned port;
	bool tls;		/* encrypted, or loopback with leave: without
				 * it no PLAIN, LOGIN, OAUTHBEARER, XOAUTH2 */
	bool client_cert;	/* EXTERNAL makes sense */
	struct str exporter;	/* RFC 9266 data, TLS 1.3 only; or empty */
	struct str endpoint;	/* RFC 5929 tls-server-end-point; or empty */
	const char *nonce;	/* NULL; a test sets its vector's */
};

struct sasl {				/* start with { 0 }; all private */
	const struct sasl_login *login;
	const struct sasl_mech *mech;
	int step;			/* answers given so far */
	bool plus_offered, proved, refused;
	struct buf nonce, header, bare, auth;
	unsigned char verifier[32];	/* the server's signature to be */
	char reason[200];
};

/*
 * Chooses from the blank separated list the server offered.  EX_NOPERM with a
 * sentence naming both lists if none fits; EX_USAGE for a bad user name or an
 * unknown name in mechs; EX_DATAERR for a secret with a NUL in it.
 */
int sasl_pick(struct sasl *, const struct sasl_login *, struct str offered,
    struct err *);

const char *sasl_name(const struct sasl *);	/* "SCRAM-SHA-256-PLUS" */

/*
 * The initial response, appended to out; false if the server speaks first
 * (LOGIN, CRAM-MD5).  It may be empty.  Wipe out after use: here, as in
 * sasl_step, it holds the secret.  32 KiB are enough for out.
 */
bool sasl_first(struct sasl *, struct buf *out);

/*
 * Answers a challenge.  The challenge that OAuth servers send before they
 * refuse is answered as its RFC says, and 0; sasl_reason then knows why.
 * EX_PROTOCOL for nonsense, EX_NOPERM where the server must not be trusted.
 */
int sasl_step(struct sasl *, struct str challenge, struct buf *out,
    struct err *);

/*
 * The server said yes, with this additional data (may be empty): has it
 * proved itself, where the mechanism can tell?  EX_NOPERM if not.
 */
int sasl_done(struct sasl *, struct str last, struct err *);

/* The server's reason to refuse; "" if it gave none. */
const char *sasl_reason(const struct sasl *);

void sasl_wipe(struct sasl *);

#endif
