/*
 * held.c: deletions that were told once as held back, or were copied
 *
 * Lines are appended alone.  A file that is torn or lost costs no more than
 * one message on stderr that was there before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "held.h"
#include "mem.h"
#include "names.h"

enum { HELD_MAX = 64 << 20 };

static uint64_t
held_key(const void *of, size_t at)
{
	return ((const struct held *)of)->v[at];
}

static void
held_add(struct held *h, uint64_t key)
{
	if (h->n == h->cap) {
		h->cap = 2 * h->cap + 16;
		h->v = mem_grow(h->v, h->cap, sizeof *h->v);
	}
	h->v[h->n] = key;
	table_add(&h->at, h, h->n++);
}

static bool
held_del(struct held *h, uint64_t key)
{
	size_t at = table_number(&h->at, h, key);

	if (at != TABLE_NONE)
		table_del(&h->at, h, at);
	return at != TABLE_NONE;
}

static void
held_parse(struct held *h, struct str all)
{
	struct str line;
	char text[17] = "", *end;
	uint64_t key;
	bool gone;

	while (all.n > 0) {
		line = str_cut(&all, '\n');
		gone = line.n > 0 && line.p[0] == '-';
		line = str_from(line, gone);
		if (line.n != sizeof text - 1)
			continue;
		str_copy(text, line);
		key = strtoull(text, &end, 16);
		if (*end == '\0' && gone)
			held_del(h, key);
		else if (*end == '\0')
			held_add(h, key);
	}
	h->saved = h->n;
}

int
held_open(struct held *h, const char *dir, bool read_only, struct err *e)
{
	struct buf b = { .max = HELD_MAX };
	struct str path;
	int fd, got;

	*h = (struct held){ .at.number = held_key, .fd = -1,
	    .gone.max = HELD_MAX };
	buf_printf(&b, "%s/held", dir);
	path = BUF_STR(b);
	fd = open(path.p, read_only ? O_RDONLY | O_CLOEXEC :
	    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 && read_only && errno == ENOENT) {
		buf_free(&b);
		return 0;
	}
	if (fd < 0) {
		got = fail_sys(e, EX_IOERR, "%s", path.p);
		buf_free(&b);
		return got;
	}
	b.n = 0;
	if ((got = file_slurp(fd, &b, e)) == 0)
		held_parse(h, BUF_STR(b));
	buf_free(&b);
	if (read_only || got < 0)
		close(fd);
	else
		h->fd = fd;
	return got;
}

static uint64_t
held_hash(struct str box, uint64_t uidvalidity, uint32_t uid)
{
	struct buf who = { .max = 8192 };
	uint64_t key;

	buf_str(&who, box);
	buf_c(&who, '\0');
	buf_printf(&who, "%llu %u", (unsigned long long)uidvalidity, uid);
	key = names_hash(BUF_STR(who));
	buf_free(&who);
	return key;
}

bool
held_has(const struct held *h, struct str box, uint64_t uidvalidity,
    uint32_t uid)
{
	return table_number(&h->at, h, held_hash(box, uidvalidity, uid)) !=
	    TABLE_NONE;
}

bool
held_told(struct held *h, struct str box, uint64_t uidvalidity, uint32_t uid)
{
	uint64_t key = held_hash(box, uidvalidity, uid);
	bool told;

	told = table_number(&h->at, h, key) != TABLE_NONE;
	if (!told)
		held_add(h, key);
	return told;
}

void
held_forget(struct held *h, struct str box, uint64_t uidvalidity, uint32_t uid)
{
	uint64_t key = held_hash(box, uidvalidity, uid);

	if (held_del(h, key))
		buf_printf(&h->gone, "-%016llx\n", (unsigned long long)key);
}

int
held_close(struct held *h, struct err *e)
{
	struct buf b = { .max = HELD_MAX };
	int got = 0;

	if (h->fd >= 0)
		buf_str(&b, BUF_STR(h->gone));
	for (; h->fd >= 0 && h->saved < h->n; h->saved++)
		if (table_number(&h->at, h, h->v[h->saved]) != TABLE_NONE)
			buf_printf(&b, "%016llx\n",
			    (unsigned long long)h->v[h->saved]);
	if (b.n > 0)
		got = file_write_lines(h->fd, b.p, b.n, e);
	if (h->fd >= 0)
		close(h->fd);
	buf_free(&b);
	buf_free(&h->gone);
	table_free(&h->at);
	free(h->v);
	*h = (struct held){ .fd = -1 };
	return got;
}
