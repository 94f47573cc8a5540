/*
 * zone.c: records as zone files and dig have them (RFC 1035 section 5.1)
 *
 * A type is a row of fields, which are read, written and made into bytes one
 * behind the other.  A record stands on one line; names stand there in full,
 * with or without the last dot.
 */
#include <arpa/inet.h>
#include <string.h>

#include "b64.h"
#include "zone.h"

/*
 * 1 2: a number of so many bytes; 4 6: an address; n: a name; x b: the rest,
 * as hex or base64; t: strings.
 */
static const struct layout {
	unsigned type;
	const char *fields;
} layouts[] = {
	{ DNS_A, "4" }, { DNS_AAAA, "6" }, { DNS_NS, "n" },
	{ DNS_CNAME, "n" }, { DNS_PTR, "n" }, { DNS_MX, "2n" },
	{ DNS_SRV, "222n" }, { DNS_TXT, "t" }, { DNS_TLSA, "111x" },
	{ DNS_DS, "211x" }, { DNS_DNSKEY, "211b" },
};

static const char *
fields_of(unsigned type)
{
	size_t i;

	for (i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (layouts[i].type == type)
			return layouts[i].fields;
	return NULL;
}

/* ---- words */

struct word {
	struct str raw;		/* without quotes, escapes as they are */
	bool quoted;
};

/* To the first byte of stop that no backslash is before; its length. */
static size_t
run_of(struct str s, const char *stop)
{
	size_t i;

	for (i = 0; i < s.n && strchr(stop, s.p[i]) == NULL; i++)
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
	return i;
}

/* 1, 0 at the end of the line or a comment, -1: a quote is not closed. */
static int
next_word(struct str *line, struct word *w)
{
	size_t n;

	while (line->n > 0 && str_blank(line->p[0]))
		*line = str_from(*line, 1);
	w->quoted = line->n > 0 && line->p[0] == '"';
	w->raw = str_to(*line, 0);
	if (line->n == 0 || line->p[0] == ';')
		return 0;
	if (w->quoted)
		*line = str_from(*line, 1);
	n = run_of(*line, w->quoted ? "\"" : " \t\";");
	w->raw = str_to(*line, n);
	if (w->quoted && n == line->n)
		return -1;
	*line = str_from(*line, w->quoted ? n + 1 : n);
	return 1;
}

/* Appends what the escapes stand for; -1 if one is malformed. */
static int
unescape(struct buf *b, struct arena *mem, struct str raw)
{
	const char *p = arena_dup(mem, raw), *end = p + raw.n;
	int c;

	while (p < end) {
		c = (unsigned char)*p++;
		if (c == '\\' && (c = dns_escaped(&p)) < 0)
			return -1;
		buf_c(b, (char)c);
	}
	return 0;
}

/* ---- reading data */

struct reader {
	struct arena *mem;
	struct str rest;	/* of the line */
	struct buf out;
	struct err *e;
};

static int
no_data(struct reader *r, const char *what, struct str word)
{
	return fail(r->e, EX_USAGE, "\"%.*s\" is no %s", STR_ARG(word), what);
}

/* A word without quotes. */
static int
plain(struct reader *r, struct str *to)
{
	struct word w;

	if (next_word(&r->rest, &w) <= 0 || w.quoted)
		return fail(r->e, EX_USAGE, "data is missing");
	*to = w.raw;
	return 0;
}

static int
read_number(struct reader *r, struct str word, char size)
{
	uint64_t v;

	if (str_num(word, size == '1' ? 255 : 65535, &v) < 0)
		return no_data(r, "such number", word);
	if (size == '2')
		buf_c(&r->out, (char)(v >> 8));
	buf_c(&r->out, (char)v);
	return 0;
}

static int
read_address(struct reader *r, struct str word, char field)
{
	bool four = field == '4';
	unsigned char raw[16];

	if (inet_pton(four ? AF_INET : AF_INET6, arena_dup(r->mem, word),
	    raw) != 1)
		return no_data(r, four ? "IPv4 address" : "IPv6 address", word);
	buf_put(&r->out, raw, four ? 4 : 16);
	return 0;
}

static int
read_name(struct reader *r, struct str word)
{
	char name[DNS_NAMELEN];

	if (dns_name(arena_dup(r->mem, word), name) < 0)
		return no_data(r, "name", word);
	buf_put(&r->out, name, strlen(name) + 1);
	return 0;
}

/* Hex and base64 may stand in pieces. */
static struct str
pieces(struct reader *r, struct str word)
{
	struct buf b = { 0 };
	struct word w = { .raw = word };

	do
		buf_str(&b, w.raw);
	while (next_word(&r->rest, &w) > 0);
	word = arena_str(r->mem, BUF_STR(b));
	buf_free(&b);
	return word;
}

static int
hex_digit(char c)
{
	if (str_digit(c))
		return c - '0';
	c = str_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
read_hex(struct reader *r, struct str s)
{
	size_t i;

	if (s.n % 2 != 0)
		return no_data(r, "hex", s);
	for (i = 0; i < s.n; i += 2) {
		if (hex_digit(s.p[i]) < 0 || hex_digit(s.p[i + 1]) < 0)
			return no_data(r, "hex", s);
		buf_c(&r->out, (char)(hex_digit(s.p[i]) << 4 |
		    hex_digit(s.p[i + 1])));
	}
	return 0;
}

/* Text without a quote at its start is taken to the end of the line, as it is. */
static int
read_strings(struct reader *r)
{
	struct str all = str_trim(r->rest);
	struct word w;
	int got;

	if (all.n > 0 && all.p[0] != '"') {
		r->rest = str_from(all, all.n);
		return unescape(&r->out, r->mem, all) < 0 ?
		    no_data(r, "text", all) : 0;
	}
	while ((got = next_word(&r->rest, &w)) > 0)
		if (unescape(&r->out, r->mem, w.raw) < 0)
			return no_data(r, "text", w.raw);
	return got < 0 ? fail(r->e, EX_USAGE, "a quote is not closed") : 0;
}

static int
read_field(struct reader *r, char field)
{
	struct str word = STR("");

	if (field == 't')
		return read_strings(r);
	if (plain(r, &word) < 0)
		return -1;
	switch (field) {
	case '1': case '2':
		return read_number(r, word, field);
	case '4': case '6':
		return read_address(r, word, field);
	case 'n':
		return read_name(r, word);
	case 'x':
		return read_hex(r, pieces(r, word));
	default:
		word = pieces(r, word);
		return b64_get(&r->out, word) < 0 ?
		    no_data(r, "base64", word) : 0;
	}
}

static int
read_data(struct reader *r, unsigned type)
{
	const char *f = fields_of(type);
	struct word w;

	if (f == NULL)
		return fail(r->e, EX_USAGE, "records of type %s are not compared",
		    dns_type(type));
	for (; *f != '\0'; f++)
		if (read_field(r, *f) < 0)
			return -1;
	if (next_word(&r->rest, &w) != 0)
		return fail(r->e, EX_USAGE, "\"%.*s\" is too much",
		    STR_ARG(w.raw));
	return 0;
}

/* ---- what stands before the data */

static bool
is_class(struct str word)
{
	return str_is(word, "IN");
}

/* 3600, or 1h30m as BIND has it. */
static bool
is_ttl(struct str word)
{
	size_t i;

	if (word.n == 0 || !str_digit(word.p[0]))
		return false;
	for (i = 0; i < word.n; i++)
		if (!str_digit(word.p[i]) &&
		    strchr("smhdw", str_lower(word.p[i])) == NULL)
			return false;
	return true;
}

static int
read_type(struct reader *r, struct zone_record *z)
{
	struct str word = STR("");

	do {
		if (plain(r, &word) < 0)
			return -1;
	} while (is_class(word) || is_ttl(word));
	z->type = dns_type_of(word);
	if (z->type == 0)
		return fail(r->e, EX_USAGE, "\"%.*s\" is no type",
		    STR_ARG(word));
	return 0;
}

static int
read_owner(struct reader *r, struct zone_record *z, struct str word)
{
	char name[DNS_NAMELEN];

	if (word.n > 0 && word.p[0] == '$')
		return fail(r->e, EX_USAGE, "%.*s is not done here: names stand there in full",
		    STR_ARG(word));
	if (is_class(word) || is_ttl(word) || dns_type_of(word) != 0 ||
	    str_is(word, "@"))
		return fail(r->e, EX_USAGE, "\"%.*s\": the name is missing",
		    STR_ARG(word));
	if (dns_name(arena_dup(r->mem, word), name) < 0)
		return fail(r->e, EX_USAGE, "\"%.*s\" is no name",
		    STR_ARG(word));
	z->name = arena_dup(r->mem, str_of(name));
	return 0;
}

static int
read_record(struct reader *r, struct zone_record *z)
{
	struct word w;

	if (next_word(&r->rest, &w) == 0 || (!w.quoted && w.raw.p[0] == '#'))
		return 0;
	if (read_owner(r, z, w.raw) < 0 || read_type(r, z) < 0)
		return -1;
	r->rest = str_trim(r->rest);
	if (r->rest.n == 0)
		return fail(r->e, EX_USAGE, "no data (\"-\" for: no record)");
	z->none = str_is(r->rest, "-");
	if (!z->none && read_data(r, z->type) < 0)
		return -1;
	z->data = arena_str(r->mem, BUF_STR(r->out));
	return 1;
}

int
zone_read(struct arena *mem, struct str line, struct zone_record *z,
    struct err *e)
{
	struct reader r = { .mem = mem, .rest = str_trim(line), .e = e };
	int got;

	*z = (struct zone_record){ .type = 0 };
	if (line.n > 0 && memchr(line.p, '\0', line.n) != NULL)
		return fail(e, EX_USAGE, "a NUL byte");
	got = read_record(&r, z);
	buf_free(&r.out);
	return got;
}

/* ---- bytes, and writing them */

struct str
zone_data(struct arena *mem, unsigned type, const struct dns_rr *rr)
{
	struct buf b = { 0 };
	struct str all;

	switch (type) {
	case DNS_MX:
	case DNS_SRV:
		buf_c(&b, (char)(rr->pref >> 8));
		buf_c(&b, (char)rr->pref);
		break;
	case DNS_TLSA:
		buf_c(&b, (char)rr->usage);
		buf_c(&b, (char)rr->selector);
		buf_c(&b, (char)rr->mtype);
		break;
	default:
		break;
	}
	if (type == DNS_SRV) {
		buf_c(&b, (char)(rr->weight >> 8));
		buf_c(&b, (char)rr->weight);
		buf_c(&b, (char)(rr->port >> 8));
		buf_c(&b, (char)rr->port);
	}
	if (rr->name != NULL)
		buf_put(&b, rr->name, strlen(rr->name) + 1);
	else
		buf_str(&b, rr->data);
	all = arena_str(mem, BUF_STR(b));
	buf_free(&b);
	return all;
}

static void
put_hex(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		buf_printf(b, "%02x", (unsigned char)s.p[i]);
}

/* In strings of 255 bytes, as dig prints them. */
static void
put_strings(struct buf *b, struct str s)
{
	size_t i;
	char c;

	buf_c(b, '"');
	for (i = 0; i < s.n; i++) {
		c = s.p[i];
		if (i > 0 && i % 255 == 0)
			buf_s(b, "\" \"");
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c >= ' ' && c < 0x7f)
			buf_c(b, c);
		else
			buf_printf(b, "\\%03u", (unsigned char)c);
	}
	buf_c(b, '"');
}

/* One field off the front of *s. */
static void
put_field(struct buf *b, char field, struct str *s)
{
	const unsigned char *p = (const unsigned char *)s->p;
	size_t n = s->n;
	char text[64];

	if (strchr("12n", field) != NULL && n < (size_t)(field == '2') + 1)
		return;			/* a stranger's, too short */
	switch (field) {
	case '1':
		n = 1;
		buf_printf(b, "%u", p[0]);
		break;
	case '2':
		n = 2;
		buf_printf(b, "%u", (unsigned)p[0] << 8 | p[1]);
		break;
	case '4': case '6':
		dns_addr(*s, text, sizeof text);
		buf_s(b, text);
		break;
	case 'n':
		buf_s(b, s->p);
		if (strcmp(s->p, ".") != 0)
			buf_c(b, '.');
		break;
	case 'x':
		put_hex(b, *s);
		break;
	case 'b':
		b64_put(b, *s);
		break;
	default:
		put_strings(b, *s);
		break;
	}
	*s = str_from(*s, n);
}

void
zone_put(struct buf *b, unsigned type, struct str data)
{
	const char *f = fields_of(type);
	bool first = true;

	for (; f != NULL && *f != '\0'; f++) {
		if (!first)
			buf_c(b, ' ');
		first = false;
		put_field(b, *f, &data);
	}
}
