/* digest.c: digests, keyed digests and public keys, by libcrypto */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "digest.h"
#include "mem.h"

struct digest {
	EVP_MD_CTX *x;
	bool bad;
};

static const EVP_MD *
kind(enum digest_kind k)
{
	switch (k) {
	case DIGEST_NONE:
		break;
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	}
	return NULL;
}

/* Of an empty view, too, whose p may be NULL. */
static const unsigned char *
bytes(struct str s)
{
	return (const unsigned char *)(s.p != NULL ? s.p : "");
}

size_t
digest_size(enum digest_kind k)
{
	const EVP_MD *md = kind(k);

	return md != NULL ? (size_t)EVP_MD_get_size(md) : 0;
}

bool
digest_of(enum digest_kind k, struct str s, unsigned char *md)
{
	bool good = k != DIGEST_NONE &&
	    EVP_Digest(bytes(s), s.n, md, NULL, kind(k), NULL) == 1;

	ERR_clear_error();
	return good;
}

struct digest *
digest_new(void)
{
	struct digest *d = mem_new(1, sizeof *d);

	d->x = EVP_MD_CTX_new();
	d->bad = d->x == NULL ||
	    EVP_DigestInit_ex(d->x, EVP_sha256(), NULL) != 1;
	return d;
}

void
digest_put(struct digest *d, const void *p, size_t n)
{
	if (!d->bad && n > 0)
		d->bad = EVP_DigestUpdate(d->x, p, n) != 1;
}

int
digest_sink(void *digest, const void *p, size_t n, struct err *e)
{
	(void)e;
	digest_put(digest, p, n);
	return 0;
}

bool
digest_end(struct digest *d, unsigned char md[32])
{
	bool good = !d->bad && EVP_DigestFinal_ex(d->x, md, NULL) == 1;

	EVP_MD_CTX_free(d->x);
	free(d);
	ERR_clear_error();
	return good;
}

uint64_t
digest_end_short(struct digest *d)
{
	unsigned char md[32];
	uint64_t n;

	if (!digest_end(d, md))
		return 0;
	memcpy(&n, md, sizeof n);
	return n | 1;
}

bool
digest_hmac(enum digest_kind k, struct str key, struct str text,
    unsigned char *mac)
{
	bool good = k != DIGEST_NONE && HMAC(kind(k), bytes(key), (int)key.n,
	    bytes(text), text.n, mac, NULL) != NULL;

	ERR_clear_error();
	return good;
}

bool
digest_pbkdf2(enum digest_kind k, struct str password, struct str salt,
    unsigned rounds, unsigned char *key)
{
	bool good = k != DIGEST_NONE && PKCS5_PBKDF2_HMAC(
	    (const char *)bytes(password), (int)password.n, bytes(salt),
	    (int)salt.n, (int)rounds, kind(k), (int)digest_size(k), key) == 1;

	ERR_clear_error();
	return good;
}

bool
digest_same(struct str a, struct str b)
{
	return a.n == b.n && CRYPTO_memcmp(bytes(a), bytes(b), a.n) == 0;
}

int
digest_rsa_bits(struct str der)
{
	const unsigned char *p = bytes(der);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);
	int bits = 0;

	p = bytes(der);
	if (key == NULL)
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n);
	ERR_clear_error();
	if (key == NULL)
		return -1;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		bits = EVP_PKEY_get_bits(key);
	EVP_PKEY_free(key);
	return bits;
}
