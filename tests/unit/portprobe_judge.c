/* What was found has a name, and no trouble is passed over. */
#include <string.h>

#include "finding.h"
#include "formats.h"
#include "judge.h"
#include "judge_cert.h"
#include "run.h"
#include "target.h"
#include "tap.h"

static const struct settings settings;
static struct run run = { .set = &settings };
static struct target target;
static struct arena arena;

/* Names differ, and only the first may be none. */
#define NAMES(fn, n, none) do { \
	const char *name_[n]; \
	int i_; \
	for (i_ = 0; i_ < n; i_++) \
		name_[i_] = fn(i_); \
	names(#fn, name_, n, none); \
} while (0)

static void
names(const char *what, const char *const *name, int n, bool none)
{
	int i, k;

	if (none)
		ok(name[0] == NULL, "%s: none has no name", what);
	for (i = none; i < n; i++) {
		ok(name[i] != NULL && name[i][0] != '\0',
		    "%s: %d has a name", what, i);
		for (k = none; k < i; k++)
			if (name[k] != NULL && name[i] != NULL &&
			    strcmp(name[k], name[i]) == 0)
				ok(false, "%s: %d has the name of %d", what,
				    i, k);
	}
}

static void
troubles(void)
{
	int i;

	for (i = TROUBLE_NONE + 1; i < TROUBLES; i++) {
		struct report r = { .run = &run, .target = &target,
		    .mem = &arena, .ip = "192.0.2.1", .talk.starttls = -1,
		    .us = { -1, -1, -1, -1, -1, -1 } };
		const char *name = word_class((enum trouble_class)i);

		r.trouble.class = (enum trouble_class)i;
		r.trouble.text = "x";
		if (i == TROUBLE_DNS)
			r.verdict.status = EX_NOHOST;
		judge(&r);
		ok(r.verdict.state != STATE_OK, "%s: not ok", name);
		ok(r.verdict.sev != FINDING_HINT, "%s: told", name);
		ok(r.verdict.status != 0, "%s: a status", name);
		if (i == TROUBLE_INTERNAL)
			is_int(r.verdict.status, 71, "of the system's");
	}
}

/* The certificate that ends first says how many days are left. */
static void
days(void)
{
	static const struct {
		int day[3];
		int want;
		size_t depth;
	} t[] = { { { 5, 50, 500 }, 5, 0 }, { { 50, 5, 500 }, 5, 1 },
	    { { 500, 50, 5 }, 5, 2 }, { { 50, 50, 50 }, 50, 0 } };
	struct tls_cert c[3], sooner = { .subject = "x", .issuer = "y",
	    .until = run.now + 86400, .key = "EC", .sha256 = "b" };
	struct tls_facts other = { .cert = &sooner, .ncert = 1, .text = "ok" };
	size_t i, k;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct report r = { .run = &run, .target = &target,
		    .mem = &arena, .ip = "192.0.2.1", .talk.starttls = -1,
		    .us = { 1, 1, 1, -1, 1, 1 }, .tls.on = true,
		    .tls.have_cert = true, .tls.facts = { .version = "TLSv1.3",
		    .cipher = "x", .text = "ok", .cert = c, .ncert = 3 } };

		for (k = 0; k < 3; k++)
			c[k] = (struct tls_cert){ .subject = "x", .issuer = "y",
			    .until = run.now + t[i].day[k] * 86400 + 9,
			    .key = "RSA", .sigalg = "sha256", .bits = 4096,
			    .sha256 = "a" };
		judge(&r);
		is_int(r.verdict.days, t[i].want, "%d, %d and %d days",
		    t[i].day[0], t[i].day[1], t[i].day[2]);
		is_int((int)r.verdict.soonest, (int)t[i].depth,
		    "of which certificate");
		ok(r.verdict.ends == &c[t[i].depth] && !r.verdict.ends_other,
		    "of that chain");
		r.tls.other = &other;
		judge(&r);
		ok(r.verdict.ends == &sooner && r.verdict.ends_other,
		    "the other chain ends before it");
	}
}

/* Days are whole ones that are left, or that have begun since. */
static void
whole_days(void)
{
	static const struct {
		int64_t left;
		int want;
	} t[] = { { 0, 0 }, { 86399, 0 }, { 86400, 1 }, { -1, -1 },
	    { -86400, -1 }, { -86401, -2 }, { INT64_C(1) << 40, 99999 },
	    { -(INT64_C(1) << 40), -99999 } };
	struct report r = { .run = &run };
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct tls_cert c = { .until = run.now + t[i].left };

		is_int(judge_days(&r, &c), t[i].want, "%lld seconds",
		    (long long)t[i].left);
	}
}

/* How much time is too little, of which life. */
static void
spans(void)
{
	enum { D = 86400 };
	static const struct {
		const char *name;
		struct span span;
		int64_t life, want;
	} t[] = {
		{ "days", { SPAN_DAYS, 20, 33 }, 90 * D, 20 * D },
		{ "days, of a short life", { SPAN_DAYS, 20, 33 }, 5 * D,
		    20 * D },
		{ "a share", { SPAN_SHARE, 33, 50 }, 100 * D, 33 * D },
		{ "a share of a short life", { SPAN_SHARE, 50, 10 }, 5 * D,
		    5 * D / 2 },
		{ "usual, a long life", { SPAN_USUAL, 20, 33 }, 100 * D,
		    20 * D },
		{ "usual, a shorter one", { SPAN_USUAL, 20, 10 }, 100 * D,
		    10 * D },
		{ "usual, ten days", { SPAN_USUAL, 20, 50 }, 10 * D, 0 },
		{ "usual, eleven days", { SPAN_USUAL, 20, 50 }, 11 * D,
		    11 * D / 2 },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct tls_cert c = { .from = 5 * D, .until = 5 * D +
		    t[i].life };

		is_int(judge_span(&t[i].span, &c), t[i].want, "too little: %s",
		    t[i].name);
	}
}

/* ---- two things at once: each is told, whatever the other is */

static struct tls_cert cert;
static struct settings wants;
static struct run wanting = { .set = &wants };

static void
name_wrong(struct report *r)
{
	r->tls.facts.name = TLS_NAME_MISMATCH;
}

static void
untrusted(struct report *r)
{
	r->tls.facts.chain = TLS_CHAIN_UNTRUSTED;
}

static void
soon(struct report *r)
{
	(void)r;
	cert.until = 86400 + 9;
}

static void
weak(struct report *r)
{
	(void)r;
	cert.weak_hash = true;
}

static void
old(struct report *r)
{
	r->tls.facts.number = TLS_1_1;
}

static void
old_too(struct report *r)
{
	r->versions[0] = TRIED_YES;
}

static void
early(struct report *r)
{
	r->talk.buffered = true;
}

static void
injected(struct report *r)
{
	r->inject = INJECT_TAKEN;
}

static void
asked_for_ours(struct report *r)
{
	r->tls.client_cert = true;
}

static void
login(struct report *r)
{
	r->talk.login = "PLAIN";
}

static void
helo(struct report *r)
{
	r->talk.helo = true;
}

static void
slow(struct report *r)
{
	r->us.total = 9000000;
}

static void
weak_choice(struct report *r)
{
	r->tls.facts.weak_cipher = "x";
}

static void
weak_exchange(struct report *r)
{
	r->tls.facts.weak_kex = "x";
}

static void
unstapled(struct report *r)
{
	(void)r;
	cert.must_staple = true;
}

static void
verifies(struct report *r)
{
	static const char *offered[] = { "SIZE 1000", "VRFY" };

	r->talk.caps_tls = (struct caps){ true, offered, 2 };
}

static void
very_able(struct report *r)
{
	static const char *offered[PROBE_CAPS_MOST];
	size_t i;

	for (i = 0; i < PROBE_CAPS_MOST; i++)
		offered[i] = "X";
	r->talk.caps = (struct caps){ true, offered, PROBE_CAPS_MOST };
}

static void
very_able_within(struct report *r)
{
	static const char *offered[PROBE_CAPS_MOST];
	struct caps *c = &r->talk.caps_tls;
	size_t i;

	for (i = 0; i < PROBE_CAPS_MOST; i++)
		offered[i] = i < c->n ? c->v[i] : "X";
	*c = (struct caps){ true, offered, PROBE_CAPS_MOST };
}

static void (*const wrong[])(struct report *) = { name_wrong, untrusted, soon,
	weak, old, old_too, early, injected, asked_for_ours, login, helo, slow,
	weak_choice, weak_exchange, unstapled, verifies, very_able,
	very_able_within };
enum { WRONGS = sizeof wrong / sizeof *wrong };

static void
judged(struct report *r, size_t i, size_t k)
{
	*r = (struct report){ .run = &wanting, .target = &target,
	    .mem = &arena, .host = "a.test", .ip = "192.0.2.1", .port = 25,
	    .proto = probe_talk_named(STR("smtp")), .talk.starttls = 1,
	    .us = { 1, 1, 1, 1, 1, 1 }, .tls = { .on = true,
	    .have_cert = true, .name = "a.test", .facts = {
	    .number = TLS_1_3, .version = "TLSv1.3", .cipher = "x",
	    .text = "ok", .cert = &cert, .ncert = 1 } } };
	cert = (struct tls_cert){ .subject = "x", .issuer = "y",
	    .until = 900 * 86400, .key = "RSA", .sigalg = "sha1",
	    .bits = 4096 };
	if (i < WRONGS)
		wrong[i](r);
	if (k < WRONGS)
		wrong[k](r);
	judge(r);
}

/* Is all that is said of a said of b, too? */
static bool
within(const struct report *a, const struct report *b)
{
	const struct finding *f, *g;

	for (f = a->verdict.findings.first; f != NULL; f = f->next) {
		for (g = b->verdict.findings.first; g != NULL &&
		    (g->kind != f->kind || g->sev != f->sev); g = g->next)
			;
		if (g == NULL)
			return false;
	}
	return a->verdict.sev <= b->verdict.sev &&
	    fail_worse(a->verdict.status, b->verdict.status) ==
	    b->verdict.status;
}

static void
two_at_once(void)
{
	struct report one, other, both;
	size_t i, k;

	wants.want.min_tls = TLS_1_2;
	wants.want.warn = (struct span){ SPAN_DAYS, 20, 0 };
	wants.want.crit = (struct span){ SPAN_DAYS, 10, 0 };
	wants.want.lat_warn = 1000;
	judged(&one, WRONGS, WRONGS);
	ok(one.verdict.findings.first == NULL, "all is well");
	for (i = 0; i < WRONGS; i++) {
		judged(&one, i, WRONGS);
		ok(one.verdict.findings.first != NULL, "%zu alone is told", i);
		for (k = i + 1; k < WRONGS; k++) {
			judged(&other, k, WRONGS);
			judged(&both, i, k);
			ok(within(&one, &both) && within(&other, &both),
			    "%zu and %zu: both are told", i, k);
		}
	}
}

/* A record may be a whole certificate: all of it is shown. */
static void
long_record(void)
{
	static const char der[3000];
	enum tlsa_use use = TLSA_USED;
	struct dns_rr rr = { .usage = 3, .data = { der, sizeof der } };
	struct dns_answer answer = { .n = 1, .rr = &rr };
	struct report r = { .run = &run, .target = &target, .mem = &arena,
	    .host = "a.test", .dane = { .asked = true, .tlsa = {
	    .state = TLSA_USABLE, .answer = &answer, .use = &use } } };
	struct buf b = { .max = 1 << 20 };
	struct str s, data = STR("\"data\":\"");
	const char *at;

	json_report(&r, &b);
	s = BUF_STR(b);
	at = memmem(s.p, s.n, data.p, data.n);
	ok(at != NULL && strspn(at + data.n, "0") == 2 * sizeof der,
	    "a record of 3000 bytes");
	buf_free(&b);
}

int
main(void)
{
	NAMES(word_severity, FINDING_SEVS, false);
	NAMES(word_reach, REACHES, true);
	NAMES(word_class, TROUBLES, true);
	NAMES(word_place, PLACES, true);
	NAMES(word_state, STATES, false);
	NAMES(word_dane, DANES, false);
	NAMES(word_record, RECORDS, false);
	NAMES(word_policy, POLICY_VERDICTS, true);
	NAMES(word_tried, TRIEDS, true);
	NAMES(word_injected, INJECTEDS, true);
	troubles();
	days();
	whole_days();
	spans();
	two_at_once();
	long_record();
	arena_free(&arena);
	return done();
}
