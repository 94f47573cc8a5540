/*
 * tls_look.c: TLS for looking at a server, not for trusting it
 *
 * The verification callback always goes on and keeps what it was told.  In
 * the handshake only DANE is looked at, if there are usable TLSA records.
 * The chain is verified against the trusted authorities behind it, unless the
 * very same chain was a moment ago: it takes a fifth of a handshake's time,
 * and many hosts of one provider send the same.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls_look.h"
#include "tls_private.h"

enum { AUTH_LEVEL = 2, CERTS_MAX = 10, DIGEST = 32, SEEN = 256 };

/* The first thing that was found wrong. */
struct bad {
	int code, depth;
};

/* A chain that was verified, by its digest. */
struct seen {
	unsigned char key[DIGEST];
	bool used;
	struct bad bad;
};

struct tls_look {
	struct tls_ends ends;
	SSL *ssl;
	SSL_CTX *ctx;
	unsigned long flags;
	struct seen *seen;		/* SEEN of them, of the tls_ctx */
	struct err *e;
	char *name;
	char *also;
	struct tls_tlsa *tlsa;
	size_t ntlsa;
	bool dane, wants_cert, second;
	struct bad dane_bad, pkix_bad;
	enum tls_why why;
	const char *why_text;
};

static struct tls_look *
looker(X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());

	return ssl != NULL ? SSL_get_app_data(ssl) :
	    X509_STORE_CTX_get_app_data(store);
}

/* In the handshake by DANE, behind it by authorities. */
static int
collect_fault(int ok, X509_STORE_CTX *store)
{
	struct tls_look *t = looker(store);
	bool by_ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx()) != NULL;
	struct bad *b = by_ssl ? &t->dane_bad : &t->pkix_bad;

	if (!ok && b->code == 0 && !tls_unlisted(store)) {
		b->code = X509_STORE_CTX_get_error(store);
		b->depth = X509_STORE_CTX_get_error_depth(store);
	}
	return 1;
}

static int
verify(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	if (looker(store)->dane)
		X509_verify_cert(store);
	return 1;
}

static int
asked_for_cert(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
	struct tls_look *t = SSL_get_app_data(ssl);

	(void)cert;
	(void)key;
	t->wants_cert = true;
	return 0;
}

int
tls_look_ctx(struct tls_ctx *c, struct err *e)
{
	SSL_CTX *ctx = c->ctx;

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT |
	    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_client_cert_cb(ctx, asked_for_cert);
	SSL_CTX_set_cert_verify_callback(ctx, verify, NULL);
	if (c->seen == NULL)
		c->seen = mem_new(SEEN, sizeof(struct seen));
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0") != 1)
		return tls_openssl(e, EX_SOFTWARE, "OpenSSL");
	return 0;
}

/* ---- a session ---- */

static void
use_records(struct tls_look *t, const struct tls_ask *ask)
{
	struct tls_tlsa *r;
	size_t i;

	t->tlsa = ask->tlsa;
	t->ntlsa = ask->ntlsa;
	if (ask->ntlsa == 0 || SSL_dane_enable(t->ssl, ask->base) != 1)
		return;
	SSL_dane_set_flags(t->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	if (ask->also != NULL)
		SSL_add1_host(t->ssl, ask->also);
	for (i = 0; i < ask->ntlsa; i++) {
		r = &ask->tlsa[i];
		r->depth = -1;
		r->unsent = NULL;
		r->usable = r->usable && SSL_dane_tlsa_add(t->ssl, r->usage,
		    r->selector, r->mtype, (const unsigned char *)r->data.p,
		    r->data.n) == 1;
		t->dane |= r->usable;
	}
	ERR_clear_error();
}

static bool
take_keys(SSL *ssl, enum tls_keys keys)
{
	switch (keys) {
	case TLS_KEYS_RSA:
		return SSL_set1_sigalgs_list(ssl, "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1") == 1 &&
		    SSL_set_cipher_list(ssl, "aRSA:@SECLEVEL=0") == 1;
	case TLS_KEYS_OTHER:
		return SSL_set1_sigalgs_list(ssl, "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448") == 1 &&
		    SSL_set_cipher_list(ssl, "aECDSA:@SECLEVEL=0") == 1;
	case TLS_KEYS_ANY:
		break;
	}
	return true;
}

static int
look_begin(struct tls_look *t, struct tls_ctx *c, const struct tls_ask *ask)
{
	BIO *b = BIO_new(c->bio);

	if (t->ssl == NULL || b == NULL) {
		BIO_free(b);
		return tls_openssl(t->e, EX_SOFTWARE, "OpenSSL");
	}
	BIO_set_data(b, &t->ends);
	SSL_set_bio(t->ssl, b, b);
	SSL_set_app_data(t->ssl, t);
	SSL_set_connect_state(t->ssl);
	SSL_set_verify(t->ssl, SSL_VERIFY_PEER, collect_fault);
	/* For DANE alone, where senders ask no more: weakness is told. */
	X509_VERIFY_PARAM_set_auth_level(SSL_get0_param(t->ssl), 0);
	use_records(t, ask);
	if (ask->sni != NULL && SSL_set_tlsext_host_name(t->ssl, ask->sni) != 1)
		return tls_openssl(t->e, EX_SOFTWARE, ask->sni);
	if (ask->only != TLS_ANY &&
	    (SSL_set_min_proto_version(t->ssl, (int)ask->only) != 1 ||
	    SSL_set_max_proto_version(t->ssl, (int)ask->only) != 1))
		return tls_openssl(t->e, EX_SOFTWARE, "this TLS version");
	if (!take_keys(t->ssl, ask->keys))
		return tls_openssl(t->e, EX_SOFTWARE, "keys of certificates");
	if (ask->classic && c->classic != NULL &&
	    SSL_set1_groups_list(t->ssl, c->classic) != 1)
		return tls_openssl(t->e, EX_SOFTWARE, "classic groups");
	t->second = ask->classic || c->classic == NULL;
	if (ask->alpn != NULL)
		tls_offer(t->ssl, ask->alpn);
	SSL_set_tlsext_status_type(t->ssl, TLSEXT_STATUSTYPE_ocsp);
	return 0;
}

struct tls_look *
tls_look_new(struct tls_ctx *c, const struct tls_ask *ask, struct fifo *rx,
    struct fifo *tx, struct err *e)
{
	struct tls_look *t = mem_new(1, sizeof *t);

	t->ends = (struct tls_ends){ .rx = rx, .tx = tx };
	t->e = e;
	t->ctx = c->ctx;
	t->flags = c->flags;
	t->seen = c->seen;
	t->name = mem_dup(ask->name);
	t->also = ask->also != NULL ? mem_dup(ask->also) : NULL;
	t->ssl = SSL_new(c->ctx);
	if (look_begin(t, c, ask) == 0)
		return t;
	tls_look_free(t);
	return NULL;
}

void
tls_look_free(struct tls_look *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	free(t->name);
	free(t->also);
	free(t);
}

static enum tls_why
look_reason(int why)
{
	switch (why) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_UNEXPECTED_MESSAGE:
		return TLS_WHY_PLAIN;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return TLS_WHY_VERSION;
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
		return TLS_WHY_REFUSED;
	}
	return why >= SSL_AD_REASON_OFFSET ? TLS_WHY_ALERT : TLS_WHY_OTHER;
}

/* OpenSSL's list of names lacks those of TLS 1.3, its messages do not. */
static const char *
alert(int why, const char *message)
{
	const char *name = SSL_alert_desc_string_long(why -
	    SSL_AD_REASON_OFFSET), *at;

	if (strcmp(name, "unknown") != 0 || message == NULL)
		return name;
	at = strstr(message, "alert ");
	return at != NULL ? at + 6 : message;
}

static int
broken(struct tls_look *t)
{
	unsigned long err = ERR_peek_error();
	int why = ERR_GET_REASON(err);

	t->why = look_reason(why);
	t->why_text = ERR_reason_error_string(err);
	if (t->why == TLS_WHY_ALERT || t->why == TLS_WHY_REFUSED)
		t->why_text = alert(why, t->why_text);
	ERR_clear_error();
	if (t->why_text == NULL)
		t->why_text = "failed";
	return fail(t->e, EX_PROTOCOL, "TLS: %s", t->why_text);
}

static long
look_result(struct tls_look *t, int got)
{
	switch (SSL_get_error(t->ssl, got)) {
	case SSL_ERROR_NONE:
		return got;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_END;
	}
	return broken(t);
}

int
tls_look_handshake(struct tls_look *t)
{
	long got;

	ERR_clear_error();
	got = look_result(t, SSL_do_handshake(t->ssl));
	return got == 1 ? 0 : (int)got;
}

static int
clamp(size_t n)
{
	return n > 1 << 30 ? 1 << 30 : (int)n;
}

long
tls_look_read(struct tls_look *t, void *p, size_t n)
{
	long got;

	ERR_clear_error();
	got = look_result(t, SSL_read(t->ssl, p, clamp(n)));
	if (got == TLS_MORE)		/* 16 KiB, while nothing comes */
		SSL_free_buffers(t->ssl);
	return got;
}

long
tls_look_write(struct tls_look *t, const void *p, size_t n)
{
	ERR_clear_error();
	return look_result(t, SSL_write(t->ssl, p, clamp(n)));
}

void
tls_look_bye(struct tls_look *t)
{
	if (SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
}

enum tls_why
tls_look_why(const struct tls_look *t, const char **text)
{
	*text = t->why_text;
	return t->why;
}

bool
tls_look_unanswered(const struct tls_look *t)
{
	return !t->second && tls_lost(&t->ends);
}

bool
tls_look_unheard(const struct tls_look *t)
{
	return t->ends.sent > 0 && !t->ends.heard;
}

bool
tls_look_asked(const struct tls_look *t)
{
	return t->wants_cert;
}

/* ---- the verdicts ---- */

static enum tls_name
cert_match(X509 *x, const char *name)
{
	unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
	unsigned char ip[16];
	size_t n = strlen(name);

	if (inet_pton(AF_INET, name, ip) == 1 ||
	    inet_pton(AF_INET6, name, ip) == 1)
		return X509_check_ip_asc(x, name, 0) == 1 ? TLS_NAME_MATCH :
		    TLS_NAME_MISMATCH;
	if (X509_check_host(x, name, n, flags, NULL) == 1)
		return TLS_NAME_MATCH;
	return X509_get_ext_by_NID(x, NID_subject_alt_name, -1) < 0 &&
	    X509_check_host(x, name, n, 0, NULL) == 1 ? TLS_NAME_CN_ONLY :
	    TLS_NAME_MISMATCH;
}

static const struct {
	int code;
	enum tls_chain chain;
} chains[] = {
	{ X509_V_OK, TLS_CHAIN_OK },
	{ X509_V_ERR_CERT_HAS_EXPIRED, TLS_CHAIN_EXPIRED },
	{ X509_V_ERR_CERT_NOT_YET_VALID, TLS_CHAIN_NOTYET },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_CHAIN_SELF },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_CHAIN_UNTRUSTED },
	{ X509_V_ERR_CERT_UNTRUSTED, TLS_CHAIN_UNTRUSTED },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_CHAIN_INCOMPLETE },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	    TLS_CHAIN_INCOMPLETE },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_CHAIN_INCOMPLETE },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, TLS_CHAIN_WEAK },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, TLS_CHAIN_WEAK },
	{ X509_V_ERR_CA_MD_TOO_WEAK, TLS_CHAIN_WEAK },
	{ X509_V_ERR_INVALID_PURPOSE, TLS_CHAIN_PURPOSE },
	{ X509_V_ERR_CERT_REVOKED, TLS_CHAIN_REVOKED },
};

static enum tls_chain
classify(int code)
{
	size_t i;

	for (i = 0; i < sizeof chains / sizeof *chains; i++)
		if (chains[i].code == code)
			return chains[i].chain;
	return TLS_CHAIN_BAD;
}

const char *
tls_look_chain(enum tls_chain c)
{
	static const char *const words[] = { "ok", "expired", "not-yet-valid",
	    "self-signed", "incomplete", "untrusted", "weak", "purpose",
	    "revoked", "bad" };

	return words[c];
}

static void
by_authorities(struct tls_look *t, X509 *leaf)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *p;

	if (c != NULL && X509_STORE_CTX_init(c, SSL_CTX_get_cert_store(t->ctx),
	    leaf, SSL_get_peer_cert_chain(t->ssl)) == 1) {
		X509_STORE_CTX_set_default(c, "ssl_server");
		p = X509_STORE_CTX_get0_param(c);
		X509_VERIFY_PARAM_set_auth_level(p, AUTH_LEVEL);
		X509_VERIFY_PARAM_set_flags(p, t->flags);
		X509_STORE_CTX_set_app_data(c, t);
		X509_STORE_CTX_set_verify_cb(c, collect_fault);
		X509_verify_cert(c);
	} else {
		t->pkix_bad.code = X509_V_ERR_OUT_OF_MEM;
	}
	X509_STORE_CTX_free(c);
}

/* One digest of all that was sent; -1 if there is none. */
static int
digest_of(const STACK_OF(X509) *chain, unsigned char key[DIGEST])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char one[DIGEST];
	unsigned n;
	int i, got = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(),
	    NULL) == 1 ? 0 : -1;

	for (i = 0; got == 0 && i < sk_X509_num(chain); i++)
		if (X509_digest(sk_X509_value(chain, i), EVP_sha256(), one,
		    &n) != 1 || EVP_DigestUpdate(md, one, DIGEST) != 1)
			got = -1;
	if (got == 0 && EVP_DigestFinal_ex(md, key, &n) != 1)
		got = -1;
	EVP_MD_CTX_free(md);
	return got;
}

static void
verify_chain(struct tls_look *t, X509 *leaf)
{
	unsigned char key[DIGEST];
	struct seen *s;

	if (digest_of(SSL_get_peer_cert_chain(t->ssl), key) < 0) {
		by_authorities(t, leaf);
		return;
	}
	s = &t->seen[key[0] % SEEN];
	if (!s->used || memcmp(s->key, key, DIGEST) != 0) {
		by_authorities(t, leaf);
		memcpy(s->key, key, DIGEST);
		s->bad = t->pkix_bad;
		s->used = true;
	}
	t->pkix_bad = s->bad;
}

static bool
same_record(const struct tls_tlsa *r, const unsigned char *der, int len)
{
	const EVP_MD *md = r->mtype == 1 ? EVP_sha256() : EVP_sha512();
	unsigned char sum[64];
	unsigned n = 0;

	if (len <= 0 || r->mtype > 2)
		return false;
	if (r->mtype == 0)
		return r->data.n == (size_t)len &&
		    memcmp(r->data.p, der, r->data.n) == 0;
	return EVP_Digest(der, (size_t)len, sum, &n, md, NULL) == 1 &&
	    r->data.n == n && memcmp(r->data.p, sum, n) == 0;
}

/* The whole matrix, whatever OpenSSL stopped at. */
static void
try_record(struct tls_tlsa *r, X509 *x, int depth)
{
	unsigned char *der = NULL;
	int n = r->selector == 0 ? i2d_X509(x, &der) :
	    i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	if (r->depth < 0 && r->selector <= 1 && same_record(r, der, n))
		r->depth = depth;
	OPENSSL_free(der);
}

static void
try_unsent(struct tls_tlsa *r, X509 *x, struct arena *a)
{
	struct tls_tlsa copy = *r;
	struct tls_cert c = { .subject = NULL };

	try_record(&copy, x, 0);
	if (copy.depth < 0)
		return;
	tls_look_describe(&c, x, a);
	r->unsent = c.subject;
}

static bool
was_sent(const STACK_OF(X509) *sent, X509 *x)
{
	int i;

	for (i = 0; i < sk_X509_num(sent); i++)
		if (X509_cmp(sk_X509_value(sent, i), x) == 0)
			return true;
	return false;
}

/*
 * Records of authorities that fit nothing that was sent may fit one that is
 * trusted here and ends the chain.  DANE does not see it (RFC 7671 section
 * 5.2.2): the server must send it.
 */
static void
look_beyond(struct tls_look *t, struct arena *a)
{
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(t->ssl), *built;
	struct tls_tlsa *r;
	size_t k;
	int i;

	for (k = 0; k < t->ntlsa && (t->tlsa[k].depth >= 0 ||
	    t->tlsa[k].usage % 2 != 0); k++)
		;
	if (k == t->ntlsa)
		return;
	built = X509_build_chain(sk_X509_value(sent, 0), sent,
	    SSL_CTX_get_cert_store(t->ctx), 1, NULL, NULL);
	for (i = 1; built != NULL && i < sk_X509_num(built); i++)
		for (k = 0; k < t->ntlsa; k++) {
			r = &t->tlsa[k];
			if (r->depth < 0 && r->usage % 2 == 0 &&
			    !was_sent(sent, sk_X509_value(built, i)))
				try_unsent(r, sk_X509_value(built, i), a);
		}
	sk_X509_pop_free(built, X509_free);
}

/*
 * The record that OpenSSL took.  It may match what was not sent: an authority
 * that stands in the record whole.
 */
static void
mark_taken(struct tls_look *t)
{
	uint8_t usage, selector, mtype;
	const unsigned char *data;
	struct tls_tlsa *r;
	size_t n, i;
	int depth = SSL_get0_dane_tlsa(t->ssl, &usage, &selector, &mtype,
	    &data, &n);

	for (i = 0; depth >= 0 && i < t->ntlsa; i++) {
		r = &t->tlsa[i];
		if (r->depth < 0 && r->usage == usage &&
		    r->selector == selector && r->mtype == mtype &&
		    r->data.n == n && memcmp(r->data.p, data, n) == 0)
			r->depth = depth;
	}
}

static void
dane(struct tls_look *t, struct tls_facts *f, X509 *leaf)
{
	f->dane = t->dane && t->dane_bad.code == 0 &&
	    SSL_get0_dane_authority(t->ssl, NULL, NULL) >= 0;
	f->also = t->also != NULL &&
	    cert_match(leaf, t->also) == TLS_NAME_MATCH;
	if (f->dane)
		mark_taken(t);
	if (t->dane && !f->dane)
		f->dane_text = X509_verify_cert_error_string(
		    t->dane_bad.code != 0 ? t->dane_bad.code :
		    X509_V_ERR_DANE_NO_MATCH);
}

static const char *
group(SSL *ssl, struct arena *a)
{
	EVP_PKEY *k = NULL;
	const char *s = NULL;
	char curve[64] = "";
	int id;

	if (SSL_get_peer_tmp_key(ssl, &k) != 1)
		return SSL_group_to_name(ssl,
		    (int)SSL_get_negotiated_group(ssl));
	id = EVP_PKEY_get_base_id(k);
	if (id == EVP_PKEY_DH)
		s = arena_printf(a, "DH %d", EVP_PKEY_get_bits(k));
	else if (id == EVP_PKEY_EC && EVP_PKEY_get_group_name(k, curve,
	    sizeof curve, NULL) == 1)
		s = arena_dup(a, str_of(curve));
	else if (id > 0)
		s = OBJ_nid2sn(id);
	EVP_PKEY_free(k);
	return s;
}

/* As TLS calls it. */
static const char *
hash_name(int md)
{
	switch (md) {
	case NID_sha512: return "sha512";
	case NID_sha384: return "sha384";
	case NID_sha256: return "sha256";
	case NID_sha1: return "sha1";
	}
	return "md5_sha1";
}

/* As RFC 8446 4.2.3 calls them. */
static const char *
sigalg(SSL *ssl, struct arena *a)
{
	int type = NID_undef, md = NID_undef;
	const char *hash;

	if (SSL_get_peer_signature_type_nid(ssl, &type) != 1)
		return NULL;
	if (type == NID_ED25519 || type == NID_ED448)
		return type == NID_ED448 ? "ed448" : "ed25519";
	if (SSL_get_peer_signature_nid(ssl, &md) != 1)
		return NULL;
	hash = hash_name(md);
	if (type == EVP_PKEY_RSA_PSS)
		return arena_printf(a, "rsa_pss_rsae_%s", hash);
	if (type != EVP_PKEY_EC)
		return arena_printf(a, "%s_%s", type == EVP_PKEY_RSA ?
		    "rsa_pkcs1" : OBJ_nid2sn(type), hash);
	if (md == NID_sha1)
		return "ecdsa_sha1";
	if (md == NID_sha512)
		return arena_printf(a, "ecdsa_secp521r1_%s", hash);
	return arena_printf(a, "ecdsa_%s_%s", md == NID_sha384 ? "secp384r1" :
	    "secp256r1", hash);
}

static const char *
weak_cipher(const SSL_CIPHER *c)
{
	if (SSL_CIPHER_get_bits(c, NULL) == 0)
		return "nothing is encrypted";
	if (SSL_CIPHER_get_digest_nid(c) == NID_md5)
		return "its digest is MD5";
	switch (SSL_CIPHER_get_cipher_nid(c)) {
	case NID_rc4:
		return "RC4 can be broken (RFC 7465)";
	case NID_des_cbc:
	case NID_des_ede3_cbc:
	case NID_idea_cbc:
	case NID_rc2_cbc:
		return "its blocks have 64 bits";
	}
	return SSL_CIPHER_get_bits(c, NULL) < 128 ? "its key is too short" : NULL;
}

static const char *
weak_kex(SSL *ssl, const SSL_CIPHER *c, struct arena *a)
{
	enum { ENOUGH = 2048 };
	EVP_PKEY *k = NULL;
	const char *why = NULL;
	int nid = SSL_CIPHER_get_kx_nid(c);

	if (nid == NID_kx_rsa)
		return "whoever has the server's key can read all of it later, too (no forward secrecy)";
	if (nid != NID_kx_dhe || SSL_get_peer_tmp_key(ssl, &k) != 1)
		return NULL;
	if (EVP_PKEY_get_bits(k) < ENOUGH)
		why = arena_printf(a, "a DH group of %d bits",
		    EVP_PKEY_get_bits(k));
	EVP_PKEY_free(k);
	return why;
}

static void
look_session(struct tls_look *t, struct tls_facts *f, struct arena *a)
{
	const unsigned char *alpn = NULL;
	unsigned char *staple = NULL;	/* the session's */
	unsigned n = 0;

	f->number = (enum tls_version)SSL_version(t->ssl);
	f->version = SSL_get_version(t->ssl);
	f->cipher = SSL_get_cipher_name(t->ssl);
	f->group = group(t->ssl, a);
	f->sigalg = sigalg(t->ssl, a);
	f->weak_cipher = weak_cipher(SSL_get_current_cipher(t->ssl));
	f->weak_kex = weak_kex(t->ssl, SSL_get_current_cipher(t->ssl), a);
	f->stapled = SSL_get_tlsext_status_ocsp_resp(t->ssl, &staple) > 0;
	SSL_get0_alpn_selected(t->ssl, &alpn, &n);
	if (n > 0)
		f->alpn = arena_dup(a, (struct str){ (const char *)alpn, n });
	ERR_clear_error();
}

int
tls_look_facts(struct tls_look *t, struct tls_facts *f, struct arena *a)
{
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(t->ssl);
	int i, n = sent != NULL ? sk_X509_num(sent) : 0;
	size_t k;

	*f = (struct tls_facts){ .text = "ok" };
	look_session(t, f, a);
	if (n == 0)
		return -1;
	if (n > CERTS_MAX) {
		f->beyond = (size_t)(n - CERTS_MAX);
		n = CERTS_MAX;
	}
	f->ncert = (size_t)n;
	f->cert = arena_new(a, f->ncert, sizeof *f->cert);
	for (i = 0; i < n; i++) {
		tls_look_describe(&f->cert[i], sk_X509_value(sent, i), a);
		f->cert[i].by_next = i + 1 < n && X509_check_issued(
		    sk_X509_value(sent, i + 1), sk_X509_value(sent, i)) ==
		    X509_V_OK;
		for (k = 0; k < t->ntlsa; k++)
			try_record(&t->tlsa[k], sk_X509_value(sent, i), i);
	}
	f->name = cert_match(sk_X509_value(sent, 0), t->name);
	dane(t, f, sk_X509_value(sent, 0));
	look_beyond(t, a);
	verify_chain(t, sk_X509_value(sent, 0));
	f->code = t->pkix_bad.code;
	f->depth = t->pkix_bad.depth;
	f->chain = classify(f->code);
	if (f->chain == TLS_CHAIN_INCOMPLETE && f->depth > 0)
		f->chain = TLS_CHAIN_UNTRUSTED;	/* an authority's issuer */
	f->text = X509_verify_cert_error_string(f->code);
	ERR_clear_error();
	return 0;
}

void
tls_look_pem(struct tls_look *t, struct buf *out)
{
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(t->ssl);
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;
	int i;

	for (i = 0; b != NULL && sent != NULL && i < sk_X509_num(sent); i++)
		PEM_write_bio_X509(b, sk_X509_value(sent, i));
	n = b != NULL ? BIO_get_mem_data(b, &p) : 0;
	if (n > 0)
		buf_put(out, p, (size_t)n);
	BIO_free(b);
}
