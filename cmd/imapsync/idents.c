/*
 * idents.c: who new messages have said they are
 *
 * Where a full Maildir meets a full mailbox each message is asked for its
 * header, 280 bytes of it.  On a link that does not live that long the answers
 * are kept, so that the next run asks for the rest.
 *
 * The file: 8 bytes of magic, UIDVALIDITY (8), then records of UID (4), size
 * (4), ident (8) and the CRC-32C of these (4).  All numbers are little endian.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "idents.h"
#include "mem.h"
#include "names.h"
#include "search.h"

enum { HEAD = 16, RECORD = 20, IDENTS_MAX = 1 << 28 };

static const char magic[9] = "idents1\n";

static char *
idents_path(const char *dir, struct str box)
{
	size_t n = strlen(dir) + 32;
	char *path = mem_new(n, 1);

	snprintf(path, n, "%s/%016llx.idents", dir,
	    (unsigned long long)names_hash(box));
	return path;
}

static void
keep_one(struct idents *x, const char *p)
{
	uint32_t half[2];
	uint64_t ident;

	memcpy(half, p, sizeof half);
	memcpy(&ident, p + sizeof half, sizeof ident);
	if (x->n == x->cap) {
		x->cap = 2 * x->cap + 64;
		x->v = mem_grow(x->v, x->cap, sizeof *x->v);
	}
	x->v[x->n++] = (struct ident_rec){ le32toh(half[0]), le32toh(half[1]),
	    le64toh(ident) };
}

static bool
is_whole(const char *p)
{
	uint32_t sum;

	memcpy(&sum, p + RECORD - sizeof sum, sizeof sum);
	return le32toh(sum) == reclog_crc32c(p, RECORD - sizeof sum);
}

/* How many bytes of it are good. */
static uint64_t
idents_parse(struct idents *x, struct str all, uint64_t uidvalidity)
{
	uint64_t v = htole64(uidvalidity);
	size_t at = HEAD;

	if (all.n < HEAD || memcmp(all.p, magic, 8) != 0 ||
	    memcmp(all.p + 8, &v, sizeof v) != 0)
		return 0;
	for (; all.n - at >= RECORD && is_whole(all.p + at); at += RECORD)
		keep_one(x, all.p + at);
	return at;
}

static int
by_uid_asked(const void *a, const void *b)
{
	return search_order(((const struct ident_rec *)a)->uid,
	    ((const struct ident_rec *)b)->uid);
}

static void
put_head(struct idents *x, uint64_t uidvalidity)
{
	uint64_t v = htole64(uidvalidity);

	buf_put(&x->log.out, magic, 8);
	buf_put(&x->log.out, &v, sizeof v);
}

static int
idents_read(struct idents *x, uint64_t uidvalidity, bool read_only,
    struct err *e)
{
	struct buf b = { .max = IDENTS_MAX };
	uint64_t good;

	if (file_slurp(x->log.fd, &b, e) < 0) {
		buf_free(&b);
		return -1;
	}
	good = idents_parse(x, BUF_STR(b), uidvalidity);
	buf_free(&b);
	if (x->n > 0)
		qsort(x->v, x->n, sizeof *x->v, by_uid_asked);
	if (read_only)
		return 0;
	if (reclog_begin(&x->log, good, e) < 0)
		return -1;
	if (good == 0)
		put_head(x, uidvalidity);
	return 0;
}

int
idents_open(struct idents *x, const char *dir, struct str box,
    uint64_t uidvalidity, bool read_only, struct err *e)
{
	int got;

	*x = (struct idents){ .path = idents_path(dir, box) };
	got = reclog_open(&x->log, x->path, read_only ? O_RDONLY :
	    O_RDWR | O_CREAT, e);
	if (got == 0)
		got = idents_read(x, uidvalidity, read_only, e);
	if (got != 0 || read_only)
		reclog_close(&x->log);
	return got < 0 ? -1 : 0;
}

void
idents_add(struct idents *x, const struct ident_rec *r)
{
	struct buf *b = &x->log.out;
	uint32_t half[2] = { htole32(r->uid), htole32(r->size) }, sum;
	uint64_t ident = htole64(r->ident);
	size_t at = b->n;

	if (x->log.fd < 0)
		return;
	buf_put(b, half, sizeof half);
	buf_put(b, &ident, sizeof ident);
	sum = htole32(reclog_crc32c(b->p + at, b->n - at));
	buf_put(b, &sum, sizeof sum);
}

void
idents_forget(struct idents *x, uint64_t uidvalidity)
{
	struct err quiet = { 0 };

	x->n = 0;
	if (x->log.fd < 0)
		return;
	x->log.out.n = 0;
	if (reclog_begin(&x->log, 0, &quiet) < 0)
		x->log.broken = true;
	put_head(x, uidvalidity);
}

int
idents_close(struct idents *x, struct err *e)
{
	int got = x->log.fd >= 0 ? reclog_flush(&x->log, e) : 0;

	reclog_close(&x->log);
	free(x->path);
	free(x->v);
	*x = (struct idents){ .log.fd = -1 };
	return got;
}

void
idents_drop(const char *dir, struct str box)
{
	char *path = idents_path(dir, box);

	unlink(path);
	free(path);
}
