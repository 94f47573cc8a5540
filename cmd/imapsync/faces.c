/*
 * faces.c: who the files of a folder are that is not synced, as far as asked
 *
 * Before a deletion on the server such folders are looked through for the
 * message.  They may be large and change seldom: what was learned about their
 * files is kept, under the stamp that the Maildir had then.
 *
 * The file: 8 bytes of magic, a hash of all that follows (8), the stamp (32),
 * and 32 bytes for each file.  It is written and read on one machine.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faces.h"
#include "file.h"
#include "mem.h"
#include "names.h"
#include "str.h"

enum { FACES_HEAD = 16, FACES_MAX = 1 << 30 };

static const char faces_magic[9] = "faces 1\n";

static uint64_t
face_name(const void *of, size_t at)
{
	return ((const struct faces *)of)->v[at].name;
}

static char *
faces_path(const char *dir, const char *maildir)
{
	size_t n = strlen(dir) + 32;
	char *path = mem_new(n, 1);

	snprintf(path, n, "%s/%016llx.faces", dir,
	    (unsigned long long)names_hash(str_of(maildir)));
	return path;
}

static void
faces_parse(struct faces *f, struct str all)
{
	struct face one;
	uint64_t sum;

	if (all.n < FACES_HEAD + sizeof f->stamp ||
	    memcmp(all.p, faces_magic, 8) != 0)
		return;
	memcpy(&sum, all.p + 8, sizeof sum);
	all = str_from(all, FACES_HEAD);
	if (names_hash(all) != sum)
		return;
	memcpy(&f->stamp, all.p, sizeof f->stamp);
	all = str_from(all, sizeof f->stamp);
	for (; all.n >= sizeof one; all = str_from(all, sizeof one)) {
		memcpy(&one, all.p, sizeof one);
		faces_add(f, &one);
	}
}

void
faces_read(struct faces *f, const char *dir, const char *maildir)
{
	struct buf b = { .max = FACES_MAX };
	struct err quiet = { 0 };	/* all are asked again */
	char *path = faces_path(dir, maildir);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*f = (struct faces){ .at.number = face_name };
	if (fd >= 0) {
		if (file_slurp(fd, &b, &quiet) == 0)
			faces_parse(f, BUF_STR(b));
		close(fd);
	}
	buf_free(&b);
	free(path);
}

struct face *
faces_find(struct faces *f, uint64_t name, uint64_t ino)
{
	size_t at = table_number(&f->at, f, name);

	return at != TABLE_NONE && f->v[at].ino == ino ? &f->v[at] : NULL;
}

struct face *
faces_add(struct faces *f, const struct face *one)
{
	f->at.number = face_name;
	if (f->n == f->cap) {
		f->cap = 2 * f->cap + 64;
		f->v = mem_grow(f->v, f->cap, sizeof *f->v);
	}
	f->v[f->n] = *one;
	table_add(&f->at, f, f->n);
	return &f->v[f->n++];
}

int
faces_save(const struct faces *f, const char *dir, const char *maildir,
    const struct stamp *stamp, struct err *e)
{
	struct buf b = { .max = FACES_MAX };
	char *path = faces_path(dir, maildir);
	uint64_t sum = 0;
	int got = 0;

	buf_put(&b, faces_magic, 8);
	buf_put(&b, &sum, sizeof sum);
	buf_put(&b, stamp, sizeof *stamp);
	if (f->n > 0)
		buf_put(&b, f->v, f->n * sizeof *f->v);
	if (!b.over) {
		sum = names_hash(str_from(BUF_STR(b), FACES_HEAD));
		memcpy(b.p + 8, &sum, sizeof sum);
		got = file_replace(path, BUF_STR(b), e);
	}
	buf_free(&b);
	free(path);
	return got;
}

void
faces_free(struct faces *f)
{
	table_free(&f->at);
	free(f->v);
	*f = (struct faces){ .n = 0 };
}
