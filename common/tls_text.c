/*
 * tls_text.c: what stands in a certificate, as text
 *
 * Whoever made the certificate chose each byte and each length in it, and it
 * is looked at before anybody has vouched for it.  A value counts by its own
 * length, never by the one its type should have, and a NUL in it ends nothing.
 */
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "b64.h"
#include "tls_private.h"

enum { NAME = 600, ADDRESS = 20 };	/* what is shown of one */

static struct str
asn1_value(const ASN1_STRING *s)
{
	int n = ASN1_STRING_length(s);
	const unsigned char *p = ASN1_STRING_get0_data(s);

	return (struct str){ (const char *)p, p != NULL && n > 0 ? (size_t)n :
	    0 };
}

static void
text_escaped(struct buf *b, struct str s)
{
	char safe[NAME];

	str_escape(safe, sizeof safe, s);
	buf_s(b, safe);
}

/* RFC 5280 section 4.2.1.6: 4 or 16 bytes, and nothing else. */
static void
text_address(struct buf *b, struct str s)
{
	char ip[64];
	size_t i;

	if ((s.n == 4 || s.n == 16) && inet_ntop(s.n == 4 ? AF_INET : AF_INET6,
	    s.p, ip, sizeof ip) != NULL) {
		buf_s(b, ip);
		return;
	}
	buf_printf(b, "(no address, %zu bytes: ", s.n);
	for (i = 0; i < s.n && i < ADDRESS; i++)
		buf_printf(b, "%02x", (unsigned char)s.p[i]);
	buf_s(b, s.n > ADDRESS ? "...)" : ")");
}

bool
tls_text_name(struct buf *b, const GENERAL_NAME *g)
{
	if (g->type == GEN_DNS)
		text_escaped(b, asn1_value(g->d.dNSName));
	else if (g->type == GEN_IPADD)
		text_address(b, asn1_value(g->d.iPAddress));
	else
		return false;
	return true;
}

void
tls_text_dn(struct buf *b, const X509_NAME *n)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	long len;

	if (bio == NULL)
		return;
	X509_NAME_print_ex(bio, n, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ);
	len = BIO_get_mem_data(bio, &p);
	if (len > 0)
		text_escaped(b, (struct str){ p, (size_t)len });
	BIO_free(bio);
}

void
tls_text_day(struct buf *b, const ASN1_TIME *at)
{
	struct tm tm = { 0 };
	char day[32];

	if (at == NULL || ASN1_TIME_to_tm(at, &tm) != 1 ||
	    strftime(day, sizeof day, "%Y-%m-%d", &tm) == 0)
		buf_s(b, "an unreadable day");
	else
		buf_s(b, day);
}

int
tls_text_pin(X509 *cert, char dst[64])
{
	unsigned char md[32], *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool good = n > 0 && EVP_Digest(der, (size_t)n, md, NULL,
	    EVP_sha256(), NULL) == 1;
	size_t len;

	OPENSSL_free(der);
	dst[0] = '\0';
	if (!good)
		return -1;
	memcpy(dst, "sha256//", 8);
	len = b64_encode(dst + 8, md, sizeof md);
	dst[8 + len] = '\0';
	return 0;
}
