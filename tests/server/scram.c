/*
 * scram: a mail server that knows SCRAM-SHA-256-PLUS, and nothing else well
 *
 *	scram PORT CERT.pem 1.2|1.3 PASSWORD
 *
 * One client after another, TLS from the start.  It says 235 only to a client
 * whose channel binding is that of its own TLS session: tls-exporter with 1.3
 * (RFC 9266), tls-server-end-point with 1.2 (RFC 5929).  "y,,", by which a
 * client says that no -PLUS was offered to it, is refused too: it was, so
 * somebody took it away (RFC 5802 section 6).  "n,," is believed.
 * What was decided is a line of standard output.
 */
#include <arpa/inet.h>
#include <err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SHA = 32, ROUNDS = 4096 };
static const char salt[] = "postbag's salt";

static SSL *tls;
static const char *password;

static int
line(char *p, size_t cap)
{
	size_t n = 0;

	while (n < cap - 1 && SSL_read(tls, p + n, 1) == 1 && p[n] != '\n')
		n++;
	while (n > 0 && p[n - 1] == '\r')
		n--;
	p[n] = '\0';
	return n > 0 || SSL_get_shutdown(tls) == 0;
}

static void
say(const char *head, const char *text)
{
	char all[4096];
	int n = snprintf(all, sizeof all, "%s%s\r\n", head, text);

	SSL_write(tls, all, n);
}

static void
to64(char *dst, const void *p, size_t n)
{
	EVP_EncodeBlock((unsigned char *)dst, p, (int)n);
}

static size_t
from64(char *dst, const char *s)
{
	size_t len = strlen(s), n;
	int got = EVP_DecodeBlock((unsigned char *)dst,
	    (const unsigned char *)s, (int)len);

	n = got > 0 ? (size_t)got : 0;
	while (n > 0 && len > 0 && s[--len] == '=')
		n--;
	dst[n] = '\0';
	return n;
}

static void
mac(unsigned char out[SHA], const void *key, size_t klen, const char *text)
{
	HMAC(EVP_sha256(), key, (int)klen, (const unsigned char *)text,
	    strlen(text), out, NULL);
}

/* What "c=" has to be behind this gs2 header. */
static int
expected(char *dst, const char *gs2, X509 *cert)
{
	unsigned char all[256];
	size_t n = strlen(gs2);
	unsigned len = 0;

	memcpy(all, gs2, n);
	if (strncmp(gs2, "p=tls-exporter,", 15) == 0) {
		if (SSL_export_keying_material(tls, all + n, 32,
		    "EXPORTER-Channel-Binding", 24, (unsigned char *)"", 0,
		    1) != 1)
			return -1;
		n += 32;
	} else if (strncmp(gs2, "p=tls-server-end-point,", 23) == 0) {
		X509_digest(cert, EVP_sha256(), all + n, &len);
		n += len;
	} else if (strcmp(gs2, "n,,") != 0) {
		return -1;
	}
	to64(dst, all, n);
	return 0;
}

/* The proof against the password; the server's own signature to v. */
static int
proven(const char *auth, const char *proof64, unsigned char v[SHA])
{
	unsigned char salted[SHA], key[SHA], stored[SHA], sig[SHA], skey[SHA];
	char proof[128];
	size_t i;

	PKCS5_PBKDF2_HMAC(password, -1, (const unsigned char *)salt,
	    (int)strlen(salt), ROUNDS, EVP_sha256(), SHA, salted);
	mac(key, salted, SHA, "Client Key");
	EVP_Digest(key, SHA, stored, NULL, EVP_sha256(), NULL);
	mac(sig, stored, SHA, auth);
	mac(skey, salted, SHA, "Server Key");
	mac(v, skey, SHA, auth);
	if (from64(proof, proof64) != SHA)
		return 0;
	for (i = 0; i < SHA; i++)
		if (((unsigned char)proof[i] ^ sig[i]) != key[i])
			return 0;
	return 1;
}

static const char *
scram(const char *initial, X509 *cert)
{
	char first[1024], gs2[256], bare[512], nonce[300], server[2600];
	char wire[4096], last[1024], want[512], auth[2200], *p, *proof;
	unsigned char v[SHA];

	from64(first, initial);
	if ((p = strstr(first, ",,")) == NULL)
		return "no gs2 header";
	snprintf(gs2, sizeof gs2, "%.*s", (int)(p + 2 - first), first);
	snprintf(bare, sizeof bare, "%s", p + 2);
	if ((p = strstr(bare, ",r=")) == NULL)
		return "no nonce";
	snprintf(nonce, sizeof nonce, "%.200sSERVER", p + 3);
	to64(wire, salt, strlen(salt));
	snprintf(server, sizeof server, "r=%s,s=%.100s,i=%d", nonce, wire,
	    ROUNDS);
	to64(wire, server, strlen(server));
	say("334 ", wire);
	line(wire, sizeof wire);
	from64(last, wire);
	if ((proof = strstr(last, ",p=")) == NULL)
		return "no proof";
	*proof = '\0';
	snprintf(auth, sizeof auth, "%s,%s,%s", bare, server, last);
	if (expected(want, gs2, cert) < 0)
		return gs2[0] == 'y' ? "somebody hid -PLUS" : "what binding?";
	if (strncmp(last, "c=", 2) != 0 || (p = strchr(last, ',')) == NULL ||
	    strncmp(p, ",r=", 3) != 0 || strcmp(p + 3, nonce) != 0)
		return "not my nonce";
	*p = '\0';
	if (strcmp(last + 2, want) != 0)
		return "channel bindings do not match";
	if (!proven(auth, proof + 3, v))
		return "wrong password";
	strcpy(last, "v=");
	to64(last + 2, v, SHA);
	to64(wire, last, strlen(last));
	say("334 ", wire);
	line(wire, sizeof wire);
	printf("%s ", gs2);
	return NULL;
}

static void
serve(X509 *cert)
{
	char in[4096], *arg;
	const char *why;

	say("220 scram.test", "");
	while (line(in, sizeof in) && strncmp(in, "QUIT", 4) != 0) {
		if (strncmp(in, "EHLO", 4) == 0) {
			say("250-scram.test\r\n250 AUTH SCRAM-SHA-256-PLUS "
			    "SCRAM-SHA-256", "");
		} else if (strncmp(in, "AUTH", 4) == 0) {
			arg = strrchr(in, ' ');
			why = scram(arg + 1, cert);
			printf("%s\n", why != NULL ? why : "yes");
			fflush(stdout);
			say(why != NULL ? "535 5.7.8 " : "235 2.7.0 ",
			    why != NULL ? why : "yes");
		} else {
			say("250 ok", "");
		}
		if (SSL_get_shutdown(tls) != 0)
			break;
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int one = 1, lis, fd;

	if (argc != 5)
		errx(64, "scram PORT CERT.pem 1.2|1.3 PASSWORD");
	password = argv[4];
	if (SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, argv[2], SSL_FILETYPE_PEM) != 1)
		errx(66, "%s", argv[2]);
	SSL_CTX_set_max_proto_version(ctx, strcmp(argv[3], "1.2") == 0 ?
	    TLS1_2_VERSION : TLS1_3_VERSION);
	at.sin_port = htons((unsigned short)atoi(argv[1]));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	lis = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(lis, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(lis, (struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(lis, 8) < 0)
		err(71, "port %s", argv[1]);
	while ((fd = accept(lis, NULL, NULL)) >= 0) {
		tls = SSL_new(ctx);
		SSL_set_fd(tls, fd);
		if (SSL_accept(tls) == 1)
			serve(SSL_CTX_get0_certificate(ctx));
		SSL_free(tls);
		close(fd);
	}
	return 0;
}
