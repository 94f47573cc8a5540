/*
 * batch_in.c: the messages of a batch, one after the other
 *
 * mboxrd: a line "From " begins a message; of lines that begin with ">From ",
 * ">>From " and so on one ">" goes; the empty line before the next "From " is
 * no part of the message.  A file of the kind "files" comes in the same way.
 * Its "From " line has the path, and behind it is another one (batch_files.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch_in.h"
#include "batch_files.h"
#include "digest.h"
#include "file.h"
#include "json.h"

enum { LINE_MAX_JSON = 8 << 20 };

/* ---- a message on its way to its file ---- */

struct out {
	int fd;
	struct digest *digest;
	off_t size;			/* of what is in the file */
	size_t n;
	char p[16384];
};

static int
out_write(struct out *o, const char *p, size_t n, struct err *e)
{
	digest_put(o->digest, p, n);
	o->size += (off_t)n;
	return file_write(o->fd, p, n, e);
}

static int
out_flush(struct out *o, struct err *e)
{
	size_t n = o->n;

	o->n = 0;
	return out_write(o, o->p, n, e);
}

static int
out_put(struct out *o, struct str s, struct err *e)
{
	if (s.n > sizeof o->p - o->n && out_flush(o, e) < 0)
		return -1;
	if (s.n > sizeof o->p)
		return out_write(o, s.p, s.n, e);
	str_copy(o->p + o->n, s);
	o->n += s.n;
	return 0;
}

static int
out_begin(struct out *o, int fd, struct err *e)
{
	o->fd = fd;
	o->n = 0;
	o->size = 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail_sys(e, EX_IOERR, "temporary file");
	o->digest = digest_new();
	return 0;
}

/* What a longer message has left behind this one is taken off. */
static int
out_end(struct out *o, struct batch_item *item, struct err *e)
{
	int got = out_flush(o, e);
	uint64_t sum = digest_end_short(o->digest);
	off_t end = lseek(o->fd, 0, SEEK_END);

	snprintf(item->key, sizeof item->key, "%016llx",
	    (unsigned long long)sum);
	if (got < 0)
		return -1;
	return end < o->size || (end > o->size && ftruncate(o->fd,
	    o->size) < 0) || lseek(o->fd, 0, SEEK_SET) < 0 ?
	    fail_sys(e, EX_IOERR, "temporary file") : 0;
}

/* ---- mboxrd ---- */

static bool
begins(struct str line)
{
	return line.n >= 5 && memcmp(line.p, "From ", 5) == 0;
}

static struct str
mbox_unquoted(struct str line)
{
	size_t i = 0;

	while (i < line.n && line.p[i] == '>')
		i++;
	return i > 0 && begins(str_from(line, i)) ? str_from(line, 1) : line;
}

static bool
blank(struct str line)
{
	return str_eq(line, STR("\n")) || str_eq(line, STR("\r\n"));
}

/* Up to the next "From ", or the end. */
static int
copy_mbox(struct batch_in *in, struct out *o, struct err *e)
{
	struct str line, held = { NULL, 0 };
	bool whole, start = true;

	for (;;) {
		if (pieces_next(&in->pieces, &line, &whole, e) < 0)
			return -1;
		if (line.n == 0)
			return 0;
		if (start && begins(line)) {
			pieces_back(&in->pieces, line);
			return 0;
		}
		if (held.n > 0 && out_put(o, held, e) < 0)
			return -1;
		held = (struct str){ NULL, 0 };
		if (start && blank(line))
			held = line.n == 1 ? STR("\n") : STR("\r\n");
		else if (out_put(o, start ? mbox_unquoted(line) : line, e) < 0)
			return -1;
		start = whole;
	}
}

/* Is all of the file here, by the process of the kind "files"? */
static int
file_end(struct batch_in *in, struct batch_item *item, struct err *e)
{
	struct str line;
	bool whole;

	if (pieces_next(&in->pieces, &line, &whole, e) < 0)
		return -1;
	line = whole && begins(line) ? str_trim(str_from(line, 5)) : (struct
	    str){ NULL, 0 };
	if (line.n == 0)
		fail(&item->e, EX_NOINPUT, "%s: it was not read to its end",
		    item->id);
	else if (!str_is(line, BATCH_FILES_WHOLE))
		fail(&item->e, EX_NOINPUT, "%.*s", STR_ARG(line));
	return 1;
}

static int
next_mbox(struct batch_in *in, struct batch_item *item, struct out *o,
    struct arena *a, struct err *e)
{
	struct str line;
	bool whole;

	if (pieces_next(&in->pieces, &line, &whole, e) < 0)
		return -1;
	if (in->kind == OPTION_BATCH_FILES && line.n == 0)
		return fail(e, EX_NOINPUT, "the files, or their names, were not read to the end");
	if (line.n == 0 || (in->kind == OPTION_BATCH_FILES &&
	    str_eq(line, STR("From \n"))))
		return 0;
	if (!begins(line) || !whole)
		return fail(e, EX_DATAERR, "standard input is no mboxrd: no line \"From \" at its beginning");
	if (in->kind == OPTION_BATCH_FILES)
		item->id = arena_dup(a, str_trim(str_from(line, 5)));
	if (copy_mbox(in, o, e) < 0)
		return -1;
	return in->kind == OPTION_BATCH_FILES ? file_end(in, item, e) : 1;
}

/* ---- NDJSON ---- */

/* The whole line, in b. */
static int
json_line(struct batch_in *in, struct buf *b, struct err *e)
{
	struct str line;
	bool whole;

	do {
		if (pieces_next(&in->pieces, &line, &whole, e) < 0)
			return -1;
		if (b->n == 0 && str_trim(line).n == 0 && line.n > 0)
			continue;		/* between two objects */
		buf_str(b, line);
	} while ((line.n > 0 && !whole) || (b->n == 0 && line.n > 0));
	return b->n > 0;
}

/* What a text of the object is for. */
static void
take_text(struct batch_item *item, struct str key, bool envelope, struct str t,
    struct arena *a)
{
	if (envelope && str_is(key, "from"))
		item->from = arena_dup(a, t);
	else if (envelope && str_is(key, "to"))
		opt_list_add(a, &item->to, arena_dup(a, t));
	else if (!envelope && str_is(key, "id"))
		item->id = arena_dup(a, t);
}

/* A text with a NUL is none of ours. */
static int
fit_text(struct str t, struct err *e)
{
	return memchr(t.p != NULL ? t.p : "", '\0', t.n) == NULL ? 0 :
	    fail(e, EX_DATAERR, "a NUL in the envelope or the id");
}

/* The members of one object; message is that text, as it came. */
static int
read_object(struct str text, struct batch_item *item, struct buf *message,
    struct arena *a, struct err *e)
{
	struct json_in j = { .rest = text };
	struct buf t = { .max = LINE_MAX_JSON };
	char key[16] = "";
	bool envelope = false, has = false;
	int at = 0;		/* the depth at which the key stands */
	enum json_token got;

	while ((got = json_next(&j, &t)) > JSON_END && e->code == 0) {
		if (got == JSON_KEY) {
			snprintf(key, sizeof key, "%.*s", STR_ARG(BUF_STR(t)));
			at = j.depth;
			envelope &= at > 1;
		}
		if (got == JSON_OBJECT && j.depth == 2)
			item->enveloped |= envelope = strcmp(key,
			    "envelope") == 0;
		if (got == JSON_STRING && j.depth == 1 &&
		    strcmp(key, "message") == 0) {
			message->n = 0;
			buf_str(message, BUF_STR(t));
			has = true;
		} else if (got == JSON_STRING && (j.depth == 1 ||
		    (envelope && at == 2)) && fit_text(BUF_STR(t), e) == 0) {
			take_text(item, str_of(key), at > 1, BUF_STR(t), a);
		}
	}
	buf_free(&t);
	if (e->code != 0)
		return -1;
	if (got == JSON_BAD)
		return fail(e, EX_DATAERR, "no JSON");
	return has ? 0 : fail(e, EX_DATAERR, "no object with a text \"message\"");
}

static int
next_json(struct batch_in *in, struct batch_item *item, struct out *o,
    struct arena *a, struct err *e)
{
	struct buf line = { .max = LINE_MAX_JSON }, text = { .max =
	    LINE_MAX_JSON };
	int got = json_line(in, &line, e);

	if (got > 0 && line.over)
		fail(&item->e, EX_DATAERR, "line %llu has over %d MB (--batch files takes such messages)",
		    (unsigned long long)in->n + 1, LINE_MAX_JSON >> 20);
	else if (got > 0 && read_object(BUF_STR(line), item, &text, a,
	    &item->e) < 0)
		fail_in(&item->e, "message %llu",
		    (unsigned long long)in->n + 1);
	else if (got > 0)
		got = out_put(o, BUF_STR(text), e) < 0 ? -1 : 1;
	if (got > 0 && item->from != NULL)
		digest_put(o->digest, item->from, strlen(item->from));
	buf_free(&line);
	buf_free(&text);
	return got;
}

/* ---- both ---- */

int
batch_in_next(struct batch_in *in, struct batch_item *item, int fd,
    struct arena *a, struct err *e)
{
	struct out *o = mem_new(1, sizeof *o);
	int got;

	*item = (struct batch_item){ .n = in->n + 1 };
	got = out_begin(o, fd, e);
	if (got == 0) {
		got = in->kind == OPTION_BATCH_NDJSON ?
		    next_json(in, item, o, a, e) :
		    next_mbox(in, item, o, a, e);
		if (out_end(o, item, e) < 0)
			got = -1;
	}
	in->n += got > 0;
	free(o);
	return got;
}

void
batch_in_free(struct batch_in *in)
{
	pieces_free(&in->pieces);
}
