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
#include "hand.h"
#include "limit.h"
#include "os.h"
#include "search.h"
#include "trace.h"

enum { OUT = 1 << 17, BYTES = 32 << 20 };	/* BYTES: of a batch */

/* What commands left running that has the file of its message still open. */
enum { STRAYS = 5 };

/*
 * What files in Maildirs are called: SECONDS.NMICROSECONDS.KEY.HOST, KEY being
 * 32 digits: they sort as they came, and say which message they are.  Earlier
 * versions said mailfetch.KEY.
 */
enum { KEY_DIGITS = 32 };

/* ---- after a crash ---- */

struct scan {
	struct deliver *deliver;
	size_t place;
	uint64_t since;		/* the second in which it began */
};

static int
known_by_key(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof x->key);
}

static bool
key_of(struct str hex, struct key *to)
{
	char half[2][KEY_DIGITS / 2 + 1] = { "", "" };
	size_t i;

	if (hex.n != KEY_DIGITS)
		return false;
	for (i = 0; i < hex.n; i++)
		if (strchr("0123456789abcdef", hex.p[i]) == NULL)
			return false;
	memcpy(half[0], hex.p, KEY_DIGITS / 2);
	memcpy(half[1], hex.p + KEY_DIGITS / 2, KEY_DIGITS / 2);
	*to = (struct key){ strtoull(half[0], NULL, 16),
	    strtoull(half[1], NULL, 16) };
	return true;
}

/* Of a file of ours: which message, and since when it is here (or 0). */
static bool
ours(const char *file, struct key *key, uint64_t *second)
{
	struct str rest = str_of(file), name = str_cut(&rest, ':'), first;

	*second = 0;
	first = str_cut(&name, '.');
	if (str_is(first, "mailfetch"))
		return key_of(str_cut(&name, '~'), key);
	if (str_num(first, UINT32_MAX, second) < 0 ||
	    str_cut(&name, '.').n == 0)
		return false;
	return key_of(str_cut(&name, '.'), key);
}

static void
remember_file(void *to, enum maildir_folder folder, const char *file)
{
	struct scan *s = to;
	struct deliver *d = s->deliver;
	struct known k = { .place = s->place, .cur = folder == MAILDIR_CUR };
	uint64_t second, sum;

	if (!ours(file, &k.key, &second) || (second < s->since &&
	    !ledger_is_going(d->h.ledger, k.key, &sum)))
		return;
	k.file = arena_dup(d->h.arena, str_of(file));
	if (d->nknown == d->known_cap) {
		d->known_cap = d->known_cap > 0 ? 2 * d->known_cap : 1024;
		d->known = mem_grow(d->known, d->known_cap, sizeof *d->known);
	}
	d->known[d->nknown++] = k;
}

/*
 * What an interrupted run left in a Maildir, if this run cannot know that from
 * its state.  What is older than that run is of another message, whatever the
 * server calls it; but for one of which nobody knows whether it was deleted.
 */
static int
find_known(struct deliver *d)
{
	const struct state *st = d->h.state;
	const struct entry *at = state_find(st, (struct key){ 0, 0 },
	    STATE_DIRTY);
	bool lost = st->head == STATE_HEAD_NONE || st->lost > 0;
	struct scan s = { .deliver = d, .since = at != NULL ? at->day :
	    UINT64_MAX };

	if (lost)
		s.since = 0;
	else if (!st->dirty && !ledger_any_going(d->h.ledger))
		return 0;
	for (s.place = 0; s.place < d->places; s.place++)
		if (place_files(&d->place[s.place]) &&
		    maildir_scan(&d->place[s.place].maildir, remember_file, &s,
		    d->h.e) < 0)
			return -1;
	if (d->nknown == 0)
		return 0;
	qsort(d->known, d->nknown, sizeof *d->known, known_by_key);
	if (!st->dirty && !lost)
		return 0;
	if (!st->dirty && state_put(d->h.state, STATE_DIRTY,
	    (struct key){ 0, 0 }, 0, d->h.e) < 0)
		return -1;
	d->h.state->dirty = true;
	return 0;
}

/* Is a file that an interrupted run left still nobody's? */
static bool
unsure_of(const struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->nknown; i++)
		if (!ledger_has(d->h.ledger, d->known[i].key,
		    d->place[d->known[i].place].number))
			return true;
	return false;
}

/* Is the message under way, which is complete, in this Maildir already? */
static bool
is_there(struct deliver *d, size_t place)
{
	struct known want = { .key = d->h.now.key }, *at;
	size_t i = search_lower(&want, d->known, d->nknown, sizeof want,
	    known_by_key);

	for (; i < d->nknown && known_by_key(&d->known[i], &want) == 0; i++) {
		at = &d->known[i];
		if (at->place == place && maildir_holds(
		    &d->place[place].maildir, at->cur ? MAILDIR_CUR :
		    MAILDIR_NEW, at->file, d->h.name))
			return true;
	}
	return false;
}

/* ---- opening ---- */

/* A place twice would be in its own way: its files and its locks. */
static int
refuse_twice(struct deliver *d, size_t n)
{
	const struct opt_list *to = &d->h.o->to.deliver;
	struct str name = place_known_as(d->h.arena, to->v[n]);
	size_t i;

	for (i = 0; i < n; i++)
		if (str_eq(name, place_known_as(d->h.arena, to->v[i])) ||
		    place_same_file(&d->place[n], &d->place[i]))
			return fail(d->h.e, EX_USAGE, "--deliver %s and --deliver %s are one place",
			    to->v[i], to->v[n]);
	return 0;
}

static int
parse_places(struct deliver *d)
{
	const struct options *o = d->h.o;
	bool all_files = true;
	size_t i;

	d->places = o->to.deliver.n;
	d->place = arena_new(d->h.arena, d->places, sizeof *d->place);
	for (i = 0; i < d->places; i++) {
		if (place_parse(&d->place[i], o->to.deliver.v[i], &d->h) < 0 ||
		    refuse_twice(d, i) < 0)
			return -1;
		all_files &= place_files(&d->place[i]);
	}
	if (d->h.state->lost > 0 && !all_files)
		return fail(d->h.e, EX_CONFIG, "%s: damaged: what was delivered to other places than Maildirs cannot be found out. Remove it, and mail that is still on the server comes again", d->h.state->path);
	return 0;
}

static int
begin_state(struct deliver *d)
{
	struct state *s = d->h.state;

	if (state_begin(s, d->h.e) < 0)
		return -1;
	if (!s->look && (s->lost > 0 || s->head == STATE_HEAD_LOST))
		fail_print("%s: damaged: kept as %s.damaged, and made anew from what is left",
		    s->path, s->path);
	return 0;
}

/* The ledger's numbers, in the order of the places. */
static int
number_places(struct deliver *d)
{
	const struct options *o = d->h.o;
	struct ledger_place v[LEDGER_PLACES];
	size_t i;

	for (i = 0; i < d->places && i < LEDGER_PLACES; i++)
		v[i] = (struct ledger_place){ .name = place_known_as(
		    d->h.arena, o->to.deliver.v[i]), .of = o->to.of };
	if (ledger_open(d->h.ledger, d->h.state, v, d->places, d->h.e) < 0)
		return -1;
	for (i = 0; i < d->places; i++)
		d->place[i].number = v[i].number;
	for (i = 0; i < d->h.state->n && !d->old; i++)
		d->old = d->h.state->v[i].kind == STATE_SEEN &&
		    d->h.state->v[i].places == STATE_ALL;
	return 0;
}

static int
open_places(struct deliver *d)
{
	size_t i;

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
	d->out = arena_new(d->h.arena, 1, OUT);
	d->batch = arena_new(d->h.arena, DELIVER_BATCH, sizeof *d->batch);
	if (d->h.o->to.filter != NULL && filter_parse(&d->filter, &d->h) < 0)
		return -1;
	maildir_host(d->host);
	return parse_places(d) < 0 || begin_state(d) < 0 ||
	    number_places(d) < 0 || open_places(d) < 0 || find_known(d) < 0 ?
	    -1 : 0;
}

void
deliver_box(const struct deliver *d, struct sandbox *box)
{
	size_t i, more = d->single ? STRAYS : 0;

	for (i = 0; i < d->places; i++) {
		place_box(&d->place[i], box);
		more += place_temps(&d->place[i]);
	}
	if (d->h.o->to.filter != NULL) {
		filter_box(&d->filter);
		more += 1 + STRAYS;
	}
	file_temp_keep((d->places > 0) + more, box);
}

/* ---- one message ---- */

/* Is this place, by its index, to get it? */
static bool
lacks(const struct deliver *d, size_t i)
{
	return (d->lacks & (uint32_t)1 << d->place[i].number) != 0;
}

/*
 * Version 1 of the state has what some places took, and others did not, by the
 * name of the place: that is made ours.
 */
static int
take_over(struct deliver *d, struct key k)
{
	size_t i;

	for (i = 0; i < d->places && d->old; i++) {
		struct key was = state_mix(k, str_of(d->place[i].name));

		if (lacks(d, i) && state_find(d->h.state, was,
		    STATE_SEEN) != NULL && (ledger_seen(d->h.ledger, k,
		    (uint32_t)1 << d->place[i].number, d->h.e) < 0 ||
		    state_drop(d->h.state, was, STATE_SEEN, d->h.e) < 0))
			return -1;
	}
	d->lacks = ledger_lacks(d->h.ledger, k);
	return 0;
}

int
deliver_wants(struct deliver *d, struct key k)
{
	bool doubtful = false;
	size_t i;

	d->lacks = ledger_lacks(d->h.ledger, k);
	if (d->old && d->lacks != 0 && take_over(d, k) < 0)
		return -1;
	for (i = 0; i < d->places && d->lacks != 0; i++) {
		if (!place_doubtful(&d->place[i]) || !lacks(d, i) ||
		    !hand_doubtful(&d->place[i], &d->h, k))
			continue;
		doubtful = true;
		if (d->h.o->to.in_doubt == DOUBT_SKIP && (ledger_seen(d->h.ledger, k,
		    (uint32_t)1 << d->place[i].number, d->h.e) < 0 ||
		    hand_over(&d->place[i], &d->h, k) < 0))
			return -1;
	}
	d->h.count->doubt += doubtful;
	return ledger_lacks(d->h.ledger, k) != 0;
}

/* One for each message: a command may have left somebody who reads the last. */
static int
spool(struct deliver *d)
{
	if ((d->spool = file_temp_next(d->spool, d->h.e)) < 0)
		return -1;
	d->h.file = d->spool;
	return 0;
}

/* Later than the one before, whatever the clock does. */
static void
name_file(struct deliver *d)
{
	int64_t now = clock_wall_us();

	d->stamp = now > d->stamp ? now : d->stamp + 1;
	if (d->first == 0)
		d->first = d->stamp;
	snprintf(d->h.name, sizeof d->h.name,
	    "%lld.N%06d.%016llx%016llx.%.48s", (long long)d->stamp / 1000000,
	    (int)(d->stamp % 1000000), (unsigned long long)d->h.now.key.a,
	    (unsigned long long)d->h.now.key.b, d->host);
}

/* In the Maildirs that are to get it. */
static int
begin_files(struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->places; i++) {
		if (!place_files(&d->place[i]) || !lacks(d, i))
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
	d->handed = false;
	d->h.file = -1;
	d->lacks = ledger_lacks(d->h.ledger, m->key);
	name_file(d);
	for (i = 0; i < LEDGER_PLACES; i++)
		d->fd[i] = -1;
	if (d->h.o->to.filter == NULL && begin_files(d) < 0)
		return -1;
	return d->h.file >= 0 ? 0 : spool(d);
}

static int
flush_out(struct deliver *d, struct err *e)
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
		if (OUT - d->fill < 2 && flush_out(d, e) < 0)
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

uint64_t
deliver_came(const struct deliver *d)
{
	return d->h.size + d->fill + d->cr;
}

void
deliver_date(struct deliver *d, time_t date)
{
	d->h.now.date = date;
}

void
deliver_flags(struct deliver *d, const char *flags)
{
	d->h.now.flags = flags;
}

bool
deliver_wants_flags(const struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (place_flags(&d->place[i]))
			return true;
	return false;
}

bool
deliver_into(const struct deliver *d, struct str folder)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (place_is_folder(&d->place[i], &d->h.o->account, folder))
			return true;
	return false;
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
copy_to_file(struct deliver *d, int to)
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

/*
 * The other Maildirs' copies, then all of the files are complete.  Those that
 * an earlier run made visible are not made again.
 */
static int
finish_files(struct deliver *d, uint32_t *mask)
{
	size_t i;
	int fd, got = 0;

	for (i = 0; i < d->places; i++)
		if (d->fd[i] >= 0 && d->fd[i] != d->h.file &&
		    copy_to_file(d, d->fd[i]) < 0)
			return -1;
	for (i = 0; i < d->places; i++) {
		if ((fd = d->fd[i]) < 0)
			continue;
		d->fd[i] = -1;
		if (finish_file(d, fd) < 0)
			got = -1;
		else if (is_there(d, i))
			maildir_abort(&d->place[i].maildir, d->h.name);
		else
			*mask |= (uint32_t)1 << i;
	}
	return got;
}

/*
 * It cannot be taken back from this place: that is in the state whatever
 * becomes of the others, or a place that fails has it given here again and
 * again.
 */
static int
record_accepted(struct deliver *d, struct place *p)
{
	state_group(d->h.state);
	if (ledger_done(d->h.ledger, d->h.now.key, (uint32_t)1 << p->number,
	    d->h.e) < 0 || place_record(p, &d->h) < 0 ||
	    state_commit(d->h.state, d->h.e) < 0)
		return -1;
	mem_stake(NULL);
	return 0;
}

/* Each place in turn; *taken says who has it, as the ledger's bits. */
static int
give(struct deliver *d, uint32_t *taken)
{
	int got, worst = 0;
	size_t i;

	for (i = 0; i < d->places; i++) {
		if (!lacks(d, i))
			continue;
		got = place_files(&d->place[i]) ? 0 :
		    place_give(&d->place[i], &d->h);
		if (got < 0)
			return -1;
		d->handed |= !place_files(&d->place[i]);
		if (got == 0 && place_single(&d->place[i]) &&
		    record_accepted(d, &d->place[i]) < 0)
			return -1;
		if (got == 0)
			*taken |= (uint32_t)1 << d->place[i].number;
		worst |= got;
	}
	return worst;
}

/* All of it is here: a filter_fate, or -1. */
static int
complete(struct deliver *d)
{
	int got;

	if (d->cr)
		d->out[d->fill++] = '\r';
	if (flush_out(d, d->h.e) < 0)
		return -1;
	if (d->h.o->to.filter == NULL)
		return FILTER_PASSED;
	got = filter_run(&d->filter, &d->h);
	return got == FILTER_PASSED && begin_files(d) < 0 ? -1 : got;
}

/* What it was given to is recorded when the batch is durable. */
static int
pend(struct deliver *d, struct pending *p)
{
	memcpy(p->name, d->h.name, sizeof p->name);
	if (p->done != 0)
		d->batch[d->n++] = *p;
	d->bytes += d->h.size;
	return d->single || d->n == DELIVER_BATCH || d->bytes >= BYTES ?
	    deliver_commit(d) : 0;
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
		return pend(d, &(struct pending){ .key = d->h.now.key,
		    .done = d->lacks });
	case FILTER_PASSED:
		break;
	}
	return 0;
}

int
deliver_end(struct deliver *d)
{
	struct pending p = { .key = d->h.now.key };
	int got = complete(d);

	if (got > FILTER_PASSED)
		return filtered(d, (enum filter_fate)got);
	if (got < 0 || (got = give(d, &p.done)) < 0 ||
	    finish_files(d, &p.maildirs) < 0) {
		deliver_abort(d);
		return -1;
	}
	d->h.file = -1;
	if (got == 0 && (p.maildirs != 0 || d->handed)) {
		d->h.count->fetched++;
		d->h.count->bytes += d->h.size;
		p.counted = true;
		p.size = d->h.size;
	}
	d->h.count->kept += got > 0;
	return pend(d, &p) < 0 ? -1 : got;
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
	if (!d->h.state->dirty && state_put(d->h.state, STATE_DIRTY,
	    (struct key){ 0, 0 }, (uint32_t)(d->first / 1000000), d->h.e) < 0)
		return -1;
	if (state_sync(d->h.state, d->h.e) < 0)
		return -1;
	d->marked = true;
	return 0;
}

/* What is done need not be done again, if this fails and is tried again. */
static int
publish(struct deliver *d)
{
	size_t i, k;

	for (k = 0; k < d->n; k++) {
		struct pending *p = &d->batch[k];

		for (i = 0; i < d->places; i++) {
			if ((p->maildirs & (uint32_t)1 << i) == 0)
				continue;
			if (maildir_publish(&d->place[i].maildir, p->name,
			    NULL, d->h.e) < 0)
				return -1;
			p->maildirs &= ~((uint32_t)1 << i);
		}
	}
	return 0;
}

static int
record_batch(struct deliver *d)
{
	size_t i, k;

	state_group(d->h.state);
	for (k = 0; k < d->n; k++)
		if (d->batch[k].done != 0 && ledger_done(d->h.ledger,
		    d->batch[k].key, d->batch[k].done, d->h.e) < 0)
			return -1;
	for (i = 0; i < d->places; i++)
		if (place_record(&d->place[i], &d->h) < 0)
			return -1;
	return state_commit(d->h.state, d->h.e);
}

/* What a place did not take after all, when the batch was made durable. */
static void
take_back(struct deliver *d)
{
	struct counts *c = d->h.count;
	size_t i, k;

	for (k = 0; k < d->n; k++) {
		struct pending *p = &d->batch[k];

		for (i = 0; i < d->places; i++) {
			uint32_t bit = (uint32_t)1 << d->place[i].number;

			if ((p->done & bit) == 0 ||
			    !place_left(&d->place[i], p->key))
				continue;
			p->done &= ~bit;
			c->fetched -= p->counted;
			c->bytes -= p->counted ? p->size : 0;
			c->kept += p->counted;
			p->counted = false;
		}
	}
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
	take_back(d);
	if (publish(d) < 0)
		return -1;
	for (i = 0; i < d->places; i++)
		if (place_settle(&d->place[i], &d->h) < 0)
			return -1;
	if (record_batch(d) < 0)
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
drop_batch(struct deliver *d)
{
	size_t i, k;

	for (k = 0; k < d->n; k++)
		for (i = 0; i < d->places; i++)
			if ((d->batch[k].maildirs & (uint32_t)1 << i) != 0)
				maildir_abort(&d->place[i].maildir,
				    d->batch[k].name);
	d->n = 0;
}

int
deliver_close(struct deliver *d, bool *unsure, struct err *e)
{
	int got = 0;
	size_t i;

	d->h.e = e;
	if (d->h.file >= 0)
		deliver_abort(d);
	if (d->n > 0 && (got = deliver_commit(d)) < 0)
		drop_batch(d);
	for (i = 0; i < d->places; i++)
		place_close(&d->place[i], &d->h);
	if (d->spool >= 0)
		close(d->spool);
	filter_close(&d->filter);
	*unsure = unsure_of(d);
	free(d->known);
	return got;
}
