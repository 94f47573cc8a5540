/* dmarc.c: DMARC records, the tree walk and the policy that comes of it */
#include "dmarc.h"

#include <stdlib.h>

#include "tap.h"

struct zone {
	const char *name, *text;
};

static struct dns_rr rrs[64];
static struct dns_answer answers[64];
static unsigned nanswers;

/* The zone's TXT at _dmarc.name, "!" for a temporary failure. */
static const struct dns_answer *
answer(const struct zone *z, const char *name)
{
	struct dns_answer *a = &answers[nanswers];

	memset(a, 0, sizeof *a);
	a->status = DNS_NXDOMAIN;
	a->rr = &rrs[nanswers];
	for (; z->name != NULL; z++) {
		if (strcmp(z->name, name) != 0)
			continue;
		a->status = DNS_OK;
		if (strcmp(z->text, "!") == 0)
			a->status = DNS_SERVFAIL;
		else
			rrs[nanswers + a->n++].data = str_of(z->text);
	}
	nanswers += a->n + 1;
	return a;
}

static void
walk(struct dmarc_walk *w, const struct zone *z, const char *domain)
{
	const struct dns_answer *got[DMARC_LEVELS];
	const char *names[DMARC_LEVELS];
	size_t n = dmarc_names(domain, names), i;

	nanswers = 0;
	for (i = 0; i < n; i++)
		got[i] = answer(z, names[i]);
	dmarc_walk(w, domain, got);
}

static void
names(void)
{
	static const char *const want[] = { "a.b.c.d.e.f.g.h.i.mail.example",
		"e.f.g.h.i.mail.example", "f.g.h.i.mail.example",
		"g.h.i.mail.example", "h.i.mail.example", "i.mail.example",
		"mail.example", "example" };
	const char *got[DMARC_LEVELS];
	size_t n = dmarc_names(want[0], got), i;

	is_int(n, 8, "a long name takes eight questions");
	for (i = 0; i < n; i++)
		is_str(got[i], want[i], "question %zu", i + 1);
	is_int(dmarc_names("a.b.c.d.e.f.g.h", got), 8, "eight labels");
	is_str(got[1], "b.c.d.e.f.g.h", "and none of them is left out");
	is_int(dmarc_names("example", got), 1, "one label");
}

static const struct {
	const char *name, *domain;
	struct zone zone[4];
	const char *org, *at;	/* NULL: no policy */
	bool gone;		/* the domain does not exist */
	const char *from;
	enum dmarc_policy policy, effective;
} cases[] = {
	{ "own record", "example.com", { { "example.com",
	    "v=DMARC1; p=reject; sp=none" } }, "example.com", "example.com",
	    false, "p", DMARC_REJECT, DMARC_REJECT },
	{ "inherited", "a.mail.example.com", { { "example.com",
	    "v=DMARC1;p=reject;sp=quarantine;np=none" } }, "example.com",
	    "example.com", false, "sp", DMARC_QUARANTINE, DMARC_QUARANTINE },
	{ "inherited, no such name", "a.mail.example.com", { { "example.com",
	    "v=DMARC1;p=none;sp=quarantine;np=reject" } }, "example.com",
	    "example.com", true, "np", DMARC_REJECT, DMARC_REJECT },
	{ "np falls back to sp", "a.example.com", { { "example.com",
	    "v=DMARC1;p=none;sp=quarantine" } }, "example.com",
	    "example.com", true, "sp", DMARC_QUARANTINE, DMARC_QUARANTINE },
	/* RFC 9989 4.10.2: the example */
	{ "not the nearest, the shortest", "a.mail.example.com", {
	    { "mail.example.com", "v=DMARC1; p=none" },
	    { "example.com", "v=DMARC1; p=reject" } }, "example.com",
	    "example.com", false, "p", DMARC_REJECT, DMARC_REJECT },
	{ "psd=y", "a.mail.example.com", { { "com",
	    "v=DMARC1; p=reject; psd=y; np=quarantine" } }, "example.com",
	    "com", false, "p", DMARC_REJECT, DMARC_REJECT },
	{ "psd=y above a record", "a.example.com", {
	    { "example.com", "v=DMARC1; p=none" },
	    { "com", "v=DMARC1; p=reject; psd=y" } }, "example.com",
	    "example.com", false, "p", DMARC_NONE, DMARC_NONE },
	{ "psd=n ends it", "a.b.example.com", {
	    { "b.example.com", "v=DMARC1; p=quarantine; psd=n" },
	    { "example.com", "v=DMARC1; p=reject" } }, "b.example.com",
	    "b.example.com", false, "p", DMARC_QUARANTINE, DMARC_QUARANTINE },
	/* RFC 9989 4.10 step 2, and 4.10.2 rule 3 */
	{ "psd=y at the start, too", "gov.example", {
	    { "gov.example", "v=DMARC1; p=reject; psd=y" },
	    { "example", "v=DMARC1; p=none" } }, "gov.example",
	    "gov.example", false, "p", DMARC_REJECT, DMARC_REJECT },
	{ "psd=y right above", "a.gov", {
	    { "gov", "v=DMARC1; p=none; sp=reject; psd=y" } }, "a.gov",
	    "gov", false, "sp", DMARC_REJECT, DMARC_REJECT },
	{ "a long name, its own record", "a.b.c.d.e.f.g.h.i.example", {
	    { "a.b.c.d.e.f.g.h.i.example", "v=DMARC1; p=reject" },
	    { "b.c.d.e.f.g.h.i.example", "v=DMARC1; p=none; psd=n" } },
	    "a.b.c.d.e.f.g.h.i.example", "a.b.c.d.e.f.g.h.i.example", false,
	    "p", DMARC_REJECT, DMARC_REJECT },
	{ "two records are none", "example.com", {
	    { "example.com", "v=DMARC1; p=none" },
	    { "example.com", "v=DMARC1; p=reject" } }, "example.com", NULL,
	    false, NULL, DMARC_UNSET, DMARC_UNSET },
	{ "others do not count", "example.com", {
	    { "example.com", "v=DMARC1; p=reject" },
	    { "example.com", "v=DMARC2; p=none" },
	    { "example.com", "v=dmarc1; p=none" } }, "example.com",
	    "example.com", false, "p", DMARC_REJECT, DMARC_REJECT },
	{ "nothing", "a.example.com", { { NULL, NULL } }, "a.example.com",
	    NULL, false, NULL, DMARC_UNSET, DMARC_UNSET },
	{ "t=y", "example.com", { { "example.com",
	    "v=DMARC1; p=reject; t=y" } }, "example.com", "example.com",
	    false, "p", DMARC_REJECT, DMARC_QUARANTINE },
	{ "t=y, a step from quarantine", "example.com", { { "example.com",
	    "v=DMARC1; p=quarantine; t=y" } }, "example.com", "example.com",
	    false, "p", DMARC_QUARANTINE, DMARC_NONE },
	{ "t=y, none is the least", "example.com", { { "example.com",
	    "v=DMARC1; p=none; t=y" } }, "example.com", "example.com",
	    false, "p", DMARC_NONE, DMARC_NONE },
	{ "np is not for the domain itself", "example.com", { { "example.com",
	    "v=DMARC1; p=none; sp=reject; np=reject" } }, "example.com",
	    "example.com", true, "p", DMARC_NONE, DMARC_NONE },
	{ "np is not for a domain that exists", "a.example.com", {
	    { "example.com", "v=DMARC1; p=none; np=reject" } }, "example.com",
	    "example.com", false, "p", DMARC_NONE, DMARC_NONE },
	{ "psd=n of the domain itself ends it", "a.example.com", {
	    { "a.example.com", "v=DMARC1; p=none; psd=n" },
	    { "example.com", "v=DMARC1; p=reject" } }, "a.example.com",
	    "a.example.com", false, "p", DMARC_NONE, DMARC_NONE },
	{ "an organization without a record of its own, below none",
	    "a.b.gov", { { "gov", "v=DMARC1; p=reject; sp=none" } }, "gov",
	    "gov", false, "sp", DMARC_NONE, DMARC_NONE },
	{ "no p, but reports", "example.com", { { "example.com",
	    "v=DMARC1; rua=mailto:a@b.example" } }, "example.com",
	    "example.com", false, "p", DMARC_NONE, DMARC_NONE },
	{ "bad sp, but reports", "example.com", { { "example.com",
	    "v=DMARC1; p=reject; sp=rejct; rua=mailto:a@b.example" } },
	    "example.com", "example.com", false, "p", DMARC_NONE,
	    DMARC_NONE },
	{ "no p, reports to we know not what", "example.com", {
	    { "example.com", "v=DMARC1; rua=x-new:a" } }, "example.com",
	    "example.com", false, "p", DMARC_NONE, DMARC_NONE },
	{ "no p, and rua is no URI", "example.com", { { "example.com",
	    "v=DMARC1; rua=a@b.example" } }, "example.com", "example.com",
	    false, "p", DMARC_UNSET, DMARC_UNSET },
	{ "no p, ruf alone is not enough", "example.com", { { "example.com",
	    "v=DMARC1; ruf=mailto:a@b.example" } }, "example.com",
	    "example.com", false, "p", DMARC_UNSET, DMARC_UNSET },
	{ "bad p, no reports", "example.com", { { "example.com",
	    "v=DMARC1; p=rejct" } }, "example.com", "example.com", false,
	    "p", DMARC_UNSET, DMARC_UNSET },
	{ "in any case and with blanks", "example.com", { { "example.com",
	    "v = DMARC1 ;\tP = Reject ;" } }, "example.com", "example.com",
	    false, "p", DMARC_REJECT, DMARC_REJECT },
};

static void
policies(void)
{
	struct dmarc_walk w;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		walk(&w, cases[i].zone, cases[i].domain);
		dmarc_judge(&w, !cases[i].gone);
		is_str(w.org, cases[i].org, "%s: org", cases[i].name);
		is_str(w.at != NULL ? w.at->domain : NULL, cases[i].at,
		    "%s: at", cases[i].name);
		is_str(w.from, cases[i].from, "%s: from", cases[i].name);
		is_int(w.policy, cases[i].policy, "%s: policy",
		    cases[i].name);
		is_int(w.effective, cases[i].effective, "%s: effective",
		    cases[i].name);
	}
	walk(&w, (const struct zone[]){ { "gov", "v=DMARC1; psd=y; p=none" },
	    { NULL, NULL } }, "a.b.gov");
	is_str(w.org, "b.gov", "below a public suffix");
	is_str(w.holder, "gov", "which holds the record");
	walk(&w, (const struct zone[]){ { "example.com", "!" },
	    { NULL, NULL } }, "a.example.com");
	ok(w.temp != NULL, "a temporary failure is no absence");
	walk(&w, (const struct zone[]){ { "a.example.com", "!" },
	    { "example.com", "!" }, { NULL, NULL } }, "a.example.com");
	ok(w.temp == w.level[0].answer, "of two the nearest is told");
	walk(&w, (const struct zone[]){ { "gov", "v=DMARC1; psd=y; p=none" },
	    { NULL, NULL } }, "gov");
	is_str(w.org, "gov", "a public suffix itself");
}

static void
records(void)
{
	static const struct {
		const char *text;
		unsigned odd;
	} odd[] = {
		{ "v=DMARC1; p=none", 0 },
		{ "v=DMARC1", DMARC_NO_P },
		{ "v=DMARC1; p=no", DMARC_BAD_P },
		{ "v=DMARC1; sp=none; np=none; p=none", 0 },
		{ "v=DMARC1; p=none; fo=1", 0 },
		{ "v=DMARC1; p=none; FO=d; fo=s", DMARC_TWICE },
		{ "v=DMARC1; p=none; psd=x", DMARC_BAD_TAG },
		{ "v=DMARC1; p=none; fo=0:d:s", 0 },
		{ "v=DMARC1; p=none; fo=0:1", DMARC_BAD_TAG },
		{ "v=DMARC1; p=none; fo=d:d", DMARC_BAD_TAG },
		{ "v=DMARC1; p=none; fo=x", DMARC_BAD_TAG },
		{ "v=DMARC1; p=none; fo=", DMARC_BAD_TAG },
		{ "v=DMARC1; p=none; junk", DMARC_NO_PAIR },
		{ "v=DMARC1; p=none; pct=50; rf=afrf; ri=86400", 0 },
		{ "v=DMARC1; p=none; pct=101", DMARC_OBSOLETE },
		{ "v=DMARC1; p=none; ri=3600", DMARC_OBSOLETE },
		{ "v=DMARC1; p=none; new=1", DMARC_UNKNOWN },
		{ "v=DMARC1; p=none; p=reject", DMARC_TWICE },
		{ "v=DMARC1; p=none; rua=mailto:a@b!10m", DMARC_SIZE },
		{ "v=DMARC1; p=none; rua=ftp://a", DMARC_PLACE },
	};
	struct dmarc d;
	size_t i, n;
	char *copy;

	for (i = 0; i < sizeof odd / sizeof *odd; i++) {
		dmarc_parse(str_of(odd[i].text), &d);
		is_int(d.odd, odd[i].odd, "%s", odd[i].text);
		for (n = 0; n <= strlen(odd[i].text); n++) {
			copy = malloc(n + 1);
			memcpy(copy, odd[i].text, n);
			copy = realloc(copy, n > 0 ? n : 1);
			dmarc_parse((struct str){ copy, n }, &d);
			free(copy);
		}
	}
	dmarc_parse(STR("v=DMARC1;p=none;rua=mailto:a@x.example!1m , "
	    "https://y.example:8/z,mailto:b@c@d.example?x"), &d);
	is_int(d.nrua, 3, "places");
	ok(str_is(dmarc_host(d.rua[0]), "x.example"), "host of mailto");
	ok(str_is(dmarc_host(d.rua[1]), "y.example"), "host of https");
	ok(str_is(dmarc_host(d.rua[2]), "d.example"), "the last at-sign");
	ok(dmarc_host(STR("mailto:nobody")).p == NULL, "no host");
	ok(str_is(dmarc_host(STR("https://y.example!1m")), "y.example"),
	    "a size behind https");
}

/* What the tags say, and what they say where they are not there. */
static void
tags(void)
{
	static const struct {
		const char *tags;
		char adkim, aspf, psd;
		bool test;
		unsigned pct;
	} t[] = {
		{ "", 'r', 'r', 'u', false, 100 },
		{ "adkim=s", 's', 'r', 'u', false, 100 },
		{ "aspf=s", 'r', 's', 'u', false, 100 },
		{ "aspf=S; adkim=r", 'r', 's', 'u', false, 100 },
		{ "adkim=x; aspf=ss", 'r', 'r', 'u', false, 100 },
		{ "psd=y", 'r', 'r', 'y', false, 100 },
		{ "psd=n", 'r', 'r', 'n', false, 100 },
		{ "t=y", 'r', 'r', 'u', true, 100 },
		{ "t=n", 'r', 'r', 'u', false, 100 },
		{ "t=yes", 'r', 'r', 'u', false, 100 },
		{ "pct=0", 'r', 'r', 'u', false, 0 },
		{ "pct=42", 'r', 'r', 'u', false, 42 },
		{ "pct=101", 'r', 'r', 'u', false, 100 },
		{ "aspf=s; ASPF=r", 'r', 's', 'u', false, 100 },
	};
	struct dmarc d;
	char text[100];
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		snprintf(text, sizeof text, "v=DMARC1; p=none; %s", t[i].tags);
		dmarc_parse(str_of(text), &d);
		ok(d.adkim == t[i].adkim && d.aspf == t[i].aspf, "%s: how it is aligned",
		    t[i].tags);
		is_int(d.psd, t[i].psd, "%s: psd", t[i].tags);
		is_int(d.test, t[i].test, "%s: test", t[i].tags);
		is_int((int)d.pct, (int)t[i].pct, "%s: pct", t[i].tags);
	}
}

/* As many places as are taken, and one more; those of ruf are others. */
static void
places(void)
{
	struct dmarc d;
	char text[1000];
	int i, n;

	for (n = 16; n <= 17; n++) {
		strcpy(text, "v=DMARC1; p=none; rua=");
		for (i = 0; i < n; i++)
			strcat(text, i > 0 ? ",mailto:a@b.test" :
			    "mailto:a@b.test");
		dmarc_parse(str_of(text), &d);
		is_int((int)d.nrua, 16, "%d places: those that are taken", n);
		is_int((int)d.odd, n > 16 ? DMARC_MORE : 0,
		    "%d places: it is said that there are more", n);
	}
	dmarc_parse(STR("v=DMARC1; p=none; ruf=mailto:a@b.test"), &d);
	ok(d.nrua == 0 && d.nruf == 1 && !d.reports, "ruf is not rua");
}

/* By RFC 7489, where it is known which domain above it would look at. */
static void
older(void)
{
	static const struct {
		const char *name, *domain;
		struct zone zone[3];
		bool gone, known;
		enum dmarc_policy old;
	} t[] = {
		{ "its own", "a.b.c.test", { { "a.b.c.test",
		    "v=DMARC1; p=quarantine; sp=none" } }, false, true,
		    DMARC_QUARANTINE },
		{ "of two labels above", "a.b.test", { { "b.test",
		    "v=DMARC1; p=reject; sp=none" } }, false, true,
		    DMARC_NONE },
		{ "of three labels above", "a.b.c.test", { { "b.c.test",
		    "v=DMARC1; p=reject" } }, false, false, DMARC_REJECT },
		{ "no sp", "a.b.test", { { "b.test",
		    "v=DMARC1; p=reject" } }, false, true, DMARC_REJECT },
		{ "np is not known to it", "a.b.test", { { "b.test",
		    "v=DMARC1; p=none; np=reject" } }, true, true,
		    DMARC_NONE },
		{ "t is not, either", "b.test", { { "b.test",
		    "v=DMARC1; p=reject; t=y" } }, false, true,
		    DMARC_REJECT },
		{ "a policy that cannot be read", "b.test", { { "b.test",
		    "v=DMARC1; p=reject; np=x; rua=mailto:a@b.test" } }, false,
		    true, DMARC_NONE },
	};
	struct dmarc_walk w;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		walk(&w, t[i].zone, t[i].domain);
		dmarc_judge(&w, !t[i].gone);
		is_int(w.old_known, t[i].known, "RFC 7489, %s: known",
		    t[i].name);
		is_int(w.old, t[i].old, "RFC 7489, %s", t[i].name);
	}
}

int
main(void)
{
	names();
	policies();
	records();
	tags();
	places();
	older();
	return done();
}
