/*
 * tls.h: TLS as a thing that turns bytes into bytes
 *
 * No socket in here: a session reads ciphertext from one fifo, writes it to
 * another, and whoever owns the fifos moves the bytes (conn.c).  This is the
 * only module that knows OpenSSL's libssl.
 */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "fifo.h"
#include "mem.h"
#include "opt.h"

enum tls_version {
	TLS_ANY, TLS_1_0 = 0x0301, TLS_1_1, TLS_1_2, TLS_1_3
};

struct tls_conf {
	const char *ca;		/* PEM file or hashed directory; NULL: system's */
	const char *crl;	/* revoked certificates, PEM or DER; or NULL */
	const char *const *pins;	/* "sha256//BASE64" of a public key */
	size_t npins;
	const char *cert, *key;	/* client certificate (chain), PEM */
	/* asked at most once, for a key that is encrypted; or NULL */
	int (*passphrase)(void *arg, struct secret *, struct err *);
	void *arg;
	enum tls_version min;	/* the least that is spoken; TLS_ANY: 1.2 */
	const char *groups;	/* of key exchange, as OpenSSL has it; or NULL */
	bool shy;		/* a hybrid group is offered, but no key of it is
				 * sent before it is asked for */
	bool strict;		/* chains follow RFC 5280 to the letter */
	bool insecure;		/* verify nothing; see tls_verified */
};

/* The version that is running, and that of the headers. */
struct tls_library {
	const char *here, *built;
};
struct tls_library tls_library(void);

/*
 * The part that sessions share.  Trusted certificates are looked up by hash in
 * a directory; a bundle file is parsed only where there is no such directory.
 * Whatever *conf names is read here, and only here: afterwards nothing but
 * hashed directories is opened.  Versions below 1.2 are spoken only with a min
 * below it.  NULL on failure, EX_CONFIG with the file's name.  *conf must
 * outlive it.
 */
struct tls_ctx;
struct tls_ctx *tls_ctx_new(const struct tls_conf *, struct err *);
void tls_ctx_free(struct tls_ctx *);

/* Would tls_ctx_new do?  For what is configured, and not used this time. */
int tls_check(const struct tls_conf *, struct err *);

/* "1.0" to "1.3" as an enum tls_version, for an option. */
extern const struct opt_choice tls_version_choices[];
const char *tls_version_name(enum tls_version);	/* "1.2", "" for any */

/*
 * Adds what is still read to a sandbox: certificates of a folder are looked up
 * during the handshake, where their links lead.  NULL is fine.
 */
struct sandbox;
void tls_ctx_reads(const struct tls_ctx *, struct sandbox *);

/*
 * A session with the server called name: a host name in A-labels or an
 * address, which its certificate must carry as a SAN (RFC 9525: no common
 * name, wildcards only as a whole left-most label).  With pins, one of them
 * must be the certificate's key, and then names, dates and issuers do not
 * matter: the key itself is what was trusted.
 */
struct tls_proof;
struct tls_hello {
	const char *name;
	const char *alpn;	/* one protocol (RFC 7301), or NULL */
	bool classic;		/* without the groups that need long keys */
	const struct tls_proof *proof;	/* tls_proof.h; NULL: the name's */
};
struct tls;
struct tls *tls_new(struct tls_ctx *, const struct tls_hello *,
    struct fifo *rx, struct fifo *tx, struct err *);
void tls_free(struct tls *);

/*
 * Each does what it can with the bytes there are.  TLS_MORE: nothing more
 * to do until rx has more bytes (or tx has room).  TLS_END: the peer closed
 * the session properly.  -1: failed, and the err given to tls_new says why.
 */
enum { TLS_MORE = -2, TLS_END = -3 };
int tls_handshake(struct tls *);		/* 0 when it is done */
long tls_read(struct tls *, void *, size_t);	/* bytes, TLS_MORE, ... */
long tls_write(struct tls *, const void *, size_t);
void tls_bye(struct tls *);			/* queues a close_notify */

/*
 * Why a handshake failed, or does not get on, for one more try by a new
 * connection.  unanswered: not a byte has come, and our first message was
 * longer than classic groups make it: it takes two packets, and there are
 * machines on the way that lose the second.  False if a classic try could
 * not be another one.  wants_no_alpn: what was offered is refused (RFC 7301
 * section 3.2).
 */
bool tls_unanswered(const struct tls *);
bool tls_wants_no_alpn(const struct tls *);

/* After the handshake. */
bool tls_verified(const struct tls *);	/* the server is who it should be */
const char *tls_version(const struct tls *);
const char *tls_cipher(const struct tls *);
void tls_pin(const struct tls *, char dst[64]);	/* its key, as a pin */

/*
 * Channel bindings for SCRAM: tls-exporter (RFC 9266; TLS 1.3 only) and
 * tls-server-end-point (RFC 5929).  Each dst has room for 64 bytes; how many
 * there are, 0 if the connection has no such binding.
 */
size_t tls_exporter(struct tls *, unsigned char dst[64]);
size_t tls_endpoint(struct tls *, unsigned char dst[64]);

#endif
