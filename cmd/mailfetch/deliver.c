/*
 * deliver.c: one message to its places, and batches of them
 *
 * A message is written to the tmp/ of the first Maildir, or to an unlinked
 * file where there is none, and only when all of it is there the other places
 * get it.  A batch becomes durable by one syncfs(2), visible by renames,
 * durable in that by one fsync(2) of the folder, and then it is recorded.
 * File names say which message it is: after a crash they are looked for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "limit.h"
#include "mailfetch.h"
#include "trace.h"

enum { OUT = 1 << 17 };

/* ---- after a crash ---- */

struct scan {
	struct run *run;
	size_t place;
};

static int
by_key(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int c = memcmp(&x->key, &y->key, sizeof x->key);

	return c != 0 ? c : x->place < y->place ? -1 : x->place > y->place;
}

static void
remember(void *to, struct str name)
{
	struct scan *s = to;
	struct run *r = s->run;
	struct known k = { .place = s->place };
	char hex[40];
	unsigned long long a, b;

	name = str_from(name, strlen(RUN_PREFIX));
	if (name.n != 32)
		return;
	snprintf(hex, sizeof hex, "%.*s", STR_ARG(name));
	b = strtoull(hex + 16, NULL, 16);
	hex[16] = '\0';
	a = strtoull(hex, NULL, 16);
	k.key = (struct key){ a, b };
	if (r->nknown == r->known_cap) {
		r->known_cap = r->known_cap > 0 ? 2 * r->known_cap : 1024;
		r->known = mem_grow(r->known, r->known_cap, sizeof *r->known);
	}
	r->known[r->nknown++] = k;
}

static bool
known(struct run *r, struct key key, size_t place)
{
	struct known k = { key, place };

	return r->nknown > 0 && bsearch(&k, r->known, r->nknown, sizeof k,
	    by_key) != NULL;
}

bool
deliver_known(struct run *r, struct key key)
{
	size_t i;

	for (i = 0; i < r->places; i++)
		if (r->place[i].kind != PLACE_MAILDIR || !known(r, key, i))
			return false;
	return r->places > 0;
}

/* ---- opening ---- */

static int
open_places(struct run *r)
{
	size_t i;

	r->places = r->o->to.deliver.n;
	if (r->places > 32)
		return fail(r->e, EX_USAGE, "more than 32 places to deliver "
		    "to");
	r->place = arena_new(&r->arena, r->places, sizeof *r->place);
	for (i = 0; i < r->places; i++)
		if (place_parse(&r->place[i], r->o->to.deliver.v[i], r) < 0)
			return -1;
	for (i = 0; i < r->places; i++) {
		if (place_open(&r->place[i], r) < 0)
			return -1;
		r->single |= place_doubtful(&r->place[i]) ||
		    r->place[i].kind == PLACE_STDOUT;
	}
	return 0;
}

int
deliver_open(struct run *r)
{
	struct scan s = { .run = r };

	r->spool = r->main = -1;
	r->out = arena_new(&r->arena, 1, OUT);
	r->batch = arena_new(&r->arena, BATCH, sizeof *r->batch);
	if (open_places(r) < 0)
		return -1;
	if (!r->state.dirty && !r->state.fresh)
		return 0;
	for (s.place = 0; s.place < r->places; s.place++)
		if (r->place[s.place].kind == PLACE_MAILDIR &&
		    maildir_scan(&r->place[s.place].maildir, RUN_PREFIX,
		    remember, &s, r->e) < 0)
			return -1;
	if (r->nknown > 0)
		qsort(r->known, r->nknown, sizeof *r->known, by_key);
	return 0;
}

void
deliver_close(struct run *r)
{
	size_t i;

	for (i = 0; i < r->places; i++)
		place_close(&r->place[i], r);
	if (r->spool >= 0)
		close(r->spool);
	free(r->known);
}

/* ---- one message ---- */

static bool
has(struct run *r, size_t i)
{
	return state_find(&r->state, state_mix(r->now.key,
	    str_of(r->place[i].name)), STATE_DONE) != NULL;
}

static int
spool(struct run *r)
{
	if (r->spool < 0 && (r->spool = file_temp(r->e)) < 0)
		return -1;
	if (ftruncate(r->spool, 0) < 0 || lseek(r->spool, 0, SEEK_SET) < 0)
		return fail_sys(r->e, EX_IOERR, "temporary file");
	r->main = r->spool;
	return 0;
}

int
deliver_begin(struct run *r, const struct message *m)
{
	size_t i;

	r->now = *m;
	r->size = 0;
	r->fill = 0;
	r->cr = false;
	r->main = -1;
	snprintf(r->name, sizeof r->name, RUN_PREFIX "%016llx%016llx",
	    (unsigned long long)m->key.a, (unsigned long long)m->key.b);
	for (i = 0; i < 32; i++)
		r->fd[i] = -1;
	for (i = 0; i < r->places; i++) {
		if (r->place[i].kind != PLACE_MAILDIR || has(r, i) ||
		    known(r, m->key, i))
			continue;
		r->fd[i] = maildir_begin(&r->place[i].maildir, r->name, r->e);
		if (r->fd[i] < 0)
			return -1;
		if (r->main < 0)
			r->main = r->fd[i];
	}
	return r->main >= 0 ? 0 : spool(r);
}

static int
flush(struct run *r, struct err *e)
{
	if (r->fill > 0 && file_write(r->main, r->out, r->fill, e) < 0)
		return -1;
	r->size += r->fill;
	r->fill = 0;
	return 0;
}

/* CRLF becomes LF; a CR on its own stays. */
int
deliver_put(void *to, const void *data, size_t n, struct err *e)
{
	struct run *r = to;
	const char *p = data, *cr;
	size_t some;

	while (n > 0) {
		if (OUT - r->fill < 2 && flush(r, e) < 0)
			return -1;
		if (r->cr) {
			r->cr = false;
			if (*p != '\n')
				r->out[r->fill++] = '\r';
		}
		some = n < OUT - r->fill - 1 ? n : OUT - r->fill - 1;
		cr = memchr(p, '\r', some);
		if (cr != NULL)
			some = (size_t)(cr - p);
		memcpy(r->out + r->fill, p, some);
		r->fill += some;
		r->cr = cr != NULL;
		some += cr != NULL;
		p += some;
		n -= some;
	}
	return 0;
}

void
deliver_abort(struct run *r)
{
	size_t i;

	for (i = 0; i < r->places; i++) {
		if (r->fd[i] < 0)
			continue;
		close(r->fd[i]);
		r->fd[i] = -1;
		maildir_abort(&r->place[i].maildir, r->name);
	}
	r->main = -1;
}

uint64_t
deliver_most(const struct run *r, const struct message *m)
{
	if (r->o->which.max_size > 0)
		return r->o->which.max_size;
	return m->size > 0 ? LIMIT_ANNOUNCED(m->size) : LIMIT_LITERAL;
}

const char *
deliver_over(const struct run *r, const struct message *m,
    char why[DELIVER_WHY])
{
	snprintf(why, DELIVER_WHY, "longer than the %llu bytes %s: it stays on the server",
	    (unsigned long long)deliver_most(r, m), r->o->which.max_size > 0 ?
	    "of --max-size" : "it can have by what the server announced");
	return why;
}

static int
finish_file(struct run *r, int fd)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT },
	    { .tv_sec = r->now.date } };

	if (r->now.date > 0)
		futimens(fd, t);
	/* Begun now, while the next ones come: syncfs will find little to do. */
	sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return close(fd) < 0 ? fail_sys(r->e, EX_IOERR, "close") : 0;
}

static int
copy(struct run *r, int to)
{
	char some[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = file_pread(r->main, some, sizeof some, at, r->e)) > 0) {
		if (file_write(to, some, (size_t)n, r->e) < 0)
			return -1;
		at += n;
	}
	return n < 0 ? -1 : 0;
}

/* The other Maildirs' copies, then all of the files are complete. */
static int
finish_files(struct run *r, uint32_t *mask)
{
	size_t i;
	int fd, got = 0;

	for (i = 0; i < r->places; i++)
		if (r->fd[i] >= 0 && r->fd[i] != r->main &&
		    copy(r, r->fd[i]) < 0)
			return -1;
	for (i = 0; i < r->places; i++) {
		if ((fd = r->fd[i]) < 0)
			continue;
		*mask |= 1u << i;
		r->fd[i] = -1;
		if (finish_file(r, fd) < 0)
			got = -1;
	}
	return got;
}

static void
pend(struct run *r, struct key key, uint32_t maildirs)
{
	struct pending *p = &r->batch[r->n++];

	*p = (struct pending){ .key = key, .maildirs = maildirs };
	if (maildirs != 0)
		memcpy(p->name, r->name, sizeof p->name);
}

/* Each place in turn; *taken says who has it. */
static int
give(struct run *r, uint32_t *taken)
{
	int got, worst = 0;
	size_t i;

	for (i = 0; i < r->places; i++) {
		if (r->place[i].kind == PLACE_MAILDIR || has(r, i)) {
			*taken |= 1u << i;
			continue;
		}
		got = place_give(&r->place[i], r);
		if (got < 0)
			return -1;
		if (got == 0)
			*taken |= 1u << i;
		worst |= got;
	}
	return worst;
}

/* Who has it already gets it no second time. */
static void
pend_some(struct run *r, uint32_t taken, uint32_t files)
{
	size_t i;

	for (i = 0; i < r->places; i++)
		if ((taken & 1u << i) != 0 && !has(r, i))
			pend(r, state_mix(r->now.key,
			    str_of(r->place[i].name)), files & 1u << i);
}

int
deliver_end(struct run *r)
{
	uint32_t taken = 0, files = 0;
	int got;

	if (r->cr)
		r->out[r->fill++] = '\r';
	if (flush(r, r->e) < 0 || (got = give(r, &taken)) < 0 ||
	    finish_files(r, &files) < 0) {
		deliver_abort(r);
		return -1;
	}
	if (got == 0) {
		pend(r, r->now.key, files);
		r->fetched++;
		r->bytes += r->size;
	} else {
		pend_some(r, taken, files);
		r->kept++;
	}
	r->batch_bytes += r->size;
	if (r->single || r->n + r->places >= BATCH ||
	    r->batch_bytes >= BATCH_BYTES)
		return deliver_commit(r) < 0 ? -1 : got;
	return got;
}

/* ---- the batch ---- */

/* "A run has begun": durable with the batch's data, before any rename. */
static int
mark(struct run *r)
{
	size_t i;
	bool maildir = false;

	for (i = 0; i < r->places; i++)
		maildir |= r->place[i].kind == PLACE_MAILDIR;
	if (r->marked || !maildir)
		return 0;
	if (state_put(&r->state, STATE_DIRTY, (struct key){ 0, 0 }, 0,
	    r->e) < 0 || state_sync(&r->state, r->e) < 0)
		return -1;
	r->marked = true;
	return 0;
}

static int
publish(struct run *r)
{
	size_t i, k;

	for (k = 0; k < r->n; k++)
		for (i = 0; i < r->places; i++)
			if ((r->batch[k].maildirs & 1u << i) != 0 &&
			    maildir_publish(&r->place[i].maildir,
			    r->batch[k].name, NULL, r->e) < 0)
				return -1;
	return 0;
}

static int
record(struct run *r)
{
	uint32_t today = state_today();
	size_t i, k;

	state_group(&r->state);
	for (k = 0; k < r->n; k++)
		if (state_put(&r->state, STATE_DONE, r->batch[k].key, today,
		    r->e) < 0)
			return -1;
	for (i = 0; i < r->places; i++) {
		if (place_doubtful(&r->place[i]) && state_drop(&r->state,
		    state_mix(r->now.key, str_of(r->place[i].name)),
		    STATE_DOUBT, r->e) < 0)
			return -1;
		if (r->place[i].kind == PLACE_MBOX && r->place[i].begun &&
		    state_drop(&r->state, (struct key){ r->place[i].key.a,
		    r->place[i].mbox.start }, STATE_LENGTH, r->e) < 0)
			return -1;
	}
	return state_commit(&r->state, r->e);
}

/* An mbox stays locked until it is on the disk that the batch is in it. */
static int
release(struct run *r)
{
	int got = 0;
	size_t i;

	for (i = 0; i < r->places; i++) {
		if (r->place[i].kind != PLACE_MBOX || !r->place[i].begun)
			continue;
		r->place[i].begun = false;
		if (got == 0)
			got = state_sync(&r->state, r->e);
		mbox_close(&r->place[i].mbox);
	}
	return got;
}

int
deliver_commit(struct run *r)
{
	size_t i;

	if (r->n == 0)
		return 0;
	if (mark(r) < 0)
		return -1;
	for (i = 0; i < r->places; i++)
		if (place_sync(&r->place[i], r) < 0)
			return -1;
	if (publish(r) < 0)
		return -1;
	for (i = 0; i < r->places; i++)
		if (place_settle(&r->place[i], r) < 0)
			return -1;
	if (record(r) < 0)
		return -1;
	mem_stake(NULL);
	for (i = 0; i < r->places; i++)
		trace_note(TRACE_DONE, "%s: delivered %zu to %s", r->o->title,
		    r->n, r->place[i].name);
	r->n = 0;
	r->batch_bytes = 0;
	return release(r);
}

void
deliver_drop(struct run *r)
{
	size_t i, k;

	for (k = 0; k < r->n; k++)
		for (i = 0; i < r->places; i++)
			if ((r->batch[k].maildirs & 1u << i) != 0)
				maildir_abort(&r->place[i].maildir,
				    r->batch[k].name);
	r->n = 0;
}
