/*
 * tls.c: TLS as a thing that turns bytes into bytes
 *
 * OpenSSL talks to the two fifos through a BIO of ours (tls_bio.c).
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "tls.h"
#include "tls_private.h"
#include "tls_proof.h"
#include "trace.h"

enum {
	NAMES = 300, DN = 200,	/* bytes of them in a message */
	LONG = 1000		/* bytes no first message has by classic groups */
};

struct tls {
	struct tls_ends ends;
	SSL *ssl;
	const struct tls_conf *conf;
	enum tls_version least;
	struct err *e;
	char name[256];
	bool verified, ip, second, alpn, bad_alpn;
	bool any;		/* what verification finds ends nothing */
	int bad, depth;		/* the first thing verification found */
	X509 *cert;		/* and in which certificate */
	char revoked[32];	/* on which day */
};

struct tls_library
tls_library(void)
{
	return (struct tls_library){
		.here = OpenSSL_version(OPENSSL_VERSION_STRING),
		.built = OPENSSL_VERSION_STR };
}

/* ---- saying what is wrong with a certificate ---- */

/* The names a certificate is for: "a.example, 192.0.2.1". */
static void
cert_names(X509 *cert, struct buf *b)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name,
	    NULL, NULL);
	struct buf one = { 0 };
	int i, more = 0;

	for (i = 0; all != NULL && i < sk_GENERAL_NAME_num(all); i++) {
		one.n = 0;
		if (!tls_text_name(&one, sk_GENERAL_NAME_value(all, i)))
			continue;
		if (more > 0 || b->n + one.n > NAMES)
			more++;
		else
			buf_printf(b, "%s%.*s", b->n > 0 ? ", " : "",
			    STR_ARG(BUF_STR(one)));
	}
	GENERAL_NAMES_free(all);
	buf_free(&one);
	if (more > 0)
		buf_printf(b, "%s%d more", b->n > 0 ? " and " : "", more);
	if (b->n == 0)
		buf_s(b, "nobody: it has no subjectAltName");
}

static int
blame(struct tls *t)
{
	struct buf b = { .max = 4096 };
	char pin[64];

	switch (t->bad) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		tls_text_day(&b, X509_get0_notAfter(t->cert));
		fail(t->e, EX_NOPERM, "certificate: expired on %s", b.p);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		tls_text_day(&b, X509_get0_notBefore(t->cert));
		fail(t->e, EX_NOPERM, "certificate: not valid before %s", b.p);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		cert_names(t->cert, &b);
		fail(t->e, EX_NOPERM, "certificate: not for %s; it is for %s",
		    t->name, b.p);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		tls_text_pin(t->cert, pin);
		fail(t->e, EX_NOPERM, "certificate: self-signed (--pin %s would trust this key)",
		    pin);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		tls_text_dn(&b, X509_get_issuer_name(t->cert));
		fail(t->e, EX_NOPERM, "certificate: its issuer is not known here: %.*s",
		    STR_ARG(str_to(BUF_STR(b), DN)));
		break;
	case X509_V_ERR_CERT_REVOKED:
		if (t->depth > 0)
			tls_text_dn(&b, X509_get_subject_name(t->cert));
		fail(t->e, EX_NOPERM, "certificate: %.*s%srevoked on %s",
		    STR_ARG(str_to(BUF_STR(b), DN)),
		    t->depth > 0 ? " was " : "", t->revoked);
		break;
	case X509_V_ERR_UNABLE_TO_GET_CRL:
		tls_text_dn(&b, X509_get_issuer_name(t->cert));
		fail(t->e, EX_NOPERM, "certificate: --crl has no list of its issuer: %.*s",
		    STR_ARG(str_to(BUF_STR(b), DN)));
		break;
	case X509_V_ERR_DANE_NO_MATCH:
		tls_pin(t, pin);
		fail(t->e, EX_NOPERM, "certificate: no TLSA record of %s matches it (DANE); its key is %s",
		    t->name, pin);
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		tls_text_dn(&b, X509_get_subject_name(t->cert));
		fail(t->e, EX_NOPERM, "certificate: its issuer is not trusted here: %.*s",
		    STR_ARG(str_to(BUF_STR(b), DN)));
		break;
	default:
		fail(t->e, EX_NOPERM, "certificate: %s (depth %d)",
		    X509_verify_cert_error_string(t->bad), t->depth);
	}
	buf_free(&b);
	return -1;
}

/* Of the list that says so, which is at hand only now. */
static void
revocation(struct tls *t, X509_STORE_CTX *store)
{
	X509_CRL *crl = X509_STORE_CTX_get0_current_crl(store);
	struct buf b = { .max = 4096 };
	X509_REVOKED *r = NULL;

	if (crl != NULL)
		X509_CRL_get0_by_cert(crl, &r, t->cert);
	tls_text_day(&b, r != NULL ? X509_REVOKED_get0_revocationDate(r) :
	    NULL);
	snprintf(t->revoked, sizeof t->revoked, "%s", b.p);
	buf_free(&b);
}

/* Remembers the first thing found, for blame. */
static int
verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = SSL_get_app_data(ssl);

	if (!ok && tls_unlisted(store)) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		ok = 1;
	}
	if (ok || t->bad != 0)
		return ok || t->any;
	t->bad = X509_STORE_CTX_get_error(store);
	t->depth = X509_STORE_CTX_get_error_depth(store);
	t->cert = X509_STORE_CTX_get_current_cert(store);
	if (t->cert != NULL)
		X509_up_ref(t->cert);
	if (t->bad == X509_V_ERR_CERT_REVOKED)
		revocation(t, store);
	return t->any;
}

/* ---- a session ---- */

void
tls_offer(SSL *ssl, const char *proto)
{
	unsigned char wire[64];
	size_t n = strlen(proto);

	if (n >= sizeof wire)
		return;
	wire[0] = (unsigned char)n;
	memcpy(wire + 1, proto, n);
	SSL_set_alpn_protos(ssl, wire, (unsigned)n + 1);
}

static int
expect(struct tls *t, const struct tls_ctx *c)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(t->ssl);

	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
	    | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (t->ip ? X509_VERIFY_PARAM_set1_ip_asc(p, t->name) != 1 :
	    X509_VERIFY_PARAM_set1_host(p, t->name, 0) != 1)
		return tls_openssl(t->e, EX_USAGE, t->name);
	X509_VERIFY_PARAM_set_flags(p, c->flags);
	SSL_set_verify(t->ssl, SSL_VERIFY_PEER, verify);
	return 0;
}

/*
 * RFC 7672 section 3: with usage 3 the key is all that counts, with usage 2 a
 * chain up to the record's certificate, and the name of the host or the mail's
 * domain.
 */
static int
expect_dane(struct tls *t, const struct tls_proof *p)
{
	const struct tls_tlsa *r;
	size_t i;

	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (SSL_dane_enable(t->ssl, p->base) != 1 || (p->also != NULL &&
	    SSL_add1_host(t->ssl, p->also) != 1))
		return tls_openssl(t->e, EX_SOFTWARE, "DANE");
	SSL_dane_set_flags(t->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	for (i = 0; i < p->ntlsa; i++) {
		r = &p->tlsa[i];
		if (r->usable && SSL_dane_tlsa_add(t->ssl, r->usage,
		    r->selector, r->mtype, (const unsigned char *)r->data.p,
		    r->data.n) < 0)
			return tls_openssl(t->e, EX_SOFTWARE, "DANE");
	}
	SSL_set_verify(t->ssl, SSL_VERIFY_PEER, verify);
	ERR_clear_error();
	return 0;
}

static int
tls_begin(struct tls *t, struct tls_ctx *c, const struct tls_hello *hello)
{
	unsigned char ip[16];
	BIO *b = BIO_new(c->bio);

	if (t->ssl == NULL || b == NULL) {
		BIO_free(b);
		return tls_openssl(t->e, EX_OSERR, "OpenSSL");
	}
	BIO_set_data(b, &t->ends);
	SSL_set_bio(t->ssl, b, b);
	SSL_set_app_data(t->ssl, t);
	SSL_set_connect_state(t->ssl);
	if (hello->classic && c->classic != NULL &&
	    SSL_set1_groups_list(t->ssl, c->classic) != 1)
		return tls_openssl(t->e, EX_SOFTWARE, "classic groups");
	if (hello->alpn != NULL)
		tls_offer(t->ssl, hello->alpn);
	t->alpn = hello->alpn != NULL;
	t->ip = inet_pton(AF_INET, t->name, ip) == 1 ||
	    inet_pton(AF_INET6, t->name, ip) == 1;
	if (!t->ip && SSL_set_tlsext_host_name(t->ssl, t->name) != 1)
		return tls_openssl(t->e, EX_USAGE, t->name);
	if (hello->proof != NULL && hello->proof->what == TLS_PROVE_DANE)
		return expect_dane(t, hello->proof);
	t->any = hello->proof != NULL &&
	    hello->proof->what == TLS_PROVE_NOTHING;
	if (t->conf->npins > 0 || t->conf->insecure) {
		SSL_set_verify(t->ssl, SSL_VERIFY_NONE, NULL);
		return 0;
	}
	return expect(t, c);
}

struct tls *
tls_new(struct tls_ctx *c, const struct tls_hello *hello, struct fifo *rx,
    struct fifo *tx, struct err *e)
{
	struct tls *t = mem_new(1, sizeof *t);

	t->conf = c->conf;
	t->least = c->least;
	t->ends = (struct tls_ends){ .rx = rx, .tx = tx };
	t->second = hello->classic || c->classic == NULL;
	t->e = e;
	snprintf(t->name, sizeof t->name, "%s", hello->proof != NULL &&
	    hello->proof->what == TLS_PROVE_DANE ? hello->proof->base :
	    hello->name);
	t->ssl = SSL_new(c->ctx);
	if (tls_begin(t, c, hello) == 0)
		return t;
	tls_free(t);
	return NULL;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	X509_free(t->cert);
	free(t);
}

static int
check_pins(struct tls *t)
{
	char pin[64];
	size_t i;

	tls_pin(t, pin);
	for (i = 0; i < t->conf->npins; i++)
		if (strcmp(pin, t->conf->pins[i]) == 0)
			return 0;
	return fail(t->e, EX_NOPERM, "certificate: its key is %s, which --pin does not name",
	    pin);
}

/* Plaintext where a record should be: say so in words, not in OpenSSL's. */
static int
tls_refused(struct tls *t, const char *what)
{
	unsigned long err = ERR_peek_error();
	int why = ERR_GET_REASON(err);
	const char *text = ERR_reason_error_string(err);

	ERR_clear_error();
	t->bad_alpn = t->alpn && why == SSL_AD_REASON_OFFSET +
	    SSL_AD_NO_APPLICATION_PROTOCOL;
	if (why == SSL_R_WRONG_VERSION_NUMBER ||
	    why == SSL_R_PACKET_LENGTH_TOO_LONG ||
	    why == SSL_R_HTTP_REQUEST || why == SSL_R_UNEXPECTED_MESSAGE)
		return fail(t->e, EX_PROTOCOL, "%s: the server does not speak TLS on this port",
		    what);
	if (why == SSL_R_UNSUPPORTED_PROTOCOL ||
	    why == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
		return fail(t->e, EX_NOPERM, "%s: the server has only TLS versions below %s",
		    what, tls_version_name(t->least));
	return fail(t->e, EX_PROTOCOL, "%s: %s", what,
	    text != NULL ? text : "failed");
}

static void
detail(const struct tls *t)
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	struct buf b = { .max = 4096 };
	char pin[64];
	const char *group = "no group";
	int nid = (int)SSL_get_negotiated_group(t->ssl);

	if (nid != 0 && SSL_group_to_name(t->ssl, nid) != NULL)
		group = SSL_group_to_name(t->ssl, nid);
	tls_pin(t, pin);
	trace_note(TRACE_DETAIL, "TLS: %s, %s, key %s",
	    tls_cipher(t), group, pin);
	if (cert == NULL)
		return;
	tls_text_dn(&b, X509_get_subject_name(cert));
	buf_s(&b, " by ");
	tls_text_dn(&b, X509_get_issuer_name(cert));
	buf_s(&b, ", until ");
	tls_text_day(&b, X509_get0_notAfter(cert));
	trace_note(TRACE_DETAIL, "TLS: certificate of %s", b.p);
	buf_free(&b);
}

static int
tls_settle(struct tls *t)
{
	if (t->conf->npins > 0 && check_pins(t) < 0)
		return -1;
	t->verified = (!t->conf->insecure || t->conf->npins > 0) &&
	    !(t->any && t->bad != 0);
	trace_note(TRACE_DONE, "%s with %s, certificate %s", tls_version(t),
	    t->name, t->verified ? "verified" : "NOT VERIFIED");
	if (trace_on(TRACE_DETAIL))
		detail(t);
	return 0;
}

int
tls_handshake(struct tls *t)
{
	int got;

	ERR_clear_error();
	got = SSL_do_handshake(t->ssl);
	if (got == 1)
		return tls_settle(t);
	switch (SSL_get_error(t->ssl, got)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return TLS_MORE;
	}
	if (t->bad != 0 && !t->any) {
		ERR_clear_error();
		return blame(t);
	}
	return tls_refused(t, "TLS handshake");
}

bool
tls_lost(const struct tls_ends *ends)
{
	return !ends->heard && ends->sent > LONG;
}

bool
tls_unanswered(const struct tls *t)
{
	return !t->second && tls_lost(&t->ends);
}

bool
tls_wants_no_alpn(const struct tls *t)
{
	return t->bad_alpn;
}

static long
tls_result(struct tls *t, int got, const char *what)
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
	return tls_refused(t, what);
}

static int
clamp(size_t n)
{
	return n > 1 << 30 ? 1 << 30 : (int)n;
}

long
tls_read(struct tls *t, void *p, size_t n)
{
	ERR_clear_error();
	return tls_result(t, SSL_read(t->ssl, p, clamp(n)), "TLS");
}

long
tls_write(struct tls *t, const void *p, size_t n)
{
	ERR_clear_error();
	return tls_result(t, SSL_write(t->ssl, p, clamp(n)), "TLS");
}

void
tls_bye(struct tls *t)
{
	if (SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
}

bool
tls_verified(const struct tls *t)
{
	return t->verified;
}

const char *
tls_version(const struct tls *t)
{
	return SSL_get_version(t->ssl);
}

const char *
tls_cipher(const struct tls *t)
{
	return SSL_get_cipher_name(t->ssl);
}

void
tls_pin(const struct tls *t, char dst[64])
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);

	dst[0] = '\0';
	if (cert != NULL)
		tls_text_pin(cert, dst);
}

size_t
tls_exporter(struct tls *t, unsigned char dst[64])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(t->ssl) < TLS1_3_VERSION)
		return 0;
	return SSL_export_keying_material(t->ssl, dst, 32, label,
	    sizeof label - 1, (const unsigned char *)"", 0, 1) == 1 ? 32 : 0;
}

/* RFC 5929 section 4.1: the signature's hash, SHA-256 for MD5 and SHA-1. */
size_t
tls_endpoint(struct tls *t, unsigned char dst[64])
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	const EVP_MD *md;
	unsigned n = 0;
	int nid;

	if (cert == NULL || X509_get_signature_info(cert, &nid, NULL, NULL,
	    NULL) != 1)
		return 0;
	if (nid == NID_md5 || nid == NID_sha1)
		nid = NID_sha256;
	md = EVP_get_digestbynid(nid);
	if (md == NULL || X509_digest(cert, md, dst, &n) != 1)
		return 0;
	return n;
}
