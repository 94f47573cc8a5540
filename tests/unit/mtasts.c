/* mtasts.c: MTA-STS records, policies, and what they match */
#include "mtasts.h"

#include <stdlib.h>

#include "tap.h"

static struct arena mem;

static void
ids(void)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
		{ "v=STSv1; id=20260101T000000Z;", "20260101T000000Z" },
		{ "v=STSv1;id=a", "a" },
		{ "v=STSv1; id=a; new=x", "a" },
		{ "v=STSv1;", NULL }, { "v=STSv1; id=", NULL },
		{ "v=STSv1 ; id=a ;", "a" }, { "v=STSv1; id =a", NULL },
		{ "v=STSv1; id= a", NULL }, { "v=STSv1; ID=a", NULL },
		{ "v=STSv1; id=a; id=b", "a" },
		{ "v=STSv1; id=a-b", NULL }, { "v=STSv1; id=a; x", NULL },
		{ "v=STSv1; id=123456789012345678901234567890123", NULL },
	};
	const char *why;
	struct str id;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		id = mtasts_id(str_of(cases[i].text), &why);
		is_str(id.p == NULL ? NULL : arena_dup(&mem, id), cases[i].id,
		    "%s", cases[i].text);
		ok((id.p == NULL) == (why != NULL), "and says why");
	}
}

static void
policies(void)
{
	static const struct {
		const char *name, *text;
		bool good;
		enum mtasts_mode mode;
		size_t nmx;
	} cases[] = {
		{ "CRLF", "version: STSv1\r\nmode: enforce\r\nmx: a.example\r\n"
		    "mx: *.b.example\r\nmax_age: 86400\r\n", true,
		    MTASTS_ENFORCE, 2 },
		{ "LF, no blank, no end", "version:STSv1\nmode:testing\n"
		    "mx:a.example\nmax_age:1", true, MTASTS_TESTING, 1 },
		{ "none needs no mx", "version: STSv1\nmode: none\n"
		    "max_age: 0\n", true, MTASTS_NONE, 0 },
		{ "new fields are ignored", "version: STSv1\nmode: none\n"
		    "x-new: 1\nmax_age: 0\n", true, MTASTS_NONE, 0 },
		{ "the first counts", "version: STSv1\nmode: none\n"
		    "mode: enforce\nmax_age: 0\n", true, MTASTS_NONE, 0 },
		{ "of versions, too", "version: STSv1\nversion: STSv2\n"
		    "mode: none\nmax_age: 0\n", true, MTASTS_NONE, 0 },
		{ "and of ages", "version: STSv1\nmode: none\nmax_age: 0\n"
		    "max_age: long\n", true, MTASTS_NONE, 0 },
		{ "no version", "mode: none\nmax_age: 0\n", false, 0, 0 },
		{ "another version", "version: STSv2\nmode: none\n"
		    "max_age: 0\n", false, 0, 0 },
		{ "no mode", "version: STSv1\nmx: a.b\nmax_age: 0\n", false, 0,
		    0 },
		{ "mode in capitals", "version: STSv1\nmode: None\n"
		    "max_age: 0\n", false, 0, 0 },
		{ "no max_age", "version: STSv1\nmode: none\n", false, 0, 0 },
		{ "over a year", "version: STSv1\nmode: none\n"
		    "max_age: 31557601\n", false, 0, 0 },
		{ "no mx", "version: STSv1\nmode: enforce\nmax_age: 1\n",
		    false, 0, 0 },
		{ "a star inside", "version: STSv1\nmode: enforce\n"
		    "mx: a.*.example\nmax_age: 1\n", false, 0, 0 },
		{ "a U-label", "version: STSv1\nmode: enforce\n"
		    "mx: b\xc3\xbc" "cher.example\nmax_age: 1\n", false, 0, 0 },
		{ "HTML", "<html>\n<body>404</body>\n", false, 0, 0 },
	};
	struct mtasts m;
	size_t i, n;
	char *copy;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		is_int(mtasts_parse(&mem, str_of(cases[i].text), &m) == 0,
		    cases[i].good, "policy: %s", cases[i].name);
		if (cases[i].good) {
			is_int(m.mode, cases[i].mode, "its mode");
			is_int(m.nmx, cases[i].nmx, "its mx");
		}
		for (n = 0; n < strlen(cases[i].text); n++) {
			copy = malloc(n > 0 ? n : 1);
			memcpy(copy, cases[i].text, n);
			mtasts_parse(&mem, (struct str){ copy, n }, &m);
			free(copy);
		}
	}
}

static void
matches(void)
{
	static const struct {
		const char *pattern, *host;
		bool match;
	} cases[] = {
		{ "mx.example.com", "MX.example.com", true },
		{ "mx.example.com", "mx.example.com.", true },
		{ "mx.example.com", "a.mx.example.com", false },
		{ "*.example.com", "mx.example.com", true },
		{ "*.example.com", "a.mx.example.com", false },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", ".example.com", false },
		{ "*.example.com", "mxexample.com", false },
		{ "*.com", "com", false },
	};
	struct str two[] = { STR("mx.example.com"), STR("*.example.net") };
	struct mtasts m = { .nmx = 1 };
	struct str pattern;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		pattern = str_of(cases[i].pattern);
		m.mx = &pattern;
		is_int(mtasts_covers(&m, cases[i].host), cases[i].match,
		    "%s and %s", cases[i].pattern, cases[i].host);
	}
	m = (struct mtasts){ .mx = two, .nmx = 2 };
	is_int(mtasts_covers(&m, "mx.example.net"), true,
	    "the second of two patterns");
}

static void
answers(void)
{
	is_str(mtasts_unfit(&mem, 200, "text/plain", false), NULL, "200");
	is_str(mtasts_unfit(&mem, 200, "Text/Plain", false), NULL, "case");
	is_str(mtasts_unfit(&mem, 200, "text/html", false),
	    "it is text/html, not text/plain", "HTML");
	is_str(mtasts_unfit(&mem, 200, "", false),
	    "it is of no type, not text/plain", "no type");
	is_str(mtasts_unfit(&mem, 301, "text/plain", false),
	    "HTTP 301: a redirect is a failure", "a redirect");
	is_str(mtasts_unfit(&mem, 300, "text/plain", false),
	    "HTTP 300: a redirect is a failure", "the first of them");
	is_str(mtasts_unfit(&mem, 400, "text/plain", false), "HTTP 400",
	    "400 is none");
	is_str(mtasts_unfit(&mem, 404, "text/plain", false), "HTTP 404", "404");
	is_str(mtasts_unfit(&mem, 200, "text/plain", true),
	    "it has over 64 KiB", "too much");
}

int
main(void)
{
	answers();
	ids();
	policies();
	matches();
	arena_free(&mem);
	return done();
}
