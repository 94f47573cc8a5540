/*
 * addr.c: mail addresses as arguments and on the wire
 *
 * An argument must be an RFC 5321 Mailbox as it stands; it is checked and
 * never changed.
 *
 * Stricter than the RFCs, because the other end is likely to misread it:
 * controls even where a quoted pair allows them, invisible characters, octets
 * with leading zeros in [192.0.2.1].  General-address-literal is refused: no
 * tag but IPv6 was ever registered.  As in RFC 5321 and unlike in RFC 4291,
 * "::" in an IPv6 literal stands for at least two groups.
 */
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "addr_private.h"
#include "fail.h"
#include "idn.h"

enum {
	LOCAL = 64,		/* RFC 5321 4.5.3.1 */
	LABEL = 63,
	DOMAIN = 255,
	MAILBOX = 254		/* a path of 256 without its brackets */
};

int
addr_bad(const struct addr_in *in, size_t at, const char *fmt, ...)
{
	char what[512], shown[128];
	struct str s = in->shown > 0 ? str_to(in->s, in->shown) : in->s;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	str_escape(shown, sizeof shown, str_to(s, sizeof shown));
	return fail(in->e, EX_DATAERR, "%s%s%s (position %zu)", shown,
	    shown[0] != '\0' ? ": " : "", what, at + 1);
}

const char *
addr_glyph(char buf[24], const struct addr_in *in, size_t i)
{
	unsigned char c = (unsigned char)in->s.p[i];
	uint32_t u;

	if (c > 0x20 && c < 0x7f)
		snprintf(buf, 24, "'%c'", c);
	else if (c == ' ')
		snprintf(buf, 24, "a blank");
	else if (c < 0x80 || str_char(str_from(in->s, i), &u) == 0)
		snprintf(buf, 24, "byte 0x%02x", c);
	else
		snprintf(buf, 24, "U+%04X", (unsigned)u);
	return buf;
}

/* --- which characters --- */

/* C1, line ends, what turns the reading direction, non-characters */
static bool
harmful(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
	    (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xfdd0 && c <= 0xfdef) ||
	    (c & 0xfffe) == 0xfffe;
}

/* Two addresses may differ in these and look the same: blanks and fillers */
static bool
invisible(uint32_t c)
{
	return harmful(c) || c == 0xa0 || c == 0xad || c == 0x34f ||
	    c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x1680 ||
	    c == 0x180e || (c >= 0x2000 && c <= 0x200f) || c == 0x202f ||
	    (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0x3164 ||
	    c == 0xffa0 || (c >= 0xe0000 && c <= 0xe007f);
}

int
addr_clean(const struct addr_in *in, bool invisibles)
{
	char buf[24];
	size_t i, n;
	uint32_t c;

	for (i = 0; i < in->s.n; i += n) {
		n = str_char(str_from(in->s, i), &c);
		if (n == 0)
			return addr_bad(in, i, "%s is not UTF-8",
			    addr_glyph(buf, in, i));
		if (c < 0x20 || c == 0x7f)
			return addr_bad(in, i, "control %s",
			    addr_glyph(buf, in, i));
		if (c > 0x7f && (invisibles ? harmful(c) : invisible(c)))
			return addr_bad(in, i, "invisible character %s",
			    addr_glyph(buf, in, i));
	}
	return 0;
}

static bool
alnum(char c)
{
	return str_alpha(c) || str_digit(c);
}

bool
addr_atext(char c)
{
	return alnum(c) || (unsigned char)c > 0x7f ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* --- local part --- */

static int
addr_quoted(const struct addr_in *in, size_t *end)
{
	char buf[24];
	size_t i;

	for (i = 1; i < in->s.n && in->s.p[i] != '"'; i++) {
		if (in->s.p[i] != '\\')
			continue;
		if (++i < in->s.n && (unsigned char)in->s.p[i] > 0x7f)
			return addr_bad(in, i, "%s behind a backslash",
			    addr_glyph(buf, in, i));
	}
	if (i >= in->s.n)
		return addr_bad(in, 0, "the quote is not closed");
	*end = i + 1;
	return 0;
}

static int
dot_atom(const struct addr_in *in, size_t *end)
{
	const char *p = in->s.p;
	char buf[24];
	size_t i;

	for (i = 0; i < in->s.n && p[i] != '@'; i++) {
		if (p[i] == '.' && i == 0)
			return addr_bad(in, i, "the local part starts with a dot");
		if (p[i] == '.' && p[i - 1] == '.')
			return addr_bad(in, i, "two dots in the local part");
		if (p[i] != '.' && !addr_atext(p[i]))
			return addr_bad(in, i, "%s in the local part",
			    addr_glyph(buf, in, i));
	}
	if (i == 0)
		return addr_bad(in, i, "the local part is empty");
	if (p[i - 1] == '.')
		return addr_bad(in, i - 1, "the local part ends in a dot");
	*end = i;
	return 0;
}

static int
local(const struct addr_in *in, size_t *end)
{
	*end = 0;
	if (in->s.n == 0)
		return addr_bad(in, 0, "the address is empty");
	if ((in->s.p[0] == '"' ? addr_quoted(in, end) : dot_atom(in, end)) < 0)
		return -1;
	if (*end > LOCAL)
		return addr_bad(in, LOCAL, "local part over %d bytes", LOCAL);
	return 0;
}

/* --- domain --- */

static int
domain_label(const struct addr_in *in, size_t at, size_t end)
{
	struct str s = str_to(str_from(in->s, at), end - at);

	if (s.n == 0)
		return addr_bad(in, at, at == in->s.n ?
		    "the domain ends in a dot" :
		    "empty label in the domain");
	if (s.p[0] == '-')
		return addr_bad(in, at, "a label starts with '-'");
	if (s.p[s.n - 1] == '-')
		return addr_bad(in, end - 1, "a label ends in '-'");
	/* A U-label is measured as its A-label, by libidn2. */
	if (s.n > LABEL && str_ascii(s))
		return addr_bad(in, at + LABEL, "label over %d bytes", LABEL);
	return 0;
}

static int
labels(const struct addr_in *in, size_t at)
{
	char c, buf[24];
	size_t i;

	for (i = at; i <= in->s.n; i++) {
		c = i < in->s.n ? in->s.p[i] : '.';
		if (c == '.') {
			if (domain_label(in, at, i) < 0)
				return -1;
			at = i + 1;
		} else if (!alnum(c) && c != '-' && (unsigned char)c < 0x80) {
			return addr_bad(in, i, "%s in the domain",
			    addr_glyph(buf, in, i));
		}
	}
	return 0;
}

static bool
ipv4(struct str s)
{
	struct str part;
	uint64_t v;
	int k;

	for (k = 0; k < 4; k++) {
		if (s.p == NULL)
			return false;
		part = str_cut(&s, '.');
		if (str_num(part, 255, &v) < 0 ||
		    (part.n > 1 && part.p[0] == '0'))
			return false;
	}
	return s.p == NULL;
}

static size_t
hex_group(struct str s)
{
	size_t n;

	for (n = 0; n < s.n; n++)
		if (!str_digit(s.p[n]) &&
		    (str_lower(s.p[n]) < 'a' || str_lower(s.p[n]) > 'f'))
			break;
	return n;
}

static bool
ipv6(struct str s)
{
	bool gap = str_starts(s, "::");
	size_t n, groups = 0;

	for (s = str_from(s, gap ? 2 : 0); s.n > 0; s = str_from(s, n + 1)) {
		n = hex_group(s);
		if (n < s.n && s.p[n] == '.')
			return ipv4(s) && (gap ? groups <= 4 : groups == 6);
		if (n == 0 || n > 4)
			return false;
		groups++;
		if (n == s.n)
			break;
		if (s.p[n] != ':' || n + 1 == s.n)
			return false;
		if (s.p[n + 1] != ':')
			continue;
		if (gap)
			return false;
		gap = true;
		n++;
	}
	return gap ? groups <= 6 : groups == 8;
}

static int
addr_literal(const struct addr_in *in, size_t at)
{
	struct str s = str_from(in->s, at + 1);

	if (s.n == 0 || s.p[s.n - 1] != ']')
		return addr_bad(in, at, "an address literal ends with ']'");
	s.n--;
	if (str_starts(s, "IPv6:") ? ipv6(str_from(s, 5)) : ipv4(s))
		return 0;
	return addr_bad(in, at, "no address literal; write [192.0.2.1] or [IPv6:2001:db8::1]");
}

/*
 * IDNA mapping turns a full-width "example" or a ligature into other letters.
 * An address is not rewritten like that: of the mapping only lower case is
 * taken, which outside ASCII means the bicameral scripts.
 */
static bool
same_letter(uint32_t a, uint32_t b)
{
	if (a == b)
		return true;
	if (a < 0x80 || b < 0x80)
		return a < 0x80 && b < 0x80 &&
		    str_lower((char)a) == str_lower((char)b);
	return (a < 0x590 && b < 0x590) ||
	    (a >= 0x1e00 && a < 0x1f00 && b >= 0x1e00 && b < 0x1f00);
}

static bool
same_name(struct str a, struct str b)
{
	uint32_t ca, cb;
	size_t na, nb;

	while (a.n > 0 && b.n > 0) {
		na = str_char(a, &ca);
		nb = str_char(b, &cb);
		if (na == 0 || nb == 0 || !same_letter(ca, cb))
			return false;
		a = str_from(a, na);
		b = str_from(b, nb);
	}
	return a.n == b.n;
}

/* Whether both names, their A-labels read, say the same */
static bool
same_idn(const char *a, const char *b, char **said)
{
	char *mine = NULL;
	bool same;

	same = idn_unicode(a, &mine) == 0 &&
	    idn_unicode(b, said) == 0 &&
	    same_name(str_of(mine), str_of(*said));
	idn_free(mine);
	return same;
}

/* The A-labels of what stands at at, for idn_free */
static int
a_labels(const struct addr_in *in, size_t at, char **ascii)
{
	struct str s = str_from(in->s, at);
	char name[DOMAIN + 1], *said = NULL;
	int rc;

	str_copy(name, s);
	name[s.n] = '\0';
	rc = idn_ascii(name, ascii);
	if (rc != 0)
		return addr_bad(in, at, "no internationalised domain: %s",
		    idn_error(rc));
	rc = 0;
	if (!same_idn(name, *ascii, &said)) {
		rc = addr_bad(in, at, "letters in the domain have another form; write %s",
		    said != NULL ? said : *ascii);
		idn_free(*ascii);
	}
	idn_free(said);
	return rc;
}

/* Without libidn2 a name passes for now; addr_ascii will say why it fails. */
static int
idn(const struct addr_in *in, size_t at)
{
	char *ascii;

	if (!idn_here())
		return 0;
	if (a_labels(in, at, &ascii) < 0)
		return -1;
	idn_free(ascii);
	return 0;
}

/* All from at to the end */
static int
domain_at(const struct addr_in *in, size_t at)
{
	struct str s = str_from(in->s, at);

	if (s.n == 0)
		return addr_bad(in, at, "the domain is empty");
	if (s.n > DOMAIN)
		return addr_bad(in, at + DOMAIN, "domain over %d bytes",
		    DOMAIN);
	if (s.p[0] == '[')
		return addr_literal(in, at);
	if (labels(in, at) < 0)
		return -1;
	return str_ascii(s) ? 0 : idn(in, at);
}

int
addr_domain(struct str s, struct err *e)
{
	struct addr_in in = { .s = s, .e = e };

	return addr_clean(&in, false) < 0 ? -1 : domain_at(&in, 0);
}

int
addr_local(struct addr *a, struct str s, struct err *e)
{
	struct addr_in in = { .s = s, .e = e };
	size_t end;

	if (addr_clean(&in, false) < 0 || local(&in, &end) < 0)
		return -1;
	if (end < s.n)
		return addr_bad(&in, end, "a name alone ends here");
	*a = (struct addr){ .local = s, .utf8 = !str_ascii(s) };
	return 0;
}

int
addr_mailbox(struct addr *a, struct str s, struct err *e)
{
	struct addr_in in = { .s = s, .e = e };
	char buf[24];
	size_t at;

	if (addr_clean(&in, false) < 0 || local(&in, &at) < 0)
		return -1;
	if (at == s.n)
		return addr_bad(&in, at, "there is no '@'");
	if (s.p[at] != '@')
		return addr_bad(&in, at, "%s behind the closing quote",
		    addr_glyph(buf, &in, at));
	if (domain_at(&in, at + 1) < 0)
		return -1;
	if (s.n > MAILBOX)
		return addr_bad(&in, MAILBOX, "address over %d bytes", MAILBOX);
	*a = (struct addr){ .local = str_to(s, at),
		.domain = str_from(s, at + 1) };
	a->utf8 = !str_ascii(a->local);
	return 0;
}

/* --- for the wire --- */

static int
to_ascii(struct arena *mem, const struct addr_in *in, struct str *out)
{
	char *ascii;

	if (!idn_here())
		return addr_bad(in, 0, "not ASCII, and there is no libidn2 here to convert it; write its xn-- form");
	if (a_labels(in, 0, &ascii) < 0)
		return -1;
	*out = arena_str(mem, str_of(ascii));
	idn_free(ascii);
	return 0;
}

int
addr_ascii(struct arena *mem, struct str s, struct str *out, struct err *e)
{
	struct addr_in in = { .s = s, .e = e };
	size_t i;
	char *p;

	if (addr_domain(s, e) < 0)
		return -1;
	if (!str_ascii(s))
		return to_ascii(mem, &in, out);
	p = arena_dup(mem, s);
	for (i = 0; i < s.n && s.p[0] != '['; i++)
		p[i] = str_lower(p[i]);
	*out = (struct str){ p, s.n };
	return 0;
}

char *
addr_wire(struct arena *mem, const struct addr *a, bool ascii_domain,
    struct err *e)
{
	struct str host = a->domain;
	struct addr checked;
	char *p;

	if (ascii_domain && !str_ascii(a->domain) &&
	    addr_ascii(mem, a->domain, &host, e) < 0)
		return NULL;
	p = arena_printf(mem, "%.*s@%.*s", STR_ARG(a->local), STR_ARG(host));
	return addr_mailbox(&checked, str_of(p), e) < 0 ? NULL : p;
}
