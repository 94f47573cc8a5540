/*
 * dns.c: names, queries and replies that lie; and a question asked for tests
 *
 * Without arguments: unit tests.  "dns ask SERVER[,SERVER]" reads lines
 * "NAME TYPE" and prints one line for each, in the order of the input:
 *	NAME TYPE status ad=0 tries=1 tcp=0 cname=TARGET rdata; rdata...
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "dns_private.h"
#include "dns_reply.h"
#include "mem.h"
#include "tap.h"

/* ---- ask */

struct line {
	char name[300], type[16];
	const struct dns_answer *a;
};

static unsigned
number(const char *type)
{
	unsigned i;

	for (i = 1; i < 64; i++)
		if (dns_type(i) != NULL && strcmp(dns_type(i), type) == 0)
			return i;
	return (unsigned)strtoul(type, NULL, 10);
}

static void
got(void *arg, const struct dns_answer *a)
{
	((struct line *)arg)->a = dns_keep(a);
}

static void
print_rr(const struct dns_answer *a, const struct dns_rr *rr)
{
	char text[2048];
	size_t i;

	switch (a->type) {
	case DNS_A: case DNS_AAAA:
		dns_addr(rr->data, text, sizeof text);
		printf(" %s;", text);
		return;
	case DNS_MX:
		printf(" %u %s;", rr->pref, rr->name);
		return;
	case DNS_SRV:
		printf(" %u %u %u %s;", rr->pref, rr->weight, rr->port,
		    rr->name);
		return;
	case DNS_TLSA:
		printf(" %u %u %u ", rr->usage, rr->selector, rr->mtype);
		for (i = 0; i < rr->data.n; i++)
			printf("%02x", (unsigned char)rr->data.p[i]);
		printf(";");
		return;
	case DNS_TXT:
		putchar(' ');
		for (i = 0; i < rr->data.n; i++)
			printf("%02x", (unsigned char)rr->data.p[i]);
		putchar(';');
		return;
	default:
		printf(" %s;", rr->name != NULL ? rr->name : "?");
	}
}

static void
print_line(const struct line *l)
{
	const struct dns_answer *a = l->a;
	unsigned i;

	printf("%s %s %s ad=%d tries=%u tcp=%d", l->name, l->type,
	    dns_status(a->status), a->ad, a->tries, a->tcp);
	if (a->ede >= 0)
		printf(" ede=%d", a->ede);
	if (a->ncname > 0)
		printf(" cname=%s", dns_owner(a));
	for (i = 0; i < a->n; i++)
		print_rr(a, &a->rr[i]);
	if (a->why != NULL)
		printf(" (%s)", a->why);
	putchar('\n');
}

static int
ask(const char *servers)
{
	struct dns_conf conf = { .servers = servers };
	struct err e = { 0 };
	struct line *l = NULL;
	size_t n = 0, i;
	struct dns *d;

	if (getenv("DNS_TIMEOUT") != NULL)
		conf.timeout = strtod(getenv("DNS_TIMEOUT"), NULL);
	conf.trust_ad = getenv("DNS_TRUST") != NULL;
	conf.distrust_ad = getenv("DNS_DISTRUST") != NULL;
	d = dns_open(&conf, &e);
	if (d == NULL) {
		fprintf(stderr, "%s\n", e.msg);
		return e.code;
	}
	for (;; n++) {
		l = mem_grow(l, n + 1, sizeof *l);
		if (scanf("%299s %15s", l[n].name, l[n].type) != 2)
			break;
	}
	for (i = 0; i < n; i++)
		dns_want(d, l[i].name, number(l[i].type), got, &l[i]);
	while (dns_step(d, CLOCK_NEVER) > 0)
		;
	dns_close(d);
	for (i = 0; i < n; i++) {
		print_line(&l[i]);
		dns_drop(l[i].a);
	}
	free(l);
	return 0;
}

/* ---- names */

static void
test_names(void)
{
	static const struct { const char *in, *out; } good[] = {
		{ "Example.ORG", "example.org" },
		{ "example.org.", "example.org" }, { ".", "." },
		{ "a\\.b.c", "a\\.b.c" }, { "a\\032b", "a\\032b" },
		{ "A\\066", "ab" }, { "_25._TCP.mx", "_25._tcp.mx" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
	};
	static const char *const bad[] = { "", "..", "a..b", ".a", "a\\",
	    "a\\300", "0123456789012345678901234567890123456789012345678901234"
	    "567890123.org" };
	char dst[DNS_NAMELEN], name[400];
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		if (ok(dns_name(good[i].in, dst) == 0, "\"%s\" is a name",
		    good[i].in))
			is_str(dst, good[i].out, "as %s", good[i].out);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(dns_name(bad[i], dst) < 0, "\"%s\" is no name", bad[i]);
	for (i = 0; i < 127; i++)
		memcpy(name + 2 * i, "a.", 3);
	ok(dns_name(name, dst) == 0, "255 bytes are a name");
	memcpy(name + 2 * i, "a.", 3);
	ok(dns_name(name, dst) < 0, "257 bytes are none");
	ok(dns_hostname("mx1.example.org") && dns_hostname("1a.example"),
	    "host names");
	ok(!dns_hostname(".") && !dns_hostname("") &&
	    !dns_hostname("a b.example") && !dns_hostname("-a.example") &&
	    !dns_hostname("a\\032b.example"), "no host names");
	ok(dns_within("a.b.example", "b.example") &&
	    dns_within("B.example", "b.example") && dns_within("a.b", "."),
	    "within");
	ok(!dns_within("ab.example", "b.example") &&
	    !dns_within("a\\.b.example", "b.example") &&
	    dns_within("a\\\\.b.example", "b.example") &&
	    !dns_within("example", "b.example"), "not within");
	dns_reverse((struct str){ "\xc0\0\2\7", 4 }, dst);
	is_str(dst, "7.2.0.192.in-addr.arpa", "PTR owner, IPv4");
	dns_reverse((struct str){ "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x5a",
	    16 }, dst);
	is_str(dst, "a.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0."
	    "1.0.0.2.ip6.arpa", "PTR owner, IPv6");
}

/*
 * Names as they stand in messages, behind a header of zeros.  used: bytes of
 * the name at the offset at; -1: it is none.
 */
static void
test_expand(void)
{
	static const struct {
		const char *bytes;
		size_t n, at;
		int used;
		const char *text;
	} v[] = {
		{ "\3Mx1\1B\0", 7, 0, 7, "mx1.b" },
		{ "\0", 1, 0, 1, "." },
		{ "\1b\0\1a\xc0\x0c", 7, 3, 4, "a.b" },
		{ "\1b\0\xc0\x0c", 5, 3, 2, "b" },
		{ "\1b\0\1a\xc0\x0c\xc0\x0f", 9, 7, 2, "a.b" },
		{ "\0\xc0\x0c", 3, 1, 2, "." },
		/* in text it is another name than "a.b", and is read back so */
		{ "\3a.b\0", 5, 0, 5, "a\\.b" },
		{ "\6 \x7f\xff\\@(\0", 8, 0, 8, "\\032\\127\\255\\\\\\@\\(" },
		{ "\4\";)$\0", 6, 0, 6, "\\\"\\;\\)\\$" },
		/* round in a circle, to itself, forwards, behind the end */
		{ "\1a\xc0\x0c", 4, 0, -1, NULL },
		{ "\xc0\x0c", 2, 0, -1, NULL },
		{ "\xc0\x0e\xc0\x0c", 4, 2, -1, NULL },
		{ "\xc0\x0e\1a\0", 5, 0, -1, NULL },
		{ "\1a\xff\xff", 4, 0, -1, NULL },
		/* cut, and of a kind that nobody uses */
		{ "\1a", 2, 0, -1, NULL },
		{ "\3ab", 3, 0, -1, NULL },
		{ "\1a\xc0", 3, 0, -1, NULL },
		{ "\x40" "a\0", 3, 0, -1, NULL },
		{ "\x80" "a\0", 3, 0, -1, NULL },
	};
	unsigned char *msg;
	char dst[DNS_NAMELEN], back[DNS_NAMELEN];
	size_t i, len;
	int used;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		len = 12 + v[i].n;
		msg = calloc(1, len);
		memcpy(msg + 12, v[i].bytes, v[i].n);
		used = dns_expand(msg, msg + len, msg + 12 + v[i].at, dst);
		is_int(used, v[i].used, "name %zu in a message", i);
		if (used > 0)
			ok(strcmp(dst, v[i].text) == 0 &&
			    dns_name(dst, back) == 0 && strcmp(back, dst) == 0,
			    "is %s, there and back", dst);
		free(msg);
	}
}

/* 255 bytes at most, also where pointers put them together. */
static void
test_expand_long(void)
{
	unsigned char msg[400];
	char dst[DNS_NAMELEN];
	size_t i;

	for (i = 0; i < 4; i++) {
		memset(msg + 64 * i, 'a', 64);
		msg[64 * i] = 63;
	}
	msg[64 * 3] = 61;
	msg[64 * 4 - 2] = 0;
	is_int(dns_expand(msg, msg + 255, msg, dst), 255, "255 bytes");
	ok(dns_skip(msg, msg + 255) == msg + 255, "and what is behind them");
	ok(dns_skip(msg, msg + 254) == NULL, "which must be there");
	msg[64 * 3] = 62;
	msg[64 * 4 - 2] = 'a';
	msg[64 * 4 - 1] = 0;
	is_int(dns_expand(msg, msg + 256, msg, dst), -1, "256 are too many");
	memcpy(msg + 256, "\1b\xc0\0", 4);
	is_int(dns_expand(msg, msg + 260, msg + 256, dst), -1,
	    "by a pointer, too");
	memcpy(msg + 256, "\1b\xc0\x40", 4);
	is_int(dns_expand(msg, msg + 260, msg + 256, dst), 4,
	    "three of the labels and one more");
}

/* ---- messages, built by hand */

/* Parses from a heap copy of the exact size, so ASan sees every overrun. */
static struct dns_answer *
parse_n(const struct reply *m, size_t n, const char *name, unsigned type)
{
	unsigned char *copy = malloc(n > 0 ? n : 1);
	struct dns_answer *a;

	memcpy(copy, m->p, n);
	a = reply_parse(copy, n, name, type);
	free(copy);
	return a;
}

static struct dns_answer *
parse(const struct reply *m, const char *name, unsigned type)
{
	return parse_n(m, m->n, name, type);
}

static struct reply m;

static void
test_query(void)
{
	static const unsigned char want[] = "\x12\x34\1\x20\0\1\0\0\0\0\0\1"
	    "\7example\3org\0\0\x0f\0\1\0\0\x29\4\xd0\0\0\0\0\0";
	unsigned char q[512];
	size_t len;

	is_mem(q, reply_query(q, 0x1234, "Example.org", DNS_MX, 1232), want,
	    sizeof want, "a query with EDNS: RD, AD, no DO");
	is_int(reply_query(q, 1, "example.org", DNS_MX, 0), 29, "without EDNS");
	is_int(q[11], 0, "no additional record then");
	dns_build_do(q, 29);
	is_int(q[25], 0, "and no place to ask for signatures");
	len = reply_query(q, 1, "example.org", DNS_MX, 1232);
	dns_build_do(q, len);
	ok(memcmp(q + len - 11, "\0\0\51\4\320\0\0\200\0\0\0", 11) == 0,
	    "signatures are asked for in the OPT record");
	is_int(reply_query(q, 1, "a..b", DNS_MX, 0), 0, "no name, no query");
}

static void
test_records(void)
{
	struct dns_answer *a;

	reply_begin(&m, 0x81a0, "Example.org", DNS_MX);
	reply_record(&m, REPLY_AN, NULL, DNS_MX, "\0\x14\3MX2\xc0\x0c", 8);
	reply_record(&m, REPLY_AN, NULL, DNS_MX, "\0\x0a\0", 3);
	a = parse(&m, "example.org", DNS_MX);
	is_int(a->status, DNS_OK, "MX");
	is_int(a->n, 2, "two of them");
	is_str(a->rr[1].name, "mx2.example.org", "a name, lower case");
	is_int(a->rr[1].pref, 20, "its preference");
	is_str(a->rr[0].name, ".", "the root is a dot");
	is_int(a->ttl, 300, "the TTL");
	ok(a->ad_bit && !a->ad, "AD is noted, not believed");
	is_int(a->zone_ttl, 0, "the zone's TTL is not known");
	dns_drop(a);

	reply_record(&m, REPLY_AN, NULL, 46, "\0\20\15\2\0\0\1\1"
	    "xxxxxxxxxxxx", 20);
	a = parse(&m, "example.org", DNS_MX);
	is_int(a->zone_ttl, 0, "nor by the signature of something else");
	dns_drop(a);
	reply_record(&m, REPLY_AN, "x.org", 46, "\0\17\15\2\0\0\1\1"
	    "xxxxxxxxxxxx", 20);
	a = parse(&m, "example.org", DNS_MX);
	is_int(a->zone_ttl, 0, "or somewhere else");
	dns_drop(a);
	reply_record(&m, REPLY_AN, NULL, 46, "\0\17\15\2\0\0\16\20"
	    "xxxxxxxxxxxx", 20);
	a = parse(&m, "example.org", DNS_MX);
	is_int(a->zone_ttl, 3600, "it is what was signed");
	is_int(a->ttl, 300, "whatever is left of it");
	dns_drop(a);
	m.p[2] |= 4;
	a = parse(&m, "example.org", DNS_MX);
	is_int(a->zone_ttl, 300, "or what a server of the zone says");
	dns_drop(a);

	reply_begin(&m, 0x8180, "t.org", DNS_TXT);
	reply_record(&m, REPLY_AN, NULL, DNS_TXT, "\3v=s\0\4pf1 ", 10);
	a = parse(&m, "t.org", DNS_TXT);
	is_mem(a->rr[0].data.p, a->rr[0].data.n, "v=spf1 ", 7,
	    "TXT strings are joined without anything between");
	is_mem(a->rr[0].raw.p, a->rr[0].raw.n, "\3v=s\0\4pf1 ", 10, "raw");
	dns_drop(a);

	reply_begin(&m, 0x8180, "s.org", DNS_SRV);
	reply_record(&m, REPLY_AN, NULL, DNS_SRV,
	    "\0\1\0\2\3\xe1\1h\xc0\x0c", 10);
	a = parse(&m, "s.org", DNS_SRV);
	ok(a->rr[0].pref == 1 && a->rr[0].weight == 2 &&
	    a->rr[0].port == 993, "SRV numbers");
	is_str(a->rr[0].name, "h.s.org", "SRV target");
	dns_drop(a);

	reply_begin(&m, 0x8180, "t.org", DNS_TLSA);
	reply_record(&m, REPLY_AN, NULL, DNS_TLSA, "\3\1\1\xab\xcd", 5);
	a = parse(&m, "t.org", DNS_TLSA);
	ok(a->rr[0].usage == 3 && a->rr[0].selector == 1 &&
	    a->rr[0].mtype == 1 && a->rr[0].data.n == 2, "TLSA");
	dns_drop(a);
}

/* What a server turns round with each question is always the same here. */
static void
test_order(void)
{
	static const struct {
		unsigned type;
		const char *data[4];		/* in the order wanted */
		size_t n[4];
	} v[] = {
		{ DNS_A, { "\1\2\3\4", "\1\2\3\5", "\x0a\0\0\1",
		    "\xc0\0\2\1" }, { 4, 4, 4, 4 } },
		{ DNS_MX, { "\0\x0a\1a\0", "\0\x0a\1b\0", "\0\x14\1a\0",
		    "\1\0\1a\0" }, { 5, 5, 5, 5 } },
		{ DNS_TXT, { "\1a", "\2ab", "\1\xff", "\2\xff\xff" },
		    { 2, 3, 2, 3 } },
		{ DNS_SRV, { "\0\1\0\x09\0\1\1a\0", "\0\1\0\1\0\1\1a\0",
		    "\0\1\0\1\0\2\1a\0", "\0\1\0\1\0\2\1b\0" },
		    { 9, 9, 9, 9 } },
		{ DNS_TLSA, { "\2\0\1a", "\3\0\1a", "\3\1\1a", "\3\1\1b" },
		    { 4, 4, 4, 4 } },
	};
	struct dns_answer *a, *first;
	unsigned i, k, p, left, at[4], bad;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		bad = 0;
		first = NULL;
		for (p = 0; p < 24; p++) {
			/* the p-th permutation, by its digits */
			for (k = 0, left = p; k < 4; left /= 4 - k, k++)
				at[k] = left % (4 - k);
			reply_begin(&m, 0x8180, "o.org", v[i].type);
			for (k = 0, left = 0xf; k < 4; k++) {
				unsigned j = 0, skip = at[k];

				for (;; j++)
					if ((left & 1u << j) != 0 &&
					    skip-- == 0)
						break;
				left &= ~(1u << j);
				reply_record(&m, REPLY_AN, NULL, v[i].type,
				    v[i].data[j], v[i].n[j]);
			}
			a = parse(&m, "o.org", v[i].type);
			if (first == NULL) {
				first = a;
				continue;
			}
			bad += a->n != 4;
			for (k = 0; k < a->n; k++)
				bad += a->rr[k].pref != first->rr[k].pref ||
				    a->rr[k].weight != first->rr[k].weight ||
				    a->rr[k].port != first->rr[k].port ||
				    !str_eq(a->rr[k].raw, first->rr[k].raw) ||
				    !str_eq(str_of(a->rr[k].name),
				    str_of(first->rr[k].name));
			dns_drop(a);
		}
		is_int(bad, 0, "%s: one order for 24", dns_type(v[i].type));
		/* the first permutation is the order wanted */
		for (k = 0, bad = 0; k < 4 && v[i].type == DNS_A; k++)
			bad += memcmp(first->rr[k].data.p, v[i].data[k], 4) != 0;
		is_int(bad, 0, "%s: by value", dns_type(v[i].type));
		dns_drop(first);
	}
}

static void
test_aliases(void)
{
	struct dns_answer *a;

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	/* in any order */
	reply_record(&m, REPLY_AN, "c.org", DNS_A, "\1\2\3\4", 4);
	reply_record(&m, REPLY_AN, "b.org", DNS_CNAME, "\1c\3org", 7);
	reply_record(&m, REPLY_AN, NULL, DNS_CNAME, "\1b\3org", 7);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_OK, "aliases in the wrong order");
	is_int(a->ncname, 2, "two of them");
	is_str(dns_owner(a), "c.org", "the owner is the last");
	dns_drop(a);

	reply_begin(&m, 0x8183, "a.org", DNS_A);
	reply_record(&m, REPLY_AN, NULL, DNS_CNAME, "\1b\3org", 7);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_NXDOMAIN, "an alias to nothing");
	is_str(dns_owner(a), "b.org", "and where it points");
	dns_drop(a);

	reply_begin(&m, 0x8180, "a.org", DNS_CNAME);
	reply_record(&m, REPLY_AN, NULL, DNS_CNAME, "\1b\3org", 7);
	a = parse(&m, "a.org", DNS_CNAME);
	ok(a->n == 1 && a->ncname == 0 && strcmp(a->rr[0].name, "b.org") == 0,
	    "asked for a CNAME, it is a record");
	dns_drop(a);

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	reply_record(&m, REPLY_AN, "evil.org", DNS_A, "\6\6\6\6", 4);
	reply_record(&m, REPLY_NS, NULL, DNS_SOA,
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0"
	    "\0\0\7", 22);
	reply_record(&m, REPLY_AR, NULL, DNS_A, "\6\6\6\6", 4);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_NODATA, "other names' records and additional "
	    "ones are no answer");
	is_int(a->ttl, 7, "TTL of a denial: the SOA's minimum");
	dns_drop(a);
}

static void
test_outcomes(void)
{
	static const struct { unsigned flags, ede; int status; const char *n; }
	    cases[] = {
		{ 0x8180, 0, DNS_NODATA, "nothing at all" },
		{ 0x8183, 0, DNS_NXDOMAIN, "NXDOMAIN" },
		{ 0x8182, 0, DNS_SERVFAIL, "SERVFAIL" },
		{ 0x8182, 22, DNS_SERVFAIL, "SERVFAIL, nobody reachable" },
		{ 0x8182, 6, DNS_BOGUS, "SERVFAIL, DNSSEC bogus" },
		{ 0x8182, 7, DNS_BOGUS, "SERVFAIL, signature expired" },
		{ 0x8185, 0, DNS_REFUSED, "REFUSED" },
		{ 0x8185, 6, DNS_REFUSED, "REFUSED is not bogus" },
		{ 0x8181, 0, DNS_SERVFAIL, "FORMERR" },
		{ 0x8184, 0, DNS_SERVFAIL, "NOTIMP" },
		{ 0x818b, 0, DNS_SERVFAIL, "a code nobody knows" },
		{ 0x0180, 0, DNS_MALFORMED, "not a reply" },
		{ 0x8980, 0, DNS_MALFORMED, "another opcode" },
	};
	unsigned char opt[] = "\0\x0f\0\5\0\0why";
	struct dns_answer *a;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		reply_begin(&m, cases[i].flags, "a.org", DNS_A);
		opt[5] = (unsigned char)cases[i].ede;
		if (cases[i].ede > 0)
			reply_record(&m, REPLY_AR, "", 41, opt, 9);
		a = parse(&m, "a.org", DNS_A);
		is_str(dns_status(a->status), dns_status((enum dns_status)
		    cases[i].status), "%s", cases[i].n);
		if (cases[i].ede > 0 && a->ede_text.n == 3)
			is_mem(a->ede_text.p, 3, "why", 3, "EDE text");
		dns_drop(a);
	}
	reply_begin(&m, 0x8183, "a.org", DNS_A);
	reply_record(&m, REPLY_AN, NULL, DNS_A, "\1\2\3\4", 4);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_MALFORMED, "NXDOMAIN with a record");
	dns_drop(a);
	reply_begin(&m, 0x8000, "a.org", DNS_A);
	reply_record(&m, REPLY_NS, NULL, DNS_NS, "\1n\3org", 7);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_REFUSED, "a referral is no denial");
	dns_drop(a);
}

static void
test_error_with_records(void)
{
	unsigned rcode, right = 0;
	struct dns_answer *a;
	size_t at;

	for (rcode = 0; rcode < 16; rcode++) {
		reply_begin(&m, 0x8180 | rcode, "a.org", DNS_MX);
		reply_record(&m, REPLY_AN, NULL, DNS_MX, "\0\1\0", 3);
		a = parse(&m, "a.org", DNS_MX);
		right += rcode == 0 ? a->status == DNS_OK && a->n == 1 :
		    a->status != DNS_OK && a->n == 0 && a->why != NULL;
		dns_drop(a);
	}
	is_int(right, 16, "an error code with a record has no record");

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	reply_record(&m, REPLY_AN, NULL, DNS_CNAME, "\1b\3org", 7);
	reply_record(&m, REPLY_AN, "b.org", DNS_A, "\1\2\3\4", 4);
	at = m.n;
	reply_record(&m, REPLY_AR, "", 41, "", 0);
	m.p[at + 5] = 1;			/* BADVERS, the upper bits */
	a = parse(&m, "a.org", DNS_A);
	ok(a->status == DNS_SERVFAIL && a->n == 0,
	    "nor beside one that stands in the OPT record");
	is_str(dns_owner(a), "b.org", "whose name it was is kept");
	dns_drop(a);
}

/* As many as fit into a message, whatever the section. */
static void
test_many_records(void)
{
	static const unsigned char host[] = "\0\1"
	    "\77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "\77bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	    "\77ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	    "\67ddddddddddddddddddddddddddddddddddddddddddddddddddddddd\300\14";
	const size_t at = 23 + 12 + 2;		/* the first host's name */
	struct dns_answer *a;
	unsigned i, n;

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	for (n = 0; m.n + 16 <= 65535; n++)
		reply_record(&m, REPLY_AN, NULL, DNS_A, "\1\2\3\4", 4);
	a = parse(&m, "a.org", DNS_A);
	ok(a->status == DNS_OK && a->n == n && a->rr[n - 1].data.n == 4,
	    "%u addresses in one message", n);
	dns_drop(a);

	reply_begin(&m, 0x8180, "a.org", DNS_MX);
	reply_record(&m, REPLY_AN, NULL, DNS_MX, host, sizeof host - 1);
	for (n = 1; m.n + 16 <= 65535; n++) {
		reply_record(&m, REPLY_AN, NULL, DNS_MX, "\0\1..", 4);
		m.p[m.n - 2] = (unsigned char)(0xc0 | at >> 8);
		m.p[m.n - 1] = (unsigned char)at;
	}
	a = parse(&m, "a.org", DNS_MX);
	ok(a->status == DNS_OK && a->n == n &&
	    strlen(a->rr[n - 1].name) == 253,
	    "%u hosts whose names are as long as can be", n);
	dns_drop(a);

	reply_begin(&m, 0x8183, "a.org", DNS_A);
	for (i = 0; i < 600; i++)
		reply_record(&m, REPLY_NS, NULL, DNS_NS, "\1n\300\14", 4);
	reply_record(&m, REPLY_NS, NULL, DNS_SOA,
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
	    "\0\0\0\7", 22);
	for (i = 0; i < 600; i++)
		reply_record(&m, REPLY_AR, NULL, DNS_A, "\1\2\3\4", 4);
	reply_record(&m, REPLY_AR, "", 41, "\0\x0f\0\5\0\6why", 9);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->ttl, 7, "a SOA behind 600 others bounds the TTL");
	is_int(a->ede, 6, "an EDE behind 600 others is seen");
	dns_drop(a);
}

/* RFC 9267: what went wrong in other parsers. */
static void
test_hostile(void)
{
	static const struct { unsigned type; const char *rdata; size_t n;
	    const char *name; } cases[] = {
		{ DNS_A, "\1\2\3", 3, "an A of 3 bytes" },
		{ DNS_A, "\1\2\3\4\5", 5, "an A of 5 bytes" },
		{ DNS_AAAA, "\1\2\3\4", 4, "an AAAA of 4 bytes" },
		{ DNS_MX, "\0", 1, "an MX of 1 byte" },
		{ DNS_MX, "\0\1", 2, "an MX without a name" },
		{ DNS_MX, "\0\1\3ab", 5, "an MX with a label too long" },
		{ DNS_MX, "\0\1\0x", 4, "an MX with a byte behind" },
		{ DNS_MX, "\0\1\xc0\x27", 4, "a pointer forward" },
		{ DNS_MX, "\0\1\xc0\x25", 4, "a pointer to itself" },
		{ DNS_MX, "\0\1\xff\xff", 4, "a pointer out of the message" },
		{ DNS_MX, "\0\1\x41x", 4, "a label type nobody knows" },
		{ DNS_TXT, "", 0, "an empty TXT" },
		{ DNS_TXT, "\5abc", 4, "a TXT string over its end" },
		{ DNS_TXT, "\1a\2b", 4, "the second TXT string over it" },
		{ DNS_TLSA, "\3\1", 2, "a TLSA of 2 bytes" },
		{ DNS_SRV, "\0\1\0\1\0\1", 6, "an SRV without a target" },
		{ DNS_CNAME, "\xc0\x23", 2, "a CNAME pointing to itself" },
		{ DNS_SOA, "\0\0abc", 5, "a short SOA" },
	};
	struct dns_answer *a;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		reply_begin(&m, 0x8180, "a.org", cases[i].type);
		reply_record(&m, REPLY_AN, NULL, cases[i].type, cases[i].rdata,
		    cases[i].n);
		a = parse(&m, "a.org", cases[i].type);
		is_int(a->status, DNS_MALFORMED, "%s", cases[i].name);
		ok(a->why != NULL && a->n == 0, "says why: %s",
		    a->why != NULL ? a->why : "no");
		dns_drop(a);
	}
}

static void
test_loops(void)
{
	struct dns_answer *a;

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	reply_record(&m, REPLY_AN, NULL, DNS_CNAME, "\1a\3org", 7);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_MALFORMED, "an alias of itself");
	dns_drop(a);

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	reply_record(&m, REPLY_AN, NULL, DNS_CNAME, "\1b\3org", 7);
	reply_record(&m, REPLY_AN, "b.org", DNS_CNAME, "\1c\3org", 7);
	reply_record(&m, REPLY_AN, "c.org", DNS_CNAME, "\1b\3org", 7);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_MALFORMED, "aliases in a circle");
	dns_drop(a);

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	m.p[REPLY_AN]++;			/* its owner is a pointer to itself */
	reply_put16(&m, 0xc000 | (unsigned)m.n);
	reply_put(&m, "\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 14);
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_MALFORMED, "an owner that is a loop");
	dns_drop(a);
}

static void
test_counts(void)
{
	struct dns_answer *a;
	int s;

	for (s = REPLY_AN; s <= REPLY_AR; s += 2) {
		reply_begin(&m, 0x8180, "a.org", DNS_A);
		reply_record(&m, REPLY_AN, NULL, DNS_A, "\1\2\3\4", 4);
		m.p[s - 1] = 0xff;
		m.p[s] = 0xff;
		a = parse(&m, "a.org", DNS_A);
		is_int(a->status, DNS_MALFORMED, "65535 promised in section "
		    "%d", (s - 5) / 2);
		dns_drop(a);
	}
	reply_begin(&m, 0x8180, "a.org", DNS_A);
	m.p[5] = 2;
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_MALFORMED, "two questions");
	dns_drop(a);
}

static void
test_mismatch(void)
{
	static const struct { const char *name; unsigned type; } other[] = {
		{ "b.org", DNS_A }, { "a.orgx", DNS_A }, { "a", DNS_A },
		{ "a.org", DNS_AAAA }, { "x.a.org", DNS_A },
	};
	struct dns_answer *a;
	size_t i;

	reply_begin(&m, 0x8180, "a.org", DNS_A);
	reply_record(&m, REPLY_AN, NULL, DNS_A, "\1\2\3\4", 4);
	for (i = 0; i < sizeof other / sizeof *other; i++) {
		a = parse(&m, other[i].name, other[i].type);
		is_int(a->status, DNS_MALFORMED, "no reply to %s %u",
		    other[i].name, other[i].type);
		dns_drop(a);
	}
	a = parse(&m, "A.ORG", DNS_A);
	is_int(a->status, DNS_OK, "case is ignored");
	dns_drop(a);
	m.p[m.n - 11] = 3;
	a = parse(&m, "a.org", DNS_A);
	is_int(a->status, DNS_NODATA, "a record of class CHAOS does not "
	    "count");
	dns_drop(a);
}

/* Cut at every byte, and with every byte changed: no overrun, an answer. */
static void
test_every_byte(void)
{
	struct dns_answer *a;
	unsigned char was;
	size_t i, sound = 0;
	int bit;

	reply_begin(&m, 0x8180, "example.org", DNS_MX);
	reply_record(&m, REPLY_AN, NULL, DNS_CNAME, "\1c\xc0\x14", 4);
	reply_record(&m, REPLY_AN, "c.org", DNS_MX, "\0\x0a\3mx1\xc0\x0c", 8);
	reply_record(&m, REPLY_AN, "c.org", DNS_MX, "\0\x0a\3mx2\xc0\x0c", 8);
	reply_record(&m, REPLY_NS, "org", DNS_SOA,
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
	    "\0\0\0\7", 22);
	reply_record(&m, REPLY_AR, "", 41, "\0\x0f\0\5\0\6why", 9);
	for (i = 0; i < m.n; i++) {
		a = parse_n(&m, i, "example.org", DNS_MX);
		sound += a->status != DNS_MALFORMED;
		dns_drop(a);
	}
	is_int(sound, 0, "cut at every byte it is malformed");
	for (i = 0; i < m.n; i++)
		for (bit = 0; bit < 256; bit++) {
			was = m.p[i];
			m.p[i] = (unsigned char)bit;
			dns_drop(parse(&m, "example.org", DNS_MX));
			m.p[i] = was;
		}
	a = parse(&m, "example.org", DNS_MX);
	ok(a->status == DNS_OK && a->n == 2 && a->ede == 6,
	    "each byte changed to each value: no overrun");
	dns_drop(a);
}

/* An answer comes from the cache if its question was asked before. */
static bool
cached(struct dns_cache *c, const char *name)
{
	struct dns_answer *a;
	struct dns_key k;
	bool there;

	dns_key(name, DNS_MX, &k);
	there = dns_cache_get(c, &k, 0) != NULL;
	if (there)
		return true;
	a = dns_nothing(name, DNS_MX, DNS_NODATA, NULL);
	dns_cache_put(c, k.wire, k.len, k.type, k.hash, a, 1000);
	dns_drop(a);
	return false;
}

/*
 * A long list of names, each of which is there twice, far apart, beside one
 * that all of them have in common.
 */
static void
test_cache(void)
{
	struct dns_cache *c = dns_cache_new(8 << 20);
	unsigned i, shared = 0, single = 0;
	char name[64];

	for (i = 0; i < 400000; i++) {
		snprintf(name, sizeof name, "d%u.example", i % 200000);
		single += cached(c, name);
		shared += cached(c, "mx.example");
	}
	is_int(shared, 400000 - 2, "what many share is there from the third "
	    "time on");
	ok(single < 400, "what comes once is not kept: %u of 400000", single);
	dns_cache_free(c);
}

/* An alias and what it leads to: proven if both are, for the shorter time. */
static void
test_join(void)
{
	static const struct {
		bool ad[2], bit[2];
		uint32_t ttl[2];
		enum dns_status status[2];
		bool want_ad, want_bit;
		uint32_t want_ttl;
	} t[] = {
		{ { true, true }, { true, true }, { 5, 9 }, { DNS_OK, DNS_OK },
		    true, true, 5 },
		{ { true, false }, { true, false }, { 9, 5 }, { DNS_OK,
		    DNS_NODATA }, false, false, 5 },
		{ { false, true }, { false, true }, { 5, 5 }, { DNS_OK,
		    DNS_SERVFAIL }, false, false, 5 },
		{ { false, false }, { true, true }, { 0, 5 }, { DNS_NODATA,
		    DNS_OK }, false, true, 0 },
	};
	struct dns_answer *part[2], *a;
	size_t i;
	int k;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		for (k = 0; k < 2; k++) {
			part[k] = dns_nothing(k == 0 ? "a.test" : "b.test",
			    DNS_A, t[i].status[k], k == 0 ? NULL : "why");
			part[k]->ad = t[i].ad[k];
			part[k]->ad_bit = t[i].bit[k];
			part[k]->ttl = t[i].ttl[k];
			part[k]->tries = 1;
		}
		a = dns_join(part[0], part[1]);
		is_str(a->name, "a.test", "joined, %zu: the name asked for", i);
		is_int(a->status, t[i].status[1], "joined, %zu: status", i);
		is_int(a->ad, t[i].want_ad, "joined, %zu: proven", i);
		is_int(a->ad_bit, t[i].want_bit, "joined, %zu: AD", i);
		is_int(a->ttl, t[i].want_ttl, "joined, %zu: TTL", i);
		is_str(a->why, "why", "joined, %zu: why", i);
		is_int(a->tries, 2, "joined, %zu: tries", i);
		dns_drop(part[0]);
		dns_drop(part[1]);
		dns_drop(a);
	}
}

/* ---- whom to ask, and whose AD counts */

static void
test_servers(void)
{
	static const struct {
		const char *option, *env;
		bool trust, distrust;
		const char *want;	/* of the first; NULL: an error */
		bool trusted;
		unsigned n;
	} t[] = {
		{ "127.0.0.1", NULL, false, false, "127.0.0.1:53", true, 1 },
		{ "::1", NULL, false, false, "[::1]:53", true, 1 },
		{ "192.0.2.1", NULL, false, false, "192.0.2.1:53", false, 1 },
		{ "192.0.2.1", NULL, true, false, "192.0.2.1:53", true, 1 },
		{ "192.0.2.1", NULL, true, true, "192.0.2.1:53", false, 1 },
		{ "127.0.0.1", NULL, false, true, "127.0.0.1:53", false, 1 },
		{ "192.0.2.1:5353", "192.0.2.9", false, false,
		    "192.0.2.1:5353", false, 1 },
		{ NULL, "192.0.2.9, [2001:db8::1]:99", false, false,
		    "192.0.2.9:53", false, 2 },
		{ "192.0.2", NULL, false, false, NULL, false, 0 },
		{ "ns.test", NULL, false, false, NULL, false, 0 },
		{ ",", NULL, false, false, NULL, false, 0 },
		{ "", NULL, false, false, NULL, false, 0 },
	};
	struct dns_system y;
	struct dns_conf conf;
	struct err e;
	size_t i;
	int got;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		e = (struct err){ 0 };
		conf = (struct dns_conf){ .servers = t[i].option,
		    .trust_ad = t[i].trust, .distrust_ad = t[i].distrust };
		if (t[i].env != NULL)
			setenv("POSTBAG_DNS", t[i].env, 1);
		else
			unsetenv("POSTBAG_DNS");
		got = dns_system(&conf, &y, &e);
		is_int(got, t[i].want != NULL ? 0 : -1, "servers, %zu", i);
		if (got < 0 || t[i].want == NULL)
			continue;
		is_str(y.server[0].text, t[i].want, "servers, %zu: the first",
		    i);
		is_int(y.server[0].trusted, t[i].trusted, "servers, %zu: is AD believed",
		    i);
		is_int(y.n, t[i].n, "servers, %zu: how many", i);
	}
	/* An empty one is as none: that of the system. */
	setenv("POSTBAG_DNS", "", 1);
	conf = (struct dns_conf){ 0 };
	e = (struct err){ 0 };
	ok(dns_system(&conf, &y, &e) == 0 && y.n > 0 &&
	    strcmp(y.server[0].source, "/etc/resolv.conf") == 0,
	    "an empty POSTBAG_DNS");
	unsetenv("POSTBAG_DNS");
}

/* ---- the loop */

/* Always more to be read than is read at once, and no answer among it. */
static void
test_flood(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr =
	    htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i;
	struct dns_conf conf = { .timeout = 0.1, .tries = 1 };
	struct line l = { .a = NULL };
	socklen_t len = sizeof a;
	struct err e = { 0 };
	char server[32], query[512];
	int64_t end;
	struct dns *d;

	bind(fd, (struct sockaddr *)&a, sizeof a);
	getsockname(fd, (struct sockaddr *)&a, &len);
	snprintf(server, sizeof server, "127.0.0.1:%u", ntohs(a.sin_port));
	conf.servers = server;
	d = dns_open(&conf, &e);
	dns_want(d, "a.org", DNS_A, got, &l);
	dns_step(d, 0);
	ok(recvfrom(fd, query, sizeof query, 0, (struct sockaddr *)&a, &len) >
	    0, "a server that will not stop: it is asked");
	end = clock_ms() + 10000;
	do {
		for (i = 0; i < 64; i++)
			sendto(fd, "junk", 4, MSG_DONTWAIT,
			    (struct sockaddr *)&a, len);
	} while (dns_step(d, clock_ms() + 100) > 0 && clock_ms() < end);
	ok(l.a != NULL && l.a->status == DNS_TIMEOUT,
	    "and what it does not answer is over in its time");
	dns_close(d);
	dns_drop(l.a);
	close(fd);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "ask") == 0)
		return ask(argv[2]);
	test_names();
	test_expand();
	test_expand_long();
	test_query();
	test_records();
	test_order();
	test_aliases();
	test_outcomes();
	test_error_with_records();
	test_many_records();
	test_hostile();
	test_loops();
	test_counts();
	test_mismatch();
	test_every_byte();
	test_cache();
	test_join();
	test_servers();
	test_flood();
	return done();
}
