/*
 * tls_trust.c: what sessions share: whom they trust, and who we are
 *
 * Each file is read once, from one descriptor, and named when something is
 * wrong with it.  A mistake in what was asked for is EX_CONFIG before any
 * connection, whether this run would have needed it or not.
 */
#include <dirent.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "b64.h"
#include "file.h"
#include "mem.h"
#include "stop.h"
#include "tls_private.h"

enum { PEM_MAX = 1 << 18, LIST_MAX = 1 << 26 };	/* keys; lists of revoked */

int
tls_openssl(struct err *e, int code, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return fail(e, code, "%s: %s", what, why != NULL ? why : "failed");
}

/* ---- versions ---- */

const struct opt_choice tls_version_choices[] = {
	{ "1.0", TLS_1_0 }, { "1.1", TLS_1_1 }, { "1.2", TLS_1_2 },
	{ "1.3", TLS_1_3 }, { .name = NULL }
};

const char *
tls_version_name(enum tls_version v)
{
	const struct opt_choice *c;

	for (c = tls_version_choices; c->name != NULL; c++)
		if (c->value == v)
			return c->name;
	return "";
}

/* The old versions cannot do without these: themselves, and their digests. */
static bool
old(int op, int nid)
{
	switch (op) {
	case SSL_SECOP_VERSION:
		return true;
	case SSL_SECOP_SIGALG_SUPPORTED:
	case SSL_SECOP_SIGALG_SHARED:
	case SSL_SECOP_SIGALG_CHECK:
		return nid == NID_md5_sha1 || nid == NID_sha1;
	}
	return false;
}

/* All else stays as strict as it is without: keys, groups, ciphers. */
static int
lenient(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid,
    void *other, void *arg)
{
	struct tls_ctx *t = arg;

	return old(op, nid) || t->strict(ssl, ctx, op, bits, nid, other, NULL);
}

static int
least_version(struct tls_ctx *t, struct err *e)
{
	t->least = t->conf->min != TLS_ANY ? t->conf->min : TLS_1_2;
	if (SSL_CTX_set_min_proto_version(t->ctx, (int)t->least) != 1)
		return tls_openssl(e, EX_CONFIG, "--tls-min");
	if (SSL_CTX_get_security_level(t->ctx) < 2)
		SSL_CTX_set_security_level(t->ctx, 2);
	if (t->least >= TLS_1_2)
		return 0;
	t->strict = SSL_CTX_get_security_callback(t->ctx);
	SSL_CTX_set0_security_ex_data(t->ctx, t);
	SSL_CTX_set_security_callback(t->ctx, lenient);
	return 0;
}

/* ---- groups ---- */

/* Of hybrid groups with ML-KEM, and of finite fields. */
static bool
long_key(struct str group)
{
	static const char *const parts[] = { "MLKEM", "kyber", "ffdhe" };
	size_t i, at, n;

	for (i = 0; i < sizeof parts / sizeof *parts; i++) {
		n = strlen(parts[i]);
		for (at = 0; at + n <= group.n; at++)
			if (str_eqi(str_to(str_from(group, at), n),
			    str_of(parts[i])))
				return true;
	}
	return false;
}

/* The classic groups of a list, for SSL_set1_groups_list; NULL: it has none. */
static char *
classics(const char *list)
{
	struct str rest = str_of(list), one;
	struct buf b = { 0 };
	size_t n;

	while (rest.n > 0) {
		for (n = 0; n < rest.n && strchr(":/", rest.p[n]) == NULL; n++)
			;
		one = str_to(rest, n);
		rest = str_from(rest, n < rest.n ? n + 1 : n);
		while (one.n > 0 && strchr("?*", one.p[0]) != NULL)
			one = str_from(one, 1);	/* OpenSSL 3.5 and later */
		if (one.n > 0 && one.p[0] != '-' && !long_key(one))
			buf_printf(&b, "%s%.*s", b.n > 0 ? ":" : "",
			    STR_ARG(one));
	}
	return b.p;
}

/* By default OpenSSL's own, from 3.5 on with a hybrid group at the front. */
static int
groups(struct tls_ctx *t, struct err *e)
{
	const char *list = t->conf->groups;

	if (list != NULL && SSL_CTX_set1_groups_list(t->ctx, list) != 1) {
		ERR_clear_error();
		return fail(e, EX_USAGE, "--tls-groups %s: not a list of groups that OpenSSL %s knows",
		    list,
		    OpenSSL_version(OPENSSL_VERSION_STRING));
	}
	/* From OpenSSL 3.5 on; the older ones have no hybrid group. */
	if (list == NULL && t->conf->shy && SSL_CTX_set1_groups_list(t->ctx,
	    "?X25519MLKEM768:*X25519:P-256:P-384:P-521") != 1)
		ERR_clear_error();
	t->classic = classics(list != NULL ? list :
	    "X25519:P-256:P-384:P-521");
	return 0;
}

/* ---- files ---- */

/* The whole file, in memory that does not move and is to be wiped. */
static int
read_whole(const char *option, const char *path, bool secret, struct buf *b,
    struct err *e)
{
	struct err why = { 0 };
	int got = -1, fd = secret ? file_open_private(path, &why) :
	    file_open(path, &why);

	if (fd >= 0) {
		got = file_whole(fd, b, PEM_MAX, &why) == 0 ? 0 :
		    fail_in(&why, "%s", path);
		close(fd);
	}
	return got == 0 ? 0 : fail(e, EX_CONFIG, "%s %s", option, why.msg);
}

/* In place of OpenSSL's, which would ask at the terminal. */
static int
nobody(char *dst, int cap, int writing, void *arg)
{
	(void)dst;
	(void)cap;
	(void)writing;
	(void)arg;
	return -1;
}

/* ---- who is trusted ---- */

/* A directory made by c_rehash has names such as 5ed36f99.0. */
static bool
hashed(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *f;
	bool found = false;

	if (d == NULL)
		return false;
	while (!found && (f = readdir(d)) != NULL)
		found = strlen(f->d_name) == 10 && f->d_name[8] == '.' &&
		    strspn(f->d_name, "0123456789abcdef") == 8;
	closedir(d);
	return found;
}

static int
trust_dir(struct tls_ctx *t, const char *dir, struct err *e)
{
	X509_LOOKUP *l = X509_STORE_add_lookup(SSL_CTX_get_cert_store(t->ctx),
	    X509_LOOKUP_hash_dir());

	if (t->ndirs == TLS_DIRS)
		return fail(e, EX_CONFIG, "over %d directories of trusted certificates",
		    TLS_DIRS);
	t->dirs[t->ndirs++] = mem_dup(dir);
	return l != NULL && X509_LOOKUP_add_dir(l, dir, X509_FILETYPE_PEM) ?
	    0 : tls_openssl(e, EX_CONFIG, dir);
}

/* what names where the path comes from: an option or a variable. */
static int
trust(struct tls_ctx *t, const char *what, const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_sys(e, EX_CONFIG, "%s %s", what, path);
	if (!S_ISDIR(st.st_mode)) {
		if (SSL_CTX_load_verify_file(t->ctx, path) == 1)
			return 0;
		tls_openssl(e, EX_CONFIG, "no certificates in it");
		return fail_in(e, "%s %s", what, path);
	}
	if (hashed(path))
		return trust_dir(t, path, e);
	return fail(e, EX_CONFIG, "%s %s: a directory without hashed names (openssl rehash makes them)",
	    what, path);
}

/* An empty one is as good as none. */
static const char *
variable(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Folders with ":" between them; behind a file they may be without use. */
static int
trust_dirs(struct tls_ctx *t, const char *list, bool must, struct err *e)
{
	struct str rest = str_of(list), one;
	struct arena a = { 0 };
	const char *dir;
	int got = 0;

	while (got == 0 && rest.p != NULL) {
		one = str_cut(&rest, ':');
		if (one.n == 0)
			continue;
		dir = arena_dup(&a, one);
		if (must || hashed(dir))
			got = trust(t, "SSL_CERT_DIR", dir, e);
	}
	arena_free(&a);
	return got;
}

static int
trust_system(struct tls_ctx *t, struct err *e)
{
	static const char *const bundles[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
		"/etc/ssl/ca-bundle.pem",
	};
	const char *dirs = variable("SSL_CERT_DIR");
	const char *file = variable("SSL_CERT_FILE");
	size_t i;

	if (file != NULL && trust(t, "SSL_CERT_FILE", file, e) < 0)
		return -1;
	if (dirs != NULL && trust_dirs(t, dirs, file == NULL, e) < 0)
		return -1;
	if (file != NULL || dirs != NULL)
		return 0;
	if (hashed(X509_get_default_cert_dir()))
		return trust_dir(t, X509_get_default_cert_dir(), e);
	for (i = 0; i < sizeof bundles / sizeof *bundles; i++)
		if (SSL_CTX_load_verify_file(t->ctx, bundles[i]) == 1)
			return 0;
	ERR_clear_error();
	return 0;		/* none: every issuer will be unknown */
}

bool
tls_unlisted(X509_STORE_CTX *store)
{
	return X509_STORE_CTX_get_error(store) ==
	    X509_V_ERR_UNABLE_TO_GET_CRL &&
	    X509_STORE_CTX_get_error_depth(store) > 0;
}

/* How many; 0 as well if one is cut off, for that may be the one that counts. */
static size_t
add_lists(X509_STORE *store, BIO *b)
{
	X509_CRL *crl;
	size_t n = 0;
	bool whole;

	while ((crl = PEM_read_bio_X509_CRL(b, NULL, nobody, NULL)) != NULL) {
		n += X509_STORE_add_crl(store, crl) == 1;
		X509_CRL_free(crl);
	}
	whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	if (n > 0 || !whole || BIO_seek(b, 0) < 0)
		return whole ? n : 0;
	if ((crl = d2i_X509_CRL_bio(b, NULL)) != NULL && BIO_pending(b) == 0)
		n += X509_STORE_add_crl(store, crl) == 1;
	X509_CRL_free(crl);
	ERR_clear_error();
	return n;
}

/* Lists of revoked certificates, PEM or one in DER, as authorities have it. */
static int
lists(struct tls_ctx *t, const char *path, struct err *e)
{
	X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);
	struct buf b = { .max = LIST_MAX };
	struct err why = { 0 };
	int fd = file_open(path, &why), got;
	BIO *bio = NULL;

	if (fd < 0)
		return fail(e, EX_CONFIG, "--crl %s", why.msg);
	got = file_slurp(fd, &b, &why);
	close(fd);
	if (got == 0 && b.n > 0)
		bio = BIO_new_mem_buf(b.p, (int)b.n);
	if (got < 0)
		fail(e, EX_CONFIG, "--crl %s: %s", path, why.msg);
	else if (bio == NULL || add_lists(store, bio) == 0)
		got = fail(e, EX_CONFIG, "--crl %s: no list of revoked certificates, or not whole",
		    path);
	t->flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	BIO_free(bio);
	buf_free(&b);
	return got;
}

static int
pins_valid(const struct tls_conf *conf, struct err *e)
{
	struct buf raw = { .max = 64 };
	size_t i;
	bool ok;

	for (i = 0; i < conf->npins; i++) {
		struct str s = str_of(conf->pins[i]);

		raw.n = 0;
		ok = str_starts(s, "sha256//") &&
		    b64_get(&raw, str_from(s, 8)) == 0 && raw.n == 32;
		buf_free(&raw);
		if (!ok)
			return fail(e, EX_USAGE, "--pin %s: not of the form sha256//BASE64 of 32 bytes",
			    conf->pins[i]);
	}
	return 0;
}

static int
whom(struct tls_ctx *t, struct err *e)
{
	const struct tls_conf *f = t->conf;

	if (pins_valid(f, e) < 0)
		return -1;
	if (f->strict)
		t->flags |= X509_V_FLAG_X509_STRICT;
	if (f->crl != NULL && lists(t, f->crl, e) < 0)
		return -1;
	if (f->ca != NULL)
		return trust(t, "--ca", f->ca, e);
	if (f->npins > 0 || f->insecure)
		return 0;		/* no issuer is asked about */
	return trust_system(t, e);
}

/* ---- who we are ---- */

/* A key that is encrypted: what opens it, asked for once. */
struct unlock {
	const struct tls_conf *conf;
	struct secret secret;
	bool asked;
	struct err *e;
};

static int
unlock(char *dst, int cap, int writing, void *arg)
{
	struct unlock *u = arg;
	struct secret *s = &u->secret;

	(void)writing;
	if (!u->asked && (u->conf->passphrase == NULL ||
	    u->conf->passphrase(u->conf->arg, s, u->e) < 0))
		s->n = 0;
	u->asked = true;
	if (s->n == 0 || s->n > (size_t)cap)
		return -1;
	memcpy(dst, s->p, s->n);
	return (int)s->n;
}

static int
no_key(const struct unlock *u)
{
	if (u->e->code != 0)		/* what opens it was not to be had */
		return -1;
	if (!u->asked)
		return tls_openssl(u->e, EX_CONFIG, "no private key in it");
	return fail(u->e, EX_CONFIG, "it has a passphrase, %s",
	    u->conf->passphrase == NULL ? "and there is none" :
	    "which is another one");
}

static int
use_key(SSL_CTX *ctx, const struct tls_conf *conf, const struct buf *b,
    struct err *e)
{
	struct unlock *u = mem_new(1, sizeof *u);
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->n);
	EVP_PKEY *key = NULL;
	int got = 0;

	u->conf = conf;
	u->e = e;
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, unlock, u);
	if (key == NULL)
		got = no_key(u);
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
		got = tls_openssl(e, EX_CONFIG, "client key");
	ERR_clear_error();
	BIO_free(bio);
	EVP_PKEY_free(key);
	mem_secret_wipe(&u->secret);
	free(u);
	return got;
}

/* The first certificate is ours, the others are those of its authorities. */
static int
use_chain(SSL_CTX *ctx, const char *path, const struct buf *b,
    struct err *e)
{
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->n);
	X509 *x = bio == NULL ? NULL : PEM_read_bio_X509_AUX(bio, NULL,
	    nobody, NULL);
	bool good = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (good && (x = PEM_read_bio_X509(bio, NULL, nobody, NULL)) !=
	    NULL)
		if (SSL_CTX_add0_chain_cert(ctx, x) != 1) {
			X509_free(x);
			good = false;
		}
	if (good && ERR_GET_REASON(ERR_peek_last_error()) !=
	    PEM_R_NO_START_LINE)
		good = false;		/* one of them cannot be read */
	BIO_free(bio);
	if (!good) {
		tls_openssl(e, EX_CONFIG, "client certificate");
		return fail_in(e, "--cert %s", path);
	}
	ERR_clear_error();
	return 0;
}

static int
who(SSL_CTX *ctx, const struct tls_conf *f, struct err *e)
{
	const char *path = f->key != NULL ? f->key : f->cert;
	bool same = f->key == NULL;
	struct buf cert = { 0 }, key = { 0 };
	int got = -1;

	if (f->cert == NULL)
		return f->key == NULL ? 0 : fail(e, EX_USAGE, "--key is nothing without --cert");
	if (read_whole("--cert", f->cert, same, &cert, e) == 0 && (same ||
	    read_whole("--key", f->key, true, &key, e) == 0) &&
	    use_chain(ctx, f->cert, &cert, e) == 0)
		got = use_key(ctx, f, same ? &cert : &key, e) < 0 ?
		    fail_in(e, "--key %s", path) : 0;
	buf_wipe(&cert);
	buf_wipe(&key);
	return got;
}

/* ---- all of it ---- */

static int
set_up(struct tls_ctx *t, struct err *e)
{
	SSL_CTX *ctx = t->ctx;

	if (ctx == NULL || t->bio == NULL)
		return tls_openssl(e, EX_OSERR, "OpenSSL");
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ctx, nobody);
	if (SSL_CTX_dane_enable(ctx) != 1)	/* for sessions that want it */
		return tls_openssl(e, EX_SOFTWARE, "DANE");
	if (least_version(t, e) < 0 || groups(t, e) < 0 ||
	    who(ctx, t->conf, e) < 0)
		return -1;
	return whom(t, e);
}

struct tls_ctx *
tls_ctx_new(const struct tls_conf *conf, struct err *e)
{
	struct tls_ctx *t = mem_new(1, sizeof *t);

	t->conf = conf;
	t->ctx = SSL_CTX_new(TLS_client_method());
	t->bio = tls_bio();
	if (set_up(t, e) == 0)
		return t;
	if (stop_asked()) {		/* a file that was cut is not to blame */
		fail_clear(e);
		fail_stop(e);
	}
	tls_ctx_free(t);
	return NULL;
}

int
tls_check(const struct tls_conf *conf, struct err *e)
{
	struct tls_ctx *t = tls_ctx_new(conf, e);

	tls_ctx_free(t);
	return t != NULL ? 0 : -1;
}

void
tls_ctx_free(struct tls_ctx *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->bio);
	while (t->ndirs > 0)
		free(t->dirs[--t->ndirs]);
	free(t->classic);
	free(t->seen);
	free(t);
}
