/*
 * names.c: mailbox names as folders, and back
 *
 * A name and its path stand for each other one to one: what names_from_path
 * decodes must give that very path again, or it is no name of ours.  So two
 * mailboxes never share a folder, and no folder has two names.
 */
#include <string.h>

#include "names.h"
#include "pattern.h"
#include "utf7.h"

enum { PART_MAX = 200, PATH_MAX_ALL = 1000, ENTRY_MAX = 250 };

static void
escape(struct buf *b, unsigned char c)
{
	buf_printf(b, "%%%02X", c);
}

/* The name of a folder that a Maildir itself is made of. */
static bool
reserved(struct str part)
{
	return part.n == 3 && (memcmp(part.p, "cur", 3) == 0 ||
	    memcmp(part.p, "new", 3) == 0 || memcmp(part.p, "tmp", 3) == 0);
}

static bool
must_escape(unsigned char c, bool first, const struct naming *how)
{
	return c < ' ' || c == 0x7f || c == '/' || c == '%' ||
	    (how->flat != '\0' && c == (unsigned char)how->flat) ||
	    (c == '.' && (first || how->layout == LAYOUT_MAILDIRPP));
}

const struct naming names_verbatim = { .layout = LAYOUT_VERBATIM };

bool
names_flat(char c)
{
	return c > ' ' && c < 0x7f && !str_digit(c) && !str_alpha(c) &&
	    strchr("/%&", c) == NULL;
}

/* What stands before the first part. */
static const char *
names_lead(const struct naming *how)
{
	return how->layout == LAYOUT_MAILDIRPP ? "." : "";
}

/* What stands between two parts; in to, if it is flat. */
static const char *
names_join(const struct naming *how, char to[2])
{
	switch (how->layout) {
	case LAYOUT_VERBATIM:
		break;
	case LAYOUT_MAILDIRPP:
		return ".";
	case LAYOUT_LEGACY:
		return "/.";
	}
	to[0] = how->flat != '\0' ? how->flat : '/';
	to[1] = '\0';
	return to;
}

static int
put_escaped(struct buf *b, struct str part, const struct naming *how)
{
	size_t was = b->n, i, n;
	bool odd = reserved(part);

	for (i = 0; i < part.n; i += n) {
		n = str_char(str_from(part, i), NULL);
		if (n == 0 || (i == 0 && odd) ||
		    must_escape((unsigned char)part.p[i], i == 0, how)) {
			escape(b, (unsigned char)part.p[i]);
			n = 1;
		} else {
			buf_put(b, part.p + i, n);
		}
	}
	return part.n == 0 || b->over || b->n - was > PART_MAX ? -1 : 0;
}

static int
put_part(struct buf *b, struct str part, const struct naming *how)
{
	struct buf wire = { .max = 4096 };
	int got;

	if (!how->utf7)
		return put_escaped(b, part, how);
	got = utf7_encode(&wire, part);
	if (got == 0)
		got = put_escaped(b, BUF_STR(wire), how);
	buf_free(&wire);
	return got;
}

static int
put_path(struct buf *b, struct str box, char sep, const struct naming *how)
{
	struct str part;
	bool first = true;
	char flat[2];

	if (how->layout == LAYOUT_MAILDIRPP && str_is(box, "INBOX"))
		return 0;
	do {
		part = sep != '\0' ? str_cut(&box, sep) : box;
		if (sep == '\0')
			box.p = NULL;
		buf_s(b, first ? names_lead(how) : names_join(how, flat));
		if (first && str_is(part, "INBOX"))
			part = STR("INBOX");
		first = false;
		if (put_part(b, part, how) < 0)
			return -1;
	} while (box.p != NULL);
	return 0;
}

int
names_to_path(struct buf *b, struct str box, char sep,
    const struct naming *how)
{
	size_t was = b->n;

	if (put_path(b, box, sep, how) == 0 && !b->over &&
	    b->n - was <= (how->layout == LAYOUT_MAILDIRPP ? ENTRY_MAX :
	    PATH_MAX_ALL))
		return 0;
	b->n = was;
	if (b->p != NULL)
		b->p[was] = '\0';
	return -1;
}

static int
hex(char c)
{
	if (str_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int
decode_part(struct buf *b, struct str part)
{
	int high, low;
	size_t i;
	char c;

	for (i = 0; i < part.n; i++) {
		c = part.p[i];
		if (c == '%') {
			if (part.n - i < 3 || (high = hex(part.p[i + 1])) < 0 ||
			    (low = hex(part.p[i + 2])) < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		}
		buf_c(b, c);
	}
	return part.n > 0 ? 0 : -1;
}

static int
get_part(struct buf *b, struct str part, char sep, const struct naming *how)
{
	struct buf plain = { .max = 4096 }, *to = how->utf7 ? &plain : b;
	size_t was = b->n;
	int got = decode_part(to, part);

	if (got == 0 && how->utf7)
		got = utf7_decode(b, BUF_STR(plain));
	if (got == 0 && sep != '\0' && b->p != NULL &&
	    str_has(str_from(BUF_STR(*b), was), sep))
		got = -1;
	buf_free(&plain);
	return got;
}

static int
get_path(struct buf *b, struct str path, char sep, const struct naming *how)
{
	char flat[2];
	const char *between = names_join(how, flat);
	struct str part;
	bool more = false;

	if (how->layout == LAYOUT_MAILDIRPP) {
		if (path.n == 0) {
			buf_s(b, "INBOX");
			return 0;
		}
		if (path.p[0] != '.')
			return -1;
		path = str_from(path, 1);
	}
	do {
		part = str_cut(&path, between[0]);
		if (more && between[0] == '/' && between[1] == '.') {
			if (part.n == 0 || part.p[0] != '.')
				return -1;
			part = str_from(part, 1);
		}
		if (more && sep == '\0')
			return -1;
		if (more)
			buf_c(b, sep);
		more = true;
		if (get_part(b, part, sep, how) < 0)
			return -1;
	} while (path.p != NULL);
	return 0;
}

int
names_from_path(struct buf *b, struct str path, char sep,
    const struct naming *how)
{
	struct buf back = { .max = 4096 };
	size_t was = b->n;
	bool good;

	good = path.n <= PATH_MAX_ALL &&
	    get_path(b, path, sep, how) == 0 && !b->over &&
	    names_to_path(&back, str_from(BUF_STR(*b), was), sep,
	    how) == 0 && str_eq(BUF_STR(back), path);
	buf_free(&back);
	if (good)
		return 0;
	b->n = was;
	if (b->p != NULL)
		b->p[was] = '\0';
	return -1;
}

/* ---- patterns ---- */

enum { PATTERN_MAX = 1024 };

/* One pattern: blanks in it stand between double quotes. */
static bool
next_pattern(const char **p, char pat[PATTERN_MAX], size_t *n, bool *no)
{
	bool quoted = false;

	while (**p == ' ' || **p == '\t')
		++*p;
	if (**p == '\0')
		return false;
	if ((*no = **p == '!'))
		++*p;
	for (*n = 0; **p != '\0'; ++*p) {
		if (**p == '"')
			quoted = !quoted;
		else if (!quoted && (**p == ' ' || **p == '\t'))
			break;
		else if (*n < PATTERN_MAX)
			pat[(*n)++] = **p;
	}
	return true;
}

bool
names_match(const char *patterns, struct str box, char sep)
{
	const char *p = patterns != NULL ? patterns : "*";
	struct pattern of = { .yes = false };
	char pat[PATTERN_MAX];
	size_t n;
	bool no;

	while (next_pattern(&p, pat, &n, &no))
		pattern_take(&of, no, pattern_fits((struct str){ pat, n },
		    box, sep));
	return of.yes;
}

uint64_t
names_hash(struct str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < s.n; i++) {
		h ^= (unsigned char)s.p[i];
		h *= UINT64_C(0x100000001b3);
	}
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	return h != 0 ? h : 1;
}
