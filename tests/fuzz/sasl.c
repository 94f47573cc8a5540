/*
 * sasl.c: fuzz: what a server may answer during a login
 *
 * The first byte chooses the mechanism; each following line is a challenge,
 * the last one the data of the success.  No input may make SCRAM believe the
 * server: it would have to guess an HMAC.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "sasl.h"

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static unsigned long calls;	/* of the stand-in below */

/* In place of OpenSSL's: the thousands of rounds are not what is tested. */
int
PKCS5_PBKDF2_HMAC(const char *pass, int passlen, const unsigned char *salt,
    int saltlen, int iter, const EVP_MD *md, int len, unsigned char *out)
{
	(void)pass;
	(void)passlen;
	(void)md;
	calls++;
	if (saltlen < 1 || iter < 4096 || iter > 600000)
		abort();
	memset(out, salt[0] ^ iter, (size_t)len);
	return 1;
}

static const char *const mechs[] = {
	"SCRAM-SHA-256", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "PLAIN", "LOGIN",
	"CRAM-MD5", "OAUTHBEARER", "XOAUTH2", "EXTERNAL",
};

static void
dialogue(struct sasl *s, struct str in)
{
	struct buf out = { .max = 32768 };
	struct err e = { 0 };
	struct str line;

	sasl_first(s, &out);
	do {
		line = str_cut(&in, '\n');
		out.n = 0;
		if (in.p == NULL) {
			if (sasl_done(s, line, &e) == 0 &&
			    str_starts(str_of(sasl_name(s)), "SCRAM"))
				abort();
		} else if (sasl_step(s, line, &out, &e) < 0 && e.code == 0) {
			abort();
		}
		fail_clear(&e);
	} while (in.p != NULL);
	buf_wipe(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct secret pass = { "pencil", 6 }, token = { "t0ken", 5 };
	struct sasl_login l = { .user = "u,=r", .authzid = NULL, .tls = true,
	    .password = &pass, .token = &token, .nonce = "abc",
	    .exporter = STR("exporter"), .host = "h", .port = 1 };
	struct sasl s = { 0 };
	struct err e = { 0 };
	char *copy;

	if (n < 1)
		return 0;
	l.mechs = mechs[data[0] % (sizeof mechs / sizeof mechs[0])];
	copy = memcpy(mem_new(n, 1), data, n);	/* its end is the heap's */
	if (sasl_pick(&s, &l, str_of(l.mechs), &e) == 0)
		dialogue(&s, str_from((struct str){ copy, n }, 1));
	sasl_wipe(&s);
	free(copy);
	return 0;
}

/* If our function is not the one that is called, nothing above is tested. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char scram[] = "\0r=abcdef,s=c2FsdHNhbHQ=,i=4096\n"
	    "v=AAAA";

	(void)argc;
	(void)argv;
	LLVMFuzzerTestOneInput((const uint8_t *)scram, sizeof scram - 1);
	if (calls > 0)
		return 0;
	fputs("PKCS5_PBKDF2_HMAC is not the one in sasl.c\n", stderr);
	abort();
}
