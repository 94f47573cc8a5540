/*
 * meant.c: TXT records that were meant for something and do not count
 *
 * What people do to such a record: blanks, quotes and bytes that nobody sees
 * come with it from a web page, case and separators are taken lightly, tags
 * change places, and of a text in two strings the blank between them is lost.
 */
#include "meant.h"

#include <string.h>
#include <strings.h>

#include "spf.h"
#include "tag.h"

static const struct {
	const char *start;	/* as it is to be */
	const char *word;	/* the version's letters */
	const char *tail;	/* and what is behind them */
	char sep;		/* behind it */
	const char *bare[4];	/* how it begins where v= was forgotten */
} kinds[] = {
	[MEANT_SPF] = { "v=spf1", "spf", "1", ' ',
	    { "spf1 ", "include:", "ip4:", "ip6:" } },
	[MEANT_DMARC] = { "v=DMARC1", "dmarc", "1", ';',
	    { "DMARC1", "p=none", "p=quarantine", "p=reject" } },
	[MEANT_STS] = { "v=STSv1", "sts", "v1", ';', { "STSv1", "id=" } },
	[MEANT_TLSRPT] = { "v=TLSRPTv1", "tlsrpt", "v1", ';',
	    { "TLSRPTv1", "rua=mailto:", "rua=https:" } },
	[MEANT_BIMI] = { "v=BIMI1", "bimi", "1", ';', { "BIMI1", "l=https:" } },
};

bool
meant_counts(enum meant k, struct str text)
{
	switch (k) {
	case MEANT_SPF:
		return spf_is(text);
	case MEANT_DMARC:
		return tag_is(text, "DMARC1");
	case MEANT_STS:
		return tag_begins(text, "v=STSv1;");
	case MEANT_TLSRPT:
		return tag_begins(text, "v=TLSRPTv1;");
	case MEANT_BIMI:
		return tag_is(text, "BIMI1");
	}
	return false;
}

/* ---- what stands before it */

static bool
junk_byte(char c)
{
	return !str_alpha(c) && !str_digit(c);
}

static const char *
junk_why(struct str text)
{
	switch (text.p[0]) {
	case ' ': case '\t':
		return "it begins with a blank";
	case '"': case '\'': case '\\':
		return "it begins with a quote that is part of it";
	default:
		if ((unsigned char)text.p[0] < 0x80)
			return "other characters stand before it";
		return "characters stand before it that are not ASCII and may be invisible";
	}
}

/* ---- the version */

struct version {
	bool spaced;		/* blanks around "=" */
	struct str token;	/* to a blank, ";" or "," */
	struct str rest;	/* behind the token */
};

static struct str
skip_blanks(struct str s)
{
	while (s.n > 0 && str_blank(s.p[0]))
		s = str_from(s, 1);
	return s;
}

/* "v", "=" (or ":"), and something. */
static bool
version_read(struct str s, struct version *v)
{
	struct str at;
	size_t i;

	if (s.n == 0 || str_lower(s.p[0]) != 'v')
		return false;
	at = skip_blanks(str_from(s, 1));
	if (at.n == 0 || (at.p[0] != '=' && at.p[0] != ':'))
		return false;
	v->spaced = at.p[0] != '=' || at.p != s.p + 1;
	s = skip_blanks(str_from(at, 1));
	v->spaced |= s.p != at.p + 1;
	for (i = 0; i < s.n && strchr(" \t;,", s.p[i]) == NULL; i++)
		;
	v->token = str_to(s, i);
	v->rest = str_from(s, i);
	return true;
}

/*
 * Does the token begin with the version's letters, hyphens left out?  The
 * length of these; 0: no.
 */
static size_t
version_letters(struct str token, const char *word)
{
	size_t i;

	for (i = 0; i < token.n && *word != '\0'; i++) {
		if (token.p[i] == '-' || token.p[i] == '_')
			continue;
		if (str_lower(token.p[i]) != *word++)
			return 0;
	}
	return *word == '\0' ? i : 0;
}

/* Sender ID (RFC 4406) is another thing. */
static bool
sender_id(enum meant k, struct str token)
{
	return k == MEANT_SPF && str_starts(token, "spf2.0");
}

/* The strings of "v=spf1" "include:..." are joined as they are. */
static bool
joined_tight(enum meant k, const struct dns_rr *rr)
{
	size_t first = rr->raw.n > 0 ? (unsigned char)rr->raw.p[0] : 0;

	return first == strlen(kinds[k].start) && rr->data.n > first;
}

static const char *
separator_why(struct arena *mem, enum meant k, struct str rest)
{
	const char *sep = kinds[k].sep == ' ' ? "a blank" : "\";\"";

	if (rest.n == 0)
		return arena_printf(mem, "nothing stands behind %s: it needs %s",
		    kinds[k].start, sep);
	return arena_printf(mem, "behind %s stands \"%c\" instead of %s",
	    kinds[k].start, rest.p[0], sep);
}

/* The version is there, at its place, and does not count. */
static const char *
version_why(struct arena *mem, enum meant k, const struct version *v,
    size_t n, const struct dns_rr *rr)
{
	const char *start = kinds[k].start, *tail = kinds[k].tail;
	struct str behind = str_from(v->token, n), after;

	if (joined_tight(k, rr))
		return arena_printf(mem, "its strings are joined without a blank: %.*s",
		    STR_ARG(str_to(rr->data, (size_t)(v->token.p +
		    v->token.n - rr->data.p))));
	if (!str_starts(behind, tail))
		return arena_printf(mem, "its version is \"%.*s\", not %s",
		    STR_ARG(v->token), start + 2);
	after = str_from(behind, strlen(tail));
	if (after.n > 0 && str_digit(after.p[0]))
		return arena_printf(mem, "its version is \"%.*s\", not %s",
		    STR_ARG(v->token), start + 2);
	if (v->spaced && (k == MEANT_SPF || k == MEANT_STS ||
	    k == MEANT_TLSRPT))
		return arena_printf(mem, "it is to begin with %s, without a blank",
		    start);
	if (!str_eq(str_to(v->token, n + strlen(tail)), str_of(start + 2)))
		return arena_printf(mem, "upper and lower case count: it is to begin with %s",
		    start);
	return separator_why(mem, k, after.n > 0 ? after : v->rest);
}

/* ---- */

/* Does the version stand further behind, as a tag of its own? */
static bool
stands_later(enum meant k, struct str text)
{
	struct version v;
	size_t i;

	for (i = 1; i < text.n; i++)
		if (junk_byte(text.p[i - 1]) &&
		    version_read(str_from(text, i), &v) &&
		    version_letters(v.token, kinds[k].word) > 0 &&
		    !sender_id(k, v.token))
			return true;
	return false;
}

static bool
begins_bare(enum meant k, struct str text)
{
	size_t i;

	for (i = 0; i < 4 && kinds[k].bare[i] != NULL; i++)
		if (str_starts(text, kinds[k].bare[i]))
			return true;
	return false;
}

const char *
meant_why(struct arena *mem, enum meant k, const struct dns_rr *rr)
{
	struct str text = rr->data, s = text;
	struct version v;
	size_t n;

	if (meant_counts(k, text))
		return NULL;
	while (s.n > 0 && junk_byte(s.p[0]))
		s = str_from(s, 1);
	n = version_read(s, &v) ? version_letters(v.token, kinds[k].word) : 0;
	if (n > 0 && sender_id(k, v.token))
		return NULL;
	if (n > 0)
		return s.n < text.n ? junk_why(text) :
		    version_why(mem, k, &v, n, rr);
	if (stands_later(k, s))
		return arena_printf(mem, "%s is not at its beginning",
		    kinds[k].start);
	if (begins_bare(k, s))
		return arena_printf(mem, "%s is missing at its beginning",
		    kinds[k].start);
	return NULL;
}

struct str
meant_mended(struct arena *mem, enum meant k, struct str text)
{
	const char *start = kinds[k].start;
	struct str none = { NULL, 0 };
	char *copy;

	if (meant_counts(k, text))
		return none;
	while (text.n > 0 && junk_byte(text.p[0]))
		text = str_from(text, 1);
	while (text.n > 0 && strchr("\"'\\", text.p[text.n - 1]) != NULL)
		text.n--;
	if (!str_starts(text, start))
		return none;
	copy = arena_dup(mem, text);
	memcpy(copy, start, strlen(start));
	text.p = copy;
	return meant_counts(k, text) ? text : none;
}
