/*
 * tls_look.h: TLS for looking at a server, not for trusting it
 *
 * A session as in tls.h, over two fifos.  But nothing that is wrong with a
 * certificate ends it: all of it is collected, for a report.  Old versions,
 * short keys and weak hashes are accepted, to be told.  Never send a secret
 * through one.
 */
#ifndef TLS_LOOK_H
#define TLS_LOOK_H

#include "mem.h"
#include "tls.h"
#include "tls_proof.h"

/* Makes the sessions of a fresh tls_ctx lookers; conf->insecure is wrong. */
int tls_look_ctx(struct tls_ctx *, struct err *);

/* Servers may have two certificates; which one is sent is for us to say. */
enum tls_keys { TLS_KEYS_ANY, TLS_KEYS_RSA, TLS_KEYS_OTHER };

struct tls_ask {
	const char *name;	/* host name or address to be matched */
	const char *sni;	/* NULL: none is sent */
	const char *alpn;	/* one protocol, or NULL */
	enum tls_version only;	/* offer just this version */
	enum tls_keys keys;	/* take just certificates with such keys */
	bool classic;		/* as in struct tls_hello */
	const char *base;	/* the name that owns the TLSA records */
	const char *also;	/* with a trust anchor of theirs the certificate
				 * may be for this name, too (RFC 7672 section
				 * 3.2.2); or NULL */
	struct tls_tlsa *tlsa;	/* usable ones are taken; depth is set */
	size_t ntlsa;
};

/* The ask need not outlive the call, but for what tlsa points to. */
struct tls_look;
struct tls_look *tls_look_new(struct tls_ctx *, const struct tls_ask *,
    struct fifo *rx, struct fifo *tx, struct err *);
void tls_look_free(struct tls_look *);

/* As tls_handshake, tls_read ...; errors are told by tls_look_why. */
int tls_look_handshake(struct tls_look *);
long tls_look_read(struct tls_look *, void *, size_t);
long tls_look_write(struct tls_look *, const void *, size_t);
void tls_look_bye(struct tls_look *);

enum tls_why {
	TLS_WHY_OTHER,
	TLS_WHY_ALERT,		/* theirs, but for the next two */
	TLS_WHY_REFUSED,	/* their alert: nothing to agree on */
	TLS_WHY_VERSION,	/* they do not have the version, or took another */
	TLS_WHY_PLAIN		/* what came is not TLS */
};
enum tls_why tls_look_why(const struct tls_look *, const char **text);
bool tls_look_unanswered(const struct tls_look *);	/* as in tls.h */
bool tls_look_unheard(const struct tls_look *);	/* of any length, and try */
/* It has asked for a client certificate, also if the handshake failed. */
bool tls_look_asked(const struct tls_look *);

/* ---- after the handshake */

struct tls_cert {
	const char *subject, *issuer;
	const char **san;	/* names and addresses, NUL and controls as \xHH */
	size_t nsan, more;	/* shown; and not */
	int64_t from, until;	/* seconds since 1970 */
	const char *key, *sigalg;	/* "EC P-256", "ecdsa-with-SHA256" */
	int bits;
	bool weak_key, weak_hash, self_signed, ca;
	bool must_staple;	/* RFC 7633 */
	const char *crl;	/* the first address of a list of revoked ones */
	bool by_next;		/* the one sent behind it has issued it */
	const char *sha256, *spki256;	/* hexadecimal */
};

enum tls_chain {
	TLS_CHAIN_OK, TLS_CHAIN_EXPIRED, TLS_CHAIN_NOTYET, TLS_CHAIN_SELF,
	TLS_CHAIN_INCOMPLETE, TLS_CHAIN_UNTRUSTED, TLS_CHAIN_WEAK,
	TLS_CHAIN_PURPOSE, TLS_CHAIN_REVOKED, TLS_CHAIN_BAD
};
const char *tls_look_chain(enum tls_chain);

enum tls_name { TLS_NAME_MATCH, TLS_NAME_MISMATCH, TLS_NAME_CN_ONLY };

struct tls_facts {
	enum tls_version number;
	const char *version, *cipher, *group, *sigalg, *alpn;
	const char *weak_cipher;	/* why it is no good; NULL */
	const char *weak_kex;		/* the key exchange likewise */
	bool stapled;			/* an OCSP answer came along */
	enum tls_chain chain;		/* the first thing that is wrong */
	int code, depth;		/* of OpenSSL, and where */
	const char *text;		/* its sentence; "ok" */
	enum tls_name name;
	struct tls_cert *cert;		/* as sent */
	size_t ncert, beyond;		/* looked at; and not */
	bool dane;			/* a TLSA record authenticates it */
	bool also;			/* it is for that other name of the ask */
	const char *dane_text;		/* why not */
};

/* What a file of PEM certificates has, as above, in the arena.  -1: e. */
int tls_look_file(const char *path, struct tls_cert **, size_t *n,
    struct arena *, struct err *);

/* All of it in the arena.  0, or -1 if the server sent no certificate. */
int tls_look_facts(struct tls_look *, struct tls_facts *, struct arena *);

/* The chain as sent, appended as PEM. */
void tls_look_pem(struct tls_look *, struct buf *);

#endif
