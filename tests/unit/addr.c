/*
 * addr.c: addresses as arguments and in header fields
 *
 * Each text is looked at in a heap copy of its exact size, so that a sanitizer
 * sees a byte read too many.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "idn.h"
#include "tap.h"

#define A26 "abcdefghijklmnopqrstuvwxyz"
#define A63 A26 A26 "abcdefghijk"
#define A64 A63 "l"
#define N(a) (sizeof(a) / sizeof *(a))

static struct str
copy(struct str s)
{
	char *p = malloc(s.n > 0 ? s.n : 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ s.n > 0 ? p : (free(p), NULL), s.n };
}

static const char *
show(struct str s)
{
	static char buf[512];

	str_escape(buf, sizeof buf, s);
	return buf;
}

/* --- one mailbox, as an argument --- */

/* domain NULL: refused, and this is how the message ends. */
static const struct {
	struct str text;
	const char *local, *domain, *why;
} mailboxes[] = {
#define GOOD(l, d) { STR(l "@" d), l, d, NULL },
#define BAD(t, w) { STR(t), NULL, NULL, w },
	/* plain */
	GOOD("jo", "example.org")
	GOOD("j", "example.org")
	GOOD("Jo.Van.Dam", "Example.ORG")
	GOOD("jo", "e.org")
	GOOD("jo", "example.x")
	GOOD("jo", "db1")
	GOOD("root", "localhost")
	GOOD("0", "0")
	GOOD("42", "example.org")
	GOOD("jo", "42.example")
	GOOD("jo", "example.42")
	GOOD("jo", "192.0.2.1")
	GOOD("jo+tag=x", "example.org")
	GOOD("-oQ/tmp", "example.org")
	GOOD("!#$%&'*+-/=?^_`{|}~", "example.org")
	GOOD("jo", "ex-ample.org")
	GOOD("jo", "e--x.org")
	GOOD("jo", "example.co-op")
	GOOD("jo", "xn--bcher-kva.example")
	GOOD("xn--jo", "example.org")
	GOOD(A64, "example.org")
	GOOD("jo", A63 ".org")
	GOOD("j", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z."
	    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z."
	    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z."
	    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z."
	    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v")
	GOOD(A64, A63 "." A63 "." A26 A26 "abcdefghi")	/* 254 */
	/* quoted: byte for byte, the quotes too */
	GOOD("\"jo\"", "example.org")
	GOOD("\"\"", "example.org")
	GOOD("\" \"", "example.org")
	GOOD("\"jo dam\"", "example.org")
	GOOD("\"jo\\ dam\"", "example.org")
	GOOD("\"\\j\\o\"", "example.org")
	GOOD("\"\\\"\"", "example.org")
	GOOD("\"\\\\\"", "example.org")
	GOOD("\"jo..dam.\"", "example.org")
	GOOD("\"jo@dam\"", "example.org")
	GOOD("\"<jo>, (dam):;[]\"", "example.org")
	GOOD("\"" A26 A26 "abcdefghij\"", "example.org")	/* 64 */
	/* literals */
	GOOD("jo", "[192.0.2.1]")
	GOOD("jo", "[255.255.255.255]")
	GOOD("jo", "[0.0.0.0]")
	GOOD("jo", "[IPv6:1:22:333:4444:aaaa:BBBB:cCcC:8]")
	GOOD("jo", "[ipv6:2001:db8::1]")
	GOOD("jo", "[IPv6:::]")
	GOOD("jo", "[IPv6:::1]")
	GOOD("jo", "[IPv6:1::]")
	GOOD("jo", "[IPv6:1:2:3:4:5::8]")
	GOOD("jo", "[IPv6:::3:4:5:6:7:8]")
	GOOD("jo", "[IPv6:1:2:3:4:5:6:192.0.2.1]")
	GOOD("jo", "[IPv6:1:2:3:4::192.0.2.1]")
	GOOD("jo", "[IPv6:::192.0.2.1]")
	GOOD("jo", "[IPv6:::ffff:192.0.2.1]")
	/* RFC 6531 */
	GOOD("jürgen", "example.org")
	GOOD("用户", "example.org")
	GOOD("\"jürgen dam\"", "example.org")
	GOOD("δοκιμή", "παράδειγμα.δοκιμή")
	GOOD("jo", "bücher.example")
	GOOD("jo", "faß.de")
	GOOD("संपर्क", "डाटामेल.भारत")
	GOOD("👩", "example.org")

	/* parts missing */
	BAD("", "is empty (position 1)")
	BAD("@", "the local part is empty (position 1)")
	BAD("jo", "there is no '@' (position 3)")
	BAD("\"jo\"", "there is no '@' (position 5)")
	BAD("jo@", "the domain is empty (position 4)")
	BAD("@example", "the local part is empty (position 1)")
	BAD("@example.org", "the local part is empty (position 1)")
	BAD("jo..example.org", "two dots in the local part (position 4)")
	BAD("jo_example-x.org", "there is no '@' (position 17)")
	BAD("@@", "the local part is empty (position 1)")
	/* dots */
	BAD(".jo@example.org", "starts with a dot (position 1)")
	BAD("jo.@example.org", "ends in a dot (position 3)")
	BAD("jo..dam@example.org", "two dots in the local part (position 4)")
	BAD("jo@.example.org", "empty label in the domain (position 4)")
	BAD("jo@example..org", "empty label in the domain (position 12)")
	BAD("jo@example.org.", "the domain ends in a dot (position 16)")
	BAD("jo@.", "empty label in the domain (position 4)")
	/* characters */
	BAD("jo@dam@example.org", "'@' in the domain (position 7)")
	BAD("jo\\@dam@example.org", "'\\' in the local part (position 3)")
	BAD("root@my_host", "'_' in the domain (position 8)")
	BAD("jo@exam/ple.org", "'/' in the domain (position 8)")
	BAD("jo@exam%ple.org", "'%' in the domain (position 8)")
	BAD("jo@exam:ple.org", "':' in the domain (position 8)")
	BAD("jo,dam@example.org", "',' in the local part (position 3)")
	BAD("jo;dam@example.org", "';' in the local part (position 3)")
	BAD("jo:dam@example.org", "':' in the local part (position 3)")
	BAD("jo[1]@example.org", "'[' in the local part (position 3)")
	BAD("jo@-example.org", "a label starts with '-' (position 4)")
	BAD("jo@example-.org", "a label ends in '-' (position 11)")
	BAD("jo@example.org-", "a label ends in '-' (position 15)")
	BAD("jo@example.-", "a label starts with '-' (position 12)")
	/* more than a mailbox */
	BAD("<jo@example.org>", "'<' in the local part (position 1)")
	BAD("Jo <jo@example.org>", "a blank in the local part (position 3)")
	BAD("jo@example.org>", "'>' in the domain (position 15)")
	BAD("jo@example.org> SIZE=1", "'>' in the domain (position 15)")
	BAD("jo@example.org SIZE=1", "a blank in the domain (position 15)")
	BAD("jo@example.org,a@b", "',' in the domain (position 15)")
	BAD(" jo@example.org", "a blank in the local part (position 1)")
	BAD("jo@example.org ", "a blank in the domain (position 15)")
	BAD(" jo @example.org", "a blank in the local part (position 1)")
	BAD("jo@ example .org", "a blank in the domain (position 4)")
	BAD("jo . dam@example.org", "a blank in the local part (position 3)")
	BAD("@a,@b:jo@example.org", "local part is empty (position 1)")
	BAD("g:jo@example.org;", "':' in the local part (position 2)")
	/* comments */
	BAD("(c)jo@example.org", "'(' in the local part (position 1)")
	BAD("((c)jo@example.org", "'(' in the local part (position 1)")
	BAD("(c(c))jo@example.org", "'(' in the local part (position 1)")
	BAD("jo(c)@example.org", "'(' in the local part (position 3)")
	BAD("jo(c)dam@example.org", "'(' in the local part (position 3)")
	BAD("jo.(c)dam@example.org", "'(' in the local part (position 4)")
	BAD("jo@(c)example.org", "'(' in the domain (position 4)")
	BAD("jo@(example.org", "'(' in the domain (position 4)")
	BAD("(jo@example.org", "'(' in the local part (position 1)")
	BAD("(c\\)jo@example.org", "'(' in the local part (position 1)")
	BAD("jo@example.org(c)", "'(' in the domain (position 15)")
	BAD("jo@example.org(c\\)", "'(' in the domain (position 15)")
	BAD("jo@example.org(c\\", "'(' in the domain (position 15)")
	BAD("jo@example.org (c)", "a blank in the domain (position 15)")
	BAD("jo@(c)[192.0.2.1]", "'(' in the domain (position 4)")
	BAD("jo@[192.0.2.1] (c)", "literal ends with ']' (position 4)")
	/* quotes */
	BAD("\"", "the quote is not closed (position 1)")
	BAD("\"@example.org", "the quote is not closed (position 1)")
	BAD("\"\"\"@example.org", "'\"' behind the closing quote (position 3)")
	BAD("\"\\\"@example.org", "the quote is not closed (position 1)")
	BAD("\"jo\\\"@example.org", "the quote is not closed (position 1)")
	BAD("\"jo@example.org\\", "the quote is not closed (position 1)")
	BAD("jo\"@example.org", "'\"' in the local part (position 3)")
	BAD("\"jo@example.org", "the quote is not closed (position 1)")
	BAD("\"jo\"dam@example.org",
	    "'d' behind the closing quote (position 5)")
	BAD("jo\"dam\"@example.org", "'\"' in the local part (position 3)")
	BAD("\"jo\"\"dam\"@example.org",
	    "'\"' behind the closing quote (position 5)")
	BAD("\"jo\".\"dam\"@example.org",
	    "'.' behind the closing quote (position 5)")
	BAD("\"jo\".dam@example.org",
	    "'.' behind the closing quote (position 5)")
	BAD("\"jo\" @example.org",
	    "a blank behind the closing quote (position 5)")
	BAD("\"jo\\é\"@example.org", "U+00E9 behind a backslash (position 5)")
	/* lengths */
	BAD(A64 "m@example.org", "local part over 64 bytes (position 65)")
	BAD("\"" A26 " " A26 " abcdefghi\"@example.org",
	    "local part over 64 bytes (position 65)")
	BAD("\"" A26 " " A26 " abcdefg\\h\"@example.org",
	    "local part over 64 bytes (position 65)")
	BAD("jo@" A64 ".org", "label over 63 bytes (position 67)")
	BAD(A64 "@" A63 "." A63 "." A26 A26 "abcdefghij",
	    "address over 254 bytes (position 255)")
	BAD("j@" A63 "." A63 "." A63 "." A26 A26 "abcdefghi.x",
	    "address over 254 bytes (position 255)")
	BAD("j@" A63 "." A63 "." A63 "." A26 A26 "abcdefghijk.x",
	    "domain over 255 bytes (position 258)")
	/* literals */
#define LITERAL(t) BAD("jo@" t, "write [192.0.2.1] or [IPv6:2001:db8::1] " \
    "(position 4)")
	BAD("jo@[", "literal ends with ']' (position 4)")
	BAD("jo@[192.0.2.1", "literal ends with ']' (position 4)")
	BAD("jo@[192.0.2.1]x", "literal ends with ']' (position 4)")
	BAD("jo@[192.0.2.1]:25", "literal ends with ']' (position 4)")
	BAD("jo@a[192.0.2.1]", "'[' in the domain (position 5)")
	LITERAL("[]")
	LITERAL("[192.0.2]")
	LITERAL("[192.0.2.]")
	LITERAL("[.192.0.2]")
	LITERAL("[192..0.2]")
	LITERAL("[192.0.2.1.]")
	LITERAL("[192.0.2.1.1]")
	LITERAL("[192.0.2.256]")
	LITERAL("[192.0.2.0001]")
	LITERAL("[192.0.2.01]")
	LITERAL("[ 192.0.2.1]")
	LITERAL("[192.0.2.1 ]")
	LITERAL("[0x7f.0.0.1]")
	LITERAL("[[192.0.2.1]]")
	LITERAL("[1:2:3:4:5:6:7:8]")
	LITERAL("[IPv6]")
	LITERAL("[IPv6:]")
	LITERAL("[IPv6::]")
	LITERAL("[IPv6:1]")
	LITERAL("[IPv6:1:2:3:4:5:6:7]")
	LITERAL("[IPv6:1:2:3:4:5:6:7:]")
	LITERAL("[IPv6:1:2:3:4:5:6:7:8:]")
	LITERAL("[IPv6:1:2:3:4:5:6:7:8:9]")
	LITERAL("[IPv6:1:2:3:4:5:6:7:888g]")
	LITERAL("[IPv6:1:2:3:4:5:6:7:88888]")
	LITERAL("[IPv6:1:2:3:4:5:6::8]")
	LITERAL("[IPv6:1:2:3:4:5:6::7:8]")
	LITERAL("[IPv6::3:4:5:6:7:8]")
	LITERAL("[IPv6:1::4:5::8]")
	LITERAL("[IPv6:1::2:]")
	LITERAL("[IPv6:1:::2]")
	LITERAL("[IPv6::::]")
	LITERAL("[IPv6:fe80::1%eth0]")
	LITERAL("[IPv6: ::1]")
	LITERAL("[IPv6:1:2:3:4:5:192.0.2.1]")
	LITERAL("[IPv6:1:2:3:4:5:6:7:192.0.2.1]")
	LITERAL("[IPv6:1:2:3:4:5:6::192.0.2.1]")
	LITERAL("[IPv6:1:2:3:4:5::192.0.2.1]")
	LITERAL("[IPv6:1:2:3:4:::192.0.2.1]")
	LITERAL("[IPv6::192.0.2.1]")
	LITERAL("[IPv6:192.0.2.1]")
	LITERAL("[IPv6:::192.0.2.1:1]")
	LITERAL("[x-tag:content]")
	LITERAL("[some-literal]")
	LITERAL("[some]-literal]")
	LITERAL("[some-[literal]")
	LITERAL("[some-\\]-literal]")
	LITERAL("[some-literal\\]")
	LITERAL("[some literal]")
	BAD("jo@[some-literal\\", "literal ends with ']' (position 4)")
	/* controls, and what folding is elsewhere */
	BAD("\0", "control byte 0x00 (position 1)")
	BAD("jo@example.org\0", "control byte 0x00 (position 15)")
	BAD("\"jo\0\"@example.org", "control byte 0x00 (position 4)")
	BAD("\"jo\\\0\"@example.org", "control byte 0x00 (position 5)")
	BAD("jo@example.org\n", "control byte 0x0a (position 15)")
	BAD("\njo@example.org", "control byte 0x0a (position 1)")
	BAD("\"\n\"@example.org", "control byte 0x0a (position 2)")
	BAD("\"\\\n\"@example.org", "control byte 0x0a (position 3)")
	BAD("(\n)jo@example.org", "control byte 0x0a (position 2)")
	BAD("jo@example.org\r", "control byte 0x0d (position 15)")
	BAD("\rjo@example.org", "control byte 0x0d (position 1)")
	BAD("\"\rjo\"@example.org", "control byte 0x0d (position 2)")
	BAD("(\r)jo@example.org", "control byte 0x0d (position 2)")
	BAD("jo@example.org(\r)", "control byte 0x0d (position 16)")
	BAD("jo@example.org\rRCPT TO:<a@b>",
	    "control byte 0x0d (position 15)")
	BAD("jo@example.org\r\nRCPT TO:<a@b>",
	    "control byte 0x0d (position 15)")
	BAD("\r\njo@example.org", "control byte 0x0d (position 1)")
	BAD("\r\n jo@example.org", "control byte 0x0d (position 1)")
	BAD(" \r\njo@example.org", "control byte 0x0d (position 2)")
	BAD(" \r\n\r\n jo@example.org", "control byte 0x0d (position 2)")
	BAD("jo@example.org\r\n ", "control byte 0x0d (position 15)")
	BAD("jo@example.org \r\n\r\n", "control byte 0x0d (position 16)")
	BAD("\tjo@example.org", "control byte 0x09 (position 1)")
	BAD("\"\t\"@example.org", "control byte 0x09 (position 2)")
	BAD("\a@example.org", "control byte 0x07 (position 1)")
	BAD("jo@\a.org", "control byte 0x07 (position 4)")
	BAD("\"\a\"@example.org", "control byte 0x07 (position 2)")
	BAD("\"\\\a\"@example.org", "control byte 0x07 (position 3)")
	BAD("jo@[x\\\a]", "control byte 0x07 (position 7)")
	BAD("\x7f@example.org", "control byte 0x7f (position 1)")
	BAD("jo@\x7f.org", "control byte 0x7f (position 4)")
	BAD("\"\x7f\"@example.org", "control byte 0x7f (position 2)")
	BAD("jo\x1b[31m@example.org", "control byte 0x1b (position 3)")
	/* no UTF-8, and what cannot be seen */
	BAD("j\xf6@example.org", "byte 0xf6 is not UTF-8 (position 2)")
	BAD("j\xc0\x80@example.org", "byte 0xc0 is not UTF-8 (position 2)")
	BAD("j\xed\xa0\x80@example.org", "byte 0xed is not UTF-8 (position 2)")
	BAD("j\xf4\x90\x80\x80@b", "byte 0xf4 is not UTF-8 (position 2)")
	BAD("j\xc3", "byte 0xc3 is not UTF-8 (position 2)")
	BAD("jo@ex\xe9mple.org", "byte 0xe9 is not UTF-8 (position 6)")
	BAD("j\xc2\x85@example.org", "character U+0085 (position 2)")
	BAD("j\xc2\xa0@example.org", "character U+00A0 (position 2)")
	BAD("j\xc2\xado@example.org", "character U+00AD (position 2)")
	BAD("j\u200bo@example.org", "character U+200B (position 2)")
	BAD("j\u200do@example.org", "character U+200D (position 2)")
	BAD("jo@example.org\u200e", "character U+200E (position 15)")
	BAD("j\u2028o@example.org", "character U+2028 (position 2)")
	BAD("\u202ejo@example.org", "character U+202E (position 1)")
	BAD("\u2066jo@example.org", "character U+2066 (position 1)")
	BAD("\u2069jo@example.org", "character U+2069 (position 1)")
	BAD("\u206fjo@example.org", "character U+206F (position 1)")
	BAD("\ufeffjo@example.org", "character U+FEFF (position 1)")
	BAD("j\xef\xb7\x90@example.org", "character U+FDD0 (position 2)")
	BAD("j\xef\xbf\xbf@example.org", "character U+FFFF (position 2)")
	BAD("j\xf4\x8f\xbf\xbf@b.org", "character U+10FFFF (position 2)")
	BAD("j\U000e0041@example.org", "character U+E0041 (position 2)")
};

static bool
ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n >= m && strcmp(s + n - m, with) == 0;
}

static void
accepted(size_t i)
{
	struct str s = copy(mailboxes[i].text);
	struct arena mem = { 0 };
	struct err e = { 0 };
	struct addr a = { 0 };
	bool utf8 = !str_ascii(str_of(mailboxes[i].local));

	if (is_int(addr_mailbox(&a, s, &e), 0, "taken: %s", show(s))) {
		ok(str_eq(a.local, str_of(mailboxes[i].local)) &&
		    str_eq(a.domain, str_of(mailboxes[i].domain)) &&
		    a.local.p == s.p && a.name.n == 0 && a.utf8 == utf8,
		    "its parts, as views");
		ok(str_eq(str_of(addr_wire(&mem, &a, false, &e)), s),
		    "byte for byte on the wire");
		is_int(addr_from(&a, &mem, s, &e), 0, "also as a sender");
		ok(str_eq(str_of(addr_wire(&mem, &a, false, &e)), s),
		    "byte for byte as well");
	} else {
		diag("%s", e.msg);
	}
	arena_free(&mem);
	free((char *)s.p);
}

static void
refused(size_t i)
{
	struct str s = copy(mailboxes[i].text);
	struct err e = { 0 };
	struct addr a;

	is_int(addr_mailbox(&a, s, &e), -1, "refused: %s", show(s));
	if (!ok(e.code == EX_DATAERR && ends(e.msg, mailboxes[i].why),
	    "because %s", mailboxes[i].why))
		diag("%d %s", e.code, e.msg);
	free((char *)s.p);
}

static void
arguments(void)
{
	size_t i;

	for (i = 0; i < N(mailboxes); i++) {
		if (mailboxes[i].domain != NULL)
			accepted(i);
		else
			refused(i);
	}
}

/* --- an argument with a name --- */

static void
put(struct buf *out, const struct addr *a)
{
	buf_str(out, a->name);
	buf_c(out, '|');
	buf_str(out, a->local);
	buf_c(out, '|');
	buf_str(out, a->domain);
	buf_c(out, a->utf8 ? '*' : '.');
}

static const struct {
	struct str text;
	const char *want;	/* or NULL and why */
	const char *why;
} senders[] = {
	{ STR("jo@example.org"), "|jo|example.org.", NULL },
	{ STR("<jo@example.org>"), "|jo|example.org.", NULL },
	{ STR(" jo@example.org "), "|jo|example.org.", NULL },
	{ STR("Jo <jo@b>"), "Jo|jo|b.", NULL },
	{ STR("Jo<jo@b>"), "Jo|jo|b.", NULL },
	{ STR("Jo  Q. Public <jo@b>"), "Jo Q. Public|jo|b.", NULL },
	{ STR("J.R.R. T <jo@b>"), "J.R.R. T|jo|b.", NULL },
	{ STR("\"Dam, Jo\" <jo@b>"), "Dam, Jo|jo|b.", NULL },
	{ STR("\"a \\\"b\\\" \\\\\" <jo@b>"), "a \"b\" \\|jo|b.", NULL },
	{ STR("\"\" <jo@b>"), "|jo|b.", NULL },
	{ STR("\"Jo\" \"Dam\" <jo@b>"), "Jo Dam|jo|b.", NULL },
	{ STR("Jo (the (old) one) Dam <jo@b> (x)"), "Jo Dam|jo|b.", NULL },
	{ STR("jo@b (Jo Dam)"), "|jo|b.", NULL },
	{ STR("Jürgen <jürgen@bücher.example>"),
	    "Jürgen|jürgen|bücher.example*", NULL },
	{ STR("👩\u200d💻 <jo@b>"), "👩\u200d💻|jo|b.", NULL },
	{ STR("Jo <\"j\\o\"@b>"), "Jo|\"j\\o\"|b.", NULL },
	{ STR("Jo <jo@[IPv6:::1]>"), "Jo|jo|[IPv6:::1].", NULL },
	{ STR(""), NULL, "the address is empty (position 1)" },
	{ STR("<>"), NULL, "<>: the address is empty (position 2)" },
	{ STR("Jo <>"), NULL, "the address is empty (position 5)" },
	{ STR("root"), NULL, "root: there is no '@' (position 5)" },
	{ STR("Jo <root>"), NULL, "root: there is no '@' (position 5)" },
	{ STR("Jo"), NULL, "there is no '@' (position 3)" },
	{ STR("Dam, Jo <jo@b>"), NULL, "',' is not expected here "
	    "(position 4)" },
	{ STR("a@b, c@d"), NULL, "',' is not expected here (position 4)" },
	{ STR("Jo <a@b>, "), NULL, "',' is not expected here (position 9)" },
	{ STR("a@b <c@d>"), NULL, "'<' is not expected here (position 5)" },
	{ STR("Jo <a@b> c"), NULL, "'c' is not expected here (position 10)" },
	{ STR("Jo <a@b"), NULL, "ends too early (position 8)" },
	{ STR("Jo a@b>"), NULL, "before '@' (position 4)" },
	{ STR("Jo <a @b>"), NULL, "a blank in the local part (position 2)" },
	{ STR("Jo <a@b(c).d>"), NULL, "'(' in the domain (position 4)" },
	{ STR("Jo <a@b_c>"), NULL, "a@b_c: '_' in the domain (position 4)" },
	{ STR("<@x:a@b>"), NULL, "a route before the address (position 5)" },
	{ STR("g: a@b;"), NULL, "a group, not one address (position 2)" },
	{ STR("Jo\t<a@b>"), NULL, "control byte 0x09 (position 3)" },
	{ STR("Jo\r\n <a@b>"), NULL, "control byte 0x0d (position 3)" },
	{ STR("Jo\r\nBcc: x <a@b>"), NULL, "control byte 0x0d (position 3)" },
	{ STR("\"J\\\no\" <a@b>"), NULL, "control byte 0x0a (position 4)" },
	{ STR("Jo\0 <a@b>"), NULL, "control byte 0x00 (position 3)" },
	{ STR("J\xf6 <a@b>"), NULL, "byte 0xf6 is not UTF-8 (position 2)" },
	{ STR("J\u202e <a@b>"), NULL, "character U+202E (position 2)" },
	{ STR("J\xc2\x9b <a@b>"), NULL, "character U+009B (position 2)" },
	{ STR("J <a\u200db@c>"), NULL, "character U+200D (position 2)" },
};

static void
with_name(void)
{
	struct arena mem = { 0 };
	struct buf got = { 0 };
	struct addr a;
	struct err e;
	struct str s;
	size_t i;
	int rc;

	for (i = 0; i < N(senders); i++) {
		fail_clear(&e);
		got.n = 0;
		s = copy(senders[i].text);
		rc = addr_from(&a, &mem, s, &e);
		is_int(rc, senders[i].want != NULL ? 0 : -1, "sender %s",
		    show(s));
		free((char *)s.p);
		if (rc == 0) {
			put(&got, &a);	/* nothing of it in s */
			is_str(got.p, senders[i].want, "its parts");
		} else if (!ok(e.code == EX_DATAERR &&
		    senders[i].why != NULL && ends(e.msg, senders[i].why),
		    "because %s", senders[i].why)) {
			diag("%s", e.msg);
		}
	}
	buf_free(&got);
	arena_free(&mem);
}

/* --- header fields --- */

/* All mailboxes of a field, "; " behind each; then "!" and the failure */
static char *
all(struct arena *mem, struct str s)
{
	struct addr_list l = { .rest = copy(s) };
	char *mine = (char *)l.rest.p;
	struct buf out = { 0 };
	struct err e = { 0 };
	struct addr a;
	char *r;
	int rc;

	while ((rc = addr_next(&l, &a, mem, &e)) == 1) {
		put(&out, &a);
		buf_s(&out, " ");
	}
	if (rc < 0)
		buf_printf(&out, "!%s", e.msg);
	if (addr_next(&l, &a, mem, &e) != 0)
		buf_s(&out, " and not at the end");
	free(mine);
	r = arena_dup(mem, BUF_STR(out));
	buf_free(&out);
	return r;
}

static const struct {
	struct str text;
	const char *want;
} lists[] = {
	/* RFC 5322 A.1.1 to A.1.3 */
	{ STR("John Doe <jdoe@machine.example>"),
	    "John Doe|jdoe|machine.example. " },
	{ STR("\"Joe Q. Public\" <john.q.public@example.com>"),
	    "Joe Q. Public|john.q.public|example.com. " },
	{ STR("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>"),
	    "Mary Smith|mary|x.test. |jdoe|example.org. Who?|one|y.test. " },
	{ STR("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" "
	    "<sysservices@example.net>"),
	    "|boss|nil.test. Giant; \"Big\" Box|sysservices|example.net. " },
	{ STR("A Group:Ed Jones <c@a.test>,joe@where.test,"
	    "John <jdoe@one.test>;"),
	    "Ed Jones|c|a.test. |joe|where.test. John|jdoe|one.test. " },
	{ STR("Undisclosed recipients:;"), "" },
	/* A.5 */
	{ STR("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
	    "Pete|pete|silly.test. " },
	{ STR("A Group(Some people)\r\n"
	    "     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
	    "         joe@example.org,\r\n"
	    "  John <jdoe@one.test> (my dear friend); (the end of the group)"),
	    "Chris Jones|c|public.example. |joe|example.org. "
	    "John|jdoe|one.test. " },
	{ STR("(Empty list)(start)Hidden recipients  :(nobody(that I know))  "
	    ";"), "" },
	/* A.6.1, A.6.3 */
	{ STR("Joe Q. Public <john.q.public@example.com>"),
	    "Joe Q. Public|john.q.public|example.com. " },
	{ STR("Mary Smith <@node.test:mary@example.net>, , "
	    "jdoe@test  . example"),
	    "Mary Smith|mary|example.net. |jdoe|test.example. " },
	{ STR("John Doe <jdoe@machine(comment).  example>"),
	    "John Doe|jdoe|machine.example. " },
	{ STR("Mary Smith\n  \n\t<mary@example.net>"),
	    "Mary Smith|mary|example.net. " },
	/* as they are found */
	{ STR(""), "" },
	{ STR(" "), "" },
	{ STR(","), "" },
	{ STR(" , (c) ,\r\n ,"), "" },
	{ STR("undisclosed-recipients:;"), "" },
	{ STR("undisclosed-recipients:,;,"), "" },
	{ STR("root"), "|root|. " },
	{ STR("root, \"jo dam\", Jo <jo>"),
	    "|root|. |\"jo dam\"|. Jo|jo|. " },
	{ STR("a@b,\r\n c@d,\r\n\te@f"), "|a|b. |c|d. |e|f. " },
	{ STR("a@b,\n c@d"), "|a|b. |c|d. " },
	{ STR("one@b,\r\n\t=?utf-8?B?w5w=?= <two@b>, Some\r\n\tOne "
	    "<three@b>,"),
	    "|one|b. =?utf-8?B?w5w=?=|two|b. Some One|three|b. " },
	{ STR("four, \"A; \\\"Q\\\" N\" <five@b>"),
	    "|four|. A; \"Q\" N|five|b. " },
	{ STR("\"A Person: Account\" <nine@b>"), "A Person: Account|nine|b. " },
	{ STR("Some(odd \\) chap) <ten(his)@localhost(this host)>"),
	    "Some|ten|localhost. " },
	{ STR("G(x)\n     :P <a@(it's.)b>,\n              c, \n"
	    "\t        Q <d@localhost> (f); (end)"),
	    "P|a|b. |c|. Q|d|localhost. " },
	{ STR("g:a@b;, h:;, c@d"), "|a|b. |c|d. " },
	{ STR("g:a@b,;"), "|a|b. " },
	{ STR("jo . dam @ b . c"), "|jo.dam|b.c. " },
	{ STR("<(x) jo (y) . dam (z) @ b (w) >"), "|jo.dam|b. " },
	{ STR("<@a:b@c>, <@a,@b:c@d>, <,@a , @[::] :e@f>"),
	    "|b|c. |c|d. !<,@a , @[::] :e@f>: '[' is not expected here "
	    "(position 9)" },
	{ STR("jo@[192.0.2.1], dam@ [ IPv6:\r\n ::1 ] "),
	    "|jo|[192.0.2.1]. |dam|[IPv6:::1]. " },
	/* quoted only if it must be */
	{ STR("\"jo\"@b, \"j\\o\"@b, \"jo\".\"dam\"@b, jo.\"x y\"@b"),
	    "|jo|b. |jo|b. |jo.dam|b. |\"jo.x y\"|b. " },
	{ STR("\"jo..dam\"@b, \".\"@b, \"\"@b, \"a@b\"@c"),
	    "|\"jo..dam\"|b. |\".\"|b. |\"\"|b. |\"a@b\"|c. " },
	{ STR("\"a\\\"b\\\\c\"@d, \"a\r\n b\"@c, \"a\tb\"@c"),
	    "|\"a\\\"b\\\\c\"|d. |\"a b\"|c. |\"a b\"|c. " },
	/* 8 bits */
	{ STR("Jürgen <jürgen@bücher.example>"),
	    "Jürgen|jürgen|bücher.example* " },
	{ STR("J\xf6 (\xff) <jo@b>"), "J\xf6|jo|b. " },
	{ STR("j\xf6@b"), "!j\\xf6@b: byte 0xf6 is not UTF-8 (position 2)" },
	{ STR("\"\u202e\"@b"),
	    "!\\xe2\\x80\\xae@b: invisible character U+202E (position 1)" },
	{ STR("root, j\xf6"), "|root|. !j\\xf6: byte 0xf6 is not UTF-8 "
	    "(position 2)" },
	{ STR("j\u200bo"), "!j\\xe2\\x80\\x8bo: invisible character U+200B "
	    "(position 2)" },
	/* refused, with those before it */
	{ STR("a@b, c d"), "|a|b. !c d: neither a name before '<' nor a "
	    "local part before '@' (position 3)" },
	{ STR("a b@c"), "!a b@c: neither a name before '<' nor a "
	    "local part before '@' (position 3)" },
	{ STR("a..b@c"), "!a..b@c: neither a name before '<' nor a "
	    "local part before '@' (position 3)" },
	{ STR("a.@c"), "!a.@c: the local part ends in a dot (position 2)" },
	{ STR("a@b c@d"), "!a@b c@d: 'c' is not expected here (position 5)" },
	{ STR("a@b; c@d"), "!a@b; c@d: ';' is not expected here; addresses "
	    "are separated by commas (position 4)" },
	{ STR("a@b <c@d>"), "!a@b <c@d>: '<' is not expected here "
	    "(position 5)" },
	{ STR("x <a@b"), "!x <a@b: it ends too early (position 7)" },
	{ STR("x a@b>"), "!x a@b>: neither a name before '<' nor a local "
	    "part before '@' (position 3)" },
	{ STR("<>"), "!<>: the address is empty (position 2)" },
	{ STR("a@"), "!a@: it ends too early (position 3)" },
	{ STR("@a"), "!@a: '@' is not expected here (position 1)" },
	{ STR("<@a>"), "!<@a>: '>' is not expected here (position 4)" },
	{ STR("a@b_c"), "!a@b_c: '_' in the domain (position 4)" },
	{ STR("a@b.."), "!a@b..: empty label in the domain (position 5)" },
	{ STR("a@[x]"), "!a@[x]: no address literal; write [192.0.2.1] or "
	    "[IPv6:2001:db8::1] (position 3)" },
	{ STR("a@[1.2.3.4"), "!a@[1.2.3.4: it ends too early (position 11)" },
	{ STR("\"a"), "!\"a: the quote is not closed (position 1)" },
	{ STR("\"a\\"), "!\"a\\: it ends too early (position 4)" },
	{ STR("a (b"), "!a (b: comment is not closed (position 3)" },
	{ STR("a (b\\"), "!a (b\\: it ends too early (position 6)" },
	{ STR("a )"), "!a ): ')' is not expected here (position 3)" },
	{ STR("g: a@b"), "|a|b. !the group has no ';' at its end "
	    "(position 1)" },
	{ STR("g: a@b; c@d"), "|a|b. !; c@d: 'c' is not expected here "
	    "(position 3)" },
	{ STR("g: h: a@b;;"), "!h: a@b: a group inside a group "
	    "(position 2)" },
	{ STR(":;"), "!:;: ':' is not expected here (position 1)" },
	{ STR(";"), "!;: ';' is not expected here; addresses are separated "
	    "by commas (position 1)" },
	/* no fold without a blank behind it */
	{ STR("a@b\r\nc@d"), "!a@b\\x0d\\nc@d: control byte 0x0d "
	    "(position 4)" },
	{ STR("a@b\r\n"), "!a@b\\x0d\\n: control byte 0x0d (position 4)" },
	{ STR("a@b\n"), "!a@b\\n: control byte 0x0a (position 4)" },
	{ STR("a@b\r c@d"), "!a@b\\x0d c@d: control byte 0x0d (position 4)" },
	{ STR("(\r\n)a@b"), "!(\\x0d\\n)a@b: control byte 0x0d "
	    "(position 2)" },
	{ STR("\"\n\"@b"), "!\"\\n\"@b: control byte 0x0a (position 2)" },
	{ STR("\"\\\n \"@b"), "!\"\\\\n \"@b: control byte 0x0a "
	    "(position 3)" },
	{ STR("a@[\n]"), "!a@[\\n]: control byte 0x0a (position 4)" },
	{ STR("a\0@b"), "!a\\x00@b: control byte 0x00 (position 2)" },
	{ STR("(\0)a@b"), "!(\\x00)a@b: control byte 0x00 (position 2)" },
	{ STR("\"\a\"@b"), "!\"\\x07\"@b: control byte 0x07 (position 2)" },
};

static void
fields(void)
{
	struct arena mem = { 0 };
	size_t i;

	for (i = 0; i < N(lists); i++)
		is_str(all(&mem, lists[i].text), lists[i].want, "field: %s",
		    show(lists[i].text));
	arena_free(&mem);
}

static void
nesting(void)
{
	struct arena mem = { 0 };
	char text[256];

	memset(text, '(', 101);
	memset(text + 101, ')', 101);
	memcpy(text + 202, "a@b", 3);
	is_str(all(&mem, (struct str){ text + 1, 100 + 100 }), "",
	    "100 comments in each other");
	ok(ends(all(&mem, (struct str){ text, 205 }),
	    "comments nest over 100 deep (position 101)"), "101 are refused");
	arena_free(&mem);
}

/* --- domains --- */

static const struct {
	struct str text;
	const char *want, *why;
} domains[] = {
	{ STR("Example.ORG"), "example.org", NULL },
	{ STR("db1"), "db1", NULL },
	{ STR("XN--Bcher-KVA.example"), "xn--bcher-kva.example", NULL },
	{ STR("[192.0.2.1]"), "[192.0.2.1]", NULL },
	{ STR("[IPv6:2001:DB8::1]"), "[IPv6:2001:DB8::1]", NULL },
	{ STR(""), NULL, "the domain is empty (position 1)" },
	{ STR("a b"), NULL, "a b: a blank in the domain (position 2)" },
	{ STR("a\0b"), NULL, "control byte 0x00 (position 2)" },
	{ STR("a\r\nb"), NULL, "control byte 0x0d (position 2)" },
	{ STR("a_b"), NULL, "'_' in the domain (position 2)" },
	{ STR("a."), NULL, "the domain ends in a dot (position 3)" },
	{ STR("\xfc.de"), NULL, "byte 0xfc is not UTF-8 (position 1)" },
	{ STR("-ü.de"), NULL, "a label starts with '-' (position 1)" },
	{ STR("ü@x.de"), NULL, "'@' in the domain (position 3)" },
	{ STR("ex\u200bample.org"), NULL, "U+200B (position 3)" },
	/* from here on with libidn2 alone */
	{ STR("bücher.example"), "xn--bcher-kva.example", NULL },
	{ STR("Bücher.Example"), "xn--bcher-kva.example", NULL },
	{ STR("BÜCHER.example"), "xn--bcher-kva.example", NULL },
	{ STR("faß.de"), "xn--fa-hia.de", NULL },
	{ STR("βόλος.com"), "xn--nxasmm1c.com", NULL },
	{ STR("παράδειγμα.δοκιμή"), "xn--hxajbheg2az3al.xn--jxalpdlp", NULL },
	{ STR("почта.рф"), "xn--80a1acny.xn--p1ai", NULL },
	{ STR("ПОЧТА.рф"), "xn--80a1acny.xn--p1ai", NULL },
	{ STR("例え.テスト"), "xn--r8jz45g.xn--zckzah", NULL },
	{ STR("مثال.إختبار"), "xn--mgbh0fb.xn--kgbechtv", NULL },
	{ STR("xn--bcher-kva.bücher"), "xn--bcher-kva.xn--bcher-kva", NULL },
	{ STR("☃.net"), NULL, "disallowed character (position 1)" },
	{ STR("xn--a.ü"), NULL, "(position 1)" },
	{ STR("üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü"
	    ".de"), NULL, "too large (position 1)" },
	/* what a mapping would turn into another name */
	{ STR("ｅｘａｍｐｌｅ.org"), NULL, "write example.org (position 1)" },
	{ STR("ﬁ.example"), NULL, "write fi.example (position 1)" },
	{ STR("a。example"), NULL, "write a.example (position 1)" },
	{ STR("bu\u0308cher.de"), NULL, "write bücher.de (position 1)" },
	{ STR("\u212aa.ü"), NULL, "write ka.ü (position 1)" },
};

/* The rows before the first that must be converted. */
static size_t
plain_domains(void)
{
	size_t i = 0;

	while (strcmp(domains[i].text.p, "bücher.example") != 0)
		i++;
	return i;
}

static void
names(void)
{
	size_t n = idn_here() ? N(domains) : plain_domains();
	struct arena mem = { 0 };
	struct str s, out;
	struct err e;
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		fail_clear(&e);
		s = copy(domains[i].text);
		rc = addr_ascii(&mem, s, &out, &e);
		is_int(rc, domains[i].want != NULL ? 0 : -1, "domain %s",
		    show(s));
		free((char *)s.p);
		if (rc == 0)
			is_str(out.p, domains[i].want, "its A-labels");
		else if (!ok(e.code == EX_DATAERR && domains[i].why != NULL &&
		    ends(e.msg, domains[i].why), "because %s",
		    domains[i].why))
			diag("%s", e.msg);
	}
	arena_free(&mem);
}

static void
longest_domain(void)
{
	static const char text[] = A63 "." A63 "." A63 "." A63;	/* 255 */
	struct err e = { 0 };

	is_int(addr_domain(str_of(text), &e), 0, "a domain of 255 bytes");
	is_int(addr_domain(STR(A63 "." A63 "." A63 "." A26 A26 "abcdefghi.x"),
	    &e), 0, "and another of %d", 255);
	is_int(addr_domain(STR(A63 "." A63 "." A63 "." A26 A26 "abcdefghij.x"),
	    &e), -1, "256 are too many");
}

/* What neither of the tables above has. */
static void
alone(void)
{
	struct arena mem = { 0 };
	struct err e = { 0 };
	struct addr a;

	is_int(addr_local(&a, STR("jo.dam"), &e), 0, "a name alone");
	is_int(addr_local(&a, STR("jo@b"), &e), -1, "an address is none");
	fail_clear(&e);
	is_int(addr_local(&a, STR("\"jo\" dam"), &e), -1, "nor are two words");
	fail_clear(&e);
	is_int(addr_from(&a, &mem, STR("J\u2069 <a@b>"), &e), -1,
	    "nor is a name with what turns the direction");
	fail_clear(&e);
	arena_free(&mem);
}

static void
wire(void)
{
	struct addr a = { .local = STR("root"), .domain = STR("DB1") };
	struct arena mem = { 0 };
	struct err e = { 0 };

	is_str(addr_wire(&mem, &a, false, &e), "root@DB1", "as given");
	is_str(addr_wire(&mem, &a, true, &e), "root@DB1", "so, too");
	a.domain = STR("");
	ok(addr_wire(&mem, &a, false, &e) == NULL && e.code == EX_DATAERR,
	    "not without a domain: %s", e.msg);
	fail_clear(&e);
	ok(addr_wire(&mem, &a, true, &e) == NULL && e.code == EX_DATAERR,
	    "nor so: %s", e.msg);
	fail_clear(&e);
	is_int(addr_mailbox(&a, STR("jo@Bücher.example"), &e), 0, "U-labels");
	is_str(addr_wire(&mem, &a, false, &e), "jo@Bücher.example", "kept");
	if (idn_here())
		is_str(addr_wire(&mem, &a, true, &e),
		    "jo@xn--bcher-kva.example", "converted");
	else
		ok(addr_wire(&mem, &a, true, &e) == NULL &&
		    strstr(e.msg, "no libidn2") != NULL, "refused: %s", e.msg);
	arena_free(&mem);
}

/* --- what must hold for any text --- */

static bool
fit(const struct addr *a, struct arena *mem)
{
	struct err e = { 0 };
	struct addr again;
	const char *w;

	if (a->domain.n == 0)
		return a->local.n > 0 && !str_control(a->local);
	w = addr_wire(mem, a, false, &e);
	return w != NULL && strlen(w) <= 254 && !str_control(str_of(w)) &&
	    str_utf8(str_of(w)) &&
	    addr_mailbox(&again, str_of(w), &e) == 0 &&
	    str_eq(again.local, a->local) &&
	    str_eq(again.domain, a->domain) && again.utf8 == a->utf8;
}

/* All functions on s: how many addresses, or -1 if one was not fit */
static long
try(struct str s)
{
	struct addr_list l = { .rest = s };
	struct arena mem = { 0 };
	struct err e = { 0 };
	struct addr a;
	struct str out;
	long n = 0;

	if (addr_mailbox(&a, s, &e) == 0)
		n += fit(&a, &mem) ? 1 : -1000;
	fail_clear(&e);
	if (addr_from(&a, &mem, s, &e) == 0)
		n += fit(&a, &mem) && !str_control(a.name) ? 1 : -1000;
	fail_clear(&e);
	addr_ascii(&mem, s, &out, &e);
	fail_clear(&e);
	while (addr_next(&l, &a, &mem, &e) == 1)
		n += fit(&a, &mem) && !str_control(a.name) ? 1 : -1000;
	arena_free(&mem);
	return n < 0 ? -1 : n;
}

static int
cut(struct str s)
{
	int bad = 0;
	struct str part;
	size_t i;

	for (i = 0; i <= s.n; i++) {
		part = copy(str_to(s, i));
		bad += try(part) < 0;
		free((char *)part.p);
		part = copy(str_from(s, i));
		bad += try(part) < 0;
		free((char *)part.p);
	}
	return bad;
}

static void
cuts(void)
{
	int bad = 0;
	size_t i;

	for (i = 0; i < N(mailboxes); i++)
		bad += cut(mailboxes[i].text);
	for (i = 0; i < N(senders); i++)
		bad += cut(senders[i].text);
	for (i = 0; i < N(lists); i++)
		bad += cut(lists[i].text);
	for (i = 0; i < N(domains); i++)
		bad += cut(domains[i].text);
	is_int(bad, 0, "all texts cut at every byte, both halves");
}

/* s with put in at i */
static struct str
insert(struct str s, size_t i, struct str in)
{
	char *p = malloc(s.n + in.n);

	memcpy(p, s.p, i);
	memcpy(p + i, in.p, in.n);
	memcpy(p + i + in.n, s.p + i, s.n - i);
	return (struct str){ p, s.n + in.n };
}

static int
mailbox_of(struct str s)
{
	struct err e = { 0 };
	struct addr a;

	return addr_mailbox(&a, s, &e);
}

static int
from_of(struct str s)
{
	struct arena mem = { 0 };
	struct err e = { 0 };
	struct addr a;
	int rc = addr_from(&a, &mem, s, &e);

	arena_free(&mem);
	return rc;
}

static int
list_of(struct str s)
{
	struct addr_list l = { .rest = s };
	struct arena mem = { 0 };
	struct err e = { 0 };
	struct addr a;
	int rc;

	while ((rc = addr_next(&l, &a, &mem, &e)) == 1)
		;
	arena_free(&mem);
	return rc;
}

static int
ascii_of(struct str s)
{
	struct arena mem = { 0 };
	struct err e = { 0 };
	struct str out;
	int rc = addr_ascii(&mem, s, &out, &e);

	arena_free(&mem);
	return rc;
}

static int
taken(struct str s)
{
	return (mailbox_of(s) == 0) + (from_of(s) == 0) + (list_of(s) == 0) +
	    (ascii_of(s) == 0);
}

/* No blank in these: a line end before one would be a fold. */
static void
controls(void)
{
	static const struct str texts[] = {
		STR("jo.dam@example.org"), STR("\"jo\\\"dam\"@b"),
		STR("jo@[192.0.2.1]"), STR("jo@[IPv6:2001:db8::1]"),
		STR("jürgen@bücher.example"), STR("example.org"),
		STR("Jo<jo@b>"), STR("(c)jo@b,\"x\"<@r:y@z>,g:a@b;"),
	};
	static const struct str puts[] = {
		STR("\0"), STR("\r"), STR("\n"), STR("\r\n"), STR("\n\r"),
		STR("\x01"), STR("\a"), STR("\b"), STR("\v"), STR("\f"),
		STR("\x1b"), STR("\x1f"), STR("\x7f"), STR("\r\n.\r\n"),
	};
	int bad = 0, n = 0;
	struct str s;
	size_t t, p, i;

	for (t = 0; t < N(texts); t++)
		for (p = 0; p < N(puts); p++)
			for (i = 0; i <= texts[t].n; i++, n++) {
				s = insert(texts[t], i, puts[p]);
				if (taken(s) > 0 && bad++ < 5)
					diag("taken: %s", show(s));
				free((char *)s.p);
			}
	is_int(bad, 0, "a control byte is refused everywhere (%d texts)", n);
}

/* Each byte in each place of a header must give what is fit, or nothing. */
static void
bytes(void)
{
	static const struct str text = STR("\"J\" <a.b@c>, g:(x)d@e;");
	int bad = 0, c;
	struct str s;
	char one;
	size_t i;

	for (i = 0; i <= text.n; i++)
		for (c = 0; c < 256; c++) {
			one = (char)c;
			s = insert(text, i, (struct str){ &one, 1 });
			bad += try(s) < 0;
			free((char *)s.p);
		}
	is_int(bad, 0, "each byte in each place");
}

/* In ms of the processor's time, so that a busy machine is no matter */
static double
cost(int f(struct str), struct str s)
{
	clock_t t = clock();

	f(s);
	return (double)(clock() - t) * 1e3 / CLOCKS_PER_SEC;
}

static void
linear(void)
{
	static int (*const fs[])(struct str) = {
		mailbox_of, from_of, list_of, ascii_of,
	};
	/* The second half holds up to half a million addresses. */
	static const char *const of[] = {
		"(", ")", "()", "(\\", ",", "\"", "\"\" ", "\\", "a",
		"<", ">", "@", "a:", ":", ";", "[", "a@[", "]", " ", "\r\n ",
		"\n", "\r", "<@a,", ",@", "ü", "\xff", "\"\\\"", "(\r\n ",
		"a@1:", "a@b ",
		".", "a.", "a ", "a,", "a@b,", "<a@b>,", "a:;", "a:;,",
		"a:b,;,", "a@b(c),",
	};
#if defined __SANITIZE_ADDRESS__ || defined SLOW
	const double slow = 20;
#else
	const double slow = 1;
#endif
	size_t len = 1 << 20, i, k, n;
	double worst = 0, took, most;
	char *p = malloc(len);

	for (i = 0; i < N(of); i++) {
		n = strlen(of[i]);
		for (k = 0; k < len; k++)
			p[k] = of[i][k % n];
		for (most = 0, k = 0; k < N(fs); k++) {
			took = cost(fs[k], (struct str){ p, len });
			most = took > most ? took : most;
		}
		worst = most > worst ? most : worst;
		ok(most < slow * (i < 30 ? 100 : 1000), "1 MiB of %s: %.0f ms",
		    show(str_of(of[i])), most);
	}
	diag("slowest: %.0f ms", worst);
	free(p);
}

/* ---- on behind a broken element ---- */

/* Each address as "(as written|comment)", each broken element as "!text". */
static char *
on(struct arena *mem, struct str s)
{
	struct addr_list l = { .rest = copy(s) };
	char *mine = (char *)l.rest.p;
	struct buf out = { 0 };
	struct addr a;
	int rc;

	do {
		struct err e = { 0 };
		struct str bad;

		if ((rc = addr_next(&l, &a, mem, &e)) > 0)
			buf_printf(&out, "(%.*s|%.*s)", STR_ARG(a.spec),
			    STR_ARG(a.comment));
		if (rc < 0) {
			bad = addr_skip(&l);
			buf_printf(&out, "!%.*s ", STR_ARG(bad));
		}
	} while (rc != 0);
	free(mine);
	mine = arena_dup(mem, BUF_STR(out));
	buf_free(&out);
	return mine;
}

static const struct {
	const char *text, *want;
} skips[] = {
	{ "a@b.c, d@e.f", "(a@b.c|)(d@e.f|)" },
	{ "root (Cron Daemon)", "(root|Cron Daemon)" },
	{ "Jo (x) <a . b @ c.d> (y \\) z)", "(a . b @ c.d|y \\) z)" },
	{ "a@b.c, bad..dots@x.y, d@e.f", "(a@b.c|)!bad..dots@x.y (d@e.f|)" },
	{ "bad..dots@x.y", "!bad..dots@x.y " },
	{ "a@my_host.x,b@c", "!a@my_host.x (b@c|)" },
	{ "a b c@d, e@f", "!a b c@d (e@f|)" },
	{ "a@b@c, d@e", "!a@b@c (d@e|)" },
	/* no comma in quotes, comments and brackets ends an element */
	{ "\"x, y\" z@..q, d@e", "!\"x, y\" z@..q (d@e|)" },
	{ "\"x\\\", y\" z@..q, d@e", "!\"x\\\", y\" z@..q (d@e|)" },
	{ "a@..b (x, (y, z), \\), w), d@e", "!a@..b (x, (y, z), \\), w) (d@e|)" },
	{ "Jo <a..b@c, x@y>, d@e", "!Jo <a..b@c, x@y> (d@e|)" },
	{ "a@[1,2], d@e", "!a@[1,2] (d@e|)" },
	{ "\"open, a@b, c@d", "!\"open, a@b, c@d " },
	{ "a@b, (open, c@d", "(a@b|)!(open, c@d " },
	{ "<a@b, c@d", "!<a@b, c@d " },
	/* groups */
	{ "g: a@b, c..d@e, f@g;, h@i", "(a@b|)!c..d@e (f@g|)(h@i|)" },
	{ "g: c..d@e; , h@i", "!c..d@e (h@i|)" },
	{ "g: a@b; c@d, e@f", "(a@b|)!; c@d (e@f|)" },
	{ "g: h: a@b, c@d;, e@f", "!h: a@b (c@d|)(e@f|)" },
	{ "g: a@b", "(a@b|)! " },
	{ "g: a@b, c@d e@f, h@i", "(a@b|)!c@d e@f (h@i|)! " },
	{ ",,;, a@b", "!; (a@b|)" },
};

static void
skipped(void)
{
	struct arena mem = { 0 };
	size_t i, n;
	char *got;

	for (i = 0; i < N(skips); i++) {
		got = on(&mem, str_of(skips[i].text));
		ok(strcmp(got, skips[i].want) == 0, "%s: %s", skips[i].text,
		    got);
		for (n = strlen(skips[i].text); n-- > 0;)
			on(&mem, str_to(str_of(skips[i].text), n));
	}
	arena_free(&mem);
}

int
main(void)
{
	arguments();
	with_name();
	fields();
	skipped();
	nesting();
	names();
	longest_domain();
	alone();
	wire();
	cuts();
	controls();
	bytes();
	if (getenv("POSTBAG_EMULATED") == NULL)
		linear();
	return done();
}
