/*
 * dkim.c: DKIM keys (RFC 6376 sections 3.2 and 3.6.1, RFC 8463)
 *
 * A tag that stands there twice, or a v= that is not first, makes the whole
 * key void; unknown tags do not.
 */
#include "dkim.h"

#include <string.h>

#include "b64.h"
#include "digest.h"
#include "tag.h"

/* The members of a list with colons: is one of them in it? */
static bool
colon_listed(struct str list, const char *one)
{
	while (list.p != NULL)
		if (str_is(str_trim(str_cut(&list, ':')), one))
			return true;
	return false;
}

/* Folding white space may stand anywhere in it. */
bool
dkim_base64(struct str s, struct buf *out)
{
	struct buf plain = { .max = 1 << 20 };
	bool good;
	struct str word;

	while ((word = str_word(&s)).n > 0)
		buf_str(&plain, word);
	good = plain.n > 0 && !plain.over && b64_get(out, BUF_STR(plain)) == 0;
	buf_free(&plain);
	return good;
}

/* An RSA key: SubjectPublicKeyInfo, or bare as RFC 6376 says in its text. */
static const char *
rsa(struct dkim_key *k, const struct buf *der)
{
	int bits = digest_rsa_bits((struct str){ der->p, der->n });

	if (bits < 0)
		return "p= is no RSA key";
	k->bits = (unsigned)bits;
	return bits > 0 ? NULL : "p= is a key, but no RSA key";
}

static const char *
key_of(struct dkim_key *k, struct str p)
{
	struct buf der = { .max = 16384 };
	const char *why = NULL;

	if (!dkim_base64(p, &der)) {
		why = "p= is not base64";
	} else if (str_is(k->type, "rsa")) {
		why = rsa(k, &der);
	} else if (str_is(k->type, "ed25519")) {
		/* RFC 8463: the 32 bytes, not wrapped in anything. */
		if (der.n == 32)
			k->bits = 256;
		else
			why = "p= has not the 32 bytes of an Ed25519 key";
	} else {
		why = "k= is a type that nobody knows";
	}
	buf_free(&der);
	return why;
}

static const char *
key_tag(struct dkim_key *k, struct str tag, struct str value, size_t nth)
{
	static const char known[] = "vktshpn";
	const char *at = tag.n == 1 ? strchr(known, tag.p[0]) : NULL;

	if (at != NULL && *at != '\0') {
		if ((k->seen & 1u << (at - known)) != 0)
			return "a tag stands there twice";
		k->seen |= 1u << (at - known);
	}
	if (str_eq(tag, STR("v"))) {
		if (nth > 0)
			return "v= is not the first tag";
		if (!str_eq(value, STR("DKIM1")))
			return "v= is not DKIM1";
	} else if (str_eq(tag, STR("k"))) {
		k->type = value;
	} else if (str_eq(tag, STR("t"))) {
		k->testing = colon_listed(value, "y");
		k->strict = colon_listed(value, "s");
	} else if (str_eq(tag, STR("h"))) {
		k->sha1_only = !colon_listed(value, "sha256");
	} else if (str_eq(tag, STR("s"))) {
		k->not_email = !colon_listed(value, "email") &&
		    !colon_listed(value, "*");
	}
	return NULL;
}

int
dkim_parse(struct str record, struct dkim_key *k)
{
	struct str rest = record, tag, value, p = { NULL, 0 };
	bool have = false;
	size_t n;
	int got;

	*k = (struct dkim_key){ .type = STR("rsa") };
	for (n = 0; (got = tag_next(&rest, &tag, &value)) != 0; n++) {
		if (got < 0)
			k->why = "a part has no \"=\"";
		else if (k->why == NULL)
			k->why = key_tag(k, tag, value, n);
		if (got > 0 && str_eq(tag, STR("p"))) {
			p = value;
			have = true;
		}
	}
	if (k->why == NULL && !have)
		k->why = "there is no p=";
	k->data = p;
	k->revoked = have && p.n == 0;
	if (k->why == NULL && !k->revoked)
		k->why = key_of(k, p);
	return k->why == NULL ? 0 : -1;
}

bool
dkim_selector(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++) {
		if (*s == '.' && n == 0)
			return false;
		n = *s == '.' ? 0 : n + 1;
		if (n > 63 || (*s != '.' && !str_alpha(*s) &&
		    !str_digit(*s) && *s != '-' && *s != '_'))
			return false;
	}
	return n > 0;
}
