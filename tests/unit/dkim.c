/* dkim.c: DKIM keys; these were made with openssl for this test */
#include "dkim.h"

#include <stdlib.h>

#include "tap.h"

#define RSA2048 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqIPRO4q4seh26QVfoYoJuv" \
    "H5a+Tqs+KMzuAwokMEjoPpSMPJmu8uFLccyfypb9wQLm54OAoUInMKgn7RGFJXLvmC" \
    "+x3902yBIzYeOZ+WmX+VaK5fLRqGbUql+vakQp92/tCq0Smk66ttdh9Ck0UtXh8od0" \
    "KmJBfVZ3pk0t8B2Er6drz2Dk3xaAf86ZIt1fsVB+vAwEf55nqthH6/5RETBt33EThl" \
    "WtJCjJDg4pqbBEI0s61Y5aCzPx2mb2RPNgfjk1cSHQx8E481Od6GrRKIvqCXTigfMg" \
    "rXHpKwdU2XC7rBov3EpwvbJleounVY+lwXqOtJDU0ZEA4PX/0e5yWLIwIDAQAB"
#define BARE2048 \
    "MIIBCgKCAQEAqIPRO4q4seh26QVfoYoJuvH5a+Tqs+KMzuAwokMEjoPpSMPJmu8uFL" \
    "ccyfypb9wQLm54OAoUInMKgn7RGFJXLvmC+x3902yBIzYeOZ+WmX+VaK5fLRqGbUql" \
    "+vakQp92/tCq0Smk66ttdh9Ck0UtXh8od0KmJBfVZ3pk0t8B2Er6drz2Dk3xaAf86Z" \
    "It1fsVB+vAwEf55nqthH6/5RETBt33EThlWtJCjJDg4pqbBEI0s61Y5aCzPx2mb2RP" \
    "Ngfjk1cSHQx8E481Od6GrRKIvqCXTigfMgrXHpKwdU2XC7rBov3EpwvbJleounVY+l" \
    "wXqOtJDU0ZEA4PX/0e5yWLIwIDAQAB"
#define RSA768 \
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhANkt2GgYBn2yITU6D1BTv9BsszSgOFfQQJ" \
    "9dKqL7W9EMMYvuUGghqC5hhvFbqADi0/619WYB529twZQ6HG4+LIWhe071yh0RpID+" \
    "61ksRT1ypdzfG8EAZRsKzn1bwwvUoQIDAQAB"
#define P256 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEan8BFXgDEINIICQ7ilJFpasoyC47dH" \
    "l7fyrEvqZA0JQdKh6VsvRwFFe/biMVCJtzVqR0dTq/tWIA8s6Y61XxUQ=="
#define L63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define ED25519 "5Z7VCDwKyVPzRiVtxhJBZ5b6yM3tA7jzoRrInqkFLg8="

static const struct {
	const char *name, *text;
	bool good;
	unsigned bits;
	bool revoked, testing, sha1, other;
} cases[] = {
	{ "RSA", "v=DKIM1; k=rsa; p=" RSA2048, true, 2048, 0, 0, 0, 0 },
	{ "all defaults", "p=" RSA2048, true, 2048, 0, 0, 0, 0 },
	{ "RSA not wrapped", "p=" BARE2048 ";", true, 2048, 0, 0, 0, 0 },
	{ "RSA, weak", "v=DKIM1; p=" RSA768, true, 768, 0, 0, 0, 0 },
	{ "Ed25519", "v=DKIM1; k=ed25519; p=" ED25519, true, 256, 0, 0, 0, 0 },
	{ "flags", "v=DKIM1; t=s:y; h=sha1; s=tlsrpt; k=ed25519; p=" ED25519,
	    true, 256, 0, 1, 1, 1 },
	{ "allows much", "h=sha1:sha256; s=*; k=ed25519; p=" ED25519, true,
	    256, 0, 0, 0, 0 },
	{ "revoked", "v=DKIM1; p=", true, 0, 1, 0, 0, 0 },
	{ "revoked, blanks", "v=DKIM1; p= ;", true, 0, 1, 0, 0, 0 },
	{ "no p", "v=DKIM1; k=rsa", false, 0, 0, 0, 0, 0 },
	{ "v later", "k=rsa; v=DKIM1; p=" RSA2048, false, 0, 0, 0, 0, 0 },
	{ "k twice", "k=rsa; k=rsa; p=" RSA2048, false, 0, 0, 0, 0, 0 },
	{ "p twice", "p=" RSA2048 "; p=", false, 0, 0, 0, 0, 0 },
	{ "new tags", "x=1; x=1; new=y; p=" RSA2048, true, 2048, 0, 0, 0, 0 },
	{ "another v", "v=DKIM2; p=" RSA2048, false, 0, 0, 0, 0, 0 },
	{ "no base64", "v=DKIM1; p=***", false, 0, 0, 0, 0, 0 },
	{ "no key", "v=DKIM1; p=aGVsbG8=", false, 0, 0, 0, 0, 0 },
	{ "a wrong type", "v=DKIM1; p=" P256, false, 0, 0, 0, 0, 0 },
	{ "unknown type", "v=DKIM1; k=x; p=" P256, false, 0, 0, 0, 0, 0 },
	{ "Ed25519, wrapped", "k=ed25519; p=" P256, false, 0, 0, 0, 0, 0 },
	{ "something else", "google-site-verification", false, 0, 0, 0, 0, 0 },
};

static void
one(size_t i)
{
	struct dkim_key k;
	size_t n;
	char *copy;

	is_int(dkim_parse(str_of(cases[i].text), &k) == 0, cases[i].good,
	    "%s", cases[i].name);
	ok((k.why == NULL) == cases[i].good, "and says why");
	if (cases[i].good) {
		is_int(k.bits, cases[i].bits, "its bits");
		is_int(k.revoked, cases[i].revoked, "revoked");
		is_int(k.testing, cases[i].testing, "testing");
		is_int(k.sha1_only, cases[i].sha1, "sha1");
		is_int(k.not_email, cases[i].other, "not for mail");
	}
	for (n = 0; n < strlen(cases[i].text); n++) {
		copy = malloc(n > 0 ? n : 1);
		memcpy(copy, cases[i].text, n);
		dkim_parse((struct str){ copy, n }, &k);
		free(copy);
	}
}

int
main(void)
{
	struct dkim_key k;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		one(i);
	ok(dkim_parse(STR("k=ed25519; p=" ED25519), &k) == 0, "whole");
	ok(dkim_selector("s1") && dkim_selector("a.b_c-d"), "selectors");
	ok(!dkim_selector("") && !dkim_selector("a..b") &&
	    !dkim_selector("a b") && !dkim_selector(".a") &&
	    !dkim_selector("a."), "no selectors");
	ok(dkim_selector("b." L63 ".a"), "a label of 63 bytes");
	ok(!dkim_selector("b." L63 "x.a"), "a label of 64 bytes");
	dkim_parse(STR("v=DKIM1; k=rsa"), &k);
	ok(!k.revoked, "a key without p= was not revoked");
	dkim_parse(STR("t=y; p="), &k);
	ok(k.testing && !k.strict, "t=y");
	dkim_parse(STR("t=y:s; p="), &k);
	ok(k.testing && k.strict, "t=y:s");
	return done();
}
