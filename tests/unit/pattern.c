/* pattern.c: which folders a pattern means, and which of several decides */
#include <string.h>

#include "pattern.h"
#include "tap.h"

static const struct {
	const char *pattern, *name;
	char sep;
	bool yes;
} matched[] = {
	{ "a*", "a/b", '/', true }, { "a%", "a/b", '/', false },
	{ "%/%", "a/b", '/', true }, { "", "", '/', true },
	{ "*", "", '/', true }, { "a", "", '/', false },
	{ "*b*d", "abcd", '/', true }, { "*b*d", "abcde", '/', false },
	{ "%b", "a/b", '\0', true }, { "a/b", "a/b", '\0', true },
	{ "a/b", "a.b", '.', true }, { "a.b", "a.b", '.', true },
	{ "a/b", "a/b", '.', false }, { "a.b", "a/b", '/', false },
	{ "A", "a", '/', false }, { "***", "abc", '/', true },
	{ "a%%b", "ab", '/', true },
	{ "inbox", "INBOX", '/', true }, { "INBOX/*", "Inbox/x", '/', true },
	{ "inbox/%", "INBOX.x", '.', true },
	{ "INBOX/X", "INBOX/x", '/', false },
	{ "INBOX", "INBOXES", '/', false }, { "inbox", "INBOX/x", '/', false },
};

static void
one(void)
{
	char name[2001], stars[401];
	size_t i;

	for (i = 0; i < sizeof matched / sizeof *matched; i++)
		is_int(pattern_fits(str_of(matched[i].pattern),
		    str_of(matched[i].name), matched[i].sep), matched[i].yes,
		    "\"%s\" and \"%s\"", matched[i].pattern,
		    matched[i].name);
	memset(name, 'a', 2000);
	name[2000] = '\0';
	for (i = 0; i < 400; i += 2)
		memcpy(stars + i, "*a", 2);
	stars[399] = 'b';
	stars[400] = '\0';
	ok(!pattern_fits(str_of(stars), str_of(name), '/'),
	    "200 stars and 2,000 letters end");
}

/* Of each pattern whether it has a "!" and whether it fits. */
static const struct {
	const char *pattern;	/* y fits, Y fits not; n and N with a "!" */
	bool yes;
} several[] = {
	{ "", false }, { "y", true }, { "Y", false }, { "n", false },
	{ "N", true }, { "yn", false }, { "yN", true }, { "ny", true },
	{ "NY", true }, { "YN", false }, { "yny", true }, { "NYn", false },
};

static void
all(void)
{
	const char *c;
	size_t i;

	for (i = 0; i < sizeof several / sizeof *several; i++) {
		struct pattern p = { .yes = false };

		for (c = several[i].pattern; *c != '\0'; c++)
			pattern_take(&p, *c == 'n' || *c == 'N',
			    *c == 'y' || *c == 'n');
		is_int(p.yes, several[i].yes, "\"%s\"",
		    several[i].pattern);
	}
}

int
main(void)
{
	one();
	all();
	return done();
}
