/* meant.c: TXT records that count, that were meant to, and other things */
#include "meant.h"

#include <stdlib.h>

#include "tap.h"

/* why: a word of the reason; NULL: it counts or is something else. */
static const struct row {
	enum meant kind;
	bool counts;
	const char *text, *why;
} rows[] = {
	{ MEANT_SPF, true, "v=spf1", NULL },
	{ MEANT_SPF, true, "V=SPF1 -all", NULL },
	{ MEANT_SPF, false, " v=spf1 -all", "begins with a blank" },
	{ MEANT_SPF, false, "\"v=spf1 -all\"", "begins with a quote" },
	{ MEANT_SPF, false, "\\\"v=spf1 -all", "begins with a quote" },
	{ MEANT_SPF, false, "\xef\xbb\xbfv=spf1 -all", "not ASCII" },
	{ MEANT_SPF, false, "\xc2\xa0v=spf1 -all", "not ASCII" },
	{ MEANT_SPF, false, "=v=spf1 -all", "other characters" },
	{ MEANT_SPF, false, "v=spf1,a,-all", "stands \",\" instead of a blank" },
	{ MEANT_SPF, false, "v=spf1;a -all", "stands \";\"" },
	{ MEANT_SPF, false, "v=spf1\ta -all", "instead of a blank" },
	{ MEANT_SPF, false, "v=spf1include:a.test -all", "stands \"i\"" },
	{ MEANT_SPF, false, "v=spf1.0 -all", "stands \".\"" },
	{ MEANT_SPF, false, "v=spf10 -all", "its version is \"spf10\"" },
	{ MEANT_SPF, false, "v=spf2 -all", "its version is \"spf2\"" },
	{ MEANT_SPF, false, "v=spf -all", "its version is \"spf\"" },
	{ MEANT_SPF, false, "v=spf 1 -all", "its version is \"spf\"" },
	{ MEANT_SPF, false, "v=spf-1 -all", "its version is \"spf-1\"" },
	{ MEANT_SPF, false, "v = spf1 -all", "without a blank" },
	{ MEANT_SPF, false, "v:spf1 -all", "without a blank" },
	{ MEANT_SPF, false, "spf1 a -all", "v=spf1 is missing" },
	{ MEANT_SPF, false, "include:a.test -all", "v=spf1 is missing" },
	{ MEANT_SPF, false, "ip4:192.0.2.1 -all", "v=spf1 is missing" },
	{ MEANT_SPF, false, "a mx v=spf1 -all", "not at its beginning" },
	{ MEANT_SPF, false, "ip6:2001:db8::/32 -all", "v=spf1 is missing" },
	{ MEANT_SPF, false, "v=s_pf1 -all", "upper and lower case" },
	{ MEANT_SPF, false, "mailv=spf1 a -all", NULL },
	{ MEANT_SPF, false, "x v=spf2.0/pra -all", NULL },
	{ MEANT_SPF, false, "v=spf2.0/pra -all", NULL },
	{ MEANT_SPF, false, "spf2.0/mfrom -all", NULL },
	{ MEANT_SPF, false, "v=DMARC1; p=none", NULL },
	{ MEANT_SPF, false, "google-site-verification=v1spf1", NULL },
	{ MEANT_SPF, false, "v=verifydomain MS=1", NULL },
	{ MEANT_SPF, false, "", NULL },
	{ MEANT_SPF, false, "v", NULL },
	{ MEANT_SPF, false, "v=", NULL },
	{ MEANT_SPF, false, "  ", NULL },
	{ MEANT_SPF, false, "include-me", NULL },
	{ MEANT_DMARC, true, "v=DMARC1; p=none", NULL },
	{ MEANT_DMARC, true, "v = DMARC1 ;p=none", NULL },
	{ MEANT_DMARC, false, "v=DMARC1 p=none", "instead of \";\"" },
	{ MEANT_DMARC, false, "v=DMARC1, p=none", "stands \",\"" },
	{ MEANT_DMARC, false, "v=DMARC1: p=none", "stands \":\"" },
	{ MEANT_DMARC, false, "v=dmarc1; p=none", "upper and lower case" },
	{ MEANT_DMARC, false, "v=Dmarc1; p=none", "upper and lower case" },
	{ MEANT_DMARC, false, " v=DMARC1; p=none", "begins with a blank" },
	{ MEANT_DMARC, false, "'v=DMARC1; p=none'", "begins with a quote" },
	{ MEANT_DMARC, false, "; v=DMARC1; p=none", "other characters" },
	{ MEANT_DMARC, false, "p=none; v=DMARC1", "not at its beginning" },
	{ MEANT_DMARC, false, "v=DMARC 1; p=none", "its version is \"DMARC\"" },
	{ MEANT_DMARC, false, "v=DMARC; p=none", "its version is \"DMARC\"" },
	{ MEANT_DMARC, false, "v=DMARC2; p=none", "its version is \"DMARC2\"" },
	{ MEANT_DMARC, false, "v=DMARCv1; p=none", "its version is" },
	{ MEANT_DMARC, false, "DMARC1; p=none", "v=DMARC1 is missing" },
	{ MEANT_DMARC, false, "p=quarantine", "is missing" },
	{ MEANT_DMARC, false, "p=reject; rua=mailto:a@b", "is missing" },
	{ MEANT_DMARC, false, "v=spf1 -all", NULL },
	{ MEANT_DMARC, false, "p=MIGf", NULL },
	{ MEANT_STS, true, "v=STSv1; id=1", NULL },
	{ MEANT_STS, false, "v=STSv1", "nothing stands behind" },
	{ MEANT_STS, false, "v=STSv1 ; id=1", "stands \" \" instead of \";\"" },
	{ MEANT_STS, false, "v=stsv1; id=1", "upper and lower case" },
	{ MEANT_STS, false, "v=STS1; id=1", "its version is \"STS1\"" },
	{ MEANT_STS, false, "v= STSv1; id=1", "without a blank" },
	{ MEANT_STS, false, "id=1; v=STSv1;", "not at its beginning" },
	{ MEANT_STS, false, "id=20260101", "is missing" },
	{ MEANT_STS, false, "STSv1; id=1", "is missing" },
	{ MEANT_TLSRPT, true, "v=TLSRPTv1;rua=mailto:a@b", NULL },
	{ MEANT_TLSRPT, false, "v=TLSRPT1;rua=mailto:a@b", "its version is" },
	{ MEANT_TLSRPT, false, "v=TLS-RPTv1;rua=mailto:a@b", "case" },
	{ MEANT_TLSRPT, false, "rua=mailto:a@b", "is missing" },
	{ MEANT_TLSRPT, false, "rua=https://a/b", "is missing" },
	{ MEANT_TLSRPT, false, "v = TLSRPTv1;rua=mailto:a@b",
	    "without a blank" },
	{ MEANT_BIMI, true, "v=BIMI1; l=", NULL },
	{ MEANT_BIMI, false, "v=bimi1; l=https://a/b.svg", "case" },
	{ MEANT_BIMI, false, "l=https://a/b.svg", "is missing" },
};

/* The record as a message has it, its bytes at the end of their memory. */
static struct dns_rr
record(char **mem, const char *text, size_t first)
{
	size_t n = strlen(text);

	*mem = malloc(2 * n + 1);
	memcpy(*mem + n + 1, text, n);
	(*mem)[0] = (char)first;
	memcpy(*mem + 1, text, n);
	return (struct dns_rr){ .data = { *mem + n + 1, n },
	    .raw = { *mem, n + 1 } };
}

static void
row(const struct row *r)
{
	struct arena mem = { 0 };
	struct dns_rr rr;
	const char *why;
	char *bytes;

	rr = record(&bytes, r->text, strlen(r->text));
	why = meant_why(&mem, r->kind, &rr);
	is_int(meant_counts(r->kind, rr.data), r->counts, "\"%s\": counts",
	    r->text);
	if (!ok(r->why == NULL ? why == NULL :
	    why != NULL && strstr(why, r->why) != NULL, "\"%s\": %s", r->text,
	    r->why != NULL ? r->why : "not a word"))
		diag("%s", why != NULL ? why : "not a word");
	free(bytes);
	arena_free(&mem);
}

/* Any part of it is taken without harm. */
static void
cuts(const struct row *r)
{
	struct arena mem = { 0 };
	size_t n;
	char *copy;

	for (n = 0; n <= strlen(r->text); n++) {
		struct dns_rr rr;
		char *bytes;

		copy = arena_dup(&mem, str_to(str_of(r->text), n));
		rr = record(&bytes, copy, n);
		(void)meant_why(&mem, r->kind, &rr);
		free(bytes);
	}
	arena_free(&mem);
}

static void
strings(void)
{
	struct arena mem = { 0 };
	struct dns_rr rr;
	const char *why;
	char *bytes;

	rr = record(&bytes, "v=spf1include:a.test -all", 6);
	why = meant_why(&mem, MEANT_SPF, &rr);
	is_str(why, "its strings are joined without a blank: v=spf1include:a.test",
	    "two strings");
	free(bytes);
	rr = record(&bytes, "v=DMARC1p=none", 8);
	why = meant_why(&mem, MEANT_DMARC, &rr);
	ok(why != NULL && strstr(why, "joined") != NULL, "in DMARC, too");
	free(bytes);
	arena_free(&mem);
}

static void
mended(enum meant kind, const char *text, const char *want)
{
	struct arena mem = { 0 };
	struct str s = meant_mended(&mem, kind, str_of(text));

	is_str(s.p == NULL ? NULL : arena_dup(&mem, s), want, "\"%s\" mended",
	    text);
	arena_free(&mem);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		row(&rows[i]);
		cuts(&rows[i]);
	}
	strings();
	mended(MEANT_SPF, " v=spf1 -all", "v=spf1 -all");
	mended(MEANT_SPF, "\"v=spf1 -all\"", "v=spf1 -all");
	mended(MEANT_SPF, "v=spf1 -all", NULL);
	mended(MEANT_SPF, "v=spf1,a,-all", NULL);
	mended(MEANT_SPF, "a mx", NULL);
	mended(MEANT_SPF, "\"", NULL);
	mended(MEANT_DMARC, "\xc2\xa0v=dmarc1; p=none", "v=DMARC1; p=none");
	mended(MEANT_STS, "v=stsv1; id=1", "v=STSv1; id=1");
	return done();
}
