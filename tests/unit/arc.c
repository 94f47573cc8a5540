/*
 * arc.c: which fields make a chain, and what becomes of it by the results of
 * its signatures
 */
#include "arc.h"

#include "tap.h"

static struct arena arena;

#define KEY "; a=ed25519-sha256; d=b.test; s=x"

/* "A1" results, "M1" the message's signature, "S1n" a seal with cv=none. */
static void
field(struct buf *b, struct str word)
{
	struct str n = str_from(word, 1);
	char chain = word.p[word.n - 1];

	switch (word.p[0]) {
	case 'A':
		buf_printf(b, "ARC-Authentication-Results: i=%.*s; mx.test\r\n",
		    STR_ARG(n));
		break;
	case 'M':
		buf_printf(b, "ARC-Message-Signature: i=%.*s" KEY "; h=from; "
		    "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=AAAA\r\n",
		    STR_ARG(n));
		break;
	default:
		n.n--;
		buf_printf(b, "ARC-Seal: i=%.*s" KEY "; cv=%s; b=AAAA\r\n",
		    STR_ARG(n), chain == 'n' ? "none" : chain == 'p' ? "pass" :
		    "fail");
	}
}

static void
read_chain(struct arc *c, struct str words)
{
	struct buf b = { 0 };
	struct dkim_header h;
	struct str word;

	while ((word = str_word(&words)).n > 0)
		field(&b, word);
	buf_s(&b, "From: a@b.test\r\n");
	dkim_header_read(&h, &arena, arena_str(&arena, BUF_STR(b)));
	arc_read(c, &arena, &h);
	dkim_header_free(&h);
	buf_free(&b);
}

static void
shapes(void)
{
	static const struct {
		const char *fields;
		enum arc_status want;
		unsigned n;
	} t[] = {
		{ "", ARC_NONE, 0 },
		{ "A1 M1 S1n", ARC_NONE, 1 },
		{ "S2p M2 A2 S1n M1 A1", ARC_NONE, 2 },
		{ "S1n M1 A1 S2p M2 A2", ARC_NONE, 2 },
		{ "S3p M3 A3 S2p M2 A2 S1n M1 A1", ARC_NONE, 3 },
		{ "A1 M1 S1p", ARC_FAIL, 1 },
		{ "A1 M1 S1f", ARC_FAIL, 1 },
		{ "A2 M2 S2n A1 M1 S1n", ARC_FAIL, 2 },
		{ "A2 M2 S2f A1 M1 S1n", ARC_FAIL, 2 },
		{ "A1 M1", ARC_FAIL, 0 },
		{ "A1 S1n", ARC_FAIL, 0 },
		{ "M1 S1n", ARC_FAIL, 0 },
		{ "A1 M1 S1n S2p", ARC_FAIL, 0 },
		{ "A1 A1 M1 M1 S1n S1n", ARC_FAIL, 0 },
		{ "A2 M1 S2p A1 M1 S1n", ARC_FAIL, 0 },
		{ "A3 M3 S3p A1 M1 S1n", ARC_FAIL, 0 },
		{ "A0 M0 S0n", ARC_FAIL, 0 },
		{ "A2 M2 S2p", ARC_FAIL, 0 },
	};
	struct arc c;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		read_chain(&c, str_of(t[i].fields));
		is_str(arc_status(c.status), arc_status(t[i].want), "\"%s\"",
		    t[i].fields);
		is_int((int)c.n, (int)t[i].n, "\"%s\": its sets", t[i].fields);
		ok((c.why != NULL) == (c.status == ARC_FAIL), "\"%s\": why",
		    t[i].fields);
	}
}

static void
most(void)
{
	struct buf b = { 0 };
	struct arc c;
	int i;

	for (i = 1; i <= 51; i++) {
		buf_printf(&b, "A%d M%d S%d%c ", i, i, i, i > 1 ? 'p' : 'n');
		if (i < 50)
			continue;
		read_chain(&c, BUF_STR(b));
		is_int((int)c.n, i == 50 ? 50 : 0, "%d sets", i);
		is_int(c.status, i == 50 ? ARC_NONE : ARC_FAIL,
		    "%d sets: status", i);
	}
	buf_free(&b);
}

/* Of the message's signatures only the newest set's must verify. */
static void
judged(void)
{
	static const struct {
		const char *name;
		enum dkim_result seal[2], message[2];	/* of the sets 1, 2 */
		enum arc_status want;
	} t[] = {
		{ "all verify", { DKIM_PASS, DKIM_PASS }, { DKIM_PASS,
		    DKIM_PASS }, ARC_PASS },
		{ "the message was changed behind the first", { DKIM_PASS,
		    DKIM_PASS }, { DKIM_FAIL, DKIM_PASS }, ARC_PASS },
		{ "and behind the second", { DKIM_PASS, DKIM_PASS },
		    { DKIM_PASS, DKIM_FAIL }, ARC_FAIL },
		{ "the first seal", { DKIM_FAIL, DKIM_PASS }, { DKIM_PASS,
		    DKIM_PASS }, ARC_FAIL },
		{ "the second seal", { DKIM_PASS, DKIM_FAIL }, { DKIM_PASS,
		    DKIM_PASS }, ARC_FAIL },
		{ "a seal that is too weak", { DKIM_PASS, DKIM_POLICY },
		    { DKIM_PASS, DKIM_PASS }, ARC_FAIL },
		{ "a seal without use", { DKIM_PERMERROR, DKIM_PASS },
		    { DKIM_PASS, DKIM_PASS }, ARC_FAIL },
		{ "a key that is not known now", { DKIM_TEMPERROR, DKIM_PASS },
		    { DKIM_PASS, DKIM_PASS }, ARC_TEMPERROR },
		{ "one that was not asked for", { DKIM_PASS, DKIM_OPEN },
		    { DKIM_PASS, DKIM_PASS }, ARC_TEMPERROR },
		{ "the message's key is not", { DKIM_PASS, DKIM_PASS },
		    { DKIM_PASS, DKIM_TEMPERROR }, ARC_TEMPERROR },
		{ "an unknown algorithm", { DKIM_UNJUDGED, DKIM_PASS },
		    { DKIM_PASS, DKIM_PASS }, ARC_UNJUDGED },
		{ "that, and a key that is not known", { DKIM_UNJUDGED,
		    DKIM_TEMPERROR }, { DKIM_PASS, DKIM_PASS }, ARC_UNJUDGED },
		{ "what fails does so, whatever is not known", {
		    DKIM_TEMPERROR, DKIM_FAIL }, { DKIM_PASS,
		    DKIM_UNJUDGED }, ARC_FAIL },
	};
	struct arc c;
	size_t i;
	int k;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		read_chain(&c, STR("S2p M2 A2 S1n M1 A1"));
		for (k = 0; k < 2; k++) {
			c.set[k].seal.result = t[i].seal[k];
			c.set[k].message.result = t[i].message[k];
		}
		arc_judge(&c);
		is_str(arc_status(c.status), arc_status(t[i].want), "%s",
		    t[i].name);
	}
	read_chain(&c, STR("A1 M1 S1f"));
	c.set[0].seal.result = c.set[0].message.result = DKIM_PASS;
	arc_judge(&c);
	is_int(c.status, ARC_FAIL, "a seal that says fail, and verifies");
	read_chain(&c, STR(""));
	arc_judge(&c);
	is_int(c.status, ARC_NONE, "no chain is none");
}

int
main(void)
{
	shapes();
	most();
	judged();
	arena_free(&arena);
	return done();
}
