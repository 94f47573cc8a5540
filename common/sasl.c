/*
 * sasl.c: logging in: the mechanisms, without the transport
 *
 * RFC 4616 PLAIN, 4422 EXTERNAL, 5802 and 7677 SCRAM, 7628 OAUTHBEARER, 2195
 * CRAM-MD5; LOGIN and XOAUTH2 as the world does them.  A mechanism is a row
 * of a table: what it needs, its initial response, its answer.
 *
 * Whatever holds a secret is written into a buffer that was given its room
 * beforehand, so that no realloc leaves a copy behind, and is wiped.
 */
#include <stdio.h>
#include <string.h>

#include "b64.h"
#include "digest.h"
#include "json.h"
#include "limit.h"
#include "os.h"
#include "sasl.h"
#include "sasl_prep.h"

enum {
	ITER_MIN = 4096,	/* RFC 7677 section 4 */
	ITER_MAX = 600000,	/* about half a second of CPU */
	USER_MAX = 1024	/* of a user name */
};

enum need {
	PASSWORD = 1, TOKEN = 2, TLS = 4, BINDING = 8, CERT = 16, ASKED = 32,
	SELF = 64		/* cannot say who to act as */
};

struct sasl_mech {
	const char *name;
	unsigned needs;
	enum digest_kind md;				/* of SCRAM */
	void (*first)(struct sasl *, struct buf *);	/* NULL: server first */
	int (*step)(struct sasl *, struct str, struct buf *, struct err *);
};

/* Room beforehand, for out is about to hold a secret. */
static void
secret_room(struct buf *out, size_t n)
{
	(void)buf_room(out, n);
}

static struct str
secret_str(const struct secret *s)
{
	return (struct str){ s->p, s->n };
}

static int
unexpected(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	(void)challenge;
	(void)out;
	return fail(e, EX_PROTOCOL, "%s: a challenge too many", s->mech->name);
}

static void
plain_first(struct sasl *s, struct buf *out)
{
	const struct sasl_login *l = s->login;
	struct str pass = secret_str(l->password);

	secret_room(out, 2 * USER_MAX + 2 + pass.n);
	buf_str(out, str_of(l->authzid));
	buf_c(out, '\0');
	buf_s(out, l->user);
	buf_c(out, '\0');
	buf_str(out, pass);
	s->proved = true;
}

/* The prompts say anything, in any language: only their order counts. */
static int
login_step(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	if (s->step == 0) {
		buf_s(out, s->login->user);
		return 0;
	}
	if (s->step > 1)
		return unexpected(s, challenge, out, e);
	secret_room(out, s->login->password->n);
	buf_str(out, secret_str(s->login->password));
	s->proved = true;
	return 0;
}

static void
external_first(struct sasl *s, struct buf *out)
{
	buf_str(out, str_of(s->login->authzid));
	s->proved = true;
}

static int
cram_step(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	const struct secret *pass = s->login->password;
	unsigned char mac[DIGEST_MAX];
	size_t i;

	if (s->step > 0)
		return unexpected(s, challenge, out, e);
	if (!digest_hmac(DIGEST_MD5, secret_str(pass), challenge, mac))
		return fail(e, EX_UNAVAILABLE, "CRAM-MD5: no MD5 here");
	buf_printf(out, "%s ", s->login->user);
	for (i = 0; i < digest_size(DIGEST_MD5); i++)
		buf_printf(out, "%02x", mac[i]);
	s->proved = true;
	return 0;
}

/* --- OAuth --- */

/* saslname of RFC 5801 and 5802: neither "," nor "=" stand for themselves. */
static void
put_name(struct buf *b, struct str name)
{
	size_t i;

	for (i = 0; i < name.n; i++) {
		if (name.p[i] == ',')
			buf_s(b, "=2C");
		else if (name.p[i] == '=')
			buf_s(b, "=3D");
		else
			buf_c(b, name.p[i]);
	}
}

static void
bearer_first(struct sasl *s, struct buf *out)
{
	const struct sasl_login *l = s->login;
	const char *who = l->authzid != NULL ? l->authzid : l->user;

	secret_room(out, 3 * USER_MAX + 512 + l->token->n);
	buf_s(out, "n,a=");
	put_name(out, str_of(who));
	buf_s(out, ",\1");
	if (l->host != NULL)
		buf_printf(out, "host=%.255s\1", l->host);
	if (l->port != 0)
		buf_printf(out, "port=%u\1", l->port);
	buf_s(out, "auth=Bearer ");
	buf_str(out, secret_str(l->token));
	buf_s(out, "\1\1");
	s->proved = true;
}

static void
xoauth2_first(struct sasl *s, struct buf *out)
{
	const struct sasl_login *l = s->login;

	secret_room(out, USER_MAX + 64 + l->token->n);
	buf_printf(out, "user=%s\1auth=Bearer ", l->user);
	buf_str(out, secret_str(l->token));
	buf_s(out, "\1\1");
	s->proved = true;
}

/* {"status":"invalid_token",...} and whatever else they send */
static void
keep_reason(struct sasl *s, struct str json)
{
	static const char *const keys[] = { "status", "error", "scope" };
	struct buf b = { .max = sizeof s->reason - 1 };
	size_t i;

	for (i = 0; i < 3; i++) {
		if (b.n > 0)
			buf_c(&b, ' ');
		if (json_member(json, keys[i], &b) < 0 && b.n > 0)
			b.n--;
	}
	if (b.n == 0)
		buf_str(&b, str_to(json, 150));
	snprintf(s->reason, sizeof s->reason, "%.*s", STR_ARG(BUF_STR(b)));
	buf_free(&b);
}

static int
oauth_refused(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	if (s->refused)
		return unexpected(s, challenge, out, e);
	s->refused = true;
	s->proved = false;
	keep_reason(s, challenge);
	return 0;
}

static int
bearer_step(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	if (oauth_refused(s, challenge, out, e) < 0)
		return -1;
	buf_c(out, '\1');		/* RFC 7628 section 3.2.3 */
	return 0;
}

/* --- SCRAM --- */

static bool
can_bind(const struct sasl_login *l)
{
	return l->exporter.n > 0 || l->endpoint.n > 0;
}

/* RFC 5802 section 6: "y" lets the server notice that we were misled. */
static void
put_flag(struct sasl *s)
{
	const struct sasl_login *l = s->login;

	if (s->mech->needs & BINDING)
		buf_s(&s->header, l->exporter.n > 0 ? "p=tls-exporter" :
		    "p=tls-server-end-point");
	else
		buf_c(&s->header, can_bind(l) && !s->plus_offered ? 'y' : 'n');
}

static int
random_nonce(struct buf *b, struct err *e)
{
	unsigned char raw[24];

	if (os_random(raw, sizeof raw, false) < 0)
		return fail(e, EX_OSERR, "no random bytes");
	b64_put(b, (struct str){ (const char *)raw, sizeof raw });
	return 0;
}

/* The first message, made by sasl_pick so that sasl_first cannot fail. */
static int
scram_begin(struct sasl *s, struct err *e)
{
	const struct sasl_login *l = s->login;
	struct buf name = { .max = 4 * USER_MAX };
	int got;

	put_flag(s);
	buf_c(&s->header, ',');
	if (l->authzid != NULL) {
		buf_s(&s->header, "a=");
		put_name(&s->header, str_of(l->authzid));
	}
	buf_c(&s->header, ',');
	if (l->nonce != NULL)
		buf_s(&s->nonce, l->nonce);
	else if (random_nonce(&s->nonce, e) < 0)
		return -1;
	got = sasl_prepare(&name, str_of(l->user), "user name", e);
	buf_s(&s->bare, "n=");
	put_name(&s->bare, BUF_STR(name));
	buf_s(&s->bare, ",r=");
	buf_str(&s->bare, BUF_STR(s->nonce));
	buf_free(&name);
	return got;
}

static void
scram_first(struct sasl *s, struct buf *out)
{
	buf_str(out, BUF_STR(s->header));
	buf_str(out, BUF_STR(s->bare));
}

/* "x=value" at the front of *msg, cut off with its comma. */
static int
attribute(struct str *msg, char name, struct str *value)
{
	struct str a = str_cut(msg, ',');

	if (a.n < 2 || a.p[0] != name || a.p[1] != '=')
		return -1;
	*value = str_from(a, 2);
	return 0;
}

/* "e=why" shown in their words. */
static int
scram_error(struct sasl *s, struct str why, struct err *e)
{
	snprintf(s->reason, sizeof s->reason, "%.*s",
	    STR_ARG(str_to(why, 150)));
	return fail(e, EX_NOPERM, "%s: the server says: %s", s->mech->name,
	    s->reason);
}

struct server_first {
	struct str nonce;
	struct buf salt;
	uint64_t iter;
};

static bool
nonce_text(struct str n)
{
	size_t i;

	for (i = 0; i < n.n; i++)
		if (n.p[i] <= 0x20 || n.p[i] >= 0x7f)
			return false;
	return true;
}

static int
server_first(struct sasl *s, struct str msg, struct server_first *f,
    struct err *e)
{
	const char *name = s->mech->name;
	struct str salt, iter, why;

	if (msg.n >= 2 && msg.p[0] == 'e' && attribute(&msg, 'e', &why) == 0)
		return scram_error(s, why, e);
	if (msg.n >= 2 && msg.p[0] == 'm' && msg.p[1] == '=')
		return fail(e, EX_NOPERM, "%s: the server demands an extension that nobody knows",
		    name);
	if (attribute(&msg, 'r', &f->nonce) < 0 ||
	    attribute(&msg, 's', &salt) < 0 ||
	    attribute(&msg, 'i', &iter) < 0 || !nonce_text(f->nonce))
		return fail(e, EX_PROTOCOL, "%s: the server's first message is not understood",
		    name);
	if (f->nonce.n <= s->nonce.n ||
	    !str_eq(str_to(f->nonce, s->nonce.n), BUF_STR(s->nonce)))
		return fail(e, EX_NOPERM, "%s: the server's nonce does not continue ours: not an answer to us",
		    name);
	if (salt.n == 0 || b64_get(&f->salt, salt) < 0)
		return fail(e, EX_PROTOCOL, "%s: the salt is not base64",
		    name);
	if (str_num(iter, UINT32_MAX, &f->iter) < 0 || f->iter < ITER_MIN ||
	    f->iter > ITER_MAX)
		return fail(e, EX_NOPERM, "%s: %.*s iterations are not within %d and %d",
		    name, STR_ARG(str_to(iter, 20)), ITER_MIN,
		    ITER_MAX);
	return 0;
}

/* Keys and signatures, all of the digest's size; wiped by the caller. */
struct keys {
	unsigned char salted[DIGEST_MAX], client[DIGEST_MAX];
	unsigned char stored[DIGEST_MAX], server[DIGEST_MAX];
	unsigned char sign[DIGEST_MAX];
};

/* One of them, all of which are as long as the mechanism's digest. */
static struct str
of_md(const struct sasl *s, const unsigned char *md)
{
	return (struct str){ (const char *)md, digest_size(s->mech->md) };
}

static bool
hmac(const struct sasl *s, const unsigned char *key, struct str text,
    unsigned char *out)
{
	return digest_hmac(s->mech->md, of_md(s, key), text, out);
}

/* RFC 5802 section 3: the proof in k->client, theirs in s->verifier. */
static bool
derive(struct sasl *s, struct str pass, const struct server_first *f,
    struct keys *k)
{
	size_t i;

	if (!digest_pbkdf2(s->mech->md, pass, BUF_STR(f->salt),
	    (unsigned)f->iter, k->salted) ||
	    !hmac(s, k->salted, STR("Client Key"), k->client) ||
	    !digest_of(s->mech->md, of_md(s, k->client), k->stored) ||
	    !hmac(s, k->stored, BUF_STR(s->auth), k->sign) ||
	    !hmac(s, k->salted, STR("Server Key"), k->server) ||
	    !hmac(s, k->server, BUF_STR(s->auth), s->verifier))
		return false;
	for (i = 0; i < digest_size(s->mech->md); i++)
		k->client[i] ^= k->sign[i];
	return true;
}

/* "c=...,r=...", what the proof is about as well as the proof's company */
static void
put_final(struct sasl *s, struct str nonce, struct buf *out)
{
	const struct sasl_login *l = s->login;
	struct buf bound = { .max = LIMIT_CHALLENGE };

	buf_str(&bound, BUF_STR(s->header));
	if (s->mech->needs & BINDING)
		buf_str(&bound, l->exporter.n > 0 ? l->exporter : l->endpoint);
	buf_s(out, "c=");
	b64_put(out, BUF_STR(bound));
	buf_s(out, ",r=");
	buf_str(out, nonce);
	buf_free(&bound);
}

static int
prove(struct sasl *s, const struct server_first *f, struct buf *final,
    struct err *e)
{
	struct buf pass = { .max = sizeof s->login->password->p,
	    .secret = true };
	struct keys k;
	int got = -1;

	if (sasl_prepare(&pass, secret_str(s->login->password), "password",
	    e) < 0)
		goto out;
	if (!derive(s, BUF_STR(pass), f, &k)) {
		fail(e, EX_UNAVAILABLE, "%s: no such digest here",
		    s->mech->name);
		goto out;
	}
	buf_s(final, ",p=");
	b64_put(final, of_md(s, k.client));
	got = 0;
out:
	mem_wipe(&k, sizeof k);
	buf_wipe(&pass);
	return got;
}

static int
scram_answer(struct sasl *s, struct str msg, struct buf *out, struct err *e)
{
	struct server_first f = { .salt = { .max = 1024 } };
	struct buf final = { .max = 2 * LIMIT_CHALLENGE };
	int got = server_first(s, msg, &f, e);

	if (got == 0) {
		put_final(s, f.nonce, &final);
		buf_str(&s->auth, BUF_STR(s->bare));
		buf_c(&s->auth, ',');
		buf_str(&s->auth, msg);
		buf_c(&s->auth, ',');
		buf_str(&s->auth, BUF_STR(final));
		got = prove(s, &f, &final, e);
	}
	if (got == 0)
		buf_str(out, BUF_STR(final));
	buf_free(&f.salt);
	buf_wipe(&final);
	return got;
}

/* "v=signature": the server has our password, or what is made from it. */
static int
scram_verify(struct sasl *s, struct str msg, struct err *e)
{
	struct buf sign = { .max = 64 };
	struct str v;
	bool same;

	if (msg.n > 0 && msg.p[0] == 'e' && attribute(&msg, 'e', &v) == 0)
		return scram_error(s, v, e);
	if (attribute(&msg, 'v', &v) < 0)
		return fail(e, EX_PROTOCOL, "%s: the server's last message is not understood",
		    s->mech->name);
	same = b64_get(&sign, v) == 0 &&
	    digest_same(BUF_STR(sign), of_md(s, s->verifier));
	buf_free(&sign);
	if (!same)
		return fail(e, EX_NOPERM, "%s: the server could not prove that it knows the password",
		    s->mech->name);
	s->proved = true;
	return 0;
}

static int
scram_step(struct sasl *s, struct str msg, struct buf *out, struct err *e)
{
	if (s->step == 0)
		return scram_answer(s, msg, out, e);
	if (s->step == 1)
		return scram_verify(s, msg, e);
	return unexpected(s, msg, out, e);
}

/* --- choosing --- */

/* The strongest first. */
static const struct sasl_mech mechs[] = {
	{ "EXTERNAL", CERT, DIGEST_NONE, external_first, unexpected },
	{ "OAUTHBEARER", TOKEN | TLS, DIGEST_NONE, bearer_first, bearer_step },
	{ "XOAUTH2", TOKEN | TLS | SELF, DIGEST_NONE, xoauth2_first,
	    oauth_refused },
	{ "SCRAM-SHA-256-PLUS", PASSWORD | BINDING, DIGEST_SHA256, scram_first,
	    scram_step },
	{ "SCRAM-SHA-1-PLUS", PASSWORD | BINDING, DIGEST_SHA1, scram_first,
	    scram_step },
	{ "SCRAM-SHA-256", PASSWORD, DIGEST_SHA256, scram_first, scram_step },
	{ "SCRAM-SHA-1", PASSWORD, DIGEST_SHA1, scram_first, scram_step },
	{ "PLAIN", PASSWORD | TLS, DIGEST_NONE, plain_first, unexpected },
	{ "LOGIN", PASSWORD | TLS | SELF, DIGEST_NONE, NULL, login_step },
	{ "CRAM-MD5", PASSWORD | ASKED | SELF, DIGEST_NONE, NULL, cram_step },
};
#define NMECH (sizeof mechs / sizeof mechs[0])

static const struct sasl_mech *
mech_named(struct str name)
{
	size_t i;

	for (i = 0; i < NMECH; i++)
		if (str_is(name, mechs[i].name))
			return &mechs[i];
	return NULL;
}

/* Could we do it with what we have? */
static bool
able(const struct sasl_login *l, const struct sasl_mech *m, bool asked)
{
	unsigned have = 0;

	have |= l->password != NULL ? PASSWORD : 0;
	have |= l->token != NULL ? TOKEN : 0;
	have |= l->tls ? TLS : 0;
	have |= can_bind(l) ? BINDING : 0;
	have |= l->authzid == NULL ? SELF : 0;
	have |= asked ? ASKED | CERT : 0;
	if (l->client_cert && l->password == NULL && l->token == NULL)
		have |= CERT;
	return (m->needs & ~have) == 0;
}

static bool
offers(struct str offered, const char *name)
{
	struct str w;

	while ((w = str_word(&offered)).n > 0)
		if (str_is(w, name))
			return true;
	return false;
}

static bool
offers_plus(struct str offered)
{
	struct str w;

	while ((w = str_word(&offered)).n > 0)
		if (str_starts(w, "SCRAM-") && w.n > 5 &&
		    str_is(str_from(w, w.n - 5), "-PLUS"))
			return true;
	return false;
}

/* The next name the user asked for, between commas or blanks. */
static struct str
next_asked(struct str *list)
{
	struct str w;

	while (list->n > 0 && (list->p[0] == ',' || list->p[0] == ' '))
		*list = str_from(*list, 1);
	w = *list;
	for (w.n = 0; w.n < list->n; w.n++)
		if (list->p[w.n] == ',' || list->p[w.n] == ' ')
			break;
	*list = str_from(*list, w.n);
	return w;
}

/* The mechanisms we would use, best first, to order[NMECH]; how many. */
static int
candidates(const struct sasl_login *l, const struct sasl_mech **order,
    size_t *n, struct err *e)
{
	struct str w, list = str_of(l->mechs);
	const struct sasl_mech *m;
	size_t i;

	*n = 0;
	for (i = 0; l->mechs == NULL && i < NMECH; i++)
		if (able(l, &mechs[i], false))
			order[(*n)++] = &mechs[i];
	while ((w = next_asked(&list)).n > 0) {
		if ((m = mech_named(w)) == NULL)
			return fail(e, EX_USAGE, "--auth: no mechanism is called \"%.*s\"",
			    STR_ARG(str_to(w, 60)));
		if (able(l, m, true) && *n < NMECH)
			order[(*n)++] = m;
	}
	return 0;
}

/* Why the list of what we can do is as short as it is. */
static const char *
login_lacks(const struct sasl_login *l)
{
	if (l->password == NULL && l->token == NULL && !l->client_cert)
		return "; there is no password, token or client certificate";
	if (!l->tls)
		return "; PLAIN, LOGIN and OAuth need an encrypted connection";
	return "";
}

static int
none(const struct sasl_login *l, const struct sasl_mech *const *order,
    size_t n, struct str offered, struct err *e)
{
	struct buf ours = { .max = 512 };
	size_t i;

	for (i = 0; i < n; i++)
		buf_printf(&ours, " %s", order[i]->name);
	offered = str_trim(offered);
	fail(e, EX_NOPERM, "no way to log in: the server offers %s%.*s, possible here %s%.*s%s%s%s",
	    offered.n > 0 ? "" : "nothing", STR_ARG(str_to(offered, 300)),
	    n > 1 ? "are" : "is", n > 0 ? (int)ours.n : 0,
	    n > 0 ? ours.p : "", n > 0 ? "" : " nothing",
	    l->mechs != NULL ? " by --auth" : "", login_lacks(l));
	buf_free(&ours);
	return -1;
}

/* --- the arguments --- */

static int
check_name(const char *name, const char *what, struct err *e)
{
	if (name == NULL)
		return 0;
	if (strlen(name) > USER_MAX)
		return fail(e, EX_USAGE, "the %s is over %d bytes", what,
		    USER_MAX);
	if (str_control(str_of(name)))
		return fail(e, EX_USAGE, "the %s has a control character",
		    what);
	return 0;
}

static int
check_secrets(const struct sasl_login *l, struct err *e)
{
	size_t i;

	if (l->password != NULL && str_has(secret_str(l->password), '\0'))
		return fail(e, EX_DATAERR, "the password has a NUL byte");
	for (i = 0; l->token != NULL && i < l->token->n; i++)
		if (l->token->p[i] <= 0x20 || l->token->p[i] >= 0x7f)
			return fail(e, EX_DATAERR, "the token has a byte that no token has (blank, control or 8-bit)");
	return 0;
}

static int
login_check(const struct sasl_login *l, struct err *e)
{
	if (check_name(l->user, "user name", e) < 0 ||
	    check_name(l->authzid, "name to act as", e) < 0 ||
	    check_name(l->host, "server's name", e) < 0)
		return -1;
	return check_secrets(l, e);
}

int
sasl_pick(struct sasl *s, const struct sasl_login *l, struct str offered,
    struct err *e)
{
	const struct sasl_mech *order[NMECH];
	size_t n, i;

	sasl_wipe(s);
	s->login = l;
	s->auth.max = 3 * LIMIT_CHALLENGE + 8 * USER_MAX;
	if (login_check(l, e) < 0 || candidates(l, order, &n, e) < 0)
		return -1;
	s->plus_offered = offers_plus(offered);
	for (i = 0; i < n && !offers(offered, order[i]->name); i++)
		;
	if (i == n)
		return none(l, order, n, offered, e);
	s->mech = order[i];
	if (s->mech->first == external_first)
		return 0;
	if (l->user == NULL || l->user[0] == '\0')
		return fail(e, EX_USAGE, "logging in needs a user name (--user)");
	return s->mech->md != DIGEST_NONE ? scram_begin(s, e) : 0;
}

const char *
sasl_name(const struct sasl *s)
{
	return s->mech != NULL ? s->mech->name : "";
}

bool
sasl_first(struct sasl *s, struct buf *out)
{
	if (s->mech->first == NULL)
		return false;
	s->mech->first(s, out);
	return true;
}

int
sasl_step(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e)
{
	if (challenge.n > LIMIT_CHALLENGE)
		return fail(e, EX_PROTOCOL, "%s: a challenge over %d bytes",
		    s->mech->name, LIMIT_CHALLENGE);
	if (s->mech->step(s, challenge, out, e) < 0)
		return -1;
	s->step++;
	return 0;
}

int
sasl_done(struct sasl *s, struct str last, struct err *e)
{
	if (s->mech->md != DIGEST_NONE && !s->proved && s->step == 1 &&
	    last.n > 0 && scram_verify(s, str_to(last, LIMIT_CHALLENGE), e) < 0)
		return -1;
	if (s->proved)
		return 0;
	if (s->mech->md != DIGEST_NONE)
		return fail(e, EX_NOPERM, "%s: the server said yes without proving that it knows the password",
		    s->mech->name);
	return fail(e, EX_PROTOCOL, "%s: the server said yes %s",
	    s->mech->name, s->refused ? "after it refused" :
	    "before it was told who we are");
}

const char *
sasl_reason(const struct sasl *s)
{
	return s->reason;
}

void
sasl_wipe(struct sasl *s)
{
	buf_wipe(&s->nonce);
	buf_wipe(&s->header);
	buf_wipe(&s->bare);
	buf_wipe(&s->auth);
	mem_wipe(s, sizeof *s);
}
