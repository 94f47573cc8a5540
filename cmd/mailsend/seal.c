/* seal.c: DKIM signatures on what is sent, and keys for them */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "seal.h"
#include "clock.h"
#include "dkim.h"
#include "dkim_sign.h"
#include "dns.h"
#include "file.h"
#include "mime.h"
#include "sign.h"
#include "trace.h"

enum { KEY_FILE = 65536, RSA_LEAST = 1024, RSA_MOST = 4096, TXT = 255 };

struct seal {
	struct dkim_signer *v;
	size_t n;
};

/* ---- the keys */

/* SELECTOR:DOMAIN off the front of *rest. */
static int
read_names(struct str *rest, struct arena *a, const char **selector,
    const char **domain, struct err *e)
{
	struct str s = str_cut(rest, ':'), d = str_cut(rest, ':');

	*selector = arena_dup(a, s);
	if (s.n == 0 || !dkim_selector(*selector))
		return fail(e, EX_USAGE, "\"%.*s\" is no selector", STR_ARG(s));
	if (d.n == 0 || addr_domain(d, e) < 0 || addr_ascii(a, d, &d, e) < 0)
		return fail(e, EX_USAGE, "no domain behind the selector");
	*domain = arena_dup(a, d);
	return 0;
}

/* Any verifier takes 1024 to 4096 bits (RFC 8301 section 3.2). */
static int
fit_key(const struct sign_key *k, struct err *e)
{
	unsigned bits = sign_bits(k);

	if (sign_kind(k) == SIGN_RSA &&
	    (bits < RSA_LEAST || bits > RSA_MOST))
		return fail(e, EX_CONFIG, "an RSA key of %u bits: it must have 1024 to 4096",
		    bits);
	return 0;
}

static struct sign_key *
read_key(const char *path, struct err *e)
{
	struct buf pem = { .secret = true };
	struct sign_key *k = NULL;
	int fd = file_open_private(path, e);

	if (fd < 0)
		return NULL;
	if (file_whole(fd, &pem, KEY_FILE, e) == 0 &&
	    (k = sign_private(BUF_STR(pem), e)) != NULL &&
	    fit_key(k, e) < 0) {
		sign_free(k);
		k = NULL;
	}
	if (k == NULL)
		fail_in(e, "%s", path);
	buf_wipe(&pem);
	close(fd);
	return k;
}

static int
read_signer(struct dkim_signer *s, const char *text, struct arena *a,
    struct err *e)
{
	struct str rest = str_of(text);

	if (read_names(&rest, a, &s->selector, &s->domain, e) < 0)
		return -1;
	if (rest.n == 0)
		return fail(e, EX_USAGE, "no file of a key behind the domain: SELECTOR:DOMAIN:KEYFILE");
	s->key = read_key(file_path(a, rest.p), e);
	return s->key != NULL ? 0 : -1;
}

struct seal *
seal_open(const struct opt_list *list, struct arena *a, struct err *e)
{
	struct seal *s;

	if (list->n == 0)
		return NULL;
	s = arena_new(a, 1, sizeof *s);
	s->v = arena_new(a, list->n, sizeof *s->v);
	for (; s->n < list->n; s->n++)
		if (read_signer(&s->v[s->n], list->v[s->n], a, e) < 0) {
			fail_in(e, "--dkim");
			seal_close(s);
			return NULL;
		}
	return s;
}

void
seal_close(struct seal *s)
{
	size_t i;

	for (i = 0; s != NULL && i < s->n; i++)
		sign_free(s->v[i].key);
}

/* ---- a letter */

/* The domain of From in A-labels; "" if there is none. */
static const char *
from_domain(struct letter *l)
{
	struct addr_list list = { .rest = { NULL, 0 } };
	struct err quiet = { 0 };
	struct addr a;
	struct str domain;

	if (!msg_field(&l->msg, "From", &list.rest) ||
	    addr_next(&list, &a, l->arena, &quiet) <= 0 ||
	    addr_ascii(l->arena, a.domain, &domain, &quiet) < 0)
		return "";
	return arena_dup(l->arena, domain);
}

/*
 * What cannot be made 7-bit (an 8-bit part that is signed) or must not be (a
 * header that needs SMTPUTF8) goes to servers that take it as it is, or to
 * none.
 */
static void
seven_bits(struct letter *l, bool force)
{
	struct msg eight = l->msg, seven;
	struct err quiet = { 0 };

	if (!l->msg.eight || l->msg.utf8)
		return;
	if (mime_downgrade(&eight, &seven, l->arena, force ? MIME_FORCE : 0,
	    &quiet) < 0) {
		trace_note(TRACE_DONE, "DKIM: signed in its 8-bit form: %s",
		    quiet.msg);
		return;
	}
	msg_close(&eight);
	l->msg = seven;
}

/* A signature with each key that fits, the first one on top. */
static int
add_fields(const struct seal *s, struct letter *l, const char *domain,
    struct err *e)
{
	struct str head = msg_head(&l->msg);
	unsigned char md[32];
	const char *field;
	size_t i, n;

	if (dkim_sign_body(&l->msg, md, e) < 0)
		return fail_in(e, "DKIM");
	for (i = s->n, n = 0; i-- > 0; ) {
		if (!dns_within(domain, s->v[i].domain))
			continue;
		field = dkim_sign_field(&s->v[i], l->arena, head, md,
		    clock_wall(), e);
		if (field == NULL)
			return fail_in(e, "DKIM");
		msg_add_fields(&l->msg, l->arena, str_of(field));
		trace_note(TRACE_DONE, "DKIM: signed by %s with %s",
		    s->v[i].domain, s->v[i].selector);
		n++;
	}
	return n > 0;
}

static bool
any_fits(const struct seal *s, const char *domain)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (dns_within(domain, s->v[i].domain))
			return true;
	return false;
}

int
seal_letter(const struct seal *s, struct letter *l, bool quiet, struct err *e)
{
	const char *domain;

	if (s == NULL || l->sealed)
		return 0;
	l->sealed = true;
	domain = from_domain(l);
	if (!any_fits(s, domain)) {
		if (!quiet)
			fail_print("not signed: From is of \"%s\", and no key of --dkim is of that domain or of one above it",
			    domain);
		return 0;
	}
	seven_bits(l, l->mended);
	l->sealed = add_fields(s, l, domain, e) >= 0;
	return l->sealed ? 0 : -1;
}

/* ---- a new key */

static const struct {
	const char *name;
	enum sign_kind kind;
	unsigned bits;
} types[] = {
	{ "rsa2048", SIGN_RSA, 2048 },	/* the one that all can verify */
	{ "ed25519", SIGN_ED25519, 256 },
};

static struct sign_key *
make_key(struct str type, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (type.n == 0 || str_is(type, types[i].name))
			return sign_new(types[i].kind, types[i].bits, e);
	fail(e, EX_USAGE, "\"%.*s\" is no type of key: rsa2048 or ed25519",
	    STR_ARG(type));
	return NULL;
}

/* It is durable before its public half is told to anybody. */
static int
keep_key(const struct sign_key *k, const char *path, struct err *e)
{
	struct buf pem = { .secret = true };
	int fd, got = -1;

	if (!sign_pem(k, &pem))
		return fail(e, EX_SOFTWARE, "libcrypto does not write this key");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		fail_sys(e, EX_CANTCREAT, "%s", path);
	} else {
		got = file_write(fd, pem.p, pem.n, e) < 0 ||
		    file_sync(fd, e) < 0 || file_sync_dir(".", e) < 0 ? -1 : 0;
		close(fd);
		if (got < 0)
			unlink(path);
	}
	buf_wipe(&pem);
	return got;
}

/* A line for a zone file, its strings of 255 bytes at most (RFC 1035 3.3). */
static void
print_record(const char *selector, const char *domain, struct str text)
{
	size_t n;

	printf("%s._domainkey.%s. IN TXT", selector, domain);
	for (; text.n > 0; text = str_from(text, n)) {
		n = text.n < TXT ? text.n : TXT;
		printf(" \"%.*s\"", (int)n, text.p);
	}
	putchar('\n');
}

int
seal_new(const char *spec, bool quiet, struct arena *a, struct err *e)
{
	struct str rest = str_of(spec);
	const char *selector = NULL, *domain = NULL, *path, *text = NULL;
	struct sign_key *k = NULL;

	if (read_names(&rest, a, &selector, &domain, e) < 0 ||
	    (k = make_key(rest, e)) == NULL)
		return fail_in(e, "--dkim-new");
	path = arena_printf(a, "%s.%s.pem", selector, domain);
	if (keep_key(k, path, e) == 0)
		text = dkim_sign_record(k, a, e);
	sign_free(k);
	if (text == NULL)
		return fail_in(e, "--dkim-new");
	print_record(selector, domain, str_of(text));
	if (!quiet)
		fail_print("the key is in %s; sign with --dkim %s:%s:%s",
		    path, selector, domain, path);
	return 0;
}
