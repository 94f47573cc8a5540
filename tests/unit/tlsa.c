/* tlsa.c: which TLSA records count, and when they are not even asked for */
#include "tlsa.h"

#include "tap.h"

/* A signed host whose TLSA records are these. */
static const struct dns_answer *
ask_records(void *arg, const char *name, unsigned type)
{
	static const struct dns_answer none = { .status = DNS_NODATA };
	static const struct dns_answer address = { .status = DNS_OK,
		.ad = true };

	(void)name;
	if (type == DNS_TLSA)
		return arg;
	return type == DNS_A ? &address : &none;
}

/* How many of them count, and which. */
static size_t
pick(const struct dns_rr *rr, unsigned n, enum tlsa_use *use)
{
	struct dns_answer a = { .status = DNS_OK, .ad = true, .n = n,
		.rr = rr };
	struct arena mem = { 0 };
	struct tlsa t;

	ok(tlsa_decide(&t, &mem, "mx.example", 25, ask_records, &a),
	    "%u records", n);
	memcpy(use, t.use, n * sizeof *use);
	arena_free(&mem);
	return t.usable;
}

static void
usable(void)
{
	static char bytes[65];
	static const struct {
		unsigned char u, s, m;
		size_t len;
		bool good;
	} cases[] = {
		{ 3, 1, 1, 32, true }, { 2, 0, 2, 64, true },
		{ 3, 0, 0, 65, true }, { 2, 1, 0, 1, true },
		{ 0, 1, 1, 32, false }, { 1, 1, 1, 32, false },
		{ 4, 1, 1, 32, false }, { 255, 1, 1, 32, false },
		{ 3, 2, 1, 32, false }, { 3, 1, 3, 32, false },
		{ 3, 1, 1, 31, false }, { 3, 1, 1, 33, false }, { 3, 1, 2, 32, false },
		{ 3, 1, 0, 0, false },
	};
	struct dns_rr rr = { .ttl = 1 };
	enum tlsa_use use;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		rr.usage = cases[i].u;
		rr.selector = cases[i].s;
		rr.mtype = cases[i].m;
		rr.data = (struct str){ bytes, cases[i].len };
		is_int((int)pick(&rr, 1, &use), cases[i].good, "%u %u %u, %zu bytes",
		    rr.usage, rr.selector, rr.mtype, rr.data.n);
	}
}

static void
agility(void)
{
	static char bytes[64];
#define RR(u, s, m, len) { .usage = u, .selector = s, .mtype = m, \
	.data = { bytes, len } }
	static const struct dns_rr rr[] = {
		RR(3, 1, 1, 32), RR(3, 1, 2, 64), RR(3, 1, 0, 10),
		RR(3, 0, 1, 32), RR(2, 1, 1, 32), RR(2, 1, 2, 63),
		RR(1, 1, 2, 64),
	};
	static const enum tlsa_use want[] = { TLSA_DROPPED, TLSA_USED,
		TLSA_USED, TLSA_USED, TLSA_USED, TLSA_NOUSE, TLSA_NOUSE };
	enum tlsa_use use[7];
	size_t i;

	is_int((int)pick(rr, 7, use), 4, "four are used");
	for (i = 0; i < 7; i++)
		is_int(use[i], want[i], "record %zu", i);
}

/* ---- the decision */

struct fake {
	const char *name;
	unsigned type;
	enum dns_status status;
	bool ad;
	const char *cname;
};

struct world {
	const struct fake *fake;
	const char *asked;		/* the last TLSA question */
	unsigned tlsa;
	unsigned delay;
	bool unbelieved;		/* all of it says that it is proven */
};

static const struct dns_answer *
ask(void *arg, const char *name, unsigned type)
{
	static char digest[32];
	static struct dns_rr rr = { .usage = 3, .selector = 1, .mtype = 1,
		.data = { digest, 32 } };
	static struct dns_answer answers[16];
	static const char *chains[16];
	static unsigned next;
	struct world *w = arg;
	struct dns_answer *a = &answers[next % 16];
	const struct fake *f;

	if (w->delay > 0 && w->delay-- > 0)
		return NULL;
	w->tlsa += type == DNS_TLSA;
	for (f = w->fake; f->name != NULL; f++)
		if (f->type == type && strcmp(f->name, name) == 0)
			break;
	*a = (struct dns_answer){ .name = name, .type = type,
	    .status = f->name == NULL ? DNS_NXDOMAIN : f->status,
	    .ad = f->ad, .ad_bit = f->ad || w->unbelieved, .rr = &rr };
	a->n = a->status == DNS_OK;
	if (f->cname != NULL) {
		chains[next % 16] = f->cname;
		a->cname = &chains[next % 16];
		a->ncname = 1;
	}
	next++;
	return a;
}

static const char t_mx[] = "_25._tcp.mx.example";
static const char t_real[] = "_25._tcp.real.example";

static const struct {
	const char *name;
	struct fake fake[6];
	enum tlsa_state state;
	const char *why, *base;
	unsigned tlsa;			/* questions for it */
} cases[] = {
	{ "all secure", { { "mx.example", DNS_A, DNS_OK, true, NULL },
	    { t_mx, DNS_TLSA, DNS_OK, true, NULL } }, TLSA_USABLE, NULL,
	    "mx.example", 1 },
	{ "the host is not: TLSA is never asked", { { "mx.example", DNS_A,
	    DNS_OK, false, NULL }, { t_mx, DNS_TLSA, DNS_SERVFAIL, false,
	    NULL } }, TLSA_NO, "insecure-host", NULL, 0 },
	{ "AAAA alone", { { "mx.example", DNS_AAAA, DNS_OK, true, NULL },
	    { t_mx, DNS_TLSA, DNS_OK, true, NULL } }, TLSA_USABLE, NULL,
	    "mx.example", 1 },
	{ "A fails, AAAA is there", { { "mx.example", DNS_A, DNS_SERVFAIL,
	    false, NULL }, { "mx.example", DNS_AAAA, DNS_OK, true, NULL },
	    { t_mx, DNS_TLSA, DNS_OK, true, NULL } }, TLSA_USABLE, NULL,
	    "mx.example", 1 },
	{ "both fail", { { "mx.example", DNS_A, DNS_SERVFAIL, false, NULL },
	    { "mx.example", DNS_AAAA, DNS_TIMEOUT, false, NULL } }, TLSA_TEMP,
	    "address-lookup", NULL, 0 },
	{ "no address", { { "mx.example", DNS_A, DNS_NODATA, true, NULL } },
	    TLSA_NO, "no-address", NULL, 0 },
	{ "no TLSA", { { "mx.example", DNS_A, DNS_OK, true, NULL } }, TLSA_NO,
	    "no-tlsa", NULL, 1 },
	{ "insecure TLSA", { { "mx.example", DNS_A, DNS_OK, true, NULL },
	    { t_mx, DNS_TLSA, DNS_OK, false, NULL } }, TLSA_NO,
	    "insecure-tlsa", "mx.example", 1 },
	{ "TLSA bogus", { { "mx.example", DNS_A, DNS_OK, true, NULL },
	    { t_mx, DNS_TLSA, DNS_BOGUS, false, NULL } }, TLSA_TEMP,
	    "tlsa-lookup", "mx.example", 1 },
	{ "TLSA refused", { { "mx.example", DNS_A, DNS_OK, true, NULL },
	    { t_mx, DNS_TLSA, DNS_REFUSED, false, NULL } }, TLSA_TEMP,
	    "tlsa-lookup", "mx.example", 1 },
	{ "alias, all secure", { { "mx.example", DNS_A, DNS_OK, true,
	    "real.example" }, { t_real, DNS_TLSA, DNS_OK, true, NULL } },
	    TLSA_USABLE, NULL, "real.example", 1 },
	{ "alias, TLSA at the alias", { { "mx.example", DNS_A, DNS_OK, true,
	    "real.example" }, { t_mx, DNS_TLSA, DNS_OK, true, NULL } },
	    TLSA_USABLE, NULL, "mx.example", 2 },
	{ "alias to an insecure zone", { { "mx.example", DNS_A, DNS_OK, false,
	    "real.example" }, { "mx.example", DNS_CNAME, DNS_OK, true, NULL },
	    { t_mx, DNS_TLSA, DNS_OK, true, NULL } }, TLSA_USABLE, NULL,
	    "mx.example", 1 },
	{ "alias in an insecure zone", { { "mx.example", DNS_A, DNS_OK, false,
	    "real.example" }, { "mx.example", DNS_CNAME, DNS_OK, false,
	    NULL }, { t_real, DNS_TLSA, DNS_OK, true, NULL } }, TLSA_NO,
	    "insecure-host", NULL, 0 },
	{ "alias, whose own record is gone by now", { { "mx.example", DNS_A,
	    DNS_OK, false, "real.example" }, { "mx.example", DNS_CNAME,
	    DNS_NODATA, true, NULL }, { t_mx, DNS_TLSA, DNS_OK, true, NULL } },
	    TLSA_NO, "insecure-host", NULL, 0 },
	{ "a name that cannot be asked for", { { "mx.example", DNS_A, DNS_OK,
	    true, NULL }, { t_mx, DNS_TLSA, DNS_INVALID, true, NULL } },
	    TLSA_NO, "no-tlsa", NULL, 1 },
	{ "no A, AAAA is not known", { { "mx.example", DNS_A, DNS_NODATA, true,
	    NULL }, { "mx.example", DNS_AAAA, DNS_SERVFAIL, false, NULL } },
	    TLSA_TEMP, "no-address", NULL, 0 },
	{ "A is not known, no AAAA", { { "mx.example", DNS_A, DNS_SERVFAIL,
	    false, NULL } }, TLSA_TEMP, "no-address", NULL, 0 },
	{ "A is insecure, AAAA is not", { { "mx.example", DNS_A, DNS_OK, false,
	    NULL }, { "mx.example", DNS_AAAA, DNS_OK, true, NULL }, { t_mx,
	    DNS_TLSA, DNS_OK, true, NULL } }, TLSA_USABLE, NULL, "mx.example",
	    1 },
};

static void
decide(size_t i)
{
	struct world w = { .fake = cases[i].fake, .delay = 1 };
	struct arena mem = { 0 };
	struct tlsa t;
	int tries = 0;

	while (!tlsa_decide(&t, &mem, "mx.example", 25, ask, &w) &&
	    tries++ < 10)
		;
	is_int(t.state, cases[i].state, "%s: state", cases[i].name);
	is_str(t.why, cases[i].why, "%s: why", cases[i].name);
	is_str(t.base, cases[i].base, "%s: base", cases[i].name);
	is_int(w.tlsa, cases[i].tlsa, "%s: questions", cases[i].name);
	arena_free(&mem);
}

/* For clients the usages of the authorities count, too; sound they must be. */
static const struct dns_answer *
any_usage(void *arg, const char *name, unsigned type)
{
	static char bytes[64];
	static const struct dns_rr rr[] = { RR(0, 0, 1, 32), RR(1, 1, 1, 32),
	    RR(1, 1, 2, 64), RR(4, 1, 1, 32), RR(1, 1, 1, 31) };
	static struct dns_answer a;

	(void)arg;
	a = (struct dns_answer){ .name = name, .type = type, .ad = true,
	    .status = DNS_OK, .rr = rr, .n = type == DNS_TLSA ? 5 : 1 };
	return &a;
}

static void
clients(void)
{
	static const enum tlsa_use want[] = { TLSA_USED, TLSA_DROPPED,
	    TLSA_USED, TLSA_NOUSE, TLSA_NOUSE };
	struct arena mem = { 0 };
	struct tlsa t;
	size_t i;

	ok(tlsa_decide(&t, &mem, "a.example", 25, any_usage, NULL) &&
	    t.state == TLSA_UNUSABLE, "between servers none is of use");
	ok(tlsa_decide_client(&t, &mem, "a.example", 993, any_usage, NULL) &&
	    t.state == TLSA_USABLE && t.usable == 2, "for clients two are");
	for (i = 0; t.use != NULL && i < 5; i++)
		is_int(t.use[i], want[i], "for clients: record %zu", i);
	arena_free(&mem);
}

/* The resolver says that all is proven, and is not believed. */
static void
unbelieved(void)
{
	static const struct fake host[] = {
		{ "mx.example", DNS_A, DNS_OK, false, NULL }, { .name = NULL }
	}, record[] = {
		{ "mx.example", DNS_A, DNS_OK, true, NULL },
		{ t_mx, DNS_TLSA, DNS_OK, false, NULL }, { .name = NULL }
	};
	struct world w = { .fake = host, .unbelieved = true };
	struct arena mem = { 0 };
	struct tlsa t;

	ok(tlsa_decide(&t, &mem, "mx.example", 25, ask, &w) &&
	    t.state == TLSA_NO && t.unbelieved, "a host");
	is_str(t.why, "untrusted-resolver", "it is not called insecure");
	is_int(w.tlsa, 0, "and its TLSA is not asked for");
	w.fake = record;
	ok(tlsa_decide(&t, &mem, "mx.example", 25, ask, &w) &&
	    t.state == TLSA_NO && t.unbelieved, "a record");
	is_str(t.why, "untrusted-resolver", "nor is this");
	w.unbelieved = false;
	ok(tlsa_decide(&t, &mem, "mx.example", 25, ask, &w) &&
	    !t.unbelieved, "what nobody calls proven is insecure");
	arena_free(&mem);
}

int
main(void)
{
	size_t i;

	usable();
	agility();
	clients();
	unbelieved();
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		decide(i);
	return done();
}
