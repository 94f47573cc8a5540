/* tls_look_cert.c: all that a report says of a certificate */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "tls_look.h"
#include "tls_private.h"

enum { SAN_MAX = 100, FILE_CERTS = 20, FILE_MAX = 1 << 20 };

static const char *
hex_text(struct arena *a, const unsigned char *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	char *s = arena_new(a, 2 * n + 1, 1);
	size_t i;

	for (i = 0; i < n; i++) {
		s[2 * i] = digit[p[i] >> 4];
		s[2 * i + 1] = digit[p[i] & 15];
	}
	return s;
}

static const char *
dn(struct arena *a, const X509_NAME *n)
{
	struct buf b = { .max = 4096 };
	const char *s;

	tls_text_dn(&b, n);
	s = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return s;
}

static int64_t
seconds(const ASN1_TIME *at)
{
	struct tm tm = { 0 };

	return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void
sans(struct tls_cert *c, X509 *x, struct arena *a)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL,
	    NULL);
	int i, n = all != NULL ? sk_GENERAL_NAME_num(all) : 0;
	struct buf b = { .max = 4096 };

	if (n > SAN_MAX) {
		c->more = (size_t)(n - SAN_MAX);
		n = SAN_MAX;
	}
	if (n > 0)
		c->san = arena_new(a, (size_t)n, sizeof *c->san);
	for (i = 0; i < n; i++) {
		b.n = 0;
		if (tls_text_name(&b, sk_GENERAL_NAME_value(all, i)))
			c->san[c->nsan++] = arena_dup(a, BUF_STR(b));
	}
	buf_free(&b);
	GENERAL_NAMES_free(all);
}

/* As FIPS 186 calls it; of others their own name. */
static const char *
curve_name(const char *curve)
{
	static const char *const names[][2] = { { "prime256v1", "P-256" },
	    { "secp384r1", "P-384" }, { "secp521r1", "P-521" } };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(curve, names[i][0]) == 0)
			return names[i][1];
	return curve;
}

static void
key(struct tls_cert *c, X509 *x, struct arena *a)
{
	EVP_PKEY *k = X509_get0_pubkey(x);
	char curve[64] = "";
	int id = k != NULL ? EVP_PKEY_get_base_id(k) : NID_undef;

	c->bits = k != NULL ? EVP_PKEY_get_bits(k) : 0;
	c->weak_key = k == NULL || EVP_PKEY_get_security_bits(k) < 112;
	if (id == EVP_PKEY_EC && EVP_PKEY_get_group_name(k, curve,
	    sizeof curve, NULL) == 1)
		c->key = arena_printf(a, "EC %s", curve_name(curve));
	else if (id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS)
		c->key = arena_printf(a, "RSA %d", c->bits);
	else
		c->key = arena_dup(a, str_of(id != NID_undef ?
		    OBJ_nid2sn(id) : "unknown"));
}

static void
digests(struct tls_cert *c, X509 *x, struct arena *a)
{
	unsigned char md[32], *der = NULL;
	unsigned n = 0;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	c->sha256 = c->spki256 = "";
	if (X509_digest(x, EVP_sha256(), md, &n) == 1)
		c->sha256 = hex_text(a, md, n);
	if (len > 0 && EVP_Digest(der, (size_t)len, md, &n, EVP_sha256(),
	    NULL) == 1)
		c->spki256 = hex_text(a, md, n);
	OPENSSL_free(der);
}

/* The first distribution point that is an address. */
static const char *
list_of(X509 *x, struct arena *a)
{
	CRL_DIST_POINTS *all = X509_get_ext_d2i(x, NID_crl_distribution_points,
	    NULL, NULL);
	int i, k, n = all != NULL ? sk_DIST_POINT_num(all) : 0;
	const DIST_POINT_NAME *at;
	const GENERAL_NAME *name;
	const char *url = NULL;

	for (i = 0; i < n; i++) {
		at = sk_DIST_POINT_value(all, i)->distpoint;
		for (k = 0; at != NULL && at->type == 0 && url == NULL &&
		    k < sk_GENERAL_NAME_num(at->name.fullname); k++) {
			name = sk_GENERAL_NAME_value(at->name.fullname, k);
			if (name->type == GEN_URI && ASN1_STRING_length(
			    name->d.uniformResourceIdentifier) < 1000)
				url = arena_dup(a, (struct str){ (const char *)
				    ASN1_STRING_get0_data(
				    name->d.uniformResourceIdentifier),
				    (size_t)ASN1_STRING_length(
				    name->d.uniformResourceIdentifier) });
		}
	}
	CRL_DIST_POINTS_free(all);
	return url;
}

/* The TLS feature status_request: the server must staple. */
static bool
must_staple(X509 *x)
{
	enum { STATUS_REQUEST = 5 };
	TLS_FEATURE *all = X509_get_ext_d2i(x, NID_tlsfeature, NULL, NULL);
	int i, n = all != NULL ? sk_ASN1_INTEGER_num(all) : 0;
	bool found = false;

	for (i = 0; i < n; i++)
		found |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(all, i)) ==
		    STATUS_REQUEST;
	TLS_FEATURE_free(all);
	return found;
}

void
tls_look_describe(struct tls_cert *c, X509 *x, struct arena *a)
{
	int bits = 0, nid = X509_get_signature_nid(x);

	c->subject = dn(a, X509_get_subject_name(x));
	c->issuer = dn(a, X509_get_issuer_name(x));
	c->from = seconds(X509_get0_notBefore(x));
	c->until = seconds(X509_get0_notAfter(x));
	c->self_signed = X509_self_signed(x, 0) == 1;
	c->ca = X509_check_ca(x) == 1;
	c->must_staple = must_staple(x);
	c->crl = list_of(x, a);
	c->sigalg = OBJ_nid2sn(nid);
	if (X509_get_signature_info(x, NULL, NULL, &bits, NULL) == 1)
		c->weak_hash = bits < 112 && !c->self_signed;
	sans(c, x, a);
	key(c, x, a);
	digests(c, x, a);
	ERR_clear_error();
}

static int
nobody(char *dst, int cap, int writing, void *arg)
{
	(void)dst;
	(void)cap;
	(void)writing;
	(void)arg;
	return 0;
}

int
tls_look_file(const char *path, struct tls_cert **v, size_t *n,
    struct arena *a, struct err *e)
{
	struct buf text = { .max = FILE_MAX };
	int fd = file_open(path, e), got;
	BIO *b;
	X509 *x;

	if (fd < 0)
		return -1;
	got = file_slurp(fd, &text, e);
	close(fd);
	b = got == 0 ? BIO_new_mem_buf(text.p, (int)text.n) : NULL;
	*v = arena_new(a, FILE_CERTS, sizeof **v);
	*n = 0;
	while (b != NULL && *n < FILE_CERTS &&
	    (x = PEM_read_bio_X509(b, NULL, nobody, NULL)) != NULL) {
		tls_look_describe(&(*v)[(*n)++], x, a);
		X509_free(x);
	}
	ERR_clear_error();
	BIO_free(b);
	buf_free(&text);
	if (got < 0)
		return fail_in(e, "%s", path);
	return *n > 0 ? 0 : fail(e, EX_DATAERR, "%s: no certificate in PEM form",
	    path);
}
