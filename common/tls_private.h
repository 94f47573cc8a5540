/* tls_private.h: what tls.c and tls_look.c share; nobody else includes it */
#ifndef TLS_PRIVATE_H
#define TLS_PRIVATE_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls.h"

/* The data of our BIO: where ciphertext comes from and goes to. */
struct tls_ends {
	struct fifo *rx, *tx;
};

struct tls_ctx {
	SSL_CTX *ctx;
	BIO_METHOD *bio;
	const struct tls_conf *conf;
	const char *trust;	/* the file or folder of authorities */
	void *seen;		/* tls_look.c: chains verified; freed with it */
};

#endif
