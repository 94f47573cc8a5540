/*
 * state.c: what was fetched: a log of records, each with its own checksum
 *
 * A record is 32 bytes in the machine's own order.  The first that is torn
 * and has none that is whole behind it ends the log; one that is followed by
 * others was damaged later.  Appending is cheap and needs no sync where a
 * batch's syncfs comes anyway; the file is rewritten when more than half of it
 * is history.
 */
#include <errno.h>
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
	uint32_t sum;
	uint32_t kind;		/* and in the upper half the owner */
	uint32_t day, places;
	struct key key;
};

static uint32_t
kind_of_record(const struct record *r)
{
	return r->kind & STATE_OWNERS;
}

/* Version 1 had no places: DONE was of all that there were. */
static const char magic[32] = "postbag mailfetch state 2\n";
static const char magic1[32] = "postbag mailfetch state 1\n";
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

/* An entry is found by its first bytes. */
enum { KEY = offsetof(struct entry, day) };

static struct str
key_at(const void *of, size_t at)
{
	return (struct str){ (const char *)&((const struct state *)of)->v[at],
	    KEY };
}

static size_t
entry_at(const struct state *s, struct key k, enum state_kind kind)
{
	struct entry e = { .key = k, .kind = kind };

	return table_text(&s->table, s, (struct str){ (const char *)&e,
	    KEY });
}

/* The dropped ones go, if they are many. */
static void
grow_entries(struct state *s)
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
set_entry(struct state *s, struct entry e)
{
	size_t at = entry_at(s, e.key, e.kind);

	if (at != TABLE_NONE) {
		s->v[at] = e;
		return;
	}
	if (s->n == s->cap)
		grow_entries(s);
	s->v[s->n] = e;
	table_add(&s->table, s, s->n++);
}

struct entry *
state_find(const struct state *s, struct key k, enum state_kind kind)
{
	size_t at = entry_at(s, k, kind);

	return at != TABLE_NONE ? &s->v[at] : NULL;
}

static void
forget_entry(struct state *s, struct key k, enum state_kind kind)
{
	size_t at = entry_at(s, k, kind);

	if (at == TABLE_NONE)
		return;
	table_del(&s->table, s, at);
	s->v[at].kind = STATE_FORGET;
	s->dropped++;
}

/* ---- the file ---- */

/* Of version 1: what was done was so for whatever places there were. */
static struct entry
entry_of(const struct record *r)
{
	struct entry e = { r->key, kind_of_record(r), r->day, r->places,
	    r->kind >> 16 };

	if (e.kind == STATE_DONE && e.places == 0) {
		e.kind = STATE_SEEN;
		e.places = STATE_ALL;
	} else if (e.kind == STATE_MARK && e.key.b > STATE_MARK_ALL) {
		e.key.b = STATE_MARK_ALL;
	}
	return e;
}

static void
apply_one(struct state *s, const struct record *r)
{
	uint32_t kind = kind_of_record(r);

	if (kind == STATE_FORGET) {
		forget_entry(s, r->key, r->day);
		if (r->day == STATE_DONE)
			forget_entry(s, r->key, STATE_SEEN);
	} else if (kind > STATE_FREE && kind < STATE_KINDS) {
		set_entry(s, entry_of(r));
	}
}

static void
apply_group(struct state *s)
{
	struct record one;
	size_t at;

	for (at = 0; at < s->group.n; at += sizeof one) {
		memcpy(&one, s->group.p + at, sizeof one);
		apply_one(s, &one);
	}
	s->group.n = 0;
	s->grouping = false;
}

/*
 * A group counts when its end is there (see state_group): or the begin of the
 * next one, for whoever wrote that knew of its end.
 */
static void
apply_record(struct state *s, const struct record *r)
{
	if (kind_of_record(r) == STATE_BEGIN) {
		apply_group(s);
		s->grouping = true;
	} else if (kind_of_record(r) == STATE_END) {
		apply_group(s);
	} else if (s->grouping) {
		buf_put(&s->group, r, sizeof *r);
	} else {
		apply_one(s, r);
	}
}

/* It may say what we do not understand: it is never cut, nor rewritten. */
static int
refuse_newer(struct err *e)
{
	return fail(e, EX_CONFIG, "written by a newer version of mailfetch");
}

/* Damaged bytes, and those behind them. */
struct reading {
	off_t at;
	unsigned bad;		/* since the last that is whole */
};

static int
read_one(struct state *s, struct reading *at, const struct record *r,
    struct err *e)
{
	s->logged++;
	at->at += (off_t)sizeof *r;
	if (r->sum != checksum(r)) {
		at->bad++;
		return 0;
	}
	if (kind_of_record(r) >= STATE_KINDS)
		return refuse_newer(e);
	s->lost += at->bad;
	at->bad = 0;
	apply_record(s, r);
	if (!s->grouping)
		s->good = (uint64_t)at->at;
	return 0;
}

/*
 * A group that is not whole at the end never was; if records in it are damaged
 * and others are not, it is that which hides its end.
 */
static int
read_records(struct state *s, struct err *e)
{
	struct reading at = { .at = sizeof magic };
	unsigned before = 0;
	struct record r[512];
	ssize_t n;
	size_t i;

	s->good = sizeof magic;
	while ((n = file_scan(s->log.fd, r, sizeof r, at.at, e)) > 0) {
		for (i = 0; i < (size_t)n / sizeof *r; i++) {
			if (!s->grouping)
				before = s->lost + at.bad;
			if (read_one(s, &at, &r[i], e) < 0)
				return -1;
		}
		if ((size_t)n % sizeof *r != 0)
			break;
	}
	if (s->grouping && s->lost > before)
		apply_group(s);
	s->grouping = false;
	s->group.n = 0;
	return n < 0 ? -1 : 0;
}

static bool
zeros(const char *p, size_t n)
{
	while (n > 0 && *p == '\0') {
		p++;
		n--;
	}
	return n == 0;
}

static enum state_head
head_of(const char head[sizeof magic])
{
	if (memcmp(head, magic, sizeof magic) == 0)
		return STATE_HEAD;
	if (memcmp(head, magic1, sizeof magic1) == 0)
		return STATE_HEAD_OLD;
	return STATE_HEAD_LOST;
}

/*
 * A head that is wrong is a damaged one if it is all zeros, as some file
 * systems leave it, or if records follow it.  Anything else is not ours.
 */
static int
load_state(struct state *s, struct err *e)
{
	char head[sizeof magic];
	ssize_t n = file_pread(s->log.fd, head, sizeof head, 0, e);

	if (n < 0)
		return -1;
	if (n == 0) {
		s->head = STATE_HEAD_NONE;
		return 0;
	}
	if (n < (ssize_t)sizeof head)
		return fail(e, EX_CONFIG, "not a state file");
	s->head = head_of(head);
	if (s->head == STATE_HEAD_LOST && memcmp(head, magic,
	    VERSION_AT) == 0 && head[VERSION_AT] != magic[VERSION_AT] &&
	    head[VERSION_AT] != magic1[VERSION_AT])
		return refuse_newer(e);
	if (read_records(s, e) < 0)
		return -1;
	if (s->head == STATE_HEAD_LOST && s->n == 0) {
		if (!zeros(head, sizeof head))
			return fail(e, EX_CONFIG, "not a state file");
		s->lost++;
	}
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
state_open(struct state *s, const char *path, enum state_way way,
    struct err *e)
{
	int got;

	*s = (struct state){ .path = path, .log.fd = -1, .log.dir = -1,
	    .lock = -1, .table.text = key_at, .look = way == STATE_LOOK };
	if (!s->look && take_lock(s, e) < 0)
		return -1;
	got = reclog_open(&s->log, path, s->look ? O_RDONLY : O_RDWR, e);
	if (got < 0)
		return -1;
	if (got > 0)
		s->head = STATE_HEAD_NONE;
	else if (load_state(s, e) < 0)
		return fail_in(e, "%s", path);
	return 0;
}

static struct record
record_of(const struct entry *e)
{
	struct record r = { .kind = e->kind | e->owner << 16, .day = e->day,
	    .places = e->places, .key = e->key };

	r.sum = checksum(&r);
	return r;
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
		if (s->v[i].kind == STATE_FORGET)
			continue;
		r[n++] = record_of(&s->v[i]);
		if (n == 256 && file_write(fd, r, sizeof r, e) < 0)
			return -1;
		n %= 256;
	}
	if (n > 0 && file_write(fd, r, n * sizeof *r, e) < 0)
		return -1;
	return s->group.n == 0 ? 0 : file_write(fd, s->group.p, s->group.n, e);
}

static const char *
name_in_path(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int
rewrite(struct state *s, struct err *e)
{
	if (reclog_replace(&s->log, name_in_path(s->path), write_live, s,
	    e) < 0)
		return -1;
	s->logged = s->n - s->dropped + s->group.n / sizeof (struct record);
	return 0;
}

/* A damaged file stays to be looked at. */
static int
set_aside(struct state *s, struct err *e)
{
	char name[4096];

	if ((size_t)snprintf(name, sizeof name, "%s.damaged",
	    name_in_path(s->path)) >= sizeof name)
		return fail(e, EX_CANTCREAT, "%s: too long", s->path);
	unlinkat(s->log.dir, name, 0);
	if (linkat(s->log.dir, name_in_path(s->path), s->log.dir, name, 0) < 0)
		return fail_sys(e, EX_CANTCREAT, "%s.damaged", s->path);
	return 0;
}

int
state_begin(struct state *s, struct err *e)
{
	bool damaged = s->lost > 0 || s->head == STATE_HEAD_LOST;

	if (s->look)
		return 0;
	if (damaged && set_aside(s, e) < 0)
		return -1;
	if (damaged || s->head != STATE_HEAD)
		return rewrite(s, e);
	return reclog_begin(&s->log, s->good, e);
}

/* ---- changes ---- */

/*
 * All that is in the group is in the file: appended, or if that fails in a new
 * one, for what is known to have been taken must not be forgotten for one bad
 * write.
 */
static int
written(struct state *s, struct err *e)
{
	struct err first = { 0 }, second = { 0 };

	if (s->look || reclog_flush(&s->log, &first) == 0 ||
	    rewrite(s, &second) == 0 || s->log.made) {
		apply_group(s);
		return 0;
	}
	s->group.n = 0;
	fail_join(e, &first);
	return -1;
}

static int
append_record(struct state *s, const struct record *r, struct err *e)
{
	s->changed = true;
	s->logged++;
	if (!s->look)
		buf_put(&s->log.out, r, sizeof *r);
	buf_put(&s->group, r, sizeof *r);
	if (s->group.over)
		return fail(e, EX_SOFTWARE, "%s: a group too long", s->path);
	return s->grouping ? 0 : written(s, e);
}

int
state_set(struct state *s, const struct entry *entry, struct err *e)
{
	const struct entry *was = state_find(s, entry->key,
	    (enum state_kind)entry->kind);
	struct entry now = *entry;
	struct record r;

	now.owner = was != NULL ? was->owner : s->owner;
	r = record_of(&now);
	return append_record(s, &r, e);
}

int
state_put(struct state *s, enum state_kind kind, struct key k, uint32_t day,
    struct err *e)
{
	return state_set(s, &(struct entry){ .key = k, .kind = kind,
	    .day = day }, e);
}

int
state_drop(struct state *s, struct key k, enum state_kind kind,
    struct err *e)
{
	return state_find(s, k, kind) == NULL ? 0 :
	    state_put(s, STATE_FORGET, k, kind, e);
}

void
state_group(struct state *s)
{
	struct record r = record_of(&(struct entry){ .kind = STATE_BEGIN });

	s->grouping = true;
	s->group.n = 0;
	if (!s->look)
		buf_put(&s->log.out, &r, sizeof r);
}

int
state_commit(struct state *s, struct err *e)
{
	struct record r = record_of(&(struct entry){ .kind = STATE_END });

	s->grouping = false;
	if (s->group.n == 0) {		/* nothing: no begin of it, either */
		s->log.out.n -= s->look ? 0 : sizeof r;
		return 0;
	}
	if (!s->look)
		buf_put(&s->log.out, &r, sizeof r);
	s->logged += 2;
	return written(s, e);
}

int
state_sync(struct state *s, struct err *e)
{
	struct err first = { 0 }, second = { 0 };

	if (s->look || reclog_sync(&s->log, &first) == 0 ||
	    rewrite(s, &second) == 0)
		return 0;
	fail_join(e, &first);
	return -1;
}

int
state_finish(struct state *s, bool clean, struct err *e)
{
	if (s->look)
		return 0;
	if (clean && state_drop(s, (struct key){ 0, 0 }, STATE_DIRTY, e) < 0)
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
