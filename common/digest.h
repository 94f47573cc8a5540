/*
 * digest.h: digests, keyed digests and public keys
 *
 * The one module for what libcrypto computes outside TLS.  No failure here
 * is anybody's input: a digest is missing where OpenSSL's configuration
 * forbids it (MD5 with a FIPS provider) or where there is no memory.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "str.h"

/* DIGEST_NONE, of size 0, is for tables: nothing can be had of it. */
enum digest_kind { DIGEST_NONE, DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };
enum { DIGEST_MAX = 32 };	/* bytes of the longest */

size_t digest_size(enum digest_kind);

/* Of s, to md[digest_size]; false: not to be had. */
bool digest_of(enum digest_kind, struct str s, unsigned char *md);

/*
 * SHA-256 of what comes in pieces.  Never NULL; failure is sticky, and told
 * by digest_end, which frees it in any case.
 */
struct digest;
struct digest *digest_new(void);
void digest_put(struct digest *, const void *, size_t);
bool digest_end(struct digest *, unsigned char md[32]);
/* As digest_end, but 64 bits of it: 0 is failure alone. */
uint64_t digest_end_short(struct digest *);

/* digest_put with the shape of a conn_sink; 0 always. */
int digest_sink(void *digest, const void *, size_t, struct err *);

/* HMAC (RFC 2104) to mac[digest_size]; false: not to be had. */
bool digest_hmac(enum digest_kind, struct str key, struct str text,
    unsigned char *mac);

/*
 * PBKDF2 with HMAC (RFC 8018) to key[digest_size].  Costs a second of CPU for
 * about a million rounds; the caller bounds them.
 */
bool digest_pbkdf2(enum digest_kind, struct str password, struct str salt,
    unsigned rounds, unsigned char *key);

/* Are both the same, in a time that does not depend on what they hold? */
bool digest_same(struct str, struct str);

/*
 * The length in bits of an RSA key in DER, a SubjectPublicKeyInfo or the bare
 * RSAPublicKey; 0: it is a key of another type; -1: no key at all.
 */
int digest_rsa_bits(struct str der);

#endif
