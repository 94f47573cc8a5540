/* tls_crl.c: is a certificate in its issuer's list of revoked ones? */
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tls_crl.h"

static X509_CRL *
list_read(struct str list)
{
	const unsigned char *p = (const unsigned char *)list.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)list.n);
	BIO *b;

	if (crl != NULL || (b = BIO_new_mem_buf(list.p, (int)list.n)) == NULL)
		return crl;
	crl = PEM_read_bio_X509_CRL(b, NULL, NULL, NULL);
	BIO_free(b);
	return crl;
}

/* The next one that has issued x; NULL: there is none. */
static X509 *
issuer_read(BIO *b, X509 *x)
{
	X509 *next;

	while ((next = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
		if (X509_check_issued(next, x) == X509_V_OK)
			return next;
		X509_free(next);
	}
	return NULL;
}

static int64_t
seconds(const ASN1_TIME *at)
{
	struct tm tm = { 0 };

	return at != NULL && ASN1_TIME_to_tm(at, &tm) == 1 ?
	    (int64_t)timegm(&tm) : 0;
}

static enum tls_crl
looked_up(X509_CRL *crl, X509 *x, X509 *issuer, int64_t *at)
{
	X509_REVOKED *entry = NULL;
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);

	if (X509_NAME_cmp(X509_CRL_get_issuer(crl),
	    X509_get_issuer_name(x)) != 0 ||
	    X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1)
		return TLS_CRL_BAD;
	if (X509_CRL_get0_by_cert(crl, &entry, x) == 1) {
		*at = seconds(X509_REVOKED_get0_revocationDate(entry));
		return TLS_CRL_REVOKED;
	}
	*at = seconds(end);
	return end != NULL && X509_cmp_current_time(end) < 0 ? TLS_CRL_OLD :
	    TLS_CRL_GOOD;
}

enum tls_crl
tls_crl(const char *pem, struct str list, int64_t *at)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *x = b != NULL ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	X509 *issuer = x != NULL ? issuer_read(b, x) : NULL;
	X509_CRL *crl = issuer != NULL ? list_read(list) : NULL;
	enum tls_crl got = TLS_CRL_BAD;

	*at = 0;
	if (crl != NULL)
		got = looked_up(crl, x, issuer, at);
	X509_CRL_free(crl);
	X509_free(issuer);
	X509_free(x);
	BIO_free(b);
	ERR_clear_error();
	return got;
}
