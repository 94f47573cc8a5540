/*
 * dkim_canon.c: canonical forms of header and body (RFC 6376 section 3.4)
 *
 * Both forms of a body leave out the empty lines at its end, so line ends are
 * held back until something follows them; the relaxed form holds back blanks
 * in the same way, for those at the end of a line do not count.
 */
#include "dkim_canon.h"

#include "digest.h"

enum { FLUSH = 4096 };

/* ---- header fields */

/* As it stands, but for its line ends (section 3.4.1). */
static void
field_simple(struct str s, struct buf *b)
{
	struct str line;

	do {
		line = str_cut(&s, '\n');
		if (s.p != NULL && line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		buf_str(b, line);
		if (s.p != NULL)
			buf_s(b, "\r\n");
	} while (s.p != NULL);
}

static bool
folding(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Unfolded; one blank where some were, none at either end (section 3.4.2). */
static void
field_relaxed(struct str s, struct buf *b)
{
	struct str name = str_trim(str_cut(&s, ':'));
	size_t i, from;

	for (i = 0; i < name.n; i++)
		buf_c(b, str_lower(name.p[i]));
	buf_c(b, ':');
	s = str_trim(s);
	for (i = 0; i < s.n; ) {
		for (from = i; i < s.n && !folding(s.p[i]); i++)
			;
		buf_put(b, s.p + from, i - from);
		if (i < s.n)
			buf_c(b, ' ');
		while (i < s.n && folding(s.p[i]))
			i++;
	}
}

void
dkim_canon_field(enum dkim_canon canon, struct str field, struct buf *b)
{
	switch (canon) {
	case DKIM_SIMPLE:
		field_simple(field, b);
		break;
	case DKIM_RELAXED:
		field_relaxed(field, b);
		break;
	}
}

/* ---- the body */

void
dkim_body_begin(struct dkim_body *b, enum dkim_canon canon, uint64_t limit)
{
	b->canon = canon;
	b->limit = limit;
	b->size = b->ends = 0;
	b->blank = b->cr = false;
	b->out = (struct buf){ .n = 0 };
	b->digest = digest_new();
}

static void
body_flush(struct dkim_body *b)
{
	digest_put(b->digest, b->out.p, b->out.n);
	b->out.n = 0;
}

static void
body_hash(struct dkim_body *b, const char *p, size_t n)
{
	uint64_t left = b->limit > b->size ? b->limit - b->size : 0;

	b->size += n;
	buf_put(&b->out, p, n < left ? n : (size_t)left);
	if (b->out.n >= FLUSH)
		body_flush(b);
}

/* Something follows what was held back. */
static void
body_release(struct dkim_body *b)
{
	for (; b->ends > 0; b->ends--)
		body_hash(b, "\r\n", 2);
	if (b->blank)
		body_hash(b, " ", 1);
	b->blank = false;
	if (b->cr)
		body_hash(b, "\r", 1);
	b->cr = false;
}

/* Are eight bytes all over 0x20? */
static bool
eight_plain(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof x);
	return ((x - UINT64_C(0x2121212121212121)) & ~x &
	    UINT64_C(0x8080808080808080)) == 0;
}

/* From p on, how many bytes go as they are. */
static size_t
body_run(const struct dkim_body *b, const char *p, const char *end)
{
	static const bool relaxed[256] = { [' '] = true, ['\t'] = true,
	    ['\r'] = true, ['\n'] = true };
	static const bool simple[256] = { ['\r'] = true, ['\n'] = true };
	const bool *special = b->canon == DKIM_RELAXED ? relaxed : simple;
	const char *at = p;

	for (;;) {
		while (end - at >= 8 && eight_plain(at))
			at += 8;
		while (at < end && !special[(unsigned char)*at])
			at++;
		/* A lone space between words stays one. */
		if (end - at < 2 || *at != ' ' ||
		    special[(unsigned char)at[1]])
			return (size_t)(at - p);
		at++;
	}
}

void
dkim_body_put(struct dkim_body *b, const char *p, size_t n)
{
	const char *end = p + n;
	size_t run;

	while (p < end) {
		if (*p == '\n') {
			b->cr = b->blank = false;
			b->ends++;
			p++;
			continue;
		}
		if (b->cr)		/* it was none of a line end */
			body_release(b);
		if (*p == '\r') {
			b->cr = true;
			p++;
			continue;
		}
		if (b->canon == DKIM_RELAXED && str_blank(*p)) {
			b->blank = true;
			p++;
			continue;
		}
		if (b->ends > 0 || b->blank)
			body_release(b);
		run = body_run(b, p, end);
		body_hash(b, p, run);
		p += run;
	}
}

/* An empty body is one line end in the simple form, nothing in the other. */
bool
dkim_body_end(struct dkim_body *b, unsigned char md[32])
{
	if (b->cr)
		body_release(b);
	if (b->size > 0 || b->canon == DKIM_SIMPLE)
		body_hash(b, "\r\n", 2);
	body_flush(b);
	buf_free(&b->out);
	return digest_end(b->digest, md);
}
