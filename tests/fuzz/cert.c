/*
 * cert.c: fuzz: what a certificate says of itself, as text
 *
 * The first byte chooses what the rest is in DER: alternative names, a
 * distinguished name, a time, or a whole certificate as portprobe reports it.
 * Whatever it is, the text is UTF-8 that a terminal may see.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "tls_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
harmless(struct str s)
{
	if (!str_utf8(s) || str_control(s))
		abort();
}

static void
names(const unsigned char *p, size_t n)
{
	GENERAL_NAMES *all = d2i_GENERAL_NAMES(NULL, &p, (long)n);
	struct buf b = { .max = 4096 };
	int i;

	for (i = 0; all != NULL && i < sk_GENERAL_NAME_num(all); i++) {
		b.n = 0;
		if (tls_text_name(&b, sk_GENERAL_NAME_value(all, i)))
			harmless(BUF_STR(b));
	}
	GENERAL_NAMES_free(all);
	buf_free(&b);
}

static void
dn(const unsigned char *p, size_t n)
{
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)n);
	struct buf b = { .max = 4096 };

	if (name != NULL)
		tls_text_dn(&b, name);
	harmless(BUF_STR(b));
	X509_NAME_free(name);
	buf_free(&b);
}

static void
day(const unsigned char *p, size_t n)
{
	ASN1_TIME *at = d2i_ASN1_TIME(NULL, &p, (long)n);
	struct buf b = { .max = 4096 };

	tls_text_day(&b, at);
	harmless(BUF_STR(b));
	ASN1_TIME_free(at);
	buf_free(&b);
}

static void
whole(const unsigned char *p, size_t n)
{
	X509 *x = d2i_X509(NULL, &p, (long)n);
	struct tls_cert c = { 0 };
	struct arena a = { 0 };
	char pin[64];
	size_t i;

	if (x == NULL)
		return;
	tls_look_describe(&c, x, &a);
	harmless(str_of(c.subject));
	harmless(str_of(c.issuer));
	harmless(str_of(c.key));
	for (i = 0; i < c.nsan; i++)
		harmless(str_of(c.san[i]));
	tls_text_pin(x, pin);
	arena_free(&a);
	X509_free(x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const kinds[])(const unsigned char *, size_t) = {
		names, dn, day, whole
	};
	unsigned char *copy;

	if (n < 1)
		return 0;
	copy = memcpy(mem_new(n, 1), data, n);	/* its end is the heap's */
	kinds[data[0] % 4](copy + 1, n - 1);
	ERR_clear_error();
	free(copy);
	return 0;
}
