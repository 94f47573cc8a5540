/*
 * dkim_sig.c: signatures: the examples of RFC 6376 (appendix A, key in C) and of
 * RFC 8463 (appendix A), what becomes of them when a byte changes, and what is
 * wrong with a field by itself
 */
#include "dkim_sig.h"

#include <stdlib.h>

#include "tap.h"

#define RFC6376_KEY "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
#define RFC6376 \
	"DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n" \
	"      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n" \
	"      h=Received : From : To : Subject : Date : Message-ID;\r\n" \
	"      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	"      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n" \
	"      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n" \
	"      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n" \
	"      4bmp/YzhwvcubU4=;\r\n" \
	"Received: from client1.football.example.com  [192.0.2.1]\r\n" \
	"      by submitserver.example.com with SUBMISSION;\r\n" \
	"      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n" \
	"From: Joe SixPack <joe@football.example.com>\r\n" \
	"To: Suzie Q <suzie@shopping.example.net>\r\n" \
	"Subject: Is dinner ready?\r\n" \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
#define BODY "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n"

#define RFC8463_HEAD \
	"From: Joe SixPack <joe@football.example.com>\r\n" \
	"To: Suzie Q <suzie@shopping.example.net>\r\n" \
	"Subject: Is dinner ready?\r\n" \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
#define ED25519_KEY "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define ED25519 \
	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n" \
	" subject : date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n" \
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
#define RSA_KEY "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
#define RSA \
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n" \
	" d=football.example.com; i=@football.example.com;\r\n" \
	" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n" \
	" date : message-id : from : subject : date;\r\n" \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n" \
	" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n" \
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n" \
	" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"

static struct arena arena;

static struct sign_key *
open_key(const struct dkim_key *k)
{
	struct buf der = { 0 };
	struct sign_key *key = NULL;

	if (dkim_base64(k->data, &der))
		key = sign_public(str_is(k->type, "rsa") ? SIGN_RSA :
		    SIGN_ED25519, BUF_STR(der));
	buf_free(&der);
	return key;
}

/* The topmost signature, verified. */
static struct dkim_sig
verify(const char *head, const char *body, const char *record)
{
	struct dkim_body *b = calloc(1, sizeof *b);
	const struct dkim_field *f;
	struct dkim_header h;
	struct dkim_key k;
	struct dkim_sig s;
	struct sign_key *key;
	unsigned char md[32];

	dkim_header_read(&h, &arena, str_of(head));
	for (f = h.field; !str_is(f->name, "DKIM-Signature"); f++)
		;
	dkim_sig_read(&s, &arena, DKIM_SIGNATURE, f->text);
	dkim_sig_digest(&s, &h);
	dkim_body_begin(b, s.body, s.length);
	dkim_body_put(b, body, strlen(body));
	dkim_body_end(b, md);
	dkim_sig_body(&s, md, b->size);
	dkim_parse(str_of(record), &k);
	key = open_key(&k);
	dkim_sig_key(&s, &k, key);
	sign_free(key);
	dkim_header_free(&h);
	free(b);
	return s;
}

static void
gives(enum dkim_result want, const char *name, const char *head,
    const char *body, const char *record)
{
	struct dkim_sig s = verify(head, body, record);

	is_str(dkim_result(s.result), dkim_result(want), "%s", name);
	if (s.result != want && s.why != NULL)
		diag("%s", s.why);
}

/* Each byte of the header changed, one after the other: never a pass. */
static void
changed(const char *name, const char *head, const char *record, bool folds)
{
	size_t n = strlen(head), i, start, passed = 0;
	char *copy = strdup(head);

	start = (size_t)(strstr(head, "From:") - head);
	for (i = start; i < n; i++) {
		if (!folds && (copy[i] == '\r' || copy[i] == '\n' ||
		    copy[i] == ' ' || copy[i] == ':'))
			continue;
		copy[i] ^= 1;
		passed += verify(copy, BODY, record).result == DKIM_PASS;
		copy[i] ^= 1;
	}
	is_int(passed, 0, "%s: no changed byte passes", name);
	free(copy);
}

#define SIG(tags) "From: a@b.test\r\nDKIM-Signature: " tags "\r\n"
#define REST "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=AAAA"
#define ED(more) SIG("v=1; a=ed25519-sha256; d=b.test; s=x; h=from; " more REST)

static const struct {
	enum dkim_result want;
	const char *name, *head;
} fields[] = {
	{ DKIM_FAIL, "all there", ED("c=simple/simple; ") },
	{ DKIM_FAIL, "defaults, odd tags", ED("z=a:b|c; new=x; ") },
	{ DKIM_PERMERROR, "no v", SIG("a=ed25519-sha256; d=b.test; s=x; h=from; " REST) },
	{ DKIM_UNJUDGED, "v=2", SIG("v=2; a=ed25519-sha256; d=b.test; s=x; h=from; " REST) },
	{ DKIM_UNJUDGED, "v=2, and nothing else is as it was", SIG("d=_; v=2; m=x") },
	{ DKIM_UNJUDGED, "an unknown algorithm", SIG("v=1; a=mldsa44-sha256; d=b.test; s=x; h=from; " REST) },
	{ DKIM_POLICY, "rsa-sha1", SIG("v=1; a=rsa-sha1; d=b.test; s=x; h=from; bh=AAAA; b=AAAA") },
	{ DKIM_UNJUDGED, "an unknown canonicalization", ED("c=nofws; ") },
	{ DKIM_UNJUDGED, "an unknown query", ED("q=http/well-known; ") },
	{ DKIM_FAIL, "one query of two", ED("q=http/x:dns/txt; ") },
	{ DKIM_PERMERROR, "no From", SIG("v=1; a=ed25519-sha256; d=b.test; s=x; h=to; " REST) },
	{ DKIM_PERMERROR, "no h", SIG("v=1; a=ed25519-sha256; d=b.test; s=x; " REST) },
	{ DKIM_PERMERROR, "no d", SIG("v=1; a=ed25519-sha256; s=x; h=from; " REST) },
	{ DKIM_PERMERROR, "no s", SIG("v=1; a=ed25519-sha256; d=b.test; h=from; " REST) },
	{ DKIM_PERMERROR, "no a", SIG("v=1; d=b.test; s=x; h=from; " REST) },
	{ DKIM_PERMERROR, "no b", SIG("v=1; a=ed25519-sha256; d=b.test; s=x; h=from; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=") },
	{ DKIM_PERMERROR, "no bh", SIG("v=1; a=ed25519-sha256; d=b.test; s=x; h=from; b=AAAA") },
	{ DKIM_PERMERROR, "bh of another size", SIG("v=1; a=ed25519-sha256; d=b.test; s=x; h=from; bh=AAAA; b=AAAA") },
	{ DKIM_PERMERROR, "bh is no base64", SIG("v=1; a=ed25519-sha256; d=b.test; s=x; h=from; bh=!; b=AAAA") },
	{ DKIM_PERMERROR, "a tag twice", ED("s=y; ") },
	{ DKIM_PERMERROR, "no =", ED("x; ") },
	{ DKIM_PERMERROR, "d= is no domain", SIG("v=1; a=ed25519-sha256; d=b..test; s=x; h=from; " REST) },
	{ DKIM_PERMERROR, "s= is no selector", SIG("v=1; a=ed25519-sha256; d=b.test; s=x/y; h=from; " REST) },
	{ DKIM_PERMERROR, "i= elsewhere", ED("i=@c.test; ") },
	{ DKIM_PERMERROR, "i= without @", ED("i=b.test; ") },
	{ DKIM_FAIL, "i= below", ED("i=\"x@y\"@c.b.TEST; ") },
	{ DKIM_PERMERROR, "x before t", ED("t=2; x=1; ") },
	{ DKIM_FAIL, "x is t", ED("t=2; x=2; ") },
	{ DKIM_FAIL, "a time behind 2106", ED("t=4294967296; x=999999999999; ") },
	{ DKIM_PERMERROR, "t= is no time", ED("t=now; ") },
	{ DKIM_UNJUDGED, "v=10", SIG("v=10; a=ed25519-sha256; d=b.test; s=x; h=from; " REST) },
	{ DKIM_PERMERROR, "l= is no length", ED("l=-1; ") },
	{ DKIM_FAIL, "l= over the body", ED("l=100000; ") },
	{ DKIM_PERMERROR, "empty", SIG("") },
};

/* Those of ARC, read only: its number, and what a seal must not have. */
static void
arc_fields(void)
{
#define BASE "x: a=ed25519-sha256; d=b.test; s=x; b=AAAA; "
#define HASH "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; "
	static const struct {
		enum dkim_form form;
		const char *text;
		enum dkim_result want;
		unsigned n;
	} t[] = {
		{ DKIM_ARC_MESSAGE, BASE HASH "h=to; i=1", DKIM_OPEN, 1 },
		{ DKIM_ARC_MESSAGE, BASE HASH "h=from", DKIM_PERMERROR, 0 },
		{ DKIM_ARC_MESSAGE, BASE HASH "h=from; i=0", DKIM_PERMERROR, 0 },
		{ DKIM_ARC_MESSAGE, BASE HASH "h=from; i=1000", DKIM_OPEN,
		    1000 },
		{ DKIM_ARC_MESSAGE, BASE "h=from; i=1", DKIM_PERMERROR, 1 },
		{ DKIM_ARC_SEAL, BASE "cv=none; i=1", DKIM_OPEN, 1 },
		{ DKIM_ARC_SEAL, BASE "cv=none", DKIM_PERMERROR, 0 },
		{ DKIM_ARC_SEAL, BASE "i=1", DKIM_PERMERROR, 1 },
		{ DKIM_ARC_SEAL, BASE "cv=none; i=1; h=from", DKIM_PERMERROR,
		    1 },
		{ DKIM_ARC_SEAL, BASE HASH "cv=none; i=1", DKIM_PERMERROR, 1 },
	};
	struct dkim_sig s;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		dkim_sig_read(&s, &arena, t[i].form, str_of(t[i].text));
		is_str(dkim_result(s.result), dkim_result(t[i].want), "ARC: %s",
		    t[i].text);
		is_int((int)s.instance, (int)t[i].n, "ARC: its number");
	}
}

/* A key that would do but for its size fails, for there is none here. */
static void
sizes(void)
{
	static const struct {
		enum sign_kind kind;
		unsigned bits;
		enum dkim_result want;
	} t[] = {
		{ SIGN_RSA, 512, DKIM_POLICY }, { SIGN_RSA, 1023, DKIM_POLICY },
		{ SIGN_RSA, 1024, DKIM_FAIL }, { SIGN_RSA, 4096, DKIM_FAIL },
		{ SIGN_RSA, 4097, DKIM_UNJUDGED },
		{ SIGN_ED25519, 256, DKIM_FAIL },
	};
	struct dkim_sig s;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct dkim_key k = { .bits = t[i].bits, .strict = true,
		    .type = t[i].kind == SIGN_RSA ? STR("rsa") :
		    STR("ed25519") };

		s = (struct dkim_sig){ .kind = t[i].kind, .domain = "b.test" };
		dkim_sig_key(&s, &k, NULL);
		is_str(dkim_result(s.result), dkim_result(t[i].want),
		    "a key of %u bits, t=s and no i=", t[i].bits);
	}
}

static void
lengths(void)
{
	static const struct {
		uint64_t length, size, uncovered;
		enum dkim_result want;
	} t[] = {
		{ UINT64_MAX, 10, 0, DKIM_OPEN }, { 10, 10, 0, DKIM_OPEN },
		{ 10, 12, 2, DKIM_OPEN }, { 0, 12, 12, DKIM_OPEN },
		{ 10, 9, 0, DKIM_FAIL },
	};
	static const unsigned char md[32];
	struct dkim_sig s;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		s = (struct dkim_sig){ .length = t[i].length,
		    .hash = { (const char *)md, 32 } };
		dkim_sig_body(&s, md, t[i].size);
		ok(s.result == t[i].want && s.uncovered == t[i].uncovered,
		    "l=%llu of %llu bytes", (unsigned long long)t[i].length,
		    (unsigned long long)t[i].size);
	}
	dkim_sig_read(&s, &arena, DKIM_SIGNATURE, STR("x: l=4294967297"));
	ok(s.length == 4294967297, "l= of over 4 GB");
}

/* Names of tags have a case: B= is not b=. */
static void
emptied(void)
{
	struct buf b = { 0 };
	struct dkim_sig s;

	dkim_sig_read(&s, &arena, DKIM_SIGNATURE,
	    STR("X: B=1; bb=2; b=3 ; c=4"));
	dkim_sig_field(&s, &b);
	buf_s(&b, "");
	is_str(b.p, "X: B=1; bb=2; b=; c=4", "b= alone is emptied");
	buf_free(&b);
}

int
main(void)
{
	struct dkim_sig s;
	size_t i;

	gives(DKIM_PASS, "RFC 6376, A.2", RFC6376, "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n", RFC6376_KEY);
	gives(DKIM_PASS, "its key as PKCS #1 has it (RFC 6376, 3.6.1)", RFC6376, "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n", "p=MIGJAoGBAPAhE/9QLdIGwSYapn1klbf8OQygZ4udCDV9afv/Ni0jE3ZKcUKPE4Iob2/dviNh9xM2HmKNKyrrfW4Ei0truh36/9G10LZTMnWVZP3jupH5FxpzaBu2j80yonR/N9WMfg64qGK11j21/qZzAaNo0FxZOggyY9I8N1A81RhyRxDZAgMBAAE=");
	gives(DKIM_PASS, "RFC 8463, Ed25519", ED25519 RFC8463_HEAD, BODY, ED25519_KEY);
	gives(DKIM_PASS, "RFC 8463, RSA", RSA RFC8463_HEAD, BODY, RSA_KEY);
	gives(DKIM_PASS, "both of them", RSA ED25519 RFC8463_HEAD, BODY, RSA_KEY);
	gives(DKIM_PASS, "bare LF in the body", ED25519 RFC8463_HEAD, "Hi.\n\nWe lost the game. Are you hungry yet?\n\nJoe.\n\n\n", ED25519_KEY);
	gives(DKIM_FAIL, "another body", ED25519 RFC8463_HEAD, BODY "x", ED25519_KEY);
	gives(DKIM_FAIL, "a second Subject", ED25519 RFC8463_HEAD "Subject: x\r\n", BODY, ED25519_KEY);
	gives(DKIM_FAIL, "another key", ED25519 RFC8463_HEAD, BODY, "k=ed25519; p=5Z7VCDwKyVPzRiVtxhJBZ5b6yM3tA7jzoRrInqkFLg8=");
	gives(DKIM_PERMERROR, "a revoked key", ED25519 RFC8463_HEAD, BODY, "v=DKIM1; k=ed25519; p=");
	gives(DKIM_PERMERROR, "a key of the other type", ED25519 RFC8463_HEAD, BODY, RSA_KEY);
	gives(DKIM_PERMERROR, "a broken key", ED25519 RFC8463_HEAD, BODY, "v=DKIM1; k=ed25519; p=AAAA");
	gives(DKIM_PERMERROR, "a key for SHA-1", ED25519 RFC8463_HEAD, BODY, ED25519_KEY "; h=sha1");
	gives(DKIM_PERMERROR, "a key that is not for mail", ED25519 RFC8463_HEAD, BODY, ED25519_KEY "; s=tlsrpt");
	gives(DKIM_PASS, "t=s, and i= is of the domain itself", ED25519 RFC8463_HEAD, BODY, ED25519_KEY "; t=s");
	gives(DKIM_PERMERROR, "t=s, and i= is below", RFC6376, BODY, RFC6376_KEY "; t=s");
	ok(sign_public(SIGN_RSA, STR("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00" "an Ed25519 key has 32 bytes here")) == NULL, "a key is of the type that it is said to be");
	s = verify(ED25519 RFC8463_HEAD, BODY, ED25519_KEY "; t=y");
	ok(s.result == DKIM_PASS && s.testing, "t=y");
	is_int(s.made, 1528637909, "t=");
	is_int(s.bits, 256, "bits");
	changed("RFC 8463", ED25519 RFC8463_HEAD, ED25519_KEY, false);
	changed("RFC 6376", RFC6376, RFC6376_KEY, true);
	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		gives(fields[i].want, fields[i].name, fields[i].head, BODY,
		    ED25519_KEY);
	arc_fields();
	sizes();
	lengths();
	emptied();
	arena_free(&arena);
	return done();
}
