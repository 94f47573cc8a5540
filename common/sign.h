/*
 * sign.h: signatures of digests, by RSA and Ed25519
 *
 * What is signed is always a SHA-256: RSA as PKCS #1 version 1.5 (RFC 8017
 * section 8.2), Ed25519 over the 32 bytes as its message (RFC 8463 section 3).
 */
#ifndef SIGN_H
#define SIGN_H

#include <stdbool.h>

#include "fail.h"
#include "str.h"

enum sign_kind { SIGN_RSA, SIGN_ED25519 };

/* A key, public or private.  The caller frees it; NULL is nothing to free. */
struct sign_key;
void sign_free(struct sign_key *);

/*
 * A public key as DNS has it: of RSA a SubjectPublicKeyInfo or the bare
 * RSAPublicKey, of Ed25519 the 32 bytes.  NULL: it is none of that kind.
 */
struct sign_key *sign_public(enum sign_kind, struct str der);

/*
 * A private key in PEM that is not encrypted.  NULL: EX_CONFIG, and why; the
 * text of the key stands in no message.
 */
struct sign_key *sign_private(struct str pem, struct err *);

/* A new private key; bits are those of RSA.  NULL: EX_SOFTWARE. */
struct sign_key *sign_new(enum sign_kind, unsigned bits, struct err *);

enum sign_kind sign_kind(const struct sign_key *);
unsigned sign_bits(const struct sign_key *);

/* Appends the private key as PEM (PKCS #8); false: not to be had. */
bool sign_pem(const struct sign_key *, struct buf *);

/* Appends the public key as sign_public takes it; false: not to be had. */
bool sign_der(const struct sign_key *, struct buf *);

/* Appends the signature of a digest; false: it cannot be made. */
bool sign_make(struct sign_key *, const unsigned char md[32], struct buf *);

/* Is it this key's signature of the digest? */
bool sign_check(struct sign_key *, const unsigned char md[32],
    struct str signature);

#endif
