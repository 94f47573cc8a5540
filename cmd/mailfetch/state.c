/*
 * state.c: what was fetched: a log of records, each with its own checksum
 *
 * A record is 32 bytes in the machine's own order.  The first that is torn
 * ends the log.  Appending is cheap and needs no sync where a batch's syncfs
 * comes anyway; the file is rewritten when more than half of it is history.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "digest.h"
#include "file.h"
#include "mem.h"
#include "reclog.h"
#include "state.h"
#include "statedir.h"

struct record {
	uint32_t sum, kind, day, zero;
	struct key key;
};

static const char magic[32] = "postbag mailfetch state 1\n";
enum { VERSION_AT = sizeof "postbag mailfetch state " - 1 };

static uint32_t
checksum(const struct record *r)
{
	const unsigned char *p = (const unsigned char *)r;
	uint32_t c = 0xffffffff;
	size_t i;
	int k;

	for (i = sizeof r->sum; i < sizeof *r; i++) {
		c ^= p[i];
		for (k = 0; k < 8; k++)
			c = c >> 1 ^ (0xedb88320 & -(c & 1));
	}
	return ~c;
}

struct key
state_digest(const char *what, struct str s)
{
	struct digest *d = digest_new();
	unsigned char md[32];
	struct key k = { 0, 0 };

	digest_put(d, what, strlen(what) + 1);
	digest_put(d, s.p, s.n);
	if (!digest_end(d, md))		/* without keys nothing is known */
		mem_end("OpenSSL has no SHA-256 here, or no memory");
	memcpy(&k, md, sizeof k);
	return k;
}

struct key
state_mix(struct key k, struct str s)
{
	char both[sizeof k + 512];

	s = str_to(s, 512);
	memcpy(both, &k, sizeof k);
	str_copy(both + sizeof k, s);
	return state_digest("mix", (struct str){ both, sizeof k + s.n });
}

uint32_t
state_today(void)
{
	return (uint32_t)(clock_wall() / 86400);
}

/* ---- the entries ---- */

/* What an entry is found by: its first bytes. */
enum { KEY = offsetof(struct entry, day) };

static struct str
key_at(const void *of, size_t at)
{
	return (struct str){ (const char *)&((const struct state *)of)->v[at],
	    KEY };
}

static size_t
place(const struct state *s, struct key k, enum state_kind kind)
{
	struct entry e = { .key = k, .kind = kind };

	return table_text(&s->table, s, (struct str){ (const char *)&e,
	    KEY });
}

/* The dropped ones go, if they are many. */
static void
grow(struct state *s)
{
	size_t i, n = 0;

	if (s->dropped > s->n / 2) {
		for (i = 0; i < s->n; i++)
			if (s->v[i].kind != STATE_FORGET)
				s->v[n++] = s->v[i];
		s->n = n;
		s->dropped = 0;
		table_free(&s->table);
		for (i = 0; i < n; i++)
			table_add(&s->table, s, i);
		return;
	}
	s->cap = s->cap > 0 ? s->cap + s->cap / 2 : 64;
	s->v = mem_grow(s->v, s->cap, sizeof *s->v);
}

static void
set(struct state *s, enum state_kind kind, struct key k, uint32_t day)
{
	size_t at = place(s, k, kind);

	if (at != TABLE_NONE) {
		s->v[at].day = day;
		return;
	}
	if (s->n == s->cap)
		grow(s);
	s->v[s->n] = (struct entry){ k, kind, day };
	table_add(&s->table, s, s->n++);
}

struct entry *
state_find(const struct state *s, struct key k, enum state_kind kind)
{
	size_t at = place(s, k, kind);

	return at != TABLE_NONE ? &s->v[at] : NULL;
}

static void
forget(struct state *s, struct key k, enum state_kind kind)
{
	size_t at = place(s, k, kind);

	if (at == TABLE_NONE)
		return;
	table_del(&s->table, s, at);
	s->v[at].kind = STATE_FORGET;
	s->dropped++;
}

/* ---- the file ---- */

static void
apply_one(struct state *s, const struct record *r)
{
	if (r->kind == STATE_FORGET)
		forget(s, r->key, r->day);
	else if ((r->kind > STATE_FREE && r->kind < STATE_FORGET) ||
	    r->kind == STATE_SERVER)
		set(s, r->kind, r->key, r->day);
}

/* A group counts when its end is there (see state_group). */
static void
apply(struct state *s, const struct record *r)
{
	struct record one;
	size_t at;

	if (r->kind == STATE_BEGIN) {
		s->group.n = 0;
		s->grouping = true;
	} else if (r->kind == STATE_END) {
		for (at = 0; at < s->group.n; at += sizeof one) {
			memcpy(&one, s->group.p + at, sizeof one);
			apply_one(s, &one);
		}
		s->grouping = false;
	} else if (s->grouping) {
		buf_put(&s->group, r, sizeof *r);
	} else {
		apply_one(s, r);
	}
}

/* It may say what we do not understand: it is never cut, nor rewritten. */
static int
newer(struct err *e)
{
	return fail(e, EX_CONFIG, "written by a newer version of mailfetch");
}

static int
begin_file(struct state *s, struct err *e)
{
	s->fresh = true;
	if (reclog_begin(&s->log, 0, e) < 0)
		return -1;
	buf_put(&s->log.out, magic, sizeof magic);
	return reclog_flush(&s->log, e);
}

/* Up to the first record that is torn; the rest never was. */
static int
load(struct state *s, struct err *e)
{
	struct record r[512];
	off_t at = sizeof magic, good = at;
	ssize_t n;
	size_t i;
	char head[sizeof magic];

	n = file_pread(s->log.fd, head, sizeof head, 0, e);
	if (n < 0)
		return -1;
	if (n < (ssize_t)sizeof head)
		return begin_file(s, e);
	if (memcmp(head, magic, VERSION_AT) == 0 &&
	    head[VERSION_AT] != magic[VERSION_AT])
		return newer(e);
	if (memcmp(head, magic, sizeof head) != 0)
		return fail(e, EX_CONFIG, "not a state file");
	while ((n = file_pread(s->log.fd, r, sizeof r, at, e)) > 0) {
		for (i = 0; i < (size_t)n / sizeof *r &&
		    r[i].sum == checksum(&r[i]); i++) {
			if (r[i].kind > STATE_SERVER)
				return newer(e);
			apply(s, &r[i]);
			if (!s->grouping)
				good = at + (off_t)((i + 1) * sizeof *r);
		}
		at += (off_t)(i * sizeof *r);
		s->logged += i;
		if (i < sizeof r / sizeof *r)
			break;
	}
	s->grouping = false;
	s->group.n = 0;
	if (n < 0 || reclog_begin(&s->log, (uint64_t)good, e) < 0)
		return -1;
	s->dirty = state_find(s, (struct key){ 0, 0 }, STATE_DIRTY) != NULL;
	return 0;
}

static int
take_lock(struct state *s, struct err *e)
{
	char name[4096];

	if ((size_t)snprintf(name, sizeof name, "%s.lock", s->path) >=
	    sizeof name)
		return fail(e, EX_CANTCREAT, "%s: too long", s->path);
	s->lock = statedir_lock(name, e);
	return s->lock < 0 ? -1 : 0;
}

int
state_open(struct state *s, const char *path, struct err *e)
{
	*s = (struct state){ .path = path, .log.fd = -1, .log.dir = -1,
	    .lock = -1, .table.text = key_at };
	if (take_lock(s, e) < 0 ||
	    reclog_open(&s->log, path, O_RDWR | O_CREAT, e) < 0)
		return -1;
	if (load(s, e) < 0)
		return fail_in(e, "%s", path);
	/* What an mbox or a command is given counts on the file being there. */
	return s->fresh ? reclog_sync(&s->log, e) : 0;
}

static struct record
record(enum state_kind kind, struct key k, uint32_t day)
{
	struct record r = { .kind = kind, .day = day, .key = k };

	r.sum = checksum(&r);
	return r;
}

static int
append(struct state *s, enum state_kind kind, struct key k, uint32_t day,
    struct err *e)
{
	struct record r = record(kind, k, day);

	s->changed = true;
	s->logged++;
	buf_put(&s->log.out, &r, sizeof r);
	return s->grouping ? 0 : reclog_flush(&s->log, e);
}

int
state_put(struct state *s, enum state_kind kind, struct key k, uint32_t day,
    struct err *e)
{
	if (append(s, kind, k, day, e) < 0)
		return -1;
	set(s, kind, k, day);
	return 0;
}

void
state_group(struct state *s)
{
	struct record r = record(STATE_BEGIN, (struct key){ 0, 0 }, 0);

	s->grouping = true;
	buf_put(&s->log.out, &r, sizeof r);
}

int
state_commit(struct state *s, struct err *e)
{
	struct record r = record(STATE_END, (struct key){ 0, 0 }, 0);

	s->grouping = false;
	buf_put(&s->log.out, &r, sizeof r);
	return reclog_flush(&s->log, e);
}

int
state_drop(struct state *s, struct key k, enum state_kind kind,
    struct err *e)
{
	if (state_find(s, k, kind) == NULL)
		return 0;
	forget(s, k, kind);
	return append(s, STATE_FORGET, k, kind, e);
}

int
state_sync(struct state *s, struct err *e)
{
	return reclog_sync(&s->log, e);
}

/* ---- the snapshot ---- */

static int
write_live(void *of, int fd, struct err *e)
{
	struct state *s = of;
	struct record r[256];
	size_t i, n = 0;

	if (file_write(fd, magic, sizeof magic, e) < 0)
		return -1;
	for (i = 0; i < s->n; i++) {
		const struct entry *at = &s->v[i];

		if (at->kind == STATE_FORGET)
			continue;
		r[n++] = record(at->kind, at->key, at->day);
		s->logged++;
		if (n == 256 && file_write(fd, r, sizeof r, e) < 0)
			return -1;
		n %= 256;
	}
	return n > 0 ? file_write(fd, r, n * sizeof *r, e) : 0;
}

static int
rewrite(struct state *s, struct err *e)
{
	const char *slash = strrchr(s->path, '/');

	s->logged = 0;
	return reclog_replace(&s->log, slash != NULL ? slash + 1 : s->path,
	    write_live, s, e);
}

int
state_finish(struct state *s, struct err *e)
{
	if (state_drop(s, (struct key){ 0, 0 }, STATE_DIRTY, e) < 0)
		return -1;
	if (!s->changed)
		return 0;
	if (s->logged > 2 * (s->n - s->dropped) + 1024)
		return rewrite(s, e);
	return state_sync(s, e);
}

void
state_close(struct state *s)
{
	reclog_close(&s->log);
	if (s->lock >= 0)
		close(s->lock);
	free(s->v);
	table_free(&s->table);
	buf_free(&s->group);
	s->v = NULL;
	s->n = s->cap = s->dropped = 0;
	s->lock = -1;
}
