/* arc.c: the Authenticated Received Chain (RFC 8617 section 5.2) */
#include "arc.h"

#include "digest.h"

enum { PARTS = 3 };
static const char *const parts[PARTS] = { "ARC-Authentication-Results",
    "ARC-Message-Signature", "ARC-Seal" };

const char *
arc_status(enum arc_status s)
{
	static const char *const names[] = {
		[ARC_NONE] = "none", [ARC_PASS] = "pass", [ARC_FAIL] = "fail",
		[ARC_TEMPERROR] = "temperror", [ARC_UNJUDGED] = "not judged",
	};

	return names[s];
}

static void
arc_broken(struct arc *c, enum arc_status s, const char *why)
{
	if (c->status != ARC_NONE)
		return;
	c->status = s;
	c->why = why;
}

/* ---- reading */

/* "i=1; mx.example; dkim=pass": the number, and what is behind it. */
static unsigned
results_instance(struct str body, struct str *behind)
{
	struct str first = str_trim(str_cut(&body, ';')), name;
	uint64_t n;

	name = str_trim(str_cut(&first, '='));
	*behind = str_trim(body);
	if (!str_is(name, "i") || str_num(str_trim(first), 1000, &n) < 0)
		return 0;
	return (unsigned)n;
}

static unsigned
read_part(struct arc_set *s, struct arena *a, int part,
    const struct dkim_field *f)
{
	if (part == 0) {
		s->text = f->text;
		return results_instance(f->body, &s->results);
	}
	if (part == 1) {
		dkim_sig_read(&s->message, a, DKIM_ARC_MESSAGE, f->text);
		return s->message.instance;
	}
	dkim_sig_read(&s->seal, a, DKIM_ARC_SEAL, f->text);
	return s->seal.instance;
}

/* Each field to the set that it names, where none of its kind may be yet. */
static void
gather(struct arc *c, struct arena *a, const struct dkim_header *h, int part)
{
	const struct dkim_field *f;
	bool there[ARC_SETS] = { false };
	struct arc_set one;
	unsigned i;
	size_t at;

	dkim_header_count(h, parts[part], &f);
	while (f != NULL) {
		i = read_part(&one, a, part, f);
		if (i == 0 || i > c->n || there[i - 1]) {
			arc_broken(c, ARC_FAIL, "the numbers of its sets (i=) are not 1, 2, 3 ..., each with three fields");
			return;
		}
		there[i - 1] = true;
		if (part == 0) {
			c->set[i - 1].text = one.text;
			c->set[i - 1].results = one.results;
		} else if (part == 1) {
			c->set[i - 1].message = one.message;
		} else {
			c->set[i - 1].seal = one.seal;
		}
		at = f->before;
		f = at != TABLE_NONE ? &h->field[at] : NULL;
	}
}

/* cv= is none in the first set and pass in all others (section 5.2, 3.B). */
static void
judge_chain(struct arc *c)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (!str_is(c->set[i].seal.chain, i == 0 ? "none" : "pass"))
			arc_broken(c, ARC_FAIL, "a seal says that the chain had failed before (cv=)");
}

/*
 * Seal n signs all fields of the sets 1 to n, its own with b= emptied (section
 * 5.1.1).
 */
static void
digest_seals(struct arc *c)
{
	struct buf b = { 0 };
	size_t whole;
	unsigned i;

	for (i = 0; i < c->n; i++) {
		dkim_canon_field(DKIM_RELAXED, c->set[i].text, &b);
		buf_s(&b, "\r\n");
		dkim_canon_field(DKIM_RELAXED, c->set[i].message.field, &b);
		buf_s(&b, "\r\n");
		whole = b.n;
		dkim_sig_field(&c->set[i].seal, &b);
		if (b.over || !digest_of(DIGEST_SHA256, BUF_STR(b),
		    c->set[i].seal.md))
			arc_broken(c, ARC_TEMPERROR, "libcrypto has no SHA-256");
		b.n = whole;
		dkim_canon_field(DKIM_RELAXED, c->set[i].seal.field, &b);
		buf_s(&b, "\r\n");
	}
	buf_free(&b);
}

void
arc_read(struct arc *c, struct arena *a, const struct dkim_header *h)
{
	size_t n[PARTS];
	int i;

	*c = (struct arc){ .n = 0 };
	for (i = 0; i < PARTS; i++)
		n[i] = dkim_header_count(h, parts[i], NULL);
	if (n[0] + n[1] + n[2] == 0)
		return;
	if (n[0] != n[1] || n[1] != n[2]) {
		arc_broken(c, ARC_FAIL, "a set has not its three fields");
		return;
	}
	if (n[0] > ARC_SETS) {
		arc_broken(c, ARC_FAIL, "over 50 sets: RFC 8617 allows no more");
		return;
	}
	c->n = (unsigned)n[0];
	c->set = arena_new(a, c->n, sizeof *c->set);
	for (i = 0; i < PARTS; i++)
		gather(c, a, h, i);
	if (c->status != ARC_NONE) {
		c->n = 0;
		return;
	}
	judge_chain(c);
	digest_seals(c);
	dkim_sig_digest(&c->set[c->n - 1].message, h);
}

/* ---- the result */

/* What does not verify does so for all time; what is not known may. */
static enum arc_status
part_status(const struct dkim_sig *s)
{
	switch (s->result) {
	case DKIM_PASS:
		break;
	case DKIM_OPEN:
	case DKIM_TEMPERROR:
		return ARC_TEMPERROR;
	case DKIM_UNJUDGED:
		return ARC_UNJUDGED;
	case DKIM_FAIL:
	case DKIM_POLICY:
	case DKIM_PERMERROR:
		return ARC_FAIL;
	}
	return ARC_PASS;
}

/* The chain is of this status if a part is. */
static void
judge_parts(struct arc *c, enum arc_status is, const char *message,
    const char *seal)
{
	unsigned i;

	if (part_status(&c->set[c->n - 1].message) == is)
		arc_broken(c, is, message);
	for (i = c->n; i-- > 0; )
		if (part_status(&c->set[i].seal) == is)
			arc_broken(c, is, seal);
}

void
arc_judge(struct arc *c)
{
	if (c->n == 0 || c->status != ARC_NONE)
		return;
	judge_parts(c, ARC_FAIL, "the message is not what the newest set signed",
	    "a seal does not verify");
	judge_parts(c, ARC_UNJUDGED, "an algorithm is not known here",
	    "an algorithm is not known here");
	judge_parts(c, ARC_TEMPERROR, "a key is not known now",
	    "a key is not known now");
	if (c->status == ARC_NONE)
		c->status = ARC_PASS;
}
