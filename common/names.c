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
must_escape(unsigned char c, bool first, enum layout layout)
{
	return c < ' ' || c == 0x7f || c == '/' || c == '%' ||
	    (c == '.' && (first || layout == LAYOUT_MAILDIRPP));
}

static int
put_part(struct buf *b, struct str part, enum layout layout)
{
	size_t was = b->n, i, n;
	bool odd = reserved(part);

	for (i = 0; i < part.n; i += n) {
		n = str_char(str_from(part, i), NULL);
		if (n == 0 || (i == 0 && odd) ||
		    must_escape((unsigned char)part.p[i], i == 0, layout)) {
			escape(b, (unsigned char)part.p[i]);
			n = 1;
		} else {
			buf_put(b, part.p + i, n);
		}
	}
	return part.n == 0 || b->over || b->n - was > PART_MAX ? -1 : 0;
}

static int
put_path(struct buf *b, struct str box, char sep, enum layout layout)
{
	struct str part;
	bool first = true;

	if (layout == LAYOUT_MAILDIRPP && str_is(box, "INBOX"))
		return 0;
	do {
		part = sep != '\0' ? str_cut(&box, sep) : box;
		if (sep == '\0')
			box.p = NULL;
		if (layout == LAYOUT_MAILDIRPP)
			buf_c(b, '.');
		else if (!first)
			buf_c(b, '/');
		if (first && str_is(part, "INBOX"))
			part = STR("INBOX");
		first = false;
		if (put_part(b, part, layout) < 0)
			return -1;
	} while (box.p != NULL);
	return 0;
}

int
names_to_path(struct buf *b, struct str box, char sep, enum layout layout)
{
	size_t was = b->n;

	if (put_path(b, box, sep, layout) == 0 && !b->over &&
	    b->n - was <= (layout == LAYOUT_MAILDIRPP ? ENTRY_MAX :
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
decode_part(struct buf *b, struct str part, char sep)
{
	size_t i;
	char c;

	for (i = 0; i < part.n; i++) {
		c = part.p[i];
		if (c == '%') {
			if (part.n - i < 3 || hex(part.p[i + 1]) < 0 ||
			    hex(part.p[i + 2]) < 0)
				return -1;
			c = (char)(hex(part.p[i + 1]) << 4 |
			    hex(part.p[i + 2]));
			i += 2;
		}
		if (c == sep && sep != '\0')
			return -1;
		buf_c(b, c);
	}
	return part.n > 0 ? 0 : -1;
}

static int
get_path(struct buf *b, struct str path, char sep, enum layout layout)
{
	char cut = layout == LAYOUT_MAILDIRPP ? '.' : '/';
	struct str part;
	bool more = false;

	if (layout == LAYOUT_MAILDIRPP) {
		if (path.n == 0) {
			buf_s(b, "INBOX");
			return 0;
		}
		if (path.p[0] != '.')
			return -1;
		path = str_from(path, 1);
	}
	do {
		part = str_cut(&path, cut);
		if (more && sep == '\0')
			return -1;
		if (more)
			buf_c(b, sep);
		more = true;
		if (decode_part(b, part, sep) < 0)
			return -1;
	} while (path.p != NULL);
	return 0;
}

int
names_from_path(struct buf *b, struct str path, char sep, enum layout layout)
{
	struct buf back = { .max = 4096 };
	size_t was = b->n;
	bool good;

	good = path.n <= PATH_MAX_ALL &&
	    get_path(b, path, sep, layout) == 0 && !b->over &&
	    names_to_path(&back, str_from(BUF_STR(*b), was), sep,
	    layout) == 0 && str_eq(BUF_STR(back), path);
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
