/*
 * message_read.c: messages read from a file or a mailbox, as they stand
 *
 * The body goes by in pieces: whole lines of a mailbox, where each line's
 * beginning matters, and whatever was read else.  It is digested once for each
 * form that a signature wants.
 */
#include "message_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message_judge.h"
#include "stop.h"

enum { BLOCK = 65536, FORMS = MESSAGE_SIGS + 1 };

struct message_reader {
	const char *path;
	int fd;
	bool mbox;
	bool eof;
	bool begins;		/* at the beginning of a line */
	bool blank;		/* behind an empty line, or nothing */
	uint64_t n;		/* messages so far */
	size_t at, end;		/* of in */
	struct buf head;
	struct dkim_body *form[FORMS];
	size_t forms;
	char in[BLOCK];
};

struct message_reader *
message_open(int fd, const char *path, bool mbox)
{
	struct message_reader *r = mem_new(1, sizeof *r);

	r->path = strcmp(path, "-") == 0 ? "standard input" : path;
	r->fd = fd;
	r->mbox = mbox;
	r->begins = r->blank = true;
	r->head.max = MESSAGE_HEAD + BLOCK;
	return r;
}

void
message_shut(struct message_reader *r)
{
	size_t i;

	if (r == NULL)
		return;
	close(r->fd);
	buf_free(&r->head);
	for (i = 0; i < FORMS; i++)
		free(r->form[i]);
	free(r);
}

/* ---- pieces */

/* More bytes behind those that are left: 1, 0 at the end or without room. */
static int
reader_fill(struct message_reader *r, struct err *e)
{
	ssize_t n;

	if (r->at > 0) {
		memmove(r->in, r->in + r->at, r->end - r->at);
		r->end -= r->at;
		r->at = 0;
	}
	if (r->eof || r->end == BLOCK)
		return 0;
	do
		n = read(r->fd, r->in + r->end, BLOCK - r->end);
	while (n < 0 && errno == EINTR && !stop_asked());
	if (n < 0)
		return stop_asked() ? fail_stop(e) :
		    fail_sys(e, EX_NOINPUT, "%s", r->path);
	r->eof = n == 0;
	r->end += (size_t)n;
	return n > 0;
}

static bool
begins_from(const char *p, size_t n)
{
	return n >= 5 && memcmp(p, "From ", 5) == 0;
}

/* "From joe Mon Nov 30", of an mbox; "From : joe@example.org" is a field. */
static bool
separates(struct str s)
{
	if (!begins_from(s.p, s.n))
		return false;
	for (s = str_from(s, 4); s.n > 0 && str_blank(s.p[0]);
	    s = str_from(s, 1))
		;
	return s.n == 0 || s.p[0] != ':';
}

/* ">From ", ">>From ": one ">" was put in front. */
static bool
quoted_from(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] == '>')
		i++;
	return i > 0 && begins_from(p + i, n - i);
}

/*
 * Lines of the message in the buffer, from r->at on: how many bytes, up to a
 * line that wants a look: *stop, a "From " that begins the next message or a
 * quoted one.  A line without an end is left for more to come, unless last.
 */
static size_t
whole_lines(struct message_reader *r, bool last, bool *stop)
{
	const char *start = r->in + r->at, *end = r->in + r->end, *p = start,
	    *nl;

	*stop = false;
	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL && !last)
			break;
		if (r->begins && (*p == 'F' || *p == '>')) {
			*stop = (r->blank && begins_from(p,
			    (size_t)(end - p))) || quoted_from(p,
			    (size_t)(end - p));
			if (*stop)
				break;
		}
		r->blank = r->begins && (*p == '\n' || (*p == '\r' &&
		    p + 1 < end && p[1] == '\n'));
		r->begins = nl != NULL;
		p = nl != NULL ? nl + 1 : end;
	}
	return (size_t)(p - start);
}

/* 1 and the next piece of the message, a view until the next; 0 at its end. */
static int
mbox_piece(struct message_reader *r, struct str *s, struct err *e)
{
	bool last = false, stop;
	int got;

	for (;;) {
		s->p = r->in + r->at;
		s->n = whole_lines(r, last, &stop);
		r->at += s->n;
		if (s->n > 0)
			return 1;
		if (stop && r->in[r->at] == 'F')
			return 0;
		if (stop) {		/* without its ">", as one line */
			r->at++;
			r->begins = r->blank = false;
			continue;
		}
		if ((got = reader_fill(r, e)) < 0)
			return -1;
		if (got == 0 && r->at == r->end)
			return 0;
		last = got == 0;
	}
}

static int
next_piece(struct message_reader *r, struct str *s, struct err *e)
{
	if (stop_asked())
		return fail_stop(e);
	if (r->mbox)
		return mbox_piece(r, s, e);
	if (r->at == r->end && reader_fill(r, e) < 0)
		return -1;
	*s = (struct str){ r->in + r->at, r->end - r->at };
	r->at = r->end;
	return s->n > 0;
}

/* ---- header and body */

/* Where the header ends in b, looked for from *from on; 0: not yet. */
static size_t
header_end(const struct buf *b, size_t *from)
{
	const char *p = b->p + *from, *end = b->p + b->n, *nl;

	while ((nl = str_find(p, '\n', end)) < end) {
		if (nl == p || (nl == p + 1 && *p == '\r'))
			return (size_t)(nl + 1 - b->p);
		p = nl + 1;
	}
	*from = (size_t)(p - b->p);
	return 0;
}

/*
 * The header to m, and what was read of the body behind it to *body: a view
 * into r->head.  0, or 1: the header has no end, or is too long.
 */
static int
read_header(struct message_reader *r, struct message *m, struct str *body,
    struct err *e)
{
	struct str s = { NULL, 0 };
	size_t from = 0, end = 0;
	int got = 1;

	r->head.n = 0;
	buf_room(&r->head, 1);
	while (end == 0 && r->head.n <= MESSAGE_HEAD &&
	    (got = next_piece(r, &s, e)) > 0) {
		buf_str(&r->head, s);
		end = header_end(&r->head, &from);
	}
	if (got < 0)
		return -1;
	*body = str_from(BUF_STR(r->head), end > 0 ? end : r->head.n);
	if (end > MESSAGE_HEAD || (end == 0 && got > 0))
		m->broken = "its header is longer than 1 MB";
	if (end == 0)
		end = r->head.n;
	s = arena_str(m->mem, str_to(BUF_STR(r->head), end));
	if (separates(s))	/* of an mbox, of which it was taken */
		str_cut(&s, '\n');
	dkim_header_read(&m->header, m->mem, m->broken == NULL ? s : STR(""));
	if (m->broken == NULL && m->header.n == 0)
		m->broken = "it is no message: it has no header";
	return 0;
}

static void
want_form(struct message_reader *r, const struct dkim_sig *s)
{
	struct dkim_body **b = r->form;

	if (s->result != DKIM_OPEN)
		return;
	for (; b < r->form + r->forms; b++)
		if ((*b)->canon == s->body && (*b)->limit == s->length)
			return;
	if (*b == NULL)
		*b = mem_new(1, sizeof **b);
	dkim_body_begin(*b, s->body, s->length);
	r->forms++;
}

static void
put_body(struct message_reader *r, struct str s)
{
	size_t i;

	for (i = 0; i < r->forms; i++)
		dkim_body_put(r->form[i], s.p, s.n);
}

static void
tell_form(const struct dkim_body *b, struct dkim_sig *s,
    const unsigned char md[32], bool good)
{
	if (s->body != b->canon || s->length != b->limit)
		return;
	if (good)
		dkim_sig_body(s, md, b->size);
	else
		dkim_sig_settle(s, DKIM_TEMPERROR, "libcrypto has no SHA-256");
}

static void
end_forms(struct message_reader *r, struct message *m)
{
	unsigned char md[32];
	size_t i, k;
	bool good;

	for (i = 0; i < r->forms; i++) {
		good = dkim_body_end(r->form[i], md);
		for (k = 0; k < m->nsig; k++)
			tell_form(r->form[i], &m->sig[k].sig, md, good);
		if (m->arc.n > 0)
			tell_form(r->form[i],
			    &m->arc.set[m->arc.n - 1].message, md, good);
	}
	r->forms = 0;
}

static int
read_body(struct message_reader *r, struct message *m, struct str first,
    struct err *e)
{
	struct str s = first;
	size_t i;
	int got;

	for (i = 0; i < m->nsig; i++)
		want_form(r, &m->sig[i].sig);
	if (m->arc.n > 0)
		want_form(r, &m->arc.set[m->arc.n - 1].message);
	do
		put_body(r, s);
	while ((got = next_piece(r, &s, e)) > 0);
	end_forms(r, m);
	return got;
}

/* Is there another one?  Its "From " line is taken off. */
static int
begin_message(struct message_reader *r, struct err *e)
{
	const char *nl;
	int got = 1;

	while (r->at == r->end || (r->mbox && got > 0 &&
	    memchr(r->in + r->at, '\n', r->end - r->at) == NULL)) {
		if ((got = reader_fill(r, e)) < 0)
			return -1;
		if (got == 0 && r->at == r->end)
			return 0;
		if (got == 0)
			break;
	}
	if (!r->mbox)
		return r->n == 0;
	if (!begins_from(r->in + r->at, r->end - r->at))
		return fail(e, EX_DATAERR, "%s: it is no mailbox: no line begins with \"From \"",
		    r->path);
	nl = str_find(r->in + r->at, '\n', r->in + r->end);
	r->at = (size_t)(nl - r->in) + (nl < r->in + r->end);
	r->begins = true;
	r->blank = false;
	return 1;
}

int
message_next(struct message_reader *r, struct message *m, struct err *e)
{
	struct str body;
	int got = begin_message(r, e);

	if (got <= 0 && (got < 0 || r->n > 0 || r->mbox))
		return got;
	r->n++;
	m->name = r->mbox ? arena_printf(m->mem, "%s:%llu", r->path,
	    (unsigned long long)r->n) : r->path;
	if (read_header(r, m, &body, e) < 0)
		return -1;
	if (m->broken == NULL)
		message_judge_begin(m);
	return read_body(r, m, body, e) < 0 ? -1 : 1;
}
