/*
 * spf.c: SPF records and check_host() over a zone in memory; with files as
 * operands, the cases in them (see spf_suite.py)
 */
#include "spf_survey.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "tap.h"

struct rr {
	struct rr *next;
	char *name;
	unsigned type;
	struct dns_rr data;
};

static struct arena zone_mem, answers;
static struct rr *zone, **zone_end = &zone;
static unsigned delay;		/* every so many-th question is "not yet" */
static unsigned asked;
static struct cached {
	struct cached *next;
	struct dns_answer *a;
} *cache;

enum { TIMEOUT_TYPE = 1000 };

static void
forget(void)
{
	arena_free(&zone_mem);
	arena_free(&answers);
	zone_mem = answers = (struct arena){ 0 };
	zone = NULL;
	zone_end = &zone;
	cache = NULL;
}

static unsigned
type_of(const char *s)
{
	static const unsigned types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_TXT,
		DNS_PTR, DNS_CNAME };
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(s, dns_type(types[i])) == 0)
			return types[i];
	return TIMEOUT_TYPE;
}

static struct str
unhex(struct arena *mem, const char *s)
{
	size_t n = strlen(s) / 2, i;
	char *p = arena_new(mem, n + 1, 1);

	for (i = 0; i < n; i++) {
		char two[3] = { s[2 * i], s[2 * i + 1], '\0' };

		p[i] = (char)strtoul(two, NULL, 16);
	}
	return (struct str){ p, n };
}

static void
add(const char *name, const char *type, const char *text, bool hex)
{
	struct rr *r = arena_new(&zone_mem, 1, sizeof *r);
	char *p = arena_dup(&zone_mem, str_of(text)), *colon;
	size_t i;

	r->name = arena_dup(&zone_mem, str_of(name));
	for (i = 0; r->name[i] != '\0'; i++)
		r->name[i] = str_lower(r->name[i]);
	r->type = type_of(type);
	if (r->type == DNS_TXT) {
		r->data.data = hex ? unhex(&zone_mem, text) : str_of(p);
	} else if (r->type == DNS_A || r->type == DNS_AAAA) {
		r->data.data.p = arena_new(&zone_mem, 16, 1);
		r->data.data.n = r->type == DNS_A ? 4 : 16;
		inet_pton(r->type == DNS_A ? AF_INET : AF_INET6, text,
		    (char *)(uintptr_t)r->data.data.p);
	} else {
		colon = r->type == DNS_MX ? strchr(p, ':') : NULL;
		r->data.name = colon == NULL ? p : colon + 1;
	}
	*zone_end = r;
	zone_end = &r->next;
}

static const struct rr *
find(const char *name, unsigned type, const struct rr *from)
{
	for (; from != NULL; from = from->next)
		if ((type == 0 || from->type == type) &&
		    str_is(str_of(from->name), name))
			return from;
	return NULL;
}

static void
fill(struct dns_answer *a, const char *name, unsigned type, int depth)
{
	struct dns_rr *rr = arena_new(&answers, 32, sizeof *rr);
	const struct rr *r;

	a->rr = rr;
	for (r = zone; (r = find(name, type, r)) != NULL; r = r->next)
		rr[a->n++] = r->data;
	if (a->n > 0)
		return;
	r = find(name, DNS_CNAME, zone);
	if (r != NULL && depth < 8)
		fill(a, r->data.name, type, depth + 1);
	else if (r != NULL)
		a->status = DNS_SERVFAIL;
	else if (find(name, TIMEOUT_TYPE, zone) != NULL ||
	    str_starts(str_of(name), "error."))
		a->status = DNS_TIMEOUT;
	else
		a->status = find(name, 0, zone) != NULL ? DNS_NODATA :
		    DNS_NXDOMAIN;
}

static const struct dns_answer *
ask(void *arg, const char *name, unsigned type)
{
	struct cached *c;

	(void)arg;
	for (c = cache; c != NULL; c = c->next)
		if (c->a->type == type && str_is(str_of(name), c->a->name))
			return c->a;
	if (delay > 0 && asked++ % delay == 0)
		return NULL;
	c = arena_new(&answers, 1, sizeof *c);
	c->a = arena_new(&answers, 1, sizeof *c->a);
	c->a->name = arena_dup(&answers, str_of(name));
	c->a->type = type;
	fill(c->a, name, type, 0);
	c->next = cache;
	cache = c;
	return c->a;
}

/* ---- one case */

static struct arena mem;

static enum spf_result
run(struct spf *q, const char *ip)
{
	static unsigned char addr[16];
	enum spf_result r;
	int i;

	q->ask = ask;
	q->mem = &mem;
	q->ip.p = (const char *)addr;
	q->ip.n = strchr(ip, ':') != NULL ? 16 : 4;
	if (inet_pton(q->ip.n == 4 ? AF_INET : AF_INET6, ip, addr) != 1)
		return SPF_WAIT;
	for (i = 0; i < 300; i++)
		if ((r = spf_check(q, spf_domain(q))) != SPF_WAIT)
			return r;
	return SPF_WAIT;
}

static bool
among(const char *list, const char *one)
{
	struct str rest = str_of(list);

	while (rest.p != NULL)
		if (str_is(str_cut(&rest, ','), one))
			return true;
	return false;
}

/* test ID IP HELO FROM RESULT EXP */
static void
test(const char *file, char **w)
{
	struct spf q = { .mem = &mem };
	struct str helo = unhex(&mem, w[3]), from = unhex(&mem, w[4]), exp;
	const char *got;

	q.helo = helo.p;
	q.sender = from.p;
	got = spf_result(run(&q, w[2]));
	ok(among(w[5], got), "%s: %s: %s", file, w[1], got);
	if (!among(w[5], got))
		diag("want %s; %s", w[5], q.why != NULL ? q.why : "");
	if (strcmp(w[6], "-") == 0)
		return;
	exp = q.exp.p != NULL ? q.exp : STR("DEFAULT");
	helo = unhex(&mem, w[6]);
	is_mem(exp.p, exp.n, helo.p, helo.n, "%s: %s: explanation", file,
	    w[1]);
}

static void
suite(const char *file)
{
	static char line[65536];
	const char *name = strrchr(file, '/');
	FILE *f = fopen(file, "r");
	char *w[8], *save, *p;
	int n;

	ok(f != NULL, "open %s", file);
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		p = line;
		for (n = 0; n < 8; n++, p = NULL)
			if ((w[n] = strtok_r(p, " \n", &save)) == NULL)
				break;
		if (n == 0)
			continue;
		if (strcmp(w[0], "zone") == 0)
			forget();
		else if (strcmp(w[0], "rr") == 0 && n == 4)
			add(w[1], w[2], w[3], true);
		else if (strcmp(w[0], "test") == 0 && n == 7)
			test(name == NULL ? file : name + 1, w);
		else
			ok(false, "line %s", line);
	}
	if (f != NULL)
		fclose(f);
}

/* ---- our own */

static void
syntax(void)
{
	static const struct {
		const char *record;
		bool good;
	} cases[] = {
		{ "v=spf1", true }, { "v=spf1 ", true },
		{ "v=spf1 a/24//64 mx//0 -all", true },
		{ "v=spf1 a/33", false }, { "v=spf1 a//129", false },
		{ "v=spf1 a/024", false }, { "v=spf1 a/", false },
		{ "v=spf1 ip4:1.2.3.4/0", true },
		{ "v=spf1 ip4:1.2.3.04", false },
		{ "v=spf1 ip6:::1/128", true }, { "v=spf1 ip6:1.2.3.4", false },
		{ "v=spf1 exists:%{l/}.example.com", true },
		{ "v=spf1 exists:%{l0}.example.com", false },
		{ "v=spf1 a:%{d}", true }, { "v=spf1 a:%{c}", false },
		{ "v=spf1 redirect=a.b redirect=a.b", false },
		{ "v=spf1 exp=a.b exp=a.b", false },
		{ "v=spf1 x=%{d} y=%{d}", true }, { "v=spf1 x=%d", false },
		{ "v=spf1 +redirect=a.b", false }, { "v=spf1 ?", false },
		{ "v=spf1 a:example.com.", true }, { "v=spf1 a:com.", false },
		{ "v=spf1 a:example.123", false }, { "v=spf1\ta", false },
	};
	struct spf_record r;
	size_t i, n;
	char *copy;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		ok((spf_parse(&mem, str_of(cases[i].record), &r) == 0) ==
		    cases[i].good, "%s", cases[i].record);
		/* Cut anywhere, from the heap: nothing is read behind it. */
		for (n = 6; n <= strlen(cases[i].record); n++) {
			copy = malloc(n);
			memcpy(copy, cases[i].record, n);
			spf_parse(&mem, (struct str){ copy, n }, &r);
			free(copy);
		}
	}
}

static void
survey(void)
{
	struct spf q = { .ask = ask, .mem = &mem };
	struct spf_survey s;
	int i = 0;

	forget();
	add("a.example", "TXT", "v=spf1 a mx include:b.example "
	    "include:%{d2}.x.example redirect=c.example", false);
	add("a.example", "A", "192.0.2.1", false);
	add("a.example", "MX", "10:mx.a.example", false);
	add("mx.a.example", "AAAA", "2001:db8::1", false);
	add("b.example", "TXT", "v=spf1 a:none.example include:a.example "
	    "ptr -all exists:never.example", false);
	add("c.example", "TXT", "v=spf1 a:none.example -all exp=x.y", false);
	while (!spf_survey(&s, &q, "a.example") && i < 100)
		i++;
	/* a mx include include redirect; a include ptr; a */
	is_int(s.lookups, 9, "lookups of a tree");
	is_int(s.void4.n, 3, "void lookups by IPv4");
	is_int(s.void6.n, 3, "void lookups by IPv6");
	is_int(s.n, 4, "records in it");
	ok(s.node[2]->loop, "a loop is found");
	ok(s.macros && !s.capped, "macros are noticed");
	is_int(s.node[1]->lookups, 3, "lookups of a part");
}

/*
 * What is looked at of a client's check, one beside each bound; of n hosts the
 * last has the client's address.
 */
static const struct bound {
	const char *record, *type, *owner;	/* n of this type there */
	int n;
	enum spf_result want;
	const char *name;
} bounds[] = {
	{ "v=spf1 mx -all", "MX", "a.example", 10, SPF_PASS, "10 MX" },
	{ "v=spf1 mx -all", "MX", "a.example", 11, SPF_PERMERROR, "11 MX" },
	{ "v=spf1 ptr -all", "PTR", "1.2.0.192.in-addr.arpa", 10, SPF_PASS,
	    "10 names" },
	{ "v=spf1 ptr -all", "PTR", "1.2.0.192.in-addr.arpa", 11, SPF_FAIL,
	    "11 names: the last is not looked at" },
};

static void
bound(const struct bound *c)
{
	struct spf q = { .helo = "a.example", .sender = "x@a.example" };
	char name[40], data[60];
	int i;

	forget();
	add("a.example", "TXT", c->record, false);
	for (i = 1; i <= c->n; i++) {
		snprintf(name, sizeof name, "m%d.%s.example", i,
		    i == c->n ? "a" : "b");
		snprintf(data, sizeof data, "%s%s",
		    strcmp(c->type, "MX") == 0 ? "10:" : "", name);
		add(c->owner, c->type, data, false);
		add(name, "A", i < c->n && strcmp(c->type, "MX") == 0 ?
		    "198.51.100.1" : "192.0.2.1", false);
	}
	is_str(spf_result(run(&q, "192.0.2.1")), spf_result(c->want), "%s",
	    c->name);
}

/* What comes of names that the sender writes, and who it was that decided. */
static const struct asked_of {
	const char *name, *record;
	const char *rr[4][3];		/* what else is in the zone */
	const char *sender;
	enum spf_result want;
	const char *by, *term;		/* whose term; NULL: the record's end */
} checks[] = {
	{ "no host of mx is looked up", "v=spf1 a:n1.test a:n2.test mx -all",
	    { { "a.example", "MX", "0:." } }, "x", SPF_FAIL, "a.example",
	    "-all" },
	{ "a name that cannot be does not match", "v=spf1 a:%{l}.test -all",
	    { { NULL } }, "x..y", SPF_FAIL, "a.example", "-all" },
	{ "but for include", "v=spf1 include:%{l}.test -all", { { NULL } },
	    "x..y", SPF_PERMERROR, NULL, NULL },
	{ "what did not match is not named", "v=spf1 include:b.test",
	    { { "b.test", "TXT", "v=spf1 -all" } }, "x", SPF_NEUTRAL,
	    "a.example", NULL },
	{ "a record that is redirected to", "v=spf1 redirect=b.test",
	    { { "b.test", "TXT", "v=spf1 ~all" } }, "x", SPF_SOFTFAIL,
	    "b.test", "~all" },
	{ "one that is included", "v=spf1 include:b.test -all",
	    { { "b.test", "TXT", "v=spf1 ip4:192.0.2.1 -all" } }, "x",
	    SPF_PASS, "a.example", "include:b.test" },
	{ "a dollar is no plain byte", "v=spf1 exists:%{l}.test -all",
	    { { "a\\036b.test", "A", "127.0.0.2" } }, "a$b", SPF_PASS,
	    "a.example", "exists:%{l}.test" },
#define X62 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X52 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	{ "a label of 63 bytes", "v=spf1 exists:%{l}.test -all",
	    { { X62 "y.test", "A", "127.0.0.2" } }, X62 "y", SPF_PASS,
	    "a.example", "exists:%{l}.test" },
	{ "a label of 64 bytes", "v=spf1 exists:%{l}.test -all",
	    { { X62 "yy.test", "A", "127.0.0.2" } }, X62 "yy", SPF_FAIL,
	    "a.example", "-all" },
	{ "a name of 253 bytes", "v=spf1 exists:%{l}.test -all",
	    { { "a." X62 "b." X62 "b." X62 "b." X52 "ab.test", "A",
	    "127.0.0.2" } }, "a." X62 "b." X62 "b." X62 "b." X52 "ab",
	    SPF_PASS, "a.example", "exists:%{l}.test" },
	{ "of a longer one the end", "v=spf1 exists:%{l}.test -all",
	    { { X62 "b." X62 "b." X62 "b." X52 "abc.test", "A",
	    "127.0.0.2" } }, "a." X62 "b." X62 "b." X62 "b." X52 "abc",
	    SPF_PASS, "a.example", "exists:%{l}.test" },
	{ "%{p}: a name in the domain", "v=spf1 exists:%{p}.test -all",
	    { { "1.2.0.192.in-addr.arpa", "PTR", "h.other.example" },
	    { "1.2.0.192.in-addr.arpa", "PTR", "h.a.example" },
	    { "h.a.example.test", "A", "127.0.0.2" } }, "x", SPF_PASS,
	    "a.example", "exists:%{p}.test" },
	{ "%{p}: the first of two", "v=spf1 exists:%{p}.test -all",
	    { { "1.2.0.192.in-addr.arpa", "PTR", "h.a.example" },
	    { "1.2.0.192.in-addr.arpa", "PTR", "g.a.example" },
	    { "h.a.example.test", "A", "127.0.0.2" } }, "x", SPF_PASS,
	    "a.example", "exists:%{p}.test" },
};

static void
check(const struct asked_of *c)
{
	struct spf q = { .helo = "a.example", .now = 1 };
	enum spf_result got;
	char sender[400];
	size_t i;

	snprintf(sender, sizeof sender, "%s@a.example", c->sender);
	q.sender = sender;
	forget();
	add("a.example", "TXT", c->record, false);
	for (i = 0; i < 4 && c->rr[i][0] != NULL; i++)
		add(c->rr[i][0], c->rr[i][1], c->rr[i][2], false);
	add("h.a.example", "A", "192.0.2.1", false);
	add("g.a.example", "A", "192.0.2.1", false);
	add("h.other.example", "A", "192.0.2.1", false);
	got = run(&q, "192.0.2.1");
	is_str(spf_result(got), spf_result(c->want), "%s", c->name);
	if (got == SPF_PERMERROR)
		return;
	is_str(q.domain, c->by, "%s: whose", c->name);
	is_mem(q.term.p != NULL ? q.term.p : "", q.term.n, c->term != NULL ?
	    c->term : "", c->term != NULL ? strlen(c->term) : 0,
	    "%s: which term", c->name);
}

/* A name of one label has no record, whatever is there (section 4.3). */
static void
top_level(void)
{
	struct spf q = { .helo = "", .sender = "x@example" };

	forget();
	add("example", "TXT", "v=spf1 +all", false);
	is_str(spf_result(run(&q, "192.0.2.1")), "none", "one label");
	q = (struct spf){ .helo = "", .sender = "x@a.example" };
	add("a.example", "TXT", "v=spf1 -all exp=why.test", false);
	add("why.test", "TXT", "a\x7f", false);
	is_str(spf_result(run(&q, "192.0.2.1")), "fail", "an odd explanation");
	ok(q.exp.p == NULL, "which is not told");
}

/* ---- which record, and does it forbid all */

static void
selected(void)
{
	static const struct {
		const char *record[2];
		unsigned found;
		bool forbids;
	} t[] = {
		{ { "v=spf1 -all" }, 1, true },
		{ { "v=spf1 ~all" }, 1, false },
		{ { "v=spf1 ?all" }, 1, false },
		{ { "v=spf1 +all" }, 1, false },
		{ { "v=spf1" }, 1, false },
		{ { "v=spf1 mx -all" }, 1, false },
		{ { "v=spf1 -all a:b" }, 1, false },
		{ { "v=spf1 -all", "v=spf1 ~all" }, 2, false },
		{ { "v=spf1 -all", "v=spf2 -all" }, 1, true },
		{ { "v=spf1\t-all" }, 0, false },
		{ { "v=spf10 -all" }, 0, false },
		{ { "x", "V=SPF1 -all" }, 1, true },
	};
	struct dns_rr rr[2];
	struct dns_answer a = { .rr = rr };
	struct str text;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		rr[0].data = str_of(t[i].record[0]);
		rr[1].data = str_of(t[i].record[1]);
		a.n = t[i].record[1] != NULL ? 2 : 1;
		is_int((int)spf_select(&a, &text), (int)t[i].found, "%s: found",
		    t[i].record[0]);
		if (t[i].found > 1)
			ok(text.p == rr[0].data.p, "the first of them");
		is_int(spf_forbids(&mem, &a), t[i].forbids, "%s: forbids all",
		    t[i].record[0]);
	}
}

static void
terms(void)
{
	struct buf b = { 0 };
	struct spf_record r;
	int i;

	ok(spf_parse(&mem, STR("v=spf1 -all ?all"), &r) == 0 &&
	    r.all == &r.term[0], "of two \"all\" the first counts");
	buf_s(&b, "v=spf1");
	for (i = 0; i < 2047; i++)
		buf_s(&b, " a");
	is_int(spf_parse(&mem, BUF_STR(b), &r), 0, "2047 terms");
	buf_s(&b, " a");
	is_int(spf_parse(&mem, BUF_STR(b), &r), -1, "one more");
	buf_free(&b);
}

/* ---- what a record costs */

static const struct cost {
	const char *name, *record;
	const char *rr[2][3];
	unsigned lookups, void4, void6, dead;
	bool unsure;			/* its first term */
	const char *temp;		/* what is not known now */
} costs[] = {
	{ "no IPv4", "v=spf1 a:b.test", { { "b.test", "AAAA", "::1" } },
	    1, 1, 0, 0, false, NULL },
	{ "no IPv6", "v=spf1 a:b.test", { { "b.test", "A", "192.0.2.1" } },
	    1, 0, 1, 0, false, NULL },
	{ "neither", "v=spf1 a:b.test", { { NULL } }, 1, 1, 1, 1, false, NULL },
	{ "nothing that exists", "v=spf1 exists:b.test", { { NULL } }, 1, 1, 1,
	    1, false, NULL },
	{ "no MX", "v=spf1 mx:b.test", { { NULL } }, 1, 1, 1, 1, false, NULL },
	{ "a null MX", "v=spf1 mx:b.test", { { "b.test", "MX", "0:." } }, 1, 0,
	    0, 0, false, NULL },
	{ "MX that are not known", "v=spf1 mx:error.test", { { NULL } }, 1, 0,
	    0, 0, true, "error.test" },
	{ "A that is not known, and AAAA", "v=spf1 a:b.test",
	    { { "b.test", "AAAA", "::1" }, { "b.test", "TIMEOUT", "x" } }, 1,
	    0, 0, 0, true, "b.test" },
	{ "of two that are not known the first", "v=spf1 a:error.x.test "
	    "a:error.y.test", { { NULL } }, 2, 0, 0, 0, true,
	    "error.x.test" },
	{ "behind all", "v=spf1 -all a:b.test redirect=c.test", { { NULL } },
	    0, 0, 0, 0, false, NULL },
	{ "two records count for nothing", "v=spf1 a:b.test", { { "a.example",
	    "TXT", "v=spf1 a:b.test" } }, 0, 0, 0, 0, false, NULL },
	{ "no lookups", "v=spf1 ip4:192.0.2.1 ip6:::1 x=y exp=a.b -all",
	    { { NULL } }, 0, 0, 0, 0, false, NULL },
};

static struct spf_survey
surveyed(const char *record, const char *const rr[][3], size_t n)
{
	struct spf q = { .ask = ask, .mem = &mem };
	struct spf_survey s;
	size_t i;

	forget();
	add("a.example", "TXT", record, false);
	for (i = 0; i < n && rr[i][0] != NULL; i++)
		add(rr[i][0], rr[i][1], rr[i][2], false);
	while (!spf_survey(&s, &q, "a.example"))
		;
	return s;
}

static void
cost(const struct cost *c)
{
	struct spf_survey s = surveyed(c->record, c->rr, 2);

	is_int((int)s.lookups, (int)c->lookups, "cost: %s", c->name);
	ok(s.void4.n == c->void4 && s.void6.n == c->void6, "cost: %s: void lookups",
	    c->name);
	is_int((int)s.dead.n, (int)c->dead, "cost: %s: dead names", c->name);
	is_str(s.temp != NULL ? s.temp->name : NULL, c->temp,
	    "cost: %s: not known", c->name);
	ok(s.lookups == 0 || s.node[0]->reach[0].unsure == c->unsure,
	    "cost: %s: sure", c->name);
}

/* What is looked up of a stranger's record has an end, which is told. */
static void
cost_bounds(void)
{
	const char *mx[11][3];
	char host[11][24];
	struct buf b = { 0 };
	int i;

	for (i = 0; i < 11; i++) {
		snprintf(host[i], sizeof host[i], "10:h%d.test", i);
		mx[i][0] = "a.example";
		mx[i][1] = "MX";
		mx[i][2] = host[i];
	}
	ok(surveyed("v=spf1 mx -all", mx, 10).many_mx == NULL, "cost: 10 MX");
	ok(surveyed("v=spf1 mx -all", mx, 11).many_mx != NULL, "cost: 11 MX");
	buf_s(&b, "v=spf1");
	for (i = 0; i < 30; i++)
		buf_printf(&b, " exists:h%d.test", i);
	ok(!surveyed(b.p, mx, 0).capped, "cost: 30 terms");
	buf_s(&b, " exists:i.test");
	ok(surveyed(b.p, mx, 0).capped, "cost: one more");
	buf_free(&b);
}

/* ---- who may send */

/*
 * effect: a letter for each term: decides, behind all, covered, nobody; pass:
 * the networks.
 */
static const struct flat_case {
	const char *record, *effect, *pass;
	bool client;
} flats[] = {
	{ "v=spf1 ip4:192.0.2.1 -all", "DD", "192.0.2.1", false },
	{ "v=spf1 ip4:192.0.2.7/24 ip6:2001:db8::7/32 -all", "DDD",
	    "192.0.2.0/24 2001:db8::/32", false },
	{ "v=spf1 -all ip4:192.0.2.1", "DB", "", false },
	{ "v=spf1 -all redirect=inc.example", "DB", "", false },
	{ "v=spf1 redirect=inc.example ip4:192.0.2.1", "DD",
	    "192.0.2.1 198.51.100.0/24", false },
	{ "v=spf1 redirect=inc.example ip4:198.51.100.0/24", "DD",
	    "198.51.100.0/24", false },
	{ "v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.9 -all", "DCD",
	    "192.0.2.0/24", false },
	{ "v=spf1 -ip4:192.0.2.0/24 ip4:192.0.2.9 -all", "DCD", "", false },
	{ "v=spf1 -ip4:192.0.2.8 ip4:192.0.2.8/30 -all", "DDD",
	    "192.0.2.9 192.0.2.10/31", false },
	{ "v=spf1 ip4:192.0.2.9 ip4:192.0.2.0/24 -all", "DDD",
	    "192.0.2.0/24", false },
	{ "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ip4:192.0.2.0/24", "DDC",
	    "192.0.2.0/24", false },
	{ "v=spf1 +all", "D", "0.0.0.0/0 ::/0", false },
	{ "v=spf1 ?all", "D", "", false },
	{ "v=spf1 ip4:0.0.0.0/0 -all", "DD", "0.0.0.0/0", false },
	{ "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "DDD", "0.0.0.0/0",
	    false },
	{ "v=spf1 ip4:255.255.255.255 ip4:0.0.0.0 ~all", "DDD",
	    "0.0.0.0 255.255.255.255", false },
	{ "v=spf1 ip6:ffff::/16 ip6:::/128 ~all", "DDD", ":: ffff::/16", false },
	{ "v=spf1 exists:host.example -all", "DC", "0.0.0.0/0 ::/0", false },
	{ "v=spf1 exists:gone.example -all", "ND", "", false },
	{ "v=spf1 exists:%{i}.x.example -all", "DD", "", true },
	{ "v=spf1 ptr -all", "DD", "", true },
	{ "v=spf1 a:host.example -all", "DD", "192.0.2.25 2001:db8::25", false },
	{ "v=spf1 a:host.example/24//64 -all", "DD",
	    "192.0.2.0/24 2001:db8::/64", false },
	{ "v=spf1 a:gone.example -all", "ND", "", false },
	{ "v=spf1 mx:host.example -all", "DD", "192.0.2.25 2001:db8::25",
	    false },
	{ "v=spf1 a:host.example mx:host.example -all", "DCD",
	    "192.0.2.25 2001:db8::25", false },
	{ "v=spf1 include:inc.example include:inc.example -all", "DCD",
	    "198.51.100.0/24", false },
	{ "v=spf1 -include:inc.example +all", "DD",
	    "0.0.0.0/1 128.0.0.0/2 192.0.0.0/6 196.0.0.0/7 198.0.0.0/11 "
	    "198.32.0.0/12 198.48.0.0/15 198.50.0.0/16 198.51.0.0/18 "
	    "198.51.64.0/19 198.51.96.0/22 198.51.101.0/24 198.51.102.0/23 "
	    "198.51.104.0/21 198.51.112.0/20 198.51.128.0/17 198.52.0.0/14 "
	    "198.56.0.0/13 198.64.0.0/10 198.128.0.0/9 199.0.0.0/8 "
	    "200.0.0.0/5 208.0.0.0/4 224.0.0.0/3 ::/0", false },
	{ "v=spf1 include:open.example -all", "DC", "0.0.0.0/0 ::/0", false },
	{ "v=spf1 include:none.example -all", "ND", "", false },
	{ "v=spf1 include:gone.example -all", "DD", "", true },
	{ "v=spf1 include:deep.example -all", "DD", "198.51.100.0/24", false },
	{ "v=spf1 x=y exp=z.example a:host.example", "DDD",
	    "192.0.2.25 2001:db8::25", false },
	{ "v=spf1 redirect=inc.example -all", "BD", "", false },
	{ "v=spf1 -all exp=z.example x=y", "DDD", "", false },
	{ "v=spf1 ip4:192.0.2.3/31 -all", "DD", "192.0.2.2/31", false },
	{ "v=spf1 ip6:2001:db8:: ?ip6:2001:db8::/127 -all", "DDD",
	    "2001:db8::", false },
	{ "v=spf1 -ip6:2001:db8::3 ip6:2001:db8::/126 -all", "DDD",
	    "2001:db8::/127 2001:db8::2", false },
	/* behind the first one's end the second is the least of three */
	{ "v=spf1 -ip4:192.0.2.4/30 ip4:192.0.2.0/24 -ip4:192.0.0.0/16 "
	    "ip4:192.0.2.6/31", "DDDC", "192.0.2.0/30 192.0.2.8/29 "
	    "192.0.2.16/28 192.0.2.32/27 192.0.2.64/26 192.0.2.128/25", false },
	{ "v=spf1 a:error.test -all", "DD", "", true },
	{ "v=spf1 include:vague.example -all", "DD", "", true },
	{ "v=spf1 include:twice.example -all", "DD", "", true },
	{ "v=spf1", "", "", false },
};

static void
flat_told(const struct spf_node *n, struct buf *effect, struct buf *pass)
{
	struct spf_at at;
	char text[64];
	size_t i;
	int f;

	for (i = 0; i < n->record.n; i++)
		buf_c(effect, "DBCN"[n->flat->effect[i]]);
	for (f = 0; f < SPF_FAMILIES; f++)
		for (at = (struct spf_at){ .i = 0 };
		    spf_network(&n->flat->pass[f], f, &at, text); )
			buf_printf(pass, "%s%s", pass->n > 0 ? " " : "", text);
}

static void
flat(const struct flat_case *c)
{
	struct spf q = { .ask = ask, .mem = &mem };
	struct buf effect = { 0 }, pass = { 0 };
	struct spf_survey s;

	forget();
	add("a.example", "TXT", c->record, false);
	add("inc.example", "TXT", "v=spf1 ip4:198.51.100.0/24 -all", false);
	add("open.example", "TXT", "v=spf1 a:host.example +all", false);
	add("none.example", "TXT", "v=spf1 -all", false);
	add("deep.example", "TXT", "v=spf1 redirect=inc.example", false);
	add("vague.example", "TXT", "v=spf1 ptr -all", false);
	add("twice.example", "TXT", "v=spf1 -all", false);
	add("twice.example", "TXT", "v=spf1 -all", false);
	add("host.example", "A", "192.0.2.25", false);
	add("host.example", "AAAA", "2001:db8::25", false);
	add("host.example", "MX", "10:host.example", false);
	while (!spf_survey(&s, &q, "a.example"))
		;
	spf_flatten(&mem, &s);
	buf_s(&effect, "");
	buf_s(&pass, "");
	flat_told(s.node[0], &effect, &pass);
	is_str(effect.n > 0 ? effect.p : "", c->effect, "effect: %s", c->record);
	is_str(pass.n > 0 ? pass.p : "", c->pass, "pass: %s", c->record);
	is_int(s.node[0]->flat->client, c->client, "client: %s", c->record);
	buf_free(&effect);
	buf_free(&pass);
}

/* The share of all addresses that a record lets pass. */
static void
share(const char *record, int family, double want)
{
	struct spf q = { .ask = ask, .mem = &mem };
	struct spf_survey s;

	forget();
	add("a.example", "TXT", record, false);
	while (!spf_survey(&s, &q, "a.example"))
		;
	spf_flatten(&mem, &s);
	ok(spf_share(&s.node[0]->flat->pass[family], family) == want,
	    "share of %s", record);
}

static void
who(void)
{
	size_t i;

	for (i = 0; i < sizeof flats / sizeof *flats; i++)
		flat(&flats[i]);
	share("v=spf1 +all", SPF_FOUR, 1);
	share("v=spf1 +all", SPF_SIX, 1);
	share("v=spf1 ip4:10.0.0.0/8 -all", SPF_FOUR, 1.0 / 256);
	share("v=spf1 ip6:2000::/3 -all", SPF_SIX, 1);
	share("v=spf1 ip6:2000::/19 ip6:fe80::/10 -all", SPF_SIX, 1.0 / 65536);
	share("v=spf1 -all", SPF_SIX, 0);
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		delay = i == 1 ? 0 : 3;
		suite(argv[i]);
	}
	if (argc == 1) {
		syntax();
		delay = 2;
		survey();
		for (i = 0; i < (int)(sizeof bounds / sizeof *bounds); i++)
			bound(&bounds[i]);
		for (i = 0; i < (int)(sizeof checks / sizeof *checks); i++)
			check(&checks[i]);
		for (i = 0; i < (int)(sizeof costs / sizeof *costs); i++)
			cost(&costs[i]);
		cost_bounds();
		top_level();
		selected();
		terms();
		who();
	}
	forget();
	arena_free(&mem);
	return done();
}
