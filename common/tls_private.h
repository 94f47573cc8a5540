/* tls_private.h: what the parts of tls share; only they include it */
#ifndef TLS_PRIVATE_H
#define TLS_PRIVATE_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls.h"
#include "tls_look.h"

/* The data of our BIO: where ciphertext comes from and goes to. */
struct tls_ends {
	struct fifo *rx, *tx;
	size_t sent;
	bool heard;		/* something was read */
};

enum { TLS_DIRS = 8 };

struct tls_ctx {
	SSL_CTX *ctx;
	BIO_METHOD *bio;
	const struct tls_conf *conf;
	char *dirs[TLS_DIRS];	/* of authorities, looked into later on */
	size_t ndirs;
	enum tls_version least;
	char *classic;		/* groups for a second try; or NULL */
	unsigned long flags;	/* of verification, X509_V_FLAG_... */
	int (*strict)(const SSL *, const SSL_CTX *, int op, int bits, int nid,
	    void *other, void *);	/* OpenSSL's idea of what is secure */
	void *seen;		/* tls_look.c: chains verified; freed with it */
};

/* A long first message went out, and nothing has come. */
bool tls_lost(const struct tls_ends *);

/* RFC 7301: the one protocol that is offered. */
void tls_offer(SSL *, const char *proto);

/* ---- tls_bio.c */

BIO_METHOD *tls_bio(void);	/* reads and writes a struct tls_ends */

/* ---- tls_trust.c */

/*
 * With --crl: is this fault, which OpenSSL tells a callback, only that no list
 * is here that an authority above the server's certificate could be in?
 */
bool tls_unlisted(X509_STORE_CTX *);

/* "what: OpenSSL's last words" as the failure; its queue is empty then. */
int tls_openssl(struct err *, int code, const char *what);

/* ---- tls_text.c: parts of a certificate, appended as text for people */

/*
 * A dNSName or an iPAddress, of whatever length; what a terminal must not see
 * is escaped as by str_escape.  False: another kind, nothing appended.
 */
bool tls_text_name(struct buf *, const GENERAL_NAME *);
void tls_text_dn(struct buf *, const X509_NAME *);	/* escaped likewise */
void tls_text_day(struct buf *, const ASN1_TIME *);	/* 2026-08-01 */

/* "sha256//BASE64" of its public key.  -1 and "" if it has none. */
int tls_text_pin(X509 *, char dst[64]);

/* ---- tls_look_cert.c: all that a report says of it, in the arena */
void tls_look_describe(struct tls_cert *, X509 *, struct arena *);

#endif
