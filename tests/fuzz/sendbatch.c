/*
 * sendbatch.c: fuzz: what mailsend --batch reads from standard input
 *
 * The first byte is the kind.  Each message comes once, in its place, whole in
 * its file; the same bytes give the same messages, however they come in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "batch_in.h"
#include "digest.h"
#include "file.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MESSAGES = 1000 };

static void
must(bool held)
{
	if (!held)
		abort();
}

/* No byte that would end a command, in what becomes one or a line of JSON. */
static void
item_sane(const struct batch_item *x, uint64_t n)
{
	size_t i;

	must(x->n == n);
	if (x->e.code != 0)
		return;
	must(strlen(x->key) == BATCH_KEY - 1);
	for (i = 0; i < x->to.n; i++)
		must(x->to.v[i] != NULL);
	must(x->enveloped || (x->from == NULL && x->to.n == 0));
}

/* All of it: how many messages, and in *sum a digest of what is in each. */
static size_t
read_batch(enum option_batch kind, int in, int fd, char sum[65])
{
	struct batch_in b = { .kind = kind, .pieces.fd = in };
	struct digest *d = digest_new();
	unsigned char md[32];
	struct batch_item x;
	struct arena mem = { 0 };
	struct err e = { 0 };
	char some[4096];
	size_t n = 0, i;
	ssize_t got;
	off_t at;
	int more;

	while (n < MESSAGES && (more = batch_in_next(&b, &x, fd, &mem,
	    &e)) > 0) {
		item_sane(&x, ++n);
		digest_put(d, x.key, x.e.code == 0 ? BATCH_KEY : 0);
		for (at = 0; (got = pread(fd, some, sizeof some, at)) > 0;
		    at += got)
			digest_put(d, some, (size_t)got);
		arena_reset(&mem);
	}
	must((e.code != 0) == (n < MESSAGES && more < 0));
	digest_end(d, md);
	for (i = 0; i < sizeof md; i++) {
		sum[2 * i] = "0123456789abcdef"[md[i] >> 4];
		sum[2 * i + 1] = "0123456789abcdef"[md[i] & 15];
	}
	sum[64] = '\0';
	batch_in_free(&b);
	arena_free(&mem);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum option_batch kinds[] = { OPTION_BATCH_MBOXRD,
	    OPTION_BATCH_NDJSON, OPTION_BATCH_FILES };
	enum option_batch kind;
	char one[65], two[65];
	struct err e = { 0 };
	int in, fd, pipes[2];

	if (size < 1 || size > 60000)
		return 0;
	kind = kinds[data[0] % 3];	/* '0', '1', '2' */
	in = memfd_create("in", MFD_CLOEXEC);
	fd = memfd_create("out", MFD_CLOEXEC);
	must(in >= 0 && fd >= 0 && file_write(in, data + 1, size - 1, &e) == 0);
	must(lseek(in, 0, SEEK_SET) == 0);
	read_batch(kind, in, fd, one);
	/* A pipe, which gives at most 64 KB at once. */
	must(pipe(pipes) == 0);
	must(file_write(pipes[1], data + 1, size - 1, &e) == 0);
	close(pipes[1]);
	read_batch(kind, pipes[0], fd, two);
	must(strcmp(one, two) == 0);
	close(pipes[0]);
	close(in);
	close(fd);
	return 0;
}
