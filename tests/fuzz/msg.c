/*
 * msg.c: any bytes as a finished message: what comes out is fit for the wire
 *
 * The first byte says which flags and how big the pieces are.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "msg.h"

static struct msg_reader reader;
static struct buf first, again;

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
all(struct buf *b, const struct msg *m, size_t cap)
{
	struct err e = { 0 };
	ssize_t n;

	b->n = 0;
	msg_start(&reader, m);
	while ((n = msg_read(&reader, buf_room(b, cap), cap, &e)) > 0)
		b->n += (size_t)n;
	must(n == 0 && b->n == m->size);
}

/* What RFC 5321 and 5322 ask of every line; slow and simple. */
static void
fit(const char *p, size_t n, bool odd)
{
	size_t i, col = 0;

	must(n >= 2 && p[n - 1] == '\n');
	for (i = 0; i < n; i++) {
		if (p[i] == '\n') {
			must(i > 0 && p[i - 1] == '\r');
			must(odd || col <= 999);
			col = 0;
			continue;
		}
		must(odd || p[i] != '\0');
		must(odd || p[i] != '\r' || p[i + 1] == '\n');
		col++;
	}
}

static void
stuffed(const char *p, size_t n, size_t piece)
{
	static char out[1 << 20];
	struct msg_stuffer s = { 0 };
	size_t i, k, got = 0;

	if (n > sizeof out / 2 - 5)
		return;
	for (i = 0; i < n; i += k) {
		k = n - i < piece ? n - i : piece;
		got += msg_stuff(&s, out + got, p + i, k);
	}
	must(msg_stuff_end(&s, out + got) == 3);
	must(memcmp(out, ".\r\n", 3) != 0 || got == 0);
	must(memmem(out, got, "\r\n.\r\n", 5) == NULL);
}

static void
fields(struct msg *m, struct arena *a)
{
	struct msg_fields f = { msg_head(m) };
	struct str name, body;

	while (msg_next_field(&f, &name, &body) > 0)
		must(name.n > 0 && !str_has(name, ' '));
	msg_drop_field(m, a, "bcc");
	must(!msg_field(m, "Bcc", NULL));
	msg_add_fields(m, a, STR("X: y\r\n"));
	all(&again, m, 512);
	fit(again.p, again.n, m->odd);
}

int LLVMFuzzerTestOneInput(const unsigned char *, size_t);

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	static int fd = -1;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct msg m;
	size_t piece;

	if (n == 0)
		return 0;
	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	must(ftruncate(fd, 0) == 0);
	must(pwrite(fd, p + 1, n - 1, 0) == (ssize_t)(n - 1));
	lseek(fd, 0, SEEK_SET);
	piece = (p[0] >> 1) + 1U;
	if (msg_scan(&m, &a, fd, p[0] & 1 ? MSG_ODD : 0, &e) < 0) {
		must(e.code == EX_DATAERR);
	} else {
		all(&first, &m, 65536);
		fit(first.p, first.n, m.odd);
		all(&again, &m, piece);
		must(str_eq(BUF_STR(first), BUF_STR(again)));
		must((m.eight || m.utf8) == !str_ascii(BUF_STR(first)));
		stuffed(first.p, first.n, piece);
		fields(&m, &a);
		msg_close(&m);
	}
	arena_free(&a);
	return 0;
}
