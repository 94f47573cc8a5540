/*
 * fetchstate.c: fuzz: mailfetch's state, raw or as records with good sums
 *
 * Whatever is in it: what is loaded is found, and is the same when it is loaded
 * again, also after a run has ended with it, which may have rewritten it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "../../cmd/mailfetch/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static char path[128];

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
			c = c >> 1 ^ (0xedb88320 & -(c & 1));
	}
	return ~c;
}

/* Four bytes of the input each: kind, day, the two halves of a key. */
static void
records(struct buf *b, const uint8_t *p, size_t n)
{
	static const char magic[32] = "postbag mailfetch state 2\n";
	struct {
		uint32_t sum, kind, day, places;
		uint64_t key[2];
	} r;

	buf_put(b, magic, sizeof magic);
	for (; n >= 4; p += 4, n -= 4) {
		r.kind = p[0] % 16;
		r.day = p[1];
		r.places = p[0] / 16;
		r.key[0] = p[2];
		r.key[1] = p[3];
		r.sum = crc((char *)&r + 4, sizeof r - 4);
		buf_put(b, &r, sizeof r);
	}
}

static size_t
living(const struct state *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (s->v[i].kind == STATE_FORGET)
			continue;
		n++;
		must(state_find(s, s->v[i].key, s->v[i].kind) == &s->v[i]);
	}
	must(s->n - n == s->dropped);
	return n;
}

/* Whatever was in a is in b, but for the mark of a run under way. */
static void
same(const struct state *a, const struct state *b, bool ended)
{
	const struct entry *at;
	size_t i, n = 0;

	for (i = 0; i < a->n; i++) {
		if (a->v[i].kind == STATE_FORGET || (ended &&
		    a->v[i].kind == STATE_DIRTY && a->v[i].key.a == 0 &&
		    a->v[i].key.b == 0))
			continue;
		at = state_find(b, a->v[i].key, a->v[i].kind);
		must(at != NULL && at->day == a->v[i].day &&
		    at->places == a->v[i].places);
		n++;
	}
	must(living(b) == n);
}

/* What a run may do, as the last bytes say. */
static void
run(struct state *s, const uint8_t *p, size_t n)
{
	struct err e = { 0 };
	size_t i;

	for (i = 0; i + 3 < n && i < 64; i += 4) {
		struct key k = { p[i + 2], p[i + 3] };
		enum state_kind kind = STATE_DONE + p[i] % 3;

		if (p[i] % 7 == 0)
			state_group(s);
		must((p[i + 1] % 2 == 0 ? state_put(s, kind, k, p[i + 1],
		    &e) : state_drop(s, k, kind, &e)) == 0);
		if (s->grouping)
			must(state_commit(s, &e) == 0);
	}
	must(state_finish(s, true, &e) == 0);
}

static bool
open_state(struct state *s, struct err *e)
{
	if (state_open(s, path, STATE_RUN, e) < 0)
		return false;
	must(state_begin(s, e) == 0);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf b = { .max = 1 << 20 };
	struct state first, again;
	struct err e = { 0 };
	int fd;

	if (path[0] == '\0') {
		snprintf(path, sizeof path, "/dev/shm/fetchstate.XXXXXX");
		must(mkdtemp(path) != NULL);
		snprintf(path + strlen(path), 16, "/state");
	}
	if (n > 0 && p[0] % 4 == 0)
		buf_put(&b, p + 1, n - 1);
	else if (n > 0)
		records(&b, p + 1, n - 1);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(file_write(fd, b.p, b.n, &e) == 0);
	close(fd);
	buf_free(&b);
	if (open_state(&first, &e)) {
		living(&first);
		close(first.lock);
		first.lock = -1;
		must(open_state(&again, &e));
		same(&first, &again, false);
		run(&again, p, n);
		close(again.lock);
		again.lock = -1;
		state_close(&first);
		must(open_state(&first, &e));
		same(&again, &first, true);
		state_close(&again);
	}
	state_close(&first);
	return 0;
}
