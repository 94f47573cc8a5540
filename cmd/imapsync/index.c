/*
 * index.c: 64 bytes a mailbox: is there anything to do at all?
 *
 * The file: 32 bytes of header ("postbag index 1\n", the number of entries,
 * bytes of names, a hash of all that follows), the entries, the names in the
 * same order, each NUL-terminated.  All numbers are little endian.  It can be
 * lost at any time: what it says is in the logs of the mailboxes, too.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "index.h"
#include "names.h"
#include "search.h"
#include "statedir.h"

static const char magic[17] = "postbag index 1\n";

struct head {
	char magic[16];
	uint32_t n, names;
	uint64_t sum;
};

struct slot {
	uint32_t uidvalidity, uidnext;
	uint64_t modseq;
	uint32_t exists, bits;
	uint64_t id;
	uint64_t cur_mtime, cur_ino, new_mtime, new_ino;
};
_Static_assert(sizeof(struct head) == 32, "the file's head");
_Static_assert(sizeof(struct slot) == 64, "the file's entries");

/* The bits of an entry; from the ninth on, uidnext less the arrived UID. */
enum { DIRTY = 1, MISSING = 2, LATEST = 4, BITS = 8, SPAN_MAX = 1 << 24 };
enum { MOST = 1 << 20, FILE_MAX = 1 << 28 };

/* ---- bytes ---- */

static uint32_t
narrow(uint64_t n, uint32_t *bits)
{
	if (n <= UINT32_MAX)
		return (uint32_t)n;
	*bits |= DIRTY;
	return 0;
}

static uint32_t
span(const struct entry *x)
{
	uint64_t n = x->mark.uidnext - x->arrived;

	return x->arrived != 0 && x->mark.uidnext > x->arrived &&
	    x->mark.uidnext <= UINT32_MAX && n < SPAN_MAX ? (uint32_t)n : 0;
}

static struct slot
pack_slot(const struct entry *x)
{
	uint32_t bits = (x->dirty ? DIRTY : 0u) |
	    (x->missing ? MISSING : 0u) | (x->latest ? LATEST : 0u);
	struct slot s = {
		.uidvalidity = htole32(narrow(x->mark.uidvalidity, &bits)),
		.uidnext = htole32(narrow(x->mark.uidnext, &bits)),
		.modseq = htole64(x->mark.modseq),
		.exists = htole32(narrow(x->mark.exists, &bits)),
		.id = htole64(x->id),
		.cur_mtime = htole64(x->stamp.cur_mtime),
		.cur_ino = htole64(x->stamp.cur_ino),
		.new_mtime = htole64(x->stamp.new_mtime),
		.new_ino = htole64(x->stamp.new_ino),
	};

	s.bits = htole32(bits | span(x) << BITS);
	return s;
}

static void
unpack(const char *from, struct entry *x)
{
	struct slot s;
	uint32_t bits;

	memcpy(&s, from, sizeof s);
	bits = le32toh(s.bits);
	x->mark.uidvalidity = le32toh(s.uidvalidity);
	x->mark.uidnext = le32toh(s.uidnext);
	x->mark.modseq = le64toh(s.modseq);
	x->mark.exists = le32toh(s.exists);
	x->id = le64toh(s.id);
	x->stamp.cur_mtime = le64toh(s.cur_mtime);
	x->stamp.cur_ino = le64toh(s.cur_ino);
	x->stamp.new_mtime = le64toh(s.new_mtime);
	x->stamp.new_ino = le64toh(s.new_ino);
	x->dirty = (bits & DIRTY) != 0;
	x->missing = (bits & MISSING) != 0;
	x->latest = (bits & LATEST) != 0;
	x->arrived = bits >> BITS != 0 ? le32toh(s.uidnext) - (bits >> BITS) :
	    0;
}

static void
image(const struct index *x, struct buf *b)
{
	struct head h = { .n = htole32((uint32_t)x->n) };
	struct slot s;
	size_t i, names;

	memcpy(h.magic, magic, sizeof h.magic);
	buf_put(b, &h, sizeof h);
	for (i = 0; i < x->n; i++) {
		s = pack_slot(&x->v[i]);
		buf_put(b, &s, sizeof s);
	}
	names = b->n;
	for (i = 0; i < x->n; i++)
		buf_put(b, x->v[i].box, strlen(x->v[i].box) + 1);
	if (b->over)
		return;
	h.names = htole32((uint32_t)(b->n - names));
	h.sum = htole64(names_hash(str_from(BUF_STR(*b), sizeof h)));
	memcpy(b->p, &h, sizeof h);
}

/* False: it is truncated or malformed. */
static bool
index_parse(struct index *x, struct str all)
{
	struct head h;
	size_t n, names, i;
	const char *p, *end, *was = "";

	if (all.n < sizeof h)
		return false;
	memcpy(&h, all.p, sizeof h);
	n = le32toh(h.n);
	names = le32toh(h.names);
	if (memcmp(h.magic, magic, sizeof h.magic) != 0 || n > MOST ||
	    all.n != sizeof h + n * sizeof(struct slot) + names ||
	    names_hash(str_from(all, sizeof h)) != le64toh(h.sum))
		return false;
	x->v = mem_new(n + 1, sizeof *x->v);
	p = all.p + sizeof h + n * sizeof(struct slot);
	end = all.p + all.n;
	for (i = 0; i < n; i++) {
		const char *nul = memchr(p, '\0', (size_t)(end - p));

		if (nul == NULL || strcmp(p, was) <= 0)
			return false;
		x->v[i].box = arena_dup(&x->arena,
		    (struct str){ p, (size_t)(nul - p) });
		unpack(all.p + sizeof h + i * sizeof(struct slot), &x->v[i]);
		was = p;
		p = nul + 1;
	}
	x->n = n;
	return p == end;
}

/* An index that a newer version wrote is not replaced. */
static bool
index_newer(struct str all)
{
	const size_t at = sizeof "postbag index " - 1;

	return all.n >= sizeof(struct head) && memcmp(all.p, magic, at) == 0 &&
	    all.p[at] > magic[at] && str_digit(all.p[at]);
}

/* ---- the file ---- */

static int
read_index(const char *path, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), got;

	if (fd < 0)
		return errno == ENOENT ? 0 : fail_sys(e, EX_NOINPUT, "%s",
		    path);
	got = file_slurp(fd, b, e);
	close(fd);
	return got < 0 ? fail_in(e, "%s", path) : 0;
}

static void
index_empty(struct index *x)
{
	arena_free(&x->arena);
	free(x->v);
	x->v = NULL;
	x->n = 0;
}

int
index_open(struct index *x, const char *dir, struct err *e)
{
	struct buf b = { .max = FILE_MAX };
	struct err ignored = { 0 };
	char *path;
	int got = 0;

	*x = (struct index){ .n = 0 };
	if (statedir_make(dir, e) < 0)
		return -1;
	path = mem_new(strlen(dir) + 7, 1);
	snprintf(path, strlen(dir) + 7, "%s/index", dir);
	x->path = path;
	if (read_index(path, &b, &ignored) == 0 && index_parse(x, BUF_STR(b)))
		x->saved = names_hash(BUF_STR(b));
	else
		index_empty(x);
	if (index_newer(BUF_STR(b))) {
		got = fail(e, EX_CONFIG, "%s: written by a newer version of imapsync", path);
		index_close(x);
	}
	buf_free(&b);
	return got;
}

int
index_save(struct index *x, struct err *e)
{
	struct buf b = { .max = FILE_MAX };
	uint64_t sum;
	int got = 0;

	image(x, &b);
	sum = names_hash(BUF_STR(b));
	if (b.over)
		got = fail(e, EX_SOFTWARE, "%s: too long", x->path);
	else if (sum != x->saved)
		got = file_replace(x->path, BUF_STR(b), e);
	if (got == 0)
		x->saved = sum;
	buf_free(&b);
	return got;
}

void
index_close(struct index *x)
{
	union { const char *c; void *p; } path = { x->path };

	index_empty(x);
	free(path.p);
	x->path = NULL;
}

/* ---- entries ---- */

static int
entry_order(const void *name, const void *entry)
{
	const char *b = ((const struct entry *)entry)->box;
	struct str a = *(const struct str *)name;
	size_t n = strlen(b);
	int c = a.n == 0 ? 0 : memcmp(a.p, b, a.n < n ? a.n : n);

	return c != 0 ? c : (a.n > n) - (a.n < n);
}

/* The place where the entry is, or would be. */
static size_t
index_place(const struct index *x, struct str box, bool *there)
{
	size_t at = search_lower(&box, x->v, x->n, sizeof *x->v, entry_order);

	*there = at < x->n && entry_order(&box, &x->v[at]) == 0;
	return at;
}

struct entry *
index_find(struct index *x, struct str box)
{
	bool there;
	size_t i = index_place(x, box, &there);

	return there ? &x->v[i] : NULL;
}

struct entry *
index_add(struct index *x, struct str box)
{
	bool there;
	size_t i = index_place(x, box, &there);

	if (there)
		return &x->v[i];
	x->v = mem_grow(x->v, x->n + 1, sizeof *x->v);
	memmove(x->v + i + 1, x->v + i, (x->n - i) * sizeof *x->v);
	x->v[i] = (struct entry){ .box = arena_dup(&x->arena, box),
	    .dirty = true };
	x->n++;
	return &x->v[i];
}

void
index_drop(struct index *x, struct str box)
{
	bool there;
	size_t i = index_place(x, box, &there);

	if (!there)
		return;
	x->n--;
	memmove(x->v + i, x->v + i + 1, (x->n - i) * sizeof *x->v);
}
