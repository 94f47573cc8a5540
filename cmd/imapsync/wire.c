/*
 * wire.c: messages as they travel and as they lie in files
 *
 * Most messages have CRLF alone and become files with LF as they stream in.
 * One that shows a bare LF or a CR CR LF in its middle cannot be restored
 * from that: what is in the file by then is widened back in place, from its
 * end, and the rest follows as it comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bare.h"
#include "file.h"
#include "ident.h"
#include "mem.h"
#include "wire.h"

enum { OUT = 65536, HALF = OUT / 2 };

/* ---- in ---- */

void
intake_begin(struct intake *t, int fd)
{
	*t = (struct intake){ .fd = fd };
	t->who = mem_new(1, sizeof *t->who);
	ident_begin(t->who);
	t->out = mem_grow(NULL, OUT, 1);
}

void
intake_free(struct intake *t)
{
	free(t->who);
	free(t->out);
	t->who = NULL;
	t->out = NULL;
}

static int
write_at(int fd, const char *p, size_t n, uint64_t at, struct err *e)
{
	ssize_t put;

	while (n > 0) {
		put = pwrite(fd, p, n, (off_t)at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_sys(e, EX_IOERR, "write");
		p += put;
		at += (uint64_t)put;
		n -= (size_t)put;
	}
	return 0;
}

static int
spill(struct intake *t, struct err *e)
{
	if (write_at(t->fd, t->out, t->fill, t->at, e) < 0)
		return -1;
	t->at += t->fill;
	t->fill = 0;
	return 0;
}

static int
put(struct intake *t, const char *p, size_t n, struct err *e)
{
	size_t k;

	for (; n > 0; n -= k, p += k) {
		if (t->fill == OUT && spill(t, e) < 0)
			return -1;
		k = n < OUT - t->fill ? n : OUT - t->fill;
		memcpy(t->out + t->fill, p, k);
		t->fill += k;
	}
	return 0;
}

/* n bytes with CR LF for LF; dst has room for 2 * n.  How many. */
static size_t
widen_lines(char *dst, const char *p, size_t n)
{
	const char *end = p + n, *nl;
	char *to = dst;

	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		memcpy(to, p, (size_t)(nl - p));
		to += nl - p;
		*to++ = '\r';
		*to++ = '\n';
		p = nl + 1;
	}
	memcpy(to, p, (size_t)(end - p));
	return (size_t)(to - dst) + (size_t)(end - p);
}

/*
 * The file as it was on the wire.  From its end: a piece is written where
 * nothing is left to be read.  When all that is left has no LF, it lies right.
 */
static int
restore(struct intake *t, struct err *e)
{
	uint64_t from, to;
	char some[HALF];
	size_t n, k;

	t->raw = true;
	if (spill(t, e) < 0)
		return -1;
	from = t->at;
	t->at = to = from + t->lf;
	while (from < to) {
		n = from < HALF ? (size_t)from : HALF;
		if (n == 0 || file_pread(t->fd, some, n, (off_t)(from - n),
		    e) != (ssize_t)n)
			return fail(e, EX_IOERR, "a file shrank");
		k = widen_lines(t->out, some, n);
		from -= n;
		to -= k;
		if (write_at(t->fd, t->out, k, to, e) < 0)
			return -1;
	}
	return 0;
}

static int
line_end(struct intake *t, struct err *e)
{
	t->lf++;
	t->cr = false;
	return put(t, "\n", 1, e);
}

/* Decides about a CR that was held back; *p moves over its LF. */
static int
after_cr(struct intake *t, const char **p, struct err *e)
{
	bool again = **p == '\r';

	if (**p == '\n' && !t->two) {
		++*p;
		return line_end(t, e);
	}
	t->cr = again;
	if (**p == '\n' && restore(t, e) < 0)
		return -1;
	t->two = again;
	*p += again;
	return put(t, "\r", 1, e);
}

/* A piece without LF; a CR at its end waits for the next byte. */
static int
rest(struct intake *t, const char *p, size_t n, struct err *e)
{
	if (n > 0 && p[n - 1] == '\r') {
		t->two = n > 1 && p[n - 2] == '\r';
		t->cr = true;
		n--;
	}
	return put(t, p, n, e);
}

/* Converts from *p on, until the end or until the file must be raw (t->raw). */
static int
intake_convert(struct intake *t, const char **p, const char *end, struct err *e)
{
	const char *nl;

	while (*p < end && !t->raw) {
		if (t->cr) {
			if (after_cr(t, p, e) < 0)
				return -1;
			continue;
		}
		nl = memchr(*p, '\n', (size_t)(end - *p));
		if (nl == NULL) {
			nl = *p;
			*p = end;
			return rest(t, nl, (size_t)(end - nl), e);
		}
		if (nl == *p || nl[-1] != '\r' ||
		    (nl - *p > 1 && nl[-2] == '\r'))
			return restore(t, e);
		if (put(t, *p, (size_t)(nl - 1 - *p), e) < 0 ||
		    line_end(t, e) < 0)
			return -1;
		*p = nl + 1;
	}
	return 0;
}

int
intake_put(void *intake, const void *data, size_t n, struct err *e)
{
	struct intake *t = intake;
	const char *p = data, *end = p + n;

	if (n == 0)
		return 0;
	ident_put(t->who, p, n);
	t->wire += n;
	if (!t->raw && intake_convert(t, &p, end, e) < 0)
		return -1;
	return put(t, p, (size_t)(end - p), e);
}

int
intake_end(struct intake *t, struct err *e)
{
	if (t->cr && put(t, "\r", 1, e) < 0)
		return -1;
	t->cr = false;
	t->ident = ident_end(t->who);
	return spill(t, e);
}

/* ---- out ---- */

struct wire_count {
	uint64_t size, lf;
	bool cr, crlf, nul;
};

static void
wire_add(struct wire_count *x, const char *p, size_t n)
{
	const char *end = p + n, *nl;

	x->size += n;
	x->nul = x->nul || memchr(p, '\0', n) != NULL;
	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		x->lf++;
		x->crlf = x->crlf || (nl > p ? nl[-1] == '\r' : x->cr);
		x->cr = false;
		p = nl + 1;
	}
	if (p < end)
		x->cr = end[-1] == '\r';
}

int
outgo_look(struct outgo *o, int fd, struct err *e)
{
	struct ident who;
	struct wire_count x = { .size = 0 };
	char some[HALF];
	ssize_t n;

	ident_begin(&who);
	while ((n = file_scan(fd, some, sizeof some, (off_t)x.size, e)) > 0) {
		ident_put(&who, some, (size_t)n);
		wire_add(&x, some, (size_t)n);
	}
	*o = (struct outgo){
		.wire = x.crlf ? x.size : x.size + x.lf,
		.ident = ident_end(&who), .verbatim = x.crlf, .nul = x.nul
	};
	return n < 0 ? -1 : 0;
}

int
outgo_head(struct outgo *o, int fd, struct err *e)
{
	struct ident who;
	char some[8192];
	off_t at = 0;
	ssize_t n = 1;

	ident_begin(&who);
	while (!ident_done(&who) &&
	    (n = file_scan(fd, some, sizeof some, at, e)) > 0) {
		ident_put(&who, some, (size_t)n);
		at += n;
	}
	*o = (struct outgo){ .ident = ident_end(&who) };
	return n < 0 ? -1 : 0;
}

static int
another(struct err *e)
{
	return fail(e, EX_TEMPFAIL, "a file changed while it was read");
}

int
outgo_send(const struct outgo *o, int fd, const struct conn_sink *sink,
    struct err *e)
{
	char some[HALF], wide[OUT];
	struct wire_count x = { .size = 0 };
	const char *p;
	uint64_t sent = 0;
	ssize_t n;
	size_t k;

	while ((n = file_pread(fd, some, sizeof some, (off_t)x.size, e)) > 0) {
		wire_add(&x, some, (size_t)n);
		p = o->verbatim ? some : wide;
		k = o->verbatim ? (size_t)n :
		    widen_lines(wide, some, (size_t)n);
		if ((x.crlf && !o->verbatim) || k > o->wire - sent)
			return another(e);
		if (sink->put(sink->to, p, k, e) < 0)
			return -1;
		sent += k;
	}
	if (n < 0)
		return -1;
	return sent == o->wire ? 0 : another(e);
}

int
outgo_digest(const struct outgo *o, int fd, unsigned char md[32],
    uint64_t *size, struct err *e)
{
	struct bare bare;
	struct conn_sink sink = { bare_put, &bare };
	int got;

	bare_begin(&bare);
	got = outgo_send(o, fd, &sink, e);
	if (!bare_end(&bare, md))
		return fail(e, EX_OSERR, "OpenSSL has no SHA-256 here");
	*size = bare.size;
	return got;
}
