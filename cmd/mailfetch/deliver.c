/*
 * deliver.c: one message to its places, and batches of them
 *
 * A message is written to the tmp/ of the first Maildir, or to an unlinked
 * file where there is none, and only when all of it is there the other places
 * get it.  With a filter it goes to an unlinked file, and what comes out of
 * the filter to all of the places.  A batch becomes durable by one syncfs(2), visible by renames,
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
#include "deliver.h"
#include "file.h"
#include "limit.h"
#include "os.h"
#include "trace.h"

enum { OUT = 1 << 17, BYTES = 32 << 20 };	/* BYTES: of a batch */

/* What files in Maildirs are called, with 32 digits behind it. */
#define PREFIX "mailfetch."

/* ---- after a crash ---- */

struct scan {
	struct deliver *deliver;
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
	struct deliver *d = s->deliver;
	struct known k = { .place = s->place };
	char hex[40];
	unsigned long long a, b;

	name = str_from(name, strlen(PREFIX));
	if (name.n != 32)
		return;
	snprintf(hex, sizeof hex, "%.*s", STR_ARG(name));
	b = strtoull(hex + 16, NULL, 16);
	hex[16] = '\0';
	a = strtoull(hex, NULL, 16);
	k.key = (struct key){ a, b };
	if (d->nknown == d->known_cap) {
		d->known_cap = d->known_cap > 0 ? 2 * d->known_cap : 1024;
		d->known = mem_grow(d->known, d->known_cap, sizeof *d->known);
	}
	d->known[d->nknown++] = k;
}

static bool
known(const struct deliver *d, struct key key, size_t place)
{
	struct known k = { key, place };

	return d->nknown > 0 && bsearch(&k, d->known, d->nknown, sizeof k,
	    by_key) != NULL;
}

bool
deliver_known(const struct deliver *d, struct key key)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (!place_files(&d->place[i]) || !known(d, key, i))
			return false;
	return d->places > 0;
}

/* ---- opening ---- */

static int
open_places(struct deliver *d)
{
	size_t i;

	d->places = d->h.o->to.deliver.n;
	if (d->places > DELIVER_PLACES)
		return fail(d->h.e, EX_USAGE, "more than 32 places to deliver to");
	d->place = arena_new(d->h.arena, d->places, sizeof *d->place);
	for (i = 0; i < d->places; i++)
		if (place_parse(&d->place[i], d->h.o->to.deliver.v[i],
		    &d->h) < 0)
			return -1;
	for (i = 0; i < d->places; i++) {
		if (place_open(&d->place[i], &d->h) < 0)
			return -1;
		d->single |= place_single(&d->place[i]);
		if (place_files(&d->place[i]) && d->h.maildir == NULL)
			d->h.maildir = d->place[i].name;
	}
	return 0;
}

void
deliver_init(struct deliver *d, const struct handed *h)
{
	*d = (struct deliver){ .h = *h, .spool = -1, .filter.out = -1 };
	d->h.file = -1;
}

int
deliver_open(struct deliver *d)
{
	struct scan s = { .deliver = d };

	d->out = arena_new(d->h.arena, 1, OUT);
	d->batch = arena_new(d->h.arena, DELIVER_BATCH, sizeof *d->batch);
	if (d->h.o->to.filter != NULL && filter_parse(&d->filter, &d->h) < 0)
		return -1;
	if (open_places(d) < 0)
		return -1;
	if (!d->h.state->dirty && !d->h.state->fresh)
		return 0;
	for (s.place = 0; s.place < d->places; s.place++)
		if (place_files(&d->place[s.place]) &&
		    maildir_scan(&d->place[s.place].maildir, PREFIX,
		    remember, &s, d->h.e) < 0)
			return -1;
	if (d->nknown > 0)
		qsort(d->known, d->nknown, sizeof *d->known, by_key);
	return 0;
}

void
deliver_box(const struct deliver *d, struct sandbox *box)
{
	size_t i, more = 0;

	for (i = 0; i < d->places; i++) {
		place_box(&d->place[i], box);
		if (place_temps(&d->place[i]) > more)
			more = place_temps(&d->place[i]);
	}
	if (d->h.o->to.filter != NULL) {
		filter_box(&d->filter);
		more++;
	}
	file_temp_keep((d->places > 0) + more, box);
}

bool
deliver_doubtful(const struct deliver *d, struct key k)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (place_doubtful(&d->place[i]) && state_find(d->h.state,
		    state_mix(k, str_of(d->place[i].name)), STATE_DOUBT) !=
		    NULL)
			return true;
	return false;
}

/* ---- one message ---- */

static bool
has(struct deliver *d, size_t i)
{
	return state_find(d->h.state, state_mix(d->h.now.key,
	    str_of(d->place[i].name)), STATE_DONE) != NULL;
}

static int
spool(struct deliver *d)
{
	if (d->spool < 0 && (d->spool = file_temp(d->h.e)) < 0)
		return -1;
	if (ftruncate(d->spool, 0) < 0 || lseek(d->spool, 0, SEEK_SET) < 0)
		return fail_sys(d->h.e, EX_IOERR, "temporary file");
	d->h.file = d->spool;
	return 0;
}

/* In the Maildirs that want it. */
static int
begin_files(struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->places; i++) {
		if (!place_files(&d->place[i]) || has(d, i) ||
		    known(d, d->h.now.key, i))
			continue;
		d->fd[i] = maildir_begin(&d->place[i].maildir, d->h.name,
		    d->h.e);
		if (d->fd[i] < 0)
			return -1;
		if (d->h.file < 0)
			d->h.file = d->fd[i];
	}
	return 0;
}

int
deliver_begin(struct deliver *d, const struct message *m)
{
	size_t i;

	d->h.now = *m;
	d->h.size = 0;
	d->fill = 0;
	d->cr = false;
	d->h.file = -1;
	snprintf(d->h.name, sizeof d->h.name, PREFIX "%016llx%016llx",
	    (unsigned long long)m->key.a, (unsigned long long)m->key.b);
	for (i = 0; i < DELIVER_PLACES; i++)
		d->fd[i] = -1;
	if (d->h.o->to.filter == NULL && begin_files(d) < 0)
		return -1;
	return d->h.file >= 0 ? 0 : spool(d);
}

static int
flush(struct deliver *d, struct err *e)
{
	if (d->fill > 0 && file_write(d->h.file, d->out, d->fill, e) < 0)
		return -1;
	d->h.size += d->fill;
	d->fill = 0;
	return 0;
}

/* CRLF becomes LF; a CR on its own stays. */
int
deliver_put(void *to, const void *data, size_t n, struct err *e)
{
	struct deliver *d = to;
	const char *p = data, *cr;
	size_t some;

	while (n > 0) {
		if (OUT - d->fill < 2 && flush(d, e) < 0)
			return -1;
		if (d->cr) {
			d->cr = false;
			if (*p != '\n')
				d->out[d->fill++] = '\r';
		}
		some = n < OUT - d->fill - 1 ? n : OUT - d->fill - 1;
		cr = memchr(p, '\r', some);
		if (cr != NULL)
			some = (size_t)(cr - p);
		memcpy(d->out + d->fill, p, some);
		d->fill += some;
		d->cr = cr != NULL;
		some += cr != NULL;
		p += some;
		n -= some;
	}
	return 0;
}

void
deliver_abort(struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->places; i++) {
		if (d->fd[i] < 0)
			continue;
		close(d->fd[i]);
		d->fd[i] = -1;
		maildir_abort(&d->place[i].maildir, d->h.name);
	}
	d->h.file = -1;
}

uint64_t
deliver_most(const struct deliver *d, const struct message *m)
{
	if (d->h.o->which.max_size > 0)
		return d->h.o->which.max_size;
	return m->size > 0 ? LIMIT_ANNOUNCED(m->size) : LIMIT_LITERAL;
}

const char *
deliver_over(const struct deliver *d, const struct message *m,
    char why[DELIVER_WHY])
{
	snprintf(why, DELIVER_WHY, "longer than the %llu bytes %s: it stays on the server",
	    (unsigned long long)deliver_most(d, m),
	    d->h.o->which.max_size > 0 ? "of --max-size" : "it can have by what the server announced");
	return why;
}

void
deliver_date(struct deliver *d, time_t date)
{
	d->h.now.date = date;
}

static int
finish_file(struct deliver *d, int fd)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT },
	    { .tv_sec = d->h.now.date } };

	if (d->h.now.date > 0)
		futimens(fd, t);
	/* Begun now, while the next ones come: the batch's sync finds little. */
	if (os_sync_begin(fd) < 0) {
		fail_sys(d->h.e, EX_IOERR, "sync");
		close(fd);
		return -1;
	}
	return close(fd) < 0 ? fail_sys(d->h.e, EX_IOERR, "close") : 0;
}

static int
copy(struct deliver *d, int to)
{
	char some[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = file_pread(d->h.file, some, sizeof some, at, d->h.e)) > 0) {
		if (file_write(to, some, (size_t)n, d->h.e) < 0)
			return -1;
		at += n;
	}
	return n < 0 ? -1 : 0;
}

/* The other Maildirs' copies, then all of the files are complete. */
static int
finish_files(struct deliver *d, uint32_t *mask)
{
	size_t i;
	int fd, got = 0;

	for (i = 0; i < d->places; i++)
		if (d->fd[i] >= 0 && d->fd[i] != d->h.file &&
		    copy(d, d->fd[i]) < 0)
			return -1;
	for (i = 0; i < d->places; i++) {
		if ((fd = d->fd[i]) < 0)
			continue;
		*mask |= 1u << i;
		d->fd[i] = -1;
		if (finish_file(d, fd) < 0)
			got = -1;
	}
	return got;
}

static void
pend(struct deliver *d, struct key key, uint32_t maildirs)
{
	struct pending *p = &d->batch[d->n++];

	*p = (struct pending){ .key = key, .maildirs = maildirs };
	if (maildirs != 0)
		memcpy(p->name, d->h.name, sizeof p->name);
}

/* Each place in turn; *taken says who has it. */
static int
give(struct deliver *d, uint32_t *taken)
{
	int got, worst = 0;
	size_t i;

	for (i = 0; i < d->places; i++) {
		if (place_files(&d->place[i]) || has(d, i)) {
			*taken |= 1u << i;
			continue;
		}
		got = place_give(&d->place[i], &d->h);
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
pend_some(struct deliver *d, uint32_t taken, uint32_t files)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if ((taken & 1u << i) != 0 && !has(d, i))
			pend(d, state_mix(d->h.now.key,
			    str_of(d->place[i].name)), files & 1u << i);
}

/* All of it is here: a filter_fate, or -1. */
static int
complete(struct deliver *d)
{
	int got;

	if (d->cr)
		d->out[d->fill++] = '\r';
	if (flush(d, d->h.e) < 0)
		return -1;
	if (d->h.o->to.filter == NULL)
		return FILTER_PASSED;
	got = filter_run(&d->filter, &d->h);
	return got == FILTER_PASSED && begin_files(d) < 0 ? -1 : got;
}

/* It goes to no place. */
static int
filtered(struct deliver *d, enum filter_fate fate)
{
	switch (fate) {
	case FILTER_LEFT:
		d->h.count->kept++;
		return 1;
	case FILTER_DROPPED:
		d->h.count->dropped++;
		pend(d, d->h.now.key, 0);
		return d->single || d->n + d->places >= DELIVER_BATCH ?
		    deliver_commit(d) : 0;
	case FILTER_PASSED:
		break;
	}
	return 0;
}

int
deliver_end(struct deliver *d)
{
	uint32_t taken = 0, files = 0;
	int got = complete(d);

	if (got > FILTER_PASSED)
		return filtered(d, (enum filter_fate)got);
	if (got < 0 || (got = give(d, &taken)) < 0 ||
	    finish_files(d, &files) < 0) {
		deliver_abort(d);
		return -1;
	}
	if (got == 0) {
		pend(d, d->h.now.key, files);
		d->h.count->fetched++;
		d->h.count->bytes += d->h.size;
	} else {
		pend_some(d, taken, files);
		d->h.count->kept++;
	}
	d->bytes += d->h.size;
	if (d->single || d->n + d->places >= DELIVER_BATCH ||
	    d->bytes >= BYTES)
		return deliver_commit(d) < 0 ? -1 : got;
	return got;
}

/* ---- the batch ---- */

/* "A run has begun": durable with the batch's data, before any rename. */
static int
mark(struct deliver *d)
{
	size_t i;
	bool maildir = false;

	for (i = 0; i < d->places; i++)
		maildir |= place_files(&d->place[i]);
	if (d->marked || !maildir)
		return 0;
	if (state_put(d->h.state, STATE_DIRTY, (struct key){ 0, 0 }, 0,
	    d->h.e) < 0 || state_sync(d->h.state, d->h.e) < 0)
		return -1;
	d->marked = true;
	return 0;
}

static int
publish(struct deliver *d)
{
	size_t i, k;

	for (k = 0; k < d->n; k++)
		for (i = 0; i < d->places; i++)
			if ((d->batch[k].maildirs & 1u << i) != 0 &&
			    maildir_publish(&d->place[i].maildir,
			    d->batch[k].name, NULL, d->h.e) < 0)
				return -1;
	return 0;
}

static int
record(struct deliver *d)
{
	uint32_t today = state_today();
	size_t i, k;

	state_group(d->h.state);
	for (k = 0; k < d->n; k++)
		if (state_put(d->h.state, STATE_DONE, d->batch[k].key, today,
		    d->h.e) < 0)
			return -1;
	for (i = 0; i < d->places; i++)
		if (place_record(&d->place[i], &d->h) < 0)
			return -1;
	return state_commit(d->h.state, d->h.e);
}

int
deliver_commit(struct deliver *d)
{
	size_t i;
	int got = 0;

	if (d->n == 0)
		return 0;
	if (mark(d) < 0)
		return -1;
	for (i = 0; i < d->places; i++)
		if (place_sync(&d->place[i], &d->h) < 0)
			return -1;
	if (publish(d) < 0)
		return -1;
	for (i = 0; i < d->places; i++)
		if (place_settle(&d->place[i], &d->h) < 0)
			return -1;
	if (record(d) < 0)
		return -1;
	mem_stake(NULL);
	for (i = 0; i < d->places; i++)
		trace_note(TRACE_DONE, "%s: delivered %zu to %s", d->h.o->title,
		    d->n, d->place[i].name);
	d->n = 0;
	d->bytes = 0;
	for (i = 0; i < d->places; i++)
		if (place_release(&d->place[i], &d->h) < 0)
			got = -1;
	return got;
}

/* What could not be committed does not stay in tmp/: a disk may be full. */
static void
drop(struct deliver *d)
{
	size_t i, k;

	for (k = 0; k < d->n; k++)
		for (i = 0; i < d->places; i++)
			if ((d->batch[k].maildirs & 1u << i) != 0)
				maildir_abort(&d->place[i].maildir,
				    d->batch[k].name);
	d->n = 0;
}

int
deliver_close(struct deliver *d, struct err *e)
{
	int got = 0;
	size_t i;

	d->h.e = e;
	if (d->h.file >= 0)
		deliver_abort(d);
	if (d->n > 0 && (got = deliver_commit(d)) < 0)
		drop(d);
	for (i = 0; i < d->places; i++)
		place_close(&d->place[i], &d->h);
	if (d->spool >= 0)
		close(d->spool);
	filter_close(&d->filter);
	free(d->known);
	return got;
}
