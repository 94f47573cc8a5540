/* digest.c: RFC 1321, 2202, 4231, 6070, 7914: the examples, and the edges */
#include "digest.h"

#include "tap.h"

static const struct {
	enum digest_kind kind;
	const char *name, *abc, *empty, *mac, *derived;
} kinds[] = {
	{ DIGEST_MD5, "MD5", "900150983cd24fb0d6963f7d28e17f72",
	    "d41d8cd98f00b204e9800998ecf8427e",
	    "750c783e6ab0b503eaa86e310a5db738",
	    "15001f89b9c29ee6998c520d1a0629e8" },
	{ DIGEST_SHA1, "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d",
	    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
	    "4b007901b765489abead49d926f721d065a429c1" },
	{ DIGEST_SHA256, "SHA-256",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	    "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a" },
};

static const char *
hex(const unsigned char *md, size_t n)
{
	static char text[2 * DIGEST_MAX + 1];
	size_t i;

	for (i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", md[i]);
	return text;
}

static void
examples(void)
{
	unsigned char md[DIGEST_MAX];
	const char *name;
	size_t i, n;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		name = kinds[i].name;
		n = digest_size(kinds[i].kind);
		is_int(2 * n, strlen(kinds[i].abc), "%s: its size", name);
		ok(digest_of(kinds[i].kind, STR("abc"), md), "%s", name);
		is_str(hex(md, n), kinds[i].abc, "%s of abc", name);
		digest_of(kinds[i].kind, (struct str){ NULL, 0 }, md);
		is_str(hex(md, n), kinds[i].empty, "%s of nothing", name);
		ok(digest_hmac(kinds[i].kind, STR("Jefe"),
		    STR("what do ya want for nothing?"), md), "HMAC");
		is_str(hex(md, n), kinds[i].mac, "HMAC with %s", name);
		ok(digest_pbkdf2(kinds[i].kind, STR("password"), STR("salt"),
		    4096, md), "PBKDF2");
		is_str(hex(md, n), kinds[i].derived, "PBKDF2 with %s", name);
	}
	is_int(digest_size(DIGEST_NONE), 0, "none: no size");
	ok(!digest_of(DIGEST_NONE, STR("abc"), md), "none: no digest");
	ok(!digest_hmac(DIGEST_NONE, STR("k"), STR("t"), md), "none: no HMAC");
	ok(!digest_pbkdf2(DIGEST_NONE, STR("p"), STR("s"), 1, md),
	    "none: no PBKDF2");
}

static void
pieces(void)
{
	struct digest *d = digest_new();
	unsigned char md[DIGEST_MAX];
	struct err e = { 0 };

	digest_put(d, "a", 1);
	digest_put(d, NULL, 0);
	is_int(digest_sink(d, "bc", 2, &e), 0, "as a sink");
	ok(digest_end(d, md), "in pieces");
	is_str(hex(md, 32), kinds[2].abc, "the same as at once");
	ok(digest_end(digest_new(), md), "without a piece");
	is_str(hex(md, 32), kinds[2].empty, "as of nothing");
}

static void
same(void)
{
	ok(digest_same(STR("abc"), STR("abc")), "the same");
	ok(!digest_same(STR("abc"), STR("abd")), "the last byte differs");
	ok(!digest_same(STR("abc"), STR("ab")), "a prefix is not the same");
	ok(digest_same((struct str){ NULL, 0 }, STR("")), "nothing twice");
}

/* An RSA key of 512 bits, wrapped and bare; a key on a curve. */
static void
keys(void)
{
	static const char spki[] = "\x30\x5c\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
	    "\x01\x05\x00\x03\x4b\x00\x30\x48\x02\x41\x00\xa8\x6b\x0c"
	    "\x3b\x06\xd8\x5b\x13\x97\x9a\x03\x7f\xcc\x20\xee\xf7\x83"
	    "\x8c\xe2\x94\x95\x69\x46\xc4\x66\x11\x7b\x3b\x79\xba\x09"
	    "\x95\x6e\x32\xae\x83\x87\x21\xb8\x33\x0d\xb2\x48\x6e\xf7"
	    "\x50\x38\x3e\xa8\xb6\x36\x03\xf8\xbb\xf4\x1d\xf3\xb1\x33"
	    "\x34\xa4\xf7\x95\xe9\x02\x03\x01\x00\x01";
	static const char ec[] = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06"
	    "\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04\x94"
	    "\xa5\x66\x02\xf4\x6a\x83\xa1\x1e\xae\x18\xe3\x72\xbe\x0b"
	    "\x99\x81\xf4\xe0\x4c\xe0\x11\xb7\x06\x8a\x71\xde\x51\x85"
	    "\x2c\x49\x33\xab\xf1\xa4\xc0\x8d\xf1\x98\xcb\x62\x01\xd9"
	    "\x1f\xb4\x51\xe1\x31\x65\x92\x0b\xd6\x00\x59\xec\xc4\xa3"
	    "\x90\xe9\xa4\xfb\x53\x87\xbf";
	struct str wrapped = { spki, sizeof spki - 1 };
	size_t n;

	is_int(digest_rsa_bits(wrapped), 512, "a SubjectPublicKeyInfo");
	is_int(digest_rsa_bits(str_from(wrapped, 20)), 512, "bare");
	is_int(digest_rsa_bits((struct str){ ec, sizeof ec - 1 }), 0,
	    "no RSA key, but a key");
	for (n = 0; n < wrapped.n; n++)
		if (digest_rsa_bits(str_to(wrapped, n)) != -1)
			break;
	is_int(n, wrapped.n, "cut anywhere it is none");
	is_int(digest_rsa_bits((struct str){ NULL, 0 }), -1, "nothing is none");
}

int
main(void)
{
	examples();
	pieces();
	same();
	keys();
	return done();
}
