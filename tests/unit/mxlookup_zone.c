/* mxlookup_zone.c: lines of zone files, read and written; and what is none */
#include "zone.h"

#include "tap.h"

static struct arena arena;

/* A line, and how it is written; or what is said of it, with "!" before. */
static const struct {
	const char *line, *want;
} lines[] = {
	/* nothing */
	{ "", "" }, { " \t ", "" }, { "; a.test A 192.0.2.1", "" },
	{ "# a.test A 192.0.2.1", "" }, { " # a.test", "" },
	/* what stands before the data */
	{ "a.test A 192.0.2.1", "a.test A 192.0.2.1" },
	{ "A.Test. a 192.0.2.1 ; why", "a.test A 192.0.2.1" },
	{ "a.test A 192.0.2.1;why", "a.test A 192.0.2.1" },
	{ "a.test 3600 IN A 192.0.2.1", "a.test A 192.0.2.1" },
	{ "a.test IN 1h30M A 192.0.2.1", "a.test A 192.0.2.1" },
	{ "a.test in A 192.0.2.1", "a.test A 192.0.2.1" },
	{ "a.test 1y A 192.0.2.1", "!\"1y\" is no type" },
	{ "a.test h A 192.0.2.1", "!\"h\" is no type" },
	{ "a.test 3600", "!data is missing" },
	{ "a.test", "!data is missing" },
	{ "a.test \"A\" 192.0.2.1", "!data is missing" },
	{ "$ORIGIN a.test",
	    "!$ORIGIN is not done here: names stand there in full" },
	{ "@ A 192.0.2.1", "!\"@\": the name is missing" },
	{ "IN A 192.0.2.1", "!\"IN\": the name is missing" },
	{ "3600 A 192.0.2.1", "!\"3600\": the name is missing" },
	{ "MX 10 a.test", "!\"MX\": the name is missing" },
	{ "a..test A 192.0.2.1", "!\"a..test\" is no name" },
	{ "a.test SOA x", "!records of type SOA are not compared" },
	{ "a.test A", "!no data (\"-\" for: no record)" },
	{ "a.test A -", "a.test A none" },
	{ "a.test TXT \"-\"", "a.test TXT \"-\"" },
	{ "a.test A - -", "!\"-\" is no IPv4 address" },
	{ "\"#a.test\" A 192.0.2.1", "#a.test A 192.0.2.1" },
	/* addresses */
	{ "a.test A 192.0.2.256", "!\"192.0.2.256\" is no IPv4 address" },
	{ "a.test A 2001:db8::1", "!\"2001:db8::1\" is no IPv4 address" },
	{ "a.test AAAA 192.0.2.1", "!\"192.0.2.1\" is no IPv6 address" },
	{ "a.test AAAA 2001:DB8:0::1", "a.test AAAA 2001:db8::1" },
	{ "a.test A 192.0.2.1 192.0.2.2", "!\"192.0.2.2\" is too much" },
	{ "a.test A \"192.0.2.1\"", "!data is missing" },
	/* numbers, names */
	{ "a.test MX 10 M.test", "a.test MX 10 m.test." },
	{ "a.test MX 0 .", "a.test MX 0 ." },
	{ "a.test MX 258 m.test.", "a.test MX 258 m.test." },
	{ "a.test MX 65535 m.test", "a.test MX 65535 m.test." },
	{ "a.test MX 65536 m.test", "!\"65536\" is no such number" },
	{ "a.test MX -1 m.test", "!\"-1\" is no such number" },
	{ "a.test MX m.test", "!\"m.test\" is no such number" },
	{ "a.test MX 10", "!data is missing" },
	{ "a.test MX 10 m..test", "!\"m..test\" is no name" },
	{ "a.test SRV 1 2 993 i.test", "a.test SRV 1 2 993 i.test." },
	{ "a.test CNAME b.test", "a.test CNAME b.test." },
	{ "a.test NS b.test", "a.test NS b.test." },
	{ "a.test PTR b.test", "a.test PTR b.test." },
	/* hex and base64, also in pieces */
	{ "a.test TLSA 3 1 1 0aFF", "a.test TLSA 3 1 1 0aff" },
	{ "a.test TLSA 3 1 1 0a ff ; so", "a.test TLSA 3 1 1 0aff" },
	{ "a.test TLSA 3 1 1 0", "!\"0\" is no hex" },
	{ "a.test TLSA 3 1 1 0g", "!\"0g\" is no hex" },
	{ "a.test TLSA 3 1 1 g0", "!\"g0\" is no hex" },
	{ "a.test TLSA 255 1 1 00", "a.test TLSA 255 1 1 00" },
	{ "a.test TLSA 256 1 1 00", "!\"256\" is no such number" },
	{ "a.test DS 4660 8 2 0aff", "a.test DS 4660 8 2 0aff" },
	{ "a.test DNSKEY 257 3 13 AAEC", "a.test DNSKEY 257 3 13 AAEC" },
	{ "a.test DNSKEY 257 3 13 AA EC", "a.test DNSKEY 257 3 13 AAEC" },
	{ "a.test DNSKEY 257 3 13 A!", "!\"A!\" is no base64" },
	/* strings */
	{ "a.test TXT \"v=x\" \" y\"", "a.test TXT \"v=x y\"" },
	{ "a.test TXT v=x; y \"z\"", "a.test TXT \"v=x; y \\\"z\\\"\"" },
	{ "a.test TXT \"x\" ; why", "a.test TXT \"x\"" },
	{ "a.test TXT \"x;y\"", "a.test TXT \"x;y\"" },
	{ "a.test TXT \"x\\\"y\\\\\"", "a.test TXT \"x\\\"y\\\\\"" },
	{ "a.test TXT \"\\065\\b\"", "a.test TXT \"Ab\"" },
	{ "a.test TXT \"\\031\\032\\126\\127\"",
	    "a.test TXT \"\\031 ~\\127\"" },
	{ "a.test TXT \"\\256\"", "!\"\\256\" is no text" },
	{ "a.test TXT \\256", "!\"\\256\" is no text" },
	{ "a.test TXT \"x", "!a quote is not closed" },
	{ "a.test TXT \"x\\\"", "!a quote is not closed" },
	{ "a.test TXT \"\"", "a.test TXT \"\"" },
};

static void
line(size_t i)
{
	struct zone_record z;
	struct err e = { 0 };
	struct buf b = { 0 };
	int got = zone_read(&arena, str_of(lines[i].line), &z, &e);

	if (got < 0)
		buf_printf(&b, "!%s", e.msg);
	else if (got > 0)
		buf_printf(&b, "%s %s ", z.name, dns_type(z.type));
	if (got > 0 && z.none)
		buf_s(&b, "none");
	else if (got > 0)
		zone_put(&b, z.type, z.data);
	buf_c(&b, '\0');
	is_str(b.p, lines[i].want, "%s", lines[i].line);
	if (got < 0)
		is_int(e.code, EX_USAGE, "as usage");
	buf_free(&b);
}

/* What a stranger sent, as short as it is. */
static void
shorts(void)
{
	static const struct {
		unsigned type;
		size_t n;
		const char *data, *want;
	} t[] = {
		{ DNS_MX, 0, "", " " },
		{ DNS_MX, 3, "\1\2.", "258 ." },
		{ DNS_TLSA, 2, "\3\1", "3 1  " },
		{ DNS_TLSA, 3, "\3\1\1", "3 1 1 " },
		{ DNS_TXT, 0, "", "\"\"" },
		{ 9999, 2, "xy", "" },
	};
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf b = { 0 };

		zone_put(&b, t[i].type, (struct str){ t[i].data, t[i].n });
		buf_c(&b, '\0');
		is_str(b.p, t[i].want, "%zu bytes of %s", t[i].n,
		    dns_type(t[i].type));
		buf_free(&b);
	}
}

/* Strings of 255 bytes at most. */
static void
longs(size_t n, const char *name)
{
	char text[600], want[620];
	struct buf b = { 0 };

	memset(text, 'x', sizeof text);
	zone_put(&b, DNS_TXT, (struct str){ text, n });
	buf_c(&b, '\0');
	snprintf(want, sizeof want, "\"%.*s%s%.*s\"", n < 255 ? (int)n : 255,
	    text, n > 255 ? "\" \"" : "", n > 255 ? (int)n - 255 : 0, text);
	is_str(b.p, want, "%s", name);
	buf_free(&b);
}

/* As the DNS has it, and as a line has it. */
static void
same(const char *line_, unsigned type, struct dns_rr rr)
{
	struct zone_record z;
	struct err e = { 0 };
	struct str data = zone_data(&arena, type, &rr);

	is_int(zone_read(&arena, str_of(line_), &z, &e), 1, "%s", line_);
	is_mem(data.p, data.n, z.data.p, z.data.n, "the same bytes");
}

int
main(void)
{
	struct err e = { 0 };
	struct zone_record z;
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++)
		line(i);
	is_int(zone_read(&arena, (struct str){ "a.test TXT x\0y", 14 }, &z,
	    &e), -1, "a NUL byte within text");
	is_str(e.msg, "a NUL byte", "which is told");
	shorts();
	longs(254, "254 bytes");
	longs(255, "255 bytes");
	longs(256, "256 bytes: two strings");
	same("a.test MX 258 m.test", DNS_MX, (struct dns_rr){ .pref = 258,
	    .name = "m.test" });
	same("a.test SRV 258 772 1286 m.test", DNS_SRV, (struct dns_rr){
	    .pref = 258, .weight = 772, .port = 1286, .name = "m.test" });
	same("a.test TLSA 3 1 2 00ff", DNS_TLSA, (struct dns_rr){ .usage = 3,
	    .selector = 1, .mtype = 2, .data = { "\0\xff", 2 } });
	same("a.test A 192.0.2.1", DNS_A, (struct dns_rr){ .pref = 9,
	    .data = { "\xc0\0\2\1", 4 } });
	same("a.test CNAME b.test", DNS_CNAME, (struct dns_rr){ .pref = 9,
	    .name = "b.test" });
	arena_free(&arena);
	return done();
}
