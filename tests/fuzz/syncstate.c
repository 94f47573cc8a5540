/*
 * syncstate.c: fuzz: a log of a mailbox, raw or as records with good sums
 *
 * Whatever is in it: what is loaded is consistent, and loads the same again.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
#include "mark.h"
#include "state.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char dir[64], path[128];

static void
must(bool held)
{
	if (!held)
		abort();
}

static uint32_t
crc(const char *p, size_t n)
{
	uint32_t c = ~(uint32_t)0;
	int k;

	for (; n > 0; n--, p++) {
		c ^= (unsigned char)*p;
		for (k = 0; k < 8; k++)
			c = c >> 1 ^ (0x82f63b78 & -(c & 1));
	}
	return ~c;
}

static void
frame(struct buf *b, unsigned kind, const void *p, size_t n)
{
	char head[8] = { 0 };
	uint16_t len = (uint16_t)n;
	size_t at = b->n;
	uint32_t sum;

	memcpy(head + 4, &len, 2);
	head[6] = (char)kind;
	buf_put(b, head, 8);
	buf_put(b, p, n);
	sum = crc(b->p + at + 4, n + 4);
	memcpy(b->p + at, &sum, 4);
}

/* Pieces of the input as records: kind, length, payload. */
static void
frames(struct buf *b, const uint8_t *p, size_t n)
{
	size_t len;

	buf_put(b, "postbag sync 1\n", 16);
	frame(b, 1, "box", 3);
	while (n >= 2) {
		len = p[1] < n - 2 ? p[1] : n - 2;
		frame(b, p[0] % 12, p + 2, len);
		p += 2 + len;
		n -= 2 + len;
	}
}

static void
consistent(struct state *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct rec *r = &s->rec[i];

		must(r->kind <= REC_ORPHAN);
		must(i == 0 || r[-1].uid <= r->uid);
		must(state_by_name(s, str_of(state_name(s, r))) == r);
		must(r->uid == 0 || state_by_uid(s, r->uid) == r);
		must(r->ino == 0 || state_by_ino(s, r->ino)->ino == r->ino);
		must(strchr(state_name(s, r), '/') == NULL);
	}
}

static void
same(const struct state *a, const struct state *b)
{
	size_t i;

	must(a->n == b->n && a->npend == b->npend);
	must(a->keywords.n == b->keywords.n);
	must(memcmp(&a->mark, &b->mark, offsetof(struct mark, id)) == 0 &&
	    mark_id_is(&a->mark, b->mark.id));
	must(memcmp(&a->stamp, &b->stamp, sizeof a->stamp) == 0);
	for (i = 0; i < a->n; i++)
		must(a->rec[i].uid != 0 ? a->rec[i].uid == b->rec[i].uid &&
		    a->rec[i].flags == b->rec[i].flags &&
		    strcmp(state_name(a, &a->rec[i]),
		    state_name(b, &b->rec[i])) == 0 : b->rec[i].uid == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf b = { .max = 1 << 24 };
	struct err e = { 0 };
	struct state s, again;
	char file[32];
	int fd;

	if (dir[0] == '\0') {
		snprintf(dir, sizeof dir, "/dev/shm/syncstate.XXXXXX");
		must(mkdtemp(dir) != NULL);
		state_file(file, STR("box"));
		snprintf(path, sizeof path, "%s/%s", dir, file);
	}
	if (n > 0 && p[0] % 4 == 0)
		buf_put(&b, p + 1, n - 1);
	else if (n > 0)
		frames(&b, p + 1, n - 1);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(file_write(fd, b.p, b.n, &e) == 0);
	close(fd);
	buf_free(&b);
	if (state_open(&s, dir, STR("box"), true, &e) == 0) {
		consistent(&s);
		must(state_sync(&s, &e) == 0);
		must(state_open(&again, dir, STR("box"), false, &e) == 0);
		must(!again.cut);
		same(&s, &again);
		state_drop_all(&again);
		must(state_put(&s, &(struct rec){ .uid = 5 }, "name", &e) ==
		    0);
		must(state_mark(&s, &(struct mark){ .uidnext = 9 }, NULL,
		    &e) == 0);
		state_sort(&s);
		consistent(&s);
		must(state_sync(&s, &e) == 0);
		must(state_open(&again, dir, STR("box"), false, &e) == 0);
		same(&s, &again);
		state_drop_all(&again);
		must(state_close(&s, &e) == 0);
	}
	unlink(path);
	rmdir(dir);			/* made anew: nothing is left behind */
	dir[0] = '\0';
	return 0;
}
