/*
 * verify: digests and verifies so many messages of one size, and nothing else
 *
 *	verify N BYTES KEY.pem
 *
 * The least that whoever verifies their signatures has to do: a SHA-256 of a
 * body, one of a header, and an RSA signature of that.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY_CTX *
context(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *x = EVP_PKEY_CTX_new(key, NULL);

	if (x == NULL || init(x) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(x, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(x, EVP_sha256()) != 1)
		errx(1, "libcrypto");
	return x;
}

int
main(int argc, char **argv)
{
	unsigned char md[32], body[32], sig[1024];
	long n = argc == 4 ? atol(argv[1]) : 0;
	size_t size = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	size_t len = sizeof sig;
	FILE *f = argc == 4 ? fopen(argv[3], "r") : NULL;
	EVP_PKEY *key;
	EVP_PKEY_CTX *x;
	char *text, head[800];

	if (f == NULL || (key = PEM_read_PrivateKey(f, NULL, NULL, NULL)) == NULL)
		errx(1, "usage: verify N BYTES KEY.pem");
	text = malloc(size);
	memset(text, 'x', size);
	memset(head, 'y', sizeof head);
	EVP_Digest(head, sizeof head, md, NULL, EVP_sha256(), NULL);
	if (EVP_PKEY_sign(context(key, EVP_PKEY_sign_init), sig, &len, md,
	    sizeof md) != 1)
		errx(1, "no signature");
	x = context(key, EVP_PKEY_verify_init);
	while (n-- > 0)
		if (EVP_Digest(text, size, body, NULL, EVP_sha256(), NULL) != 1 ||
		    EVP_Digest(head, sizeof head, md, NULL, EVP_sha256(),
		    NULL) != 1 ||
		    EVP_PKEY_verify(x, sig, len, md, sizeof md) != 1)
			errx(1, "it does not verify");
	return 0;
}
