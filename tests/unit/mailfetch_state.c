/* mailfetch_state.c: the state, cut and damaged anywhere: it is what it was */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "state.h"
#include "tap.h"

enum { HEAD = 32, RECORD = 32, STEPS = 40 };

static char dir[64], path[96];
static struct err e;

static uint32_t
dice(uint32_t n)
{
	static uint64_t x = 5;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(x >> 33) % n;
}

static struct key
key(uint64_t n)
{
	return (struct key){ n, ~n };
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* All there is to know, in an order of its own. */
static char *
dump(const struct state *s)
{
	char (*v)[64] = mem_new(s->n + 1, sizeof *v);
	struct buf b = { .max = 1 << 20 };
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		if (s->v[i].kind != STATE_FORGET)
			snprintf(v[n++], sizeof *v, "%u %llu %u\n",
			    s->v[i].kind, (unsigned long long)s->v[i].key.a,
			    s->v[i].day + s->v[i].places);
	qsort(v, n, sizeof *v, by_text);
	buf_s(&b, "");
	for (i = 0; i < n; i++)
		buf_s(&b, v[i]);
	free(v);
	return b.p;
}

/* ---- a log, step by step ---- */

static struct {
	off_t end;		/* the file's size after it */
	char *dump;
} step[STEPS + 1];

static void
anything(struct state *s, int i)
{
	static const enum state_kind kinds[] = { STATE_DONE, STATE_DOUBT,
	    STATE_MARK, STATE_LENGTH, STATE_SERVER };
	enum state_kind kind = kinds[dice(5)];
	uint32_t k, n = 2 + dice(4);

	if (dice(3) == 0) {
		state_drop(s, key(dice(6)), kind, &e);
		return;
	}
	if (dice(2) == 0) {
		state_put(s, kind, key(dice(6)), (uint32_t)i, &e);
		return;
	}
	state_group(s);
	for (k = 0; k < n; k++)
		state_put(s, STATE_DONE, key(100 * k + dice(9)), (uint32_t)i,
		    &e);
	state_drop(s, key(dice(6)), kind, &e);
	state_commit(s, &e);
}

static void
write_log(void)
{
	struct state s;
	struct stat st;
	int i;

	is_int(state_open(&s, path, STATE_RUN, &e), 0, "a new one: %s", e.msg);
	ok(s.head == STATE_HEAD_NONE && !s.dirty, "is fresh");
	is_int(state_begin(&s, &e), 0, "is made");
	for (i = 0; i <= STEPS; i++) {
		if (i > 0)
			anything(&s, i);
		stat(path, &st);
		step[i].end = st.st_size;
		step[i].dump = dump(&s);
	}
	state_close(&s);
}

static void
write_file(const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	file_write(fd, p, n, &e);
	close(fd);
}

static bool
same_file(const char *p, size_t n)
{
	struct buf b = { .max = 1 << 20 };
	int fd = file_open(path, &e);
	bool same;

	file_slurp(fd, &b, &e);
	close(fd);
	same = b.n == n && memcmp(b.p, p, n) == 0;
	buf_free(&b);
	return same;
}

/*
 * What is found must be what step i left, or some of it is lost, and the log
 * must go on.
 */
static bool
found(int i, size_t at, bool lost)
{
	struct state s;
	char *d, *again;
	bool good = true;

	if (state_open(&s, path, STATE_RUN, &e) < 0) {
		diag("byte %zu: %s", at, e.msg);
		fail_clear(&e);
		state_close(&s);
		return false;
	}
	d = dump(&s);
	if (i < 0 ? s.head != STATE_HEAD_NONE : s.head != STATE_HEAD ||
	    (s.lost == 0 && strcmp(d, step[i].dump) != 0)) {
		good = false;
		diag("byte %zu: got\n%s\nwant\n%s", at, d, i < 0 ? "nothing" :
		    step[i].dump);
	}
	if (lost != (s.lost > 0)) {
		good = false;
		diag("byte %zu: %u lost", at, s.lost);
	}
	free(d);
	state_begin(&s, &e);
	state_set(&s, &(struct entry){ .key = key(77),
	    .kind = STATE_DONE, .day = 1, .places = 1 }, &e);
	d = dump(&s);
	state_close(&s);
	state_open(&s, path, STATE_RUN, &e);
	again = dump(&s);
	if (s.lost > 0 || strcmp(again, d) != 0) {
		good = false;
		diag("byte %zu: what is written behind it is lost", at);
	}
	state_close(&s);
	free(d);
	free(again);
	return good;
}

/* It is somebody else's, and stays as it is. */
static bool
refused(const char *p, size_t n, const char *why)
{
	struct err f = { 0 };
	struct state s;
	bool good;

	write_file(p, n);
	good = state_open(&s, path, STATE_RUN, &f) < 0 && f.code == EX_CONFIG &&
	    strstr(f.msg, why) != NULL && same_file(p, n);
	state_close(&s);
	if (!good)
		diag("%d %s", f.code, f.msg);
	return good;
}

static void
cuts(const struct buf *b)
{
	int i = -1, bad = 0;
	size_t n;

	for (n = 0; n <= b->n && bad < 3; n++) {
		while (i < STEPS && step[i + 1].end <= (off_t)n)
			i++;
		if (n > 0 && n < HEAD) {
			bad += !refused(b->p, n, "not a state file");
			continue;
		}
		write_file(b->p, n);
		bad += !found(i, n, false);
	}
	is_int(bad, 0, "cut at every byte: the state of the step before");
}

static void
turned(const struct buf *b)
{
	int i = -1, bad = 0;
	size_t n;
	char was;

	for (n = HEAD; n < b->n && bad < 3; n++) {
		while (i < STEPS && step[i + 1].end <= (off_t)n)
			i++;
		was = b->p[n];
		b->p[n] = (char)(was ^ 1 << dice(8));
		write_file(b->p, b->n);
		b->p[n] = was;
		bad += !found(i, n, n / RECORD < b->n / RECORD - 1);
	}
	is_int(bad, 0, "any byte turned: that is seen, and the rest is there");
}

/* Its head is damaged, and nothing else. */
static bool
mended(const struct buf *b)
{
	struct state s;
	bool good;
	char *d;

	write_file(b->p, b->n);
	good = state_open(&s, path, STATE_RUN, &e) == 0 &&
	    s.head == STATE_HEAD_LOST && s.lost == 0 &&
	    state_begin(&s, &e) == 0;
	state_close(&s);
	good = good && state_open(&s, path, STATE_RUN, &e) == 0 &&
	    s.head == STATE_HEAD;
	d = dump(&s);
	good = good && strcmp(d, step[STEPS].dump) == 0;
	free(d);
	state_close(&s);
	return good;
}

static void
heads(const struct buf *b)
{
	char all[4 * RECORD];
	int bad = 0;
	size_t n;
	char was;

	for (n = 0; n < HEAD; n++) {
		was = b->p[n];
		b->p[n] = (char)(was ^ 1 << dice(8));
		bad += n == 24 ? !refused(b->p, b->n, "newer version") :
		    !mended(b);
		b->p[n] = was;
	}
	is_int(bad, 0, "any byte of its head turned: the records are there");
	b->p[24] = '1';
	b->p[26] ^= 1;
	ok(mended(b), "of version 1 as well");
	b->p[24] = '2';
	b->p[26] ^= 1;
	memset(all, 'x', sizeof all);
	ok(refused(all, sizeof all, "not a state file"),
	    "what has no record either: refused, and as it was");
}

/* ---- good records of what is no good ---- */

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

struct lie {
	uint32_t kind, day;
	uint64_t key;
};

/* Of another owner: it has no places, see tell(). */
enum { OF_VERSION_1 = STATE_DONE | 1 << 16 };

static void
tell(struct buf *b, const struct lie *l)
{
	struct {
		uint32_t sum, kind, day, places;
		struct key key;
	} r = { 0, l->kind, l->day, 0, key(l->key) };

	if (l->kind == STATE_DONE) {	/* dump() adds them up */
		r.day--;
		r.places = 1;
	}

	r.sum = crc((const char *)&r + 4, sizeof r - 4);
	buf_put(b, &r, sizeof r);
}

static void
lies(const char *head)
{
	static const struct {
		struct lie v[6];
		const char *want, *name;
	} t[] = {
		{ { { STATE_DONE, 9, 1 }, { STATE_FORGET, STATE_DONE, 2 } },
		    "1 1 9\n", "one is dropped that never was" },
		{ { { STATE_DONE, 9, 1 }, { STATE_FORGET, 4000000000, 1 } },
		    "1 1 9\n", "one of no kind is dropped" },
		{ { { STATE_DONE, 9, 1 }, { STATE_FORGET, STATE_FORGET, 1 } },
		    "1 1 9\n", "what is dropped is dropped" },
		{ { { STATE_DONE, 9, 1 }, { STATE_FREE, 9, 2 } }, "1 1 9\n",
		    "a record of nothing" },
		{ { { STATE_END, 0, 0 }, { STATE_DONE, 9, 1 } }, "1 1 9\n",
		    "the end of a group that never began" },
		{ { { STATE_BEGIN, 0, 0 }, { STATE_DONE, 8, 1 },
		    { STATE_BEGIN, 0, 0 }, { STATE_DONE, 9, 2 },
		    { STATE_END, 0, 0 } }, "1 1 8\n1 2 9\n",
		    "the end of a group is missing, and another one follows" },
		{ { { OF_VERSION_1, 9, 1 } }, "10 1 8\n",
		    "done in no place counts as seen, for whatever place" },
		{ { { OF_VERSION_1, 9, 1 }, { STATE_FORGET, STATE_DONE, 1 } },
		    "", "that is dropped" },
		{ { { STATE_DONE, UINT32_MAX, 1 } }, "1 1 4294967295\n",
		    "a day at the end of time" },
	};
	struct buf b = { .max = 4096 };
	struct state s;
	size_t i, k;
	char *d;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		b.n = 0;
		buf_put(&b, head, HEAD);
		for (k = 0; k < 6 && (k == 0 || t[i].v[k].kind != 0 ||
		    t[i].v[k].day != 0); k++)
			tell(&b, &t[i].v[k]);
		write_file(b.p, b.n);
		is_int(state_open(&s, path, STATE_RUN, &e), 0, "%s: %s",
		    t[i].name, e.msg);
		d = dump(&s);
		is_str(d, t[i].want, "and nothing comes of it");
		free(d);
		state_close(&s);
	}
	b.n = 0;
	buf_put(&b, head, HEAD);
	tell(&b, &(struct lie){ STATE_BEGIN, 0, 0 });
	tell(&b, &(struct lie){ STATE_DONE, 9, 1 });
	tell(&b, &(struct lie){ STATE_END, 0, 0 });
	b.p[b.n - 1] ^= 1;
	tell(&b, &(struct lie){ STATE_DONE, 9, 2 });
	write_file(b.p, b.n);
	state_open(&s, path, STATE_RUN, &e);
	d = dump(&s);
	is_str(d, "1 1 9\n1 2 9\n", "the end of a group is damaged: it counts");
	is_int(s.lost, 1, "and one record is lost");
	free(d);
	state_close(&s);
	b.n = 0;
	buf_put(&b, head, HEAD);
	tell(&b, &(struct lie){ STATE_DONE, 9, 1 });
	tell(&b, &(struct lie){ STATE_KINDS, 9, 1 });
	ok(refused(b.p, b.n, "newer version"),
	    "a kind that is not known yet: refused, and as it was");
	buf_free(&b);
}

int
main(void)
{
	struct buf b = { .max = 1 << 20 };
	char lock[128];
	int fd, i;

	snprintf(dir, sizeof dir, "%s/mailfetch_state.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/s", dir);
	write_log();
	fd = file_open(path, &e);
	file_slurp(fd, &b, &e);
	close(fd);
	is_int(b.n, step[STEPS].end, "%zu bytes", b.n);
	cuts(&b);
	turned(&b);
	heads(&b);
	lies(b.p);
	is_int(e.code, 0, "no failure: %s", e.msg);
	for (i = 0; i <= STEPS; i++)
		free(step[i].dump);
	buf_free(&b);
	unlink(path);
	snprintf(lock, sizeof lock, "%s.damaged", path);
	unlink(lock);
	snprintf(lock, sizeof lock, "%s.lock", path);
	unlink(lock);
	is_int(rmdir(dir), 0, "nothing else was left");
	return done();
}
