/*
 * dkim_sig.c: one signature, read and verified
 *
 * What nobody here knows (an algorithm, a version, a way to the key) is left
 * open as "not judged": somebody else may know it, so it is not broken.
 */
#include "dkim_sig.h"

#include "digest.h"
#include "dns.h"
#include "tag.h"

enum { RSA_LEAST = 1024, RSA_MOST = 4096 };	/* RFC 8301 section 3.2 */

const char *
dkim_result(enum dkim_result r)
{
	static const char *const names[] = {
		[DKIM_OPEN] = "none", [DKIM_PASS] = "pass",
		[DKIM_FAIL] = "fail", [DKIM_POLICY] = "policy",
		[DKIM_PERMERROR] = "permerror",
		[DKIM_TEMPERROR] = "temperror",
		[DKIM_UNJUDGED] = "neutral",
	};

	return names[r];
}

void
dkim_sig_settle(struct dkim_sig *s, enum dkim_result r, const char *why)
{
	if (s->result != DKIM_OPEN)
		return;
	s->result = r;
	s->why = why;
}

static void
spoilt(struct dkim_sig *s, const char *why)
{
	dkim_sig_settle(s, DKIM_PERMERROR, why);
}

static void
unknown(struct dkim_sig *s, const char *why)
{
	dkim_sig_settle(s, DKIM_UNJUDGED, why);
}

/* ---- the tags */

struct reading {
	struct dkim_sig *s;
	struct arena *a;
	struct str canon, query;
	unsigned seen;
};

static struct str
decoded(struct reading *r, struct str value, const char *why)
{
	struct buf b = { 0 };
	struct str out = { NULL, 0 };

	if (dkim_base64(value, &b))
		out = arena_str(r->a, BUF_STR(b));
	else
		spoilt(r->s, why);
	buf_free(&b);
	return out;
}

static int64_t
tag_seconds(struct reading *r, struct str value, const char *why)
{
	uint64_t n;

	if (str_num(value, 999999999999, &n) == 0)
		return (int64_t)n;
	spoilt(r->s, why);
	return -1;
}

static void
take_algorithm(struct reading *r, struct str value)
{
	r->s->algorithm = value;
	if (str_is(value, "rsa-sha256"))
		r->s->kind = SIGN_RSA;
	else if (str_is(value, "ed25519-sha256"))
		r->s->kind = SIGN_ED25519;
	else if (str_is(value, "rsa-sha1"))
		dkim_sig_settle(r->s, DKIM_POLICY, "weak: rsa-sha1 counts for nothing any more (RFC 8301)");
	else
		unknown(r->s, "its algorithm is not known here");
}

static void
take_domain(struct reading *r, struct str value)
{
	char name[DNS_NAMELEN];

	if (value.n > 0 && value.n < sizeof name && !str_has(value, '\0') &&
	    dns_name(arena_dup(r->a, value), name) == 0 &&
	    strcmp(name, ".") != 0)
		r->s->domain = arena_dup(r->a, str_of(name));
	else
		spoilt(r->s, "d= is no domain");
}

static void
take_selector(struct reading *r, struct str value)
{
	const char *name = arena_dup(r->a, value);

	if (value.n < 254 && !str_has(value, '\0') && dkim_selector(name))
		r->s->selector = name;
	else
		spoilt(r->s, "s= is no selector");
}

static void
take_length(struct reading *r, struct str value)
{
	uint64_t n = 0;

	if (value.n > 76 || str_num(value, UINT64_MAX - 1, &n) < 0)
		spoilt(r->s, "l= is no length");
	r->s->length = n;
}

/* Of ARC it counts the sets, else it names who is answered for. */
static void
take_identity(struct reading *r, struct str value)
{
	uint64_t n = 0;

	if (r->s->form == DKIM_SIGNATURE)
		r->s->agent = value;
	else if (str_num(value, 1000, &n) < 0 || n == 0)
		spoilt(r->s, "i= is no number of a set");
	r->s->instance = (unsigned)n;
}

static void
take_tag(struct reading *r, char tag, struct str value)
{
	struct dkim_sig *s = r->s;

	switch (tag) {
	case 'a':
		take_algorithm(r, value);
		break;
	case 'b':
		s->signature = decoded(r, value, "b= is not base64");
		break;
	case 'c':
		r->canon = value;
		break;
	case 'd':
		take_domain(r, value);
		break;
	case 'h':
		s->list = value;
		break;
	case 'i':
		take_identity(r, value);
		break;
	case 'l':
		take_length(r, value);
		break;
	case 'q':
		r->query = value;
		break;
	case 's':
		take_selector(r, value);
		break;
	case 't':
		s->made = tag_seconds(r, value, "t= is no time");
		break;
	case 'x':
		s->expires = tag_seconds(r, value, "x= is no time");
		break;
	}
}

/* The tags that are known, each a bit; those of two letters are at the end. */
static const char known[] = "vabcdhilqstx";
enum { TAG_BH = sizeof known - 1, TAG_CV };

static unsigned
tag_bit(struct str tag)
{
	const char *at = tag.n == 1 ? strchr(known, tag.p[0]) : NULL;

	if (at != NULL && *at != '\0')
		return 1u << (at - known);
	if (str_eq(tag, STR("bh")))
		return 1u << TAG_BH;
	return str_eq(tag, STR("cv")) ? 1u << TAG_CV : 0;
}

static bool
has(const struct reading *r, const char *tag)
{
	return (r->seen & tag_bit(str_of(tag))) != 0;
}

static void
read_tags(struct reading *r, struct str rest)
{
	struct str tag, value;
	unsigned bit;
	int got;

	while ((got = tag_next(&rest, &tag, &value)) != 0) {
		bit = got > 0 ? tag_bit(tag) : 0;
		if (got < 0)
			spoilt(r->s, "a part of it has no \"=\"");
		else if ((r->seen & bit) != 0)
			spoilt(r->s, "a tag stands there twice");
		else if (bit == 1u << TAG_BH)
			r->s->hash = decoded(r, value, "bh= is not base64");
		else if (bit == 1u << TAG_CV)
			r->s->chain = value;
		else if (bit != 0)
			take_tag(r, tag.p[0], value);
		r->seen |= bit;
	}
}

/* ---- what they must come to */

static bool
take_canon(struct str one, enum dkim_canon *c)
{
	*c = str_is(one, "relaxed") ? DKIM_RELAXED : DKIM_SIMPLE;
	return *c == DKIM_RELAXED || str_is(one, "simple");
}

static void
judge_canon(struct reading *r)
{
	struct str rest = r->canon, head;

	if (r->s->form == DKIM_ARC_SEAL) {	/* always (RFC 8617 5.1.1) */
		r->s->head = DKIM_RELAXED;
		return;
	}
	if (!has(r, "c"))
		return;
	head = str_trim(str_cut(&rest, '/'));
	if (!take_canon(head, &r->s->head) ||
	    (rest.p != NULL && !take_canon(str_trim(rest), &r->s->body)))
		unknown(r->s, "its canonicalization (c=) is not known here");
}

/* Is a name in a list with colons? */
static bool
list_has(struct str list, const char *name)
{
	while (list.p != NULL)
		if (str_is(str_trim(str_cut(&list, ':')), name))
			return true;
	return false;
}

/* i= is of d= or below it (section 3.5). */
static void
judge_agent(struct reading *r)
{
	struct dkim_sig *s = r->s;
	struct str domain = s->agent;
	char name[DNS_NAMELEN];

	if (!has(r, "i") || s->form != DKIM_SIGNATURE)
		return;
	while (str_has(domain, '@'))
		str_cut(&domain, '@');
	if (domain.p == s->agent.p || domain.n >= sizeof name ||
	    str_has(domain, '\0') ||
	    dns_name(arena_dup(r->a, domain), name) < 0 ||
	    !dns_within(name, s->domain))
		spoilt(s, "i= is not of the domain of d=");
}

static void
judge_signature(struct reading *r)
{
	struct dkim_sig *s = r->s;

	if (s->form == DKIM_SIGNATURE && !has(r, "v"))
		spoilt(s, "there is no v=");
	if (!has(r, "h") || s->list.n == 0)
		spoilt(s, "there is no h=");
	if (!has(r, "bh"))
		spoilt(s, "there is no bh=");
	if (s->form == DKIM_SIGNATURE && !list_has(s->list, "from"))
		spoilt(s, "From is not signed");
	if (s->made >= 0 && s->expires >= 0 && s->expires < s->made)
		spoilt(s, "x= is before t=");
	if (s->result == DKIM_OPEN && s->hash.n != 32)
		spoilt(s, "bh= is no SHA-256");
}

static void
judge_seal(struct reading *r)
{
	if (has(r, "h") || has(r, "bh"))
		spoilt(r->s, "an ARC-Seal has no h= and no bh=");
	if (!has(r, "cv"))
		spoilt(r->s, "there is no cv=");
}

static void
judge_tags(struct reading *r)
{
	struct dkim_sig *s = r->s;

	if (!has(r, "a"))
		spoilt(s, "there is no a=");
	if (!has(r, "b") || s->signature.n == 0)
		spoilt(s, "there is no b=");
	if (!has(r, "d"))
		spoilt(s, "there is no d=");
	if (!has(r, "s"))
		spoilt(s, "there is no s=");
	if (s->form != DKIM_SIGNATURE && !has(r, "i"))
		spoilt(s, "there is no i=");
	if (s->form == DKIM_ARC_SEAL)
		judge_seal(r);
	else
		judge_signature(r);
	judge_agent(r);
	judge_canon(r);
	if (has(r, "q") && !list_has(r->query, "dns/txt"))
		unknown(s, "the way to its key (q=) is not known here");
}

/* Of another version nothing else may mean what it means here. */
static void
judge_version(struct dkim_sig *s, struct str rest)
{
	struct str tag, value;
	int got;

	while ((got = tag_next(&rest, &tag, &value)) != 0)
		if (got > 0 && str_eq(tag, STR("v")) &&
		    !str_eq(value, STR("1")))
			unknown(s, "its version (v=) is not known here");
}

void
dkim_sig_read(struct dkim_sig *s, struct arena *a, enum dkim_form form,
    struct str field)
{
	struct reading r = { .s = s, .a = a };
	struct str tags = field;

	*s = (struct dkim_sig){ .form = form, .field = field, .domain = "",
	    .selector = "", .length = UINT64_MAX, .made = -1, .expires = -1 };
	str_cut(&tags, ':');
	if (form == DKIM_SIGNATURE)
		judge_version(s, tags);
	read_tags(&r, tags);
	judge_tags(&r);
}

/* ---- what was signed */

/* The value of b=, from behind "=" to the ";" or the end; p NULL: none. */
static struct str
signature_value(struct str field)
{
	struct str rest = field, part, name;

	str_cut(&rest, ':');
	while (rest.p != NULL) {
		part = str_cut(&rest, ';');
		if (!str_has(part, '='))
			continue;
		name = str_trim(str_cut(&part, '='));
		if (str_eq(name, STR("b")))
			return part;
	}
	return (struct str){ NULL, 0 };
}

void
dkim_sig_field(const struct dkim_sig *s, struct buf *b)
{
	struct str value = signature_value(s->field), all = s->field;
	struct buf bare = { 0 };

	if (value.p != NULL) {
		buf_put(&bare, all.p, (size_t)(value.p - all.p));
		all = str_from(all, (size_t)(value.p - all.p) + value.n);
	}
	buf_str(&bare, all);
	dkim_canon_field(s->head, BUF_STR(bare), b);
	buf_free(&bare);
}

void
dkim_sig_digest(struct dkim_sig *s, const struct dkim_header *h)
{
	struct buf b = { 0 };

	if (s->result == DKIM_OPEN) {
		dkim_header_pick(h, s->list, s->head, &b);
		dkim_sig_field(s, &b);
		if (b.over || !digest_of(DIGEST_SHA256, BUF_STR(b), s->md))
			dkim_sig_settle(s, DKIM_TEMPERROR,
			    "libcrypto has no SHA-256");
	}
	buf_free(&b);
}

void
dkim_sig_body(struct dkim_sig *s, const unsigned char md[32], uint64_t size)
{
	struct str got = { (const char *)md, 32 };

	if (s->length != UINT64_MAX && s->length > size)
		dkim_sig_settle(s, DKIM_FAIL,
		    "the body is shorter than what was signed (l=)");
	else if (s->length != UINT64_MAX)
		s->uncovered = size - s->length;
	if (!str_eq(got, s->hash))
		dkim_sig_settle(s, DKIM_FAIL,
		    "the body is not what was signed");
}

/* ---- the key */

/* "@example.org" for d=example.org, where the key does not allow more. */
static bool
agent_strict(const struct dkim_sig *s)
{
	struct str domain = s->agent;

	while (str_has(domain, '@'))
		str_cut(&domain, '@');
	return domain.p == NULL || str_is(domain, s->domain);
}

static void
judge_size(struct dkim_sig *s, const struct dkim_key *k)
{
	if (s->kind != SIGN_RSA)
		return;
	if (k->bits < RSA_LEAST)
		dkim_sig_settle(s, DKIM_POLICY,
		    "weak: an RSA key of less than 1024 bits (RFC 8301)");
	if (k->bits > RSA_MOST)
		unknown(s, "an RSA key of more than 4096 bits");
}

void
dkim_sig_key(struct dkim_sig *s, const struct dkim_key *k,
    struct sign_key *key)
{
	s->bits = k->bits;
	s->testing = k->testing;
	if (k->revoked)
		spoilt(s, "its key was revoked (p= is empty)");
	if (k->why != NULL)
		spoilt(s, k->why);
	if (!str_is(k->type, s->kind == SIGN_RSA ? "rsa" : "ed25519"))
		spoilt(s, "its key is of another type");
	if (k->sha1_only)
		spoilt(s, "its key does not allow SHA-256 (h=)");
	if (k->not_email)
		spoilt(s, "its key is not for mail (s=)");
	if (k->strict && !agent_strict(s))
		spoilt(s, "its key does not allow a subdomain in i= (t=s)");
	judge_size(s, k);
	if (s->result != DKIM_OPEN)
		return;
	if (key != NULL && sign_check(key, s->md, s->signature))
		dkim_sig_settle(s, DKIM_PASS, NULL);
	else
		dkim_sig_settle(s, DKIM_FAIL,
		    "the header is not what was signed, or not by this key");
}
