/* sign.c: signatures of digests, by libcrypto */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "sign.h"
#include "mem.h"

enum { MD = 32, RAW = 32 };	/* bytes of the digest, of an Ed25519 key */

struct sign_key {
	enum sign_kind kind;
	EVP_PKEY *key;
	EVP_PKEY_CTX *ready;	/* for RSA's checks, made once */
};

static const unsigned char *
sign_bytes(struct str s)
{
	return (const unsigned char *)(s.p != NULL ? s.p : "");
}

/* Takes the key over; NULL if it is no key of a kind that we know. */
static struct sign_key *
wrap(EVP_PKEY *key)
{
	struct sign_key *k;
	int id = key != NULL ? EVP_PKEY_get_base_id(key) : 0;

	ERR_clear_error();
	if (id != EVP_PKEY_RSA && id != EVP_PKEY_ED25519) {
		EVP_PKEY_free(key);
		return NULL;
	}
	k = mem_new(1, sizeof *k);
	k->kind = id == EVP_PKEY_RSA ? SIGN_RSA : SIGN_ED25519;
	k->key = key;
	return k;
}

void
sign_free(struct sign_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_CTX_free(k->ready);
	EVP_PKEY_free(k->key);
	free(k);
}

static EVP_PKEY *
rsa_public(struct str der)
{
	const unsigned char *p = sign_bytes(der);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);

	p = sign_bytes(der);
	return key != NULL ? key :
	    d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n);
}

struct sign_key *
sign_public(enum sign_kind kind, struct str der)
{
	struct sign_key *k;

	k = wrap(kind == SIGN_RSA ? rsa_public(der) :
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
	    sign_bytes(der), der.n));
	if (k != NULL && k->kind != kind) {
		sign_free(k);
		return NULL;
	}
	return k;
}

/* Nobody is asked: there may be nobody at the terminal. */
static int
no_password(char *to, int cap, int writing, void *asked)
{
	(void)to;
	(void)cap;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

struct sign_key *
sign_private(struct str pem, struct err *e)
{
	BIO *in = BIO_new_mem_buf(sign_bytes(pem), (int)pem.n);
	EVP_PKEY *key = NULL;
	struct sign_key *k;
	bool asked = false;

	if (in != NULL)
		key = PEM_read_bio_PrivateKey(in, NULL, no_password, &asked);
	BIO_free(in);
	if (key == NULL) {
		ERR_clear_error();
		fail(e, EX_CONFIG, asked ? "the key is encrypted, and there is nobody to ask for its password" :
		    "there is no private key in PEM");
		return NULL;
	}
	if ((k = wrap(key)) == NULL)
		fail(e, EX_CONFIG, "the key is neither RSA nor Ed25519");
	return k;
}

struct sign_key *
sign_new(enum sign_kind kind, unsigned bits, struct err *e)
{
	struct sign_key *k;

	k = wrap(kind == SIGN_RSA ? EVP_RSA_gen(bits) :
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	if (k == NULL)
		fail(e, EX_SOFTWARE, "libcrypto makes no such key");
	return k;
}

enum sign_kind
sign_kind(const struct sign_key *k)
{
	return k->kind;
}

unsigned
sign_bits(const struct sign_key *k)
{
	return k->kind == SIGN_ED25519 ? 256 :
	    (unsigned)EVP_PKEY_get_bits(k->key);
}

bool
sign_pem(const struct sign_key *k, struct buf *b)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n = 0;

	if (out != NULL && PEM_write_bio_PKCS8PrivateKey(out, k->key, NULL,
	    NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(out, &p);
	if (n > 0) {
		buf_put(b, p, (size_t)n);
		mem_wipe(p, (size_t)n);
	}
	BIO_free(out);
	ERR_clear_error();
	return n > 0;
}

bool
sign_der(const struct sign_key *k, struct buf *b)
{
	unsigned char raw[RAW], *der = NULL;
	size_t n = sizeof raw;
	int len;

	if (k->kind == SIGN_ED25519) {
		if (EVP_PKEY_get_raw_public_key(k->key, raw, &n) != 1)
			return false;
		buf_put(b, raw, n);
		return true;
	}
	if ((len = i2d_PUBKEY(k->key, &der)) <= 0)
		return false;
	buf_put(b, der, (size_t)len);
	OPENSSL_free(der);
	return true;
}

/* Of RSA: PKCS #1 1.5 over a SHA-256. */
static bool
padding(EVP_PKEY_CTX *x)
{
	return EVP_PKEY_CTX_set_rsa_padding(x, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(x, EVP_sha256()) == 1;
}

static bool
rsa_make(struct sign_key *k, const unsigned char *md, unsigned char *to,
    size_t *n)
{
	EVP_PKEY_CTX *x = EVP_PKEY_CTX_new(k->key, NULL);
	bool good = x != NULL && EVP_PKEY_sign_init(x) == 1 && padding(x) &&
	    EVP_PKEY_sign(x, to, n, md, MD) == 1;

	EVP_PKEY_CTX_free(x);
	return good;
}

static bool
ed25519_make(struct sign_key *k, const unsigned char *md, unsigned char *to,
    size_t *n)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	bool good = x != NULL &&
	    EVP_DigestSignInit(x, NULL, NULL, NULL, k->key) == 1 &&
	    EVP_DigestSign(x, to, n, md, MD) == 1;

	EVP_MD_CTX_free(x);
	return good;
}

bool
sign_make(struct sign_key *k, const unsigned char md[32], struct buf *b)
{
	size_t n = (size_t)EVP_PKEY_get_size(k->key);
	unsigned char *to = mem_new(n, 1);
	bool good = (k->kind == SIGN_RSA ? rsa_make : ed25519_make)(k, md, to,
	    &n);

	if (good)
		buf_put(b, to, n);
	free(to);
	ERR_clear_error();
	return good;
}

/* To look up the algorithm takes OpenSSL longer than to check a signature. */
static bool
rsa_check(struct sign_key *k, const unsigned char *md, struct str s)
{
	if (k->ready == NULL) {
		k->ready = EVP_PKEY_CTX_new(k->key, NULL);
		if (k->ready == NULL || EVP_PKEY_verify_init(k->ready) != 1 ||
		    !padding(k->ready)) {
			EVP_PKEY_CTX_free(k->ready);
			k->ready = NULL;
			return false;
		}
	}
	return EVP_PKEY_verify(k->ready, sign_bytes(s), s.n, md, MD) == 1;
}

static bool
ed25519_check(struct sign_key *k, const unsigned char *md, struct str s)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	bool good = x != NULL &&
	    EVP_DigestVerifyInit(x, NULL, NULL, NULL, k->key) == 1 &&
	    EVP_DigestVerify(x, sign_bytes(s), s.n, md, MD) == 1;

	EVP_MD_CTX_free(x);
	return good;
}

bool
sign_check(struct sign_key *k, const unsigned char md[32], struct str signature)
{
	bool good = (k->kind == SIGN_RSA ? rsa_check : ed25519_check)(k, md,
	    signature);

	ERR_clear_error();
	return good;
}
