/*
 * portprobe_plan.c: --tlsa: which records are offered, and when the key may be
 * changed
 */
#include <time.h>

#include "plan.h"
#include "run.h"
#include "tap.h"

/* Keys have numbers from 1 on: a byte that stands 32 times in a record. */
static const char *const key[] = {
	NULL,
	"1111111111111111111111111111111111111111111111111111111111111111",
	"2222222222222222222222222222222222222222222222222222222222222222",
	"3333333333333333333333333333333333333333333333333333333333333333",
	"4444444444444444444444444444444444444444444444444444444444444444",
	"5555555555555555555555555555555555555555555555555555555555555555",
};

/* A chain of so many certificates: the leaf's key, the issuer's. */
struct chain {
	size_t n;
	int leaf, issuer;
	bool by_next;
};

static struct tls_facts
facts(const struct chain *c, struct tls_cert cert[2])
{
	cert[0] = (struct tls_cert){ .spki256 = key[c->leaf], .key = "x",
	    .by_next = c->by_next };
	cert[1] = (struct tls_cert){ .spki256 = key[c->issuer] };
	return (struct tls_facts){ .cert = cert, .ncert = c->n };
}

/* What is published: usage, selector, type of digest, key; and how it came. */
struct zone {
	enum { NONE, THERE, FAILED } state;
	uint32_t ttl, zone_ttl;
	struct { uint8_t u, s, m; int key; size_t len; } rr[2];
};

static const struct {
	const char *name;
	struct chain one, other;	/* of the other kind; n 0: none */
	int next;			/* of the next certificate; 0: none */
	struct zone zone;
	const char *want;	/* USAGE KEY WHOSE [!], "!" is published; TTL,
				 * install after (now is 1000000), remove after */
} plans[] = {
	{ "one key, no issuer", { 1, 1, 0, false }, { .n = 0 }, 0, { .state =
	    NONE }, "3 11 current; 3600 - -" },
	{ "its issuer is sent", { 2, 1, 2, true }, { .n = 0 }, 0, { .state =
	    NONE }, "3 11 current, 2 22 issuer; 3600 - -" },
	{ "another is sent", { 2, 1, 2, false }, { .n = 0 }, 0, { .state =
	    NONE }, "3 11 current; 3600 - -" },
	{ "two keys of one issuer", { 2, 1, 2, true }, { 2, 3, 2, true }, 0,
	    { .state = NONE },
	    "3 11 current, 3 33 other, 2 22 issuer; 3600 - -" },
	{ "two issuers", { 2, 1, 2, true }, { 2, 3, 4, true }, 0, { .state =
	    NONE },
	    "3 11 current, 3 33 other, 2 22 issuer, 2 44 issuer; 3600 - -" },
	{ "the second without its issuer", { 2, 1, 2, true },
	    { 1, 3, 0, false }, 0, { .state = NONE },
	    "3 11 current, 3 33 other; 3600 - -" },
	{ "the first without its issuer", { 1, 1, 0, false },
	    { 2, 3, 4, true }, 0, { .state = NONE },
	    "3 11 current, 3 33 other; 3600 - -" },
	{ "published", { 1, 1, 0, false }, { .n = 0 }, 0, { THERE, 300, 7200,
	    { { 3, 1, 1, 1, 32 } } }, "3 11 current !; 7200 - -" },
	{ "another key", { 1, 1, 0, false }, { .n = 0 }, 0, { THERE, 300, 7200,
	    { { 3, 1, 1, 2, 32 } } }, "3 11 current; 7200 - -" },
	{ "another usage", { 1, 1, 0, false }, { .n = 0 }, 0, { THERE, 300,
	    7200, { { 2, 1, 1, 1, 32 } } }, "3 11 current; 7200 - -" },
	{ "another selector", { 1, 1, 0, false }, { .n = 0 }, 0, { THERE, 300,
	    7200, { { 3, 0, 1, 1, 32 } } }, "3 11 current; 7200 - -" },
	{ "another digest", { 1, 1, 0, false }, { .n = 0 }, 0, { THERE, 300,
	    7200, { { 3, 1, 2, 1, 32 } } }, "3 11 current; 7200 - -" },
	{ "a part of it", { 1, 1, 0, false }, { .n = 0 }, 0, { THERE, 300,
	    7200, { { 3, 1, 1, 1, 31 } } }, "3 11 current; 7200 - -" },
	{ "the second record", { 1, 1, 0, false }, { .n = 0 }, 0, { THERE, 300,
	    7200, { { 3, 1, 1, 2, 32 }, { 3, 1, 1, 1, 32 } } },
	    "3 11 current !; 7200 - -" },
	{ "a TTL that runs down", { 1, 1, 0, false }, { .n = 0 }, 5, { THERE,
	    300, 0, { { 3, 1, 1, 1, 32 } } },
	    "3 11 current !, 3 55 next; 300 1172800 172800" },
	{ "a TTL of the zone, the next key is not there", { 1, 1, 0, false },
	    { .n = 0 }, 5, { THERE, 300, 7200, { { 3, 1, 1, 1, 32 } } },
	    "3 11 current !, 3 55 next; 7200 1014400 14400" },
	{ "a TTL of the zone, the next key is there", { 1, 1, 0, false },
	    { .n = 0 }, 5, { THERE, 300, 7200, { { 3, 1, 1, 1, 32 },
	    { 3, 1, 1, 5, 32 } } },
	    "3 11 current !, 3 55 next !; 7200 1007200 14400" },
	{ "a TTL of two days that runs down", { 1, 1, 0, false }, { .n = 0 },
	    5, { THERE, 172800, 0, { { 3, 1, 1, 1, 32 } } },
	    "3 11 current !, 3 55 next; 172800 1345600 345600" },
	{ "none are there", { 1, 1, 0, false }, { .n = 0 }, 5, { .state =
	    NONE }, "3 11 current, 3 55 next; 3600 1007200 7200" },
	{ "what is there is not known", { 1, 1, 0, false }, { .n = 0 }, 5,
	    { .state = FAILED },
	    "3 11 current, 3 55 next; 3600 1172800 172800" },
	{ "the next key is the one in use", { 1, 1, 0, false }, { .n = 0 }, 1,
	    { .state = NONE }, "3 11 current; 3600 1000000 7200" },
};

/* The answer, or what there is in its place. */
static void
publish(const struct zone *z, struct dns_answer *a, struct dns_rr rr[2])
{
	static char data[6][32];
	size_t i;

	*a = (struct dns_answer){ .zone_ttl = z->zone_ttl, .rr = rr,
	    .status = z->state == FAILED ? DNS_SERVFAIL :
	    z->state == NONE ? DNS_NODATA : DNS_OK };
	for (i = 0; i < 2 && z->rr[i].len > 0; i++) {
		memset(data[z->rr[i].key], z->rr[i].key * 0x11, 32);
		rr[a->n++] = (struct dns_rr){ .usage = z->rr[i].u,
		    .selector = z->rr[i].s, .mtype = z->rr[i].m,
		    .ttl = z->ttl, .data = { data[z->rr[i].key],
		    z->rr[i].len } };
	}
}

/* The value of a key of a JSON text, without quotes. */
static struct str
value_of(const char *json, const char *name)
{
	char want[40];
	const char *at;
	size_t n;

	snprintf(want, sizeof want, "\"%s\":", name);
	at = strstr(json, want);
	if (at == NULL)
		return STR("?");
	at += strlen(want);
	at += *at == '"';
	n = strcspn(at, "\",}");
	return (struct str){ at, n };
}

/* A moment, in seconds since 1970; -1 for null. */
static long long
seconds(struct str s)
{
	struct tm tm = { 0 };
	char text[40] = "";

	if (s.n >= sizeof text || str_is(s, "null"))
		return -1;
	str_copy(text, s);
	return strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL ? -2 :
	    (long long)timegm(&tm);
}

static void
number(struct buf *b, long long n)
{
	if (n < 0)
		buf_s(b, " -");
	else
		buf_printf(b, " %lld", n);
}

static void
tell(const char *json, struct buf *b)
{
	struct str gone = value_of(json, "remove_after_s");
	const char *at = json;

	for (; (at = strstr(at, "{\"u\":")) != NULL; at++)
		buf_printf(b, "%s%.*s %.2s %.*s%s", b->n > 0 ? ", " : "",
		    STR_ARG(value_of(at, "u")), value_of(at, "data").p,
		    STR_ARG(value_of(at, "of")),
		    str_is(value_of(at, "there"), "true") ? " !" : "");
	buf_printf(b, "; %.*s", STR_ARG(value_of(json, "ttl")));
	number(b, seconds(value_of(json, "install_after")));
	if (str_is(gone, "null"))
		buf_s(b, " -");
	else
		buf_printf(b, " %.*s", STR_ARG(gone));
}

static void
offered(size_t i)
{
	struct tls_cert cert[2], second[2], next = { .spki256 =
	    key[plans[i].next] };
	struct settings set = { .show.tlsa = true, .show.next = "next.pem",
	    .show.next_cert = plans[i].next > 0 ? &next : NULL };
	struct run run = { .set = &set, .now = 1000000 };
	struct arena mem = { 0 };
	struct tls_facts other;
	struct dns_answer a;
	struct dns_rr rr[2];
	struct report r = { .run = &run, .mem = &mem, .host = "mx.test",
	    .port = 25, .tls.have_cert = true, .dane.there = &a };
	struct buf out = { 0 }, got = { 0 }, text = { 0 };
	struct json j = { .out = &out };
	char after[40];

	if (i % 2 == 0)			/* what its name leads to */
		r.dane.tlsa.base = "base.test";
	r.tls.facts = facts(&plans[i].one, cert);
	if (plans[i].other.n > 0) {
		other = facts(&plans[i].other, second);
		r.tls.other = &other;
	}
	publish(&plans[i].zone, &a, rr);
	json_open(&j, NULL, '{');
	plan_json(&r, &j);
	json_close(&j, '}');
	buf_s(&out, "");
	tell(out.p, &got);
	is_str(got.p, plans[i].want, "%s", plans[i].name);
	ok(str_is(value_of(out.p, "owner"), i % 2 == 0 ? "_25._tcp.base.test" :
	    "_25._tcp.mx.test"), "%s: where", plans[i].name);
	ok(str_is(value_of(out.p, "ttl_known"), plans[i].zone.zone_ttl > 0 ?
	    "true" : "false"), "%s: whose TTL", plans[i].name);
	plan_text(&r, &text);
	buf_c(&text, '\0');
	snprintf(after, sizeof after, "there is %.*s s after that",
	    STR_ARG(value_of(out.p, "remove_after_s")));
	ok((strstr(text.p, after) != NULL) == (plans[i].next > 1) &&
	    (strstr(text.p, "it may be installed now") != NULL) ==
	    (plans[i].next == 1), "%s: when, in words", plans[i].name);
	buf_free(&text);
	buf_free(&out);
	buf_free(&got);
	arena_free(&mem);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof plans / sizeof *plans; i++)
		offered(i);
	return done();
}
