/* flags.c: flags as bits, words and letters, and their merge */
#include <stdlib.h>

#include "flags.h"
#include "str.h"
#include "tap.h"

static void
words(void)
{
	static const struct {
		const char *in, *out;
	} c[] = {
		{ "", "" },
		{ "\\Seen", "\\Seen" },
		{ "(\\seen \\DELETED)", "\\Seen \\Deleted" },
		{ "\\Recent \\Seen \\Unheard", "\\Seen" },
		{ "$forwarded \\Draft", "\\Draft $Forwarded" },
		{ "  work\tWORK  Work ", "work" },
		{ "\\Answered play \\Flagged", "\\Flagged \\Answered play" },
		{ "a\"b c*d (e f{ \x80g NIL", "NIL" },
	};
	struct keywords k = { .n = 0 };
	struct buf b = { .max = 4096 };
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		buf_drop(&b, b.n);
		buf_s(&b, "");
		flags_text(&b, &k, flags_parse(&k, str_of(c[i].in)));
		is_str(b.p, c[i].out, "words: %s", c[i].in);
	}
	buf_free(&b);
	flags_keywords_free(&k);
}

static void
file_letters(void)
{
	static const struct {
		const char *in, *out;
	} c[] = {
		{ "", "" }, { "()", "" }, { "\\Recent work", "" },
		{ "(\\Seen)", "S" }, { "\\SEEN \\seen", "S" },
		{ "$Forwarded \\Seen \\Answered \\Flagged \\Draft "
		    "\\Deleted", "DFPRST" },
		{ "Seen \\Seenx S T", "" },
	};
	char got[FLAGS_LETTERS];
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		flags_letters(str_of(c[i].in), got);
		is_str(got, c[i].out, "letters: %s", c[i].in);
	}
}

static void
many(void)
{
	struct keywords k = { .n = 0 }, to = { .n = 0 };
	char name[16];
	uint64_t all = 0, bit;
	bool any;
	int i;

	for (i = 0; i < KEYWORDS; i++) {
		snprintf(name, sizeof name, "k%d", i);
		bit = flags_keyword(&k, str_of(name), true);
		if (bit == 0 || (all & bit) != 0)
			break;
		all |= bit;
	}
	is_int(i, KEYWORDS, "56 keywords, each its own bit");
	is_int(flags_keyword(&k, STR("more"), true), 0, "the 57th: no room");
	ok(flags_keyword(&k, STR("K55"), false) == (uint64_t)1 << 63,
	    "found without case");
	is_int(flags_keyword(&k, STR("\\Recent"), true), 0, "no keyword");
	ok((all & 0xff) == 0, "none of the system's");
	is_int(flags_translate(&k, FLAG_SEEN | (uint64_t)1 << 63 | 512, &to),
	    FLAG_SEEN | 256 | 512, "another mailbox's bits");
	ok(to.n == 2 && strcmp(to.name[1], "k55") == 0, "by the names");
	is_int(flags_translate(&k, FLAG_SEEN | 256, NULL), FLAG_SEEN,
	    "no keywords where there are none");
	flags_keywords_free(&to);
	flags_keywords_free(&k);
	is_int(flags_permanent(&k, STR("\\Seen \\* work"), &any),
	    FLAG_SEEN | 1u << FLAG_KEYWORD, "PERMANENTFLAGS");
	ok(any, "any keyword");
	flags_permanent(&k, STR("\\Seen"), &any);
	ok(!any, "no new keyword");
	flags_keywords_free(&k);
}

static void
letters(void)
{
	static const struct {
		const char *in, *out, *other;
		uint64_t flags;
	} c[] = {
		{ "", "2,", "", 0 },
		{ "2,", "2,", "", 0 },
		{ "2,S", "2,S", "", FLAG_SEEN },
		{ "2,TSRPFD", "2,DFPRST", "", 63 },
		{ "2,SS", "2,S", "", FLAG_SEEN },
		{ "2,XSab9", "2,9SXab", "Xb9", FLAG_SEEN | 256 },
		{ "2,S,extra=S", "2,S,extra=S", ",extra=S", FLAG_SEEN },
		{ "2,q,", "2,q,", "q,", 0 },
	};
	struct letters l = { .bit = { 256 } };
	char other[64], info[80];
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		ok(flags_from_info(&l, str_of(c[i].in), other) == c[i].flags,
		    "bits of %s", c[i].in);
		is_str(other, c[i].other, "the rest of %s", c[i].in);
		is_int(flags_to_info(&l, c[i].flags, other, info,
		    sizeof info), 0, "and back");
		is_str(info, c[i].out, "as %s", c[i].out);
	}
	ok(!l.changed, "no letter was given out");
	l.bit[5] = FLAG_FORWARDED;
	ok(flags_from_info(&l, STR("2,f"), other) == FLAG_FORWARDED,
	    "Dovecot's letter for $Forwarded");
	flags_to_info(&l, FLAG_FORWARDED | FLAG_SEEN, "", info, sizeof info);
	is_str(info, "2,PSf", "is kept beside P");
	flags_to_info(&l, FLAG_SEEN, "", info, sizeof info);
	is_str(info, "2,S", "and goes with it");
}

static void
given(void)
{
	struct letters l = { .bit = { 0, 512 }, .strange = 1u << 2 };
	char info[80], other[64];
	uint64_t left;

	left = flags_to_info(&l, FLAG_SEEN | 256 | 512 | 1024, "e", info,
	    sizeof info);
	is_int(left, 0, "all get a letter");
	is_str(info, "2,Sabde", "free ones, no strange one");
	ok(l.changed && l.bit[3] == 1024, "remembered");
	ok(flags_from_info(&l, STR("2,Sabd"), other) ==
	    (FLAG_SEEN | 256 | 512 | 1024), "the same bits again");
	left = flags_to_info(&l, ~(uint64_t)255, "", info, sizeof info);
	is_int(__builtin_popcountll(left), KEYWORDS - 25,
	    "26 letters, one of them strange");
	is_int(strlen(info), 2 + 25, "those are in the name");
	left = flags_to_info(&l, FLAG_SEEN, "", info, 3);
	is_str(info, "", "too small a place: nothing");
	memset(info, 'x', sizeof info);
	info[79] = '\0';
	flags_from_info(&l, str_of(info), other);
	is_int(strlen(other), 0, "x has a meaning by now");
	memset(info, 'X', sizeof info - 1);
	flags_from_info(&l, str_of(info), other);
	is_int(strlen(other), 63, "no more than there is room for");
}

/* Of each bit: what either side changed since is the result. */
static void
merge(void)
{
	unsigned b, l, r, bad = 0, want;

	for (b = 0; b < 2; b++)
		for (l = 0; l < 2; l++)
			for (r = 0; r < 2; r++) {
				want = l != b ? l : r;
				bad += flags_merge(b, l, r) != want;
				bad += flags_merge((uint64_t)b << 63,
				    (uint64_t)l << 63, (uint64_t)r << 63) !=
				    (uint64_t)want << 63;
			}
	is_int(bad, 0, "merge: all eight cases of a bit");
}

int
main(void)
{
	words();
	file_letters();
	many();
	letters();
	given();
	merge();
	return done();
}
