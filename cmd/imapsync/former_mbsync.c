/*
 * former_mbsync.c: what mbsync (isync 1.0 to 1.5) knew of a mailbox
 *
 * Its state is ".mbsyncstate" in the Maildir, or a file in a folder of its own
 * that is named after both sides, ":store:box_:store:box", or after the mailbox
 * alone, with "!" for "/".
 * It begins with the UIDVALIDITY of both sides, that of the Maildir being in
 * its file ".uidvalidity"; behind an empty line is a line for each message: the
 * UIDs there and here, and the flags that both had.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "former.h"

enum { STATE_MOST = 64 << 20 };

/* The number that a line begins with; false: none. */
static bool
take_number(struct str *line, uint32_t *n)
{
	uint64_t got;

	if (str_num(str_word(line), UINT32_MAX, &got) < 0)
		return false;
	*n = (uint32_t)got;
	return true;
}

/* ---- the header ---- */

struct validity {
	uint32_t far, near;
};

/* "1700000000:12 1700000001:12:12", before 1.1. */
static void
old_header(struct str line, struct validity *v)
{
	struct str far = str_word(&line), near = str_word(&line);
	uint64_t n;

	if (str_num(str_cut(&far, ':'), UINT32_MAX, &n) == 0)
		v->far = (uint32_t)n;
	if (str_num(str_cut(&near, ':'), UINT32_MAX, &n) == 0)
		v->near = (uint32_t)n;
}

/* Up to the empty line, or in the old form the first one. */
static struct validity
read_header(struct str *text)
{
	struct validity v = { 0, 0 };
	struct str line, key;
	uint32_t n;
	bool first = true;

	while ((line = str_trim(str_cut(text, '\n'))).n > 0) {
		if (first && str_digit(line.p[0])) {
			old_header(line, &v);
			break;
		}
		first = false;
		key = str_word(&line);
		if (!take_number(&line, &n))
			continue;
		if (str_is(key, "FarUidValidity") ||
		    str_is(key, "MasterUidValidity"))
			v.far = n;
		else if (str_is(key, "NearUidValidity") ||
		    str_is(key, "SlaveUidValidity"))
			v.near = n;
	}
	return v;
}

/* ---- the messages ---- */

/* "<" and ">": a placeholder there or here; "^", "~", "X": not in step. */
static void
read_entry(struct str line, struct former *f)
{
	struct knew k = { .near = 0 };
	struct str marks;

	if (!take_number(&line, &k.far) || !take_number(&line, &k.near))
		return;
	marks = str_word(&line);
	while (marks.n > 0 && strchr("<>^~X", marks.p[0]) != NULL) {
		if (marks.p[0] == '<' || marks.p[0] == '~' ||
		    marks.p[0] == 'X')
			return;
		k.stub = true;
		marks = str_from(marks, 1);
	}
	k.flags = former_flags(marks);
	if (k.near != 0 && k.far != 0)
		former_add(f, &k);
}

static bool
read_state(struct str text, const struct validity *want, struct former *f)
{
	struct validity v = read_header(&text);

	if (v.far != want->far || v.near != want->near)
		return false;
	while (text.n > 0)
		read_entry(str_cut(&text, '\n'), f);
	return true;
}

/* ---- where it is ---- */

static bool
try_state(int at, const char *name, const struct validity *want,
    struct former *f)
{
	struct buf b = { .max = STATE_MOST };
	bool is = former_slurp(at, name, &b) &&
	    read_state(BUF_STR(b), want, f);

	buf_free(&b);
	return is;
}

/*
 * ":store:box_:store:box", where the channel says which side is which, or the
 * mailbox alone, which with loose stands behind something.
 */
static bool
about(const struct box *b, const char *file, bool loose)
{
	const char *cut = strstr(file, "_:"), *last;
	struct str first = str_of(file);

	if (cut != NULL && file[0] == ':') {
		first = (struct str){ file + 1, (size_t)(cut - file - 1) };
		str_cut(&first, ':');
		last = strrchr(file, ':') + 1;
		return former_named(b, first, '!', false) ||
		    former_named(b, str_of(last), '!', false);
	}
	return former_named(b, first, '!', loose);
}

static bool
search_dir(const struct box *b, const char *dir, const struct validity *want,
    struct former *f)
{
	struct buf names = { .max = 64 << 20 };
	size_t n = former_entries(dir, &names), i;
	int at = n > 0 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool is = false;
	const char *p;
	int loose;

	for (loose = 0; at >= 0 && loose < 2; loose++)
		for (i = 0, p = names.p; !is && i < n; i++, p += strlen(p) + 1)
			is = about(b, p, loose > 0) &&
			    try_state(at, p, want, f);
	if (at >= 0)
		close(at);
	buf_free(&names);
	return is;
}

bool
former_mbsync(const struct box *b, const struct opt_list *dirs,
    struct former *f)
{
	struct validity want = { .far = (uint32_t)b->far.seen.uidvalidity };
	struct buf own = { .max = 4096 };
	struct str s;
	bool is;
	size_t i;

	f->who = "mbsync";
	is = former_slurp(b->near.dir->in.top, ".uidvalidity", &own);
	s = BUF_STR(own);
	is = is && take_number(&s, &want.near);
	buf_free(&own);
	if (!is || want.near == 0 || want.far == 0)
		return false;
	if (try_state(b->near.dir->in.top, ".mbsyncstate", &want, f))
		return true;
	for (i = 0; i < dirs->n; i++)
		if (search_dir(b, dirs->v[i], &want, f))
			return true;
	return false;
}
