/*
 * deliver.c: one message to its places, and batches of them
 *
 * A message is written to the tmp/ of the first Maildir, or to an unlinked
 * file where there is none, and only when all of it is there the other places
 * get it.  With a filter it goes to an unlinked file, and what comes out of
 * the filter to all of the places.  A batch becomes durable by one syncfs(2),
 * visible by renames, durable in that by one fsync(2) of the folder, and then
 * it is recorded.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "added.h"
#include "clock.h"
#include "deliver.h"
#include "digest.h"
#include "file.h"
#include "hand.h"
#include "json.h"
#include "known.h"
#include "limit.h"
#include "os.h"
#include "process.h"
#include "trace.h"

enum { BYTES = 32 << 20 };		/* of a batch */

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

/* What is delivered is not what came. */
static bool
alters(const struct deliver *d)
{
	return d->h.o->to.filter != NULL || added_any(d->h.o);
}

/*
 * What a filter gives, or has the time in front, need not be the same a second
 * time: by the digest of what came a file is known again.
 */
static void
write_name(struct deliver *d)
{
	char sum[20] = "";

	if (alters(d) && d->h.now.sum != 0)
		snprintf(sum, sizeof sum, "-%016llx",
		    (unsigned long long)d->h.now.sum);
	snprintf(d->h.name, sizeof d->h.name,
	    "%lld.N%06d.%016llx%016llx%s.%.48s",
	    (long long)d->stamp / 1000000, (int)(d->stamp % 1000000),
	    (unsigned long long)d->h.now.key.a,
	    (unsigned long long)d->h.now.key.b, sum, d->host);
}

/* Later than the one before, whatever the clock does. */
static void
name_file(struct deliver *d)
{
	int64_t now = clock_wall_us();

	d->stamp = now > d->stamp ? now : d->stamp + 1;
	if (d->first == 0)
		d->first = d->stamp;
	write_name(d);
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

uint64_t
deliver_sum(struct deliver *d)
{
	if (d->digest != NULL)
		d->h.now.sum = digest_end_short(d->digest);
	d->digest = NULL;
	return d->h.now.sum;
}

static void
drop_digest(struct deliver *d)
{
	if (d->digest != NULL)
		digest_end_short(d->digest);
	d->digest = NULL;
}

static void
put_added(struct deliver *d)
{
	struct buf b = { .max = 4096 };

	d->h.added = 0;
	if (!added_any(d->h.o))
		return;
	added_fields(&b, &d->h, (time_t)(d->stamp / 1000000), d->host);
	memcpy(d->out, b.p, b.n);
	d->fill = d->h.added = b.n;
	buf_free(&b);
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
	drop_digest(d);
	if (hand_keeps_sums(&d->h) || alters(d) || d->known.n > 0)
		d->digest = digest_new();
	name_file(d);
	for (i = 0; i < LEDGER_PLACES; i++)
		d->fd[i] = -1;
	if (!alters(d) && begin_files(d) < 0)
		return -1;
	if (d->h.file < 0 && spool(d) < 0)
		return -1;
	put_added(d);
	return 0;
}

/* Where the message is written to while it comes. */
static const char *
coming_to(const struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->places; i++)
		if (d->fd[i] == d->h.file)
			return d->place[i].name;
	return "a temporary file";
}

static int
flush_out(struct deliver *d, struct err *e)
{
	if (d->fill > 0 && file_write(d->h.file, d->out, d->fill, e) < 0)
		return fail_in(e, "%s", coming_to(d));
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

	if (d->digest != NULL)
		digest_put(d->digest, data, n);
	while (n > 0) {
		bool after_cr = d->cr;

		if (DELIVER_OUT - d->fill < 2 && flush_out(d, e) < 0)
			return -1;
		if (d->cr) {
			d->cr = false;
			if (*p != '\n')
				d->out[d->fill++] = '\r';
		}
		some = n < DELIVER_OUT - d->fill - 1 ? n :
		    DELIVER_OUT - d->fill - 1;
		cr = memchr(p, '\r', some);
		if (cr != NULL)
			some = (size_t)(cr - p);
		if (some > 0 && memchr(p + (after_cr && *p == '\n'), '\n',
		    some - (after_cr && *p == '\n')) != NULL)
			d->h.now.bare_lf = true;
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
	snprintf(why, DELIVER_WHY, "longer than the %llu bytes %s",
	    (unsigned long long)deliver_most(d, m),
	    d->h.o->which.max_size > 0 ? "of --max-size" : "it can have by what the server announced");
	return why;
}

uint64_t
deliver_came(const struct deliver *d)
{
	return d->h.size + d->fill + d->cr - d->h.added;
}

void
deliver_part(struct deliver *d)
{
	d->h.now.part = true;
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
	/* Begun now, while the next ones come: the sync finds little. */
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
			return fail_in(d->h.e, "%s", d->place[i].name);
	for (i = 0; i < d->places; i++) {
		if ((fd = d->fd[i]) < 0)
			continue;
		d->fd[i] = -1;
		if (finish_file(d, fd) < 0)
			got = -1;
		else if (known_holds(d, i))
			maildir_abort(&d->place[i].maildir, d->h.name);
		else
			*mask |= (uint32_t)1 << i;
	}
	return got;
}

static uint32_t
announced(const struct deliver *d)
{
	return d->h.now.part ? (uint32_t)d->h.now.size : 0;
}

/* These places have it. */
static int
record_given(struct deliver *d, const struct pending *p)
{
	struct ledger *l = d->h.ledger;

	return ledger_done(l, p->key, p->done, d->h.e) < 0 ||
	    ledger_part(l, p->key, p->announced, d->h.e) < 0 ?
	    -1 : hand_sum_is(&d->h, p->key, p->sum);
}

/*
 * It cannot be taken back from this place: that is in the state whatever
 * becomes of the others, or a place that fails has it given here again and
 * again.
 */
static int
record_accepted(struct deliver *d, struct place *p)
{
	struct pending given = { .key = d->h.now.key,
	    .sum = d->h.now.sum,
	    .done = (uint32_t)1 << p->number,
	    .announced = announced(d) };

	state_group(d->h.state);
	if (record_given(d, &given) < 0 || place_record(p, &d->h) < 0 ||
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

/* Commands are told where it will be, or is since an interrupted run. */
static void
tell_where(struct deliver *d)
{
	size_t i;

	d->h.maildir = d->h.held = NULL;
	for (i = 0; i < d->places && d->h.maildir == NULL; i++) {
		if (!place_files(&d->place[i]) || !lacks(d, i))
			continue;
		d->h.maildir = d->place[i].name;
		if (known_holds(d, i))
			d->h.held = known_file(d, d->h.now.key, i);
	}
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
	deliver_sum(d);
	flags_letters(str_of(d->h.now.flags), d->h.letters);
	if (alters(d))
		write_name(d);
	tell_where(d);
	if (!alters(d))
		return FILTER_PASSED;
	if (d->h.o->to.filter == NULL)
		return begin_files(d) < 0 ? -1 : FILTER_PASSED;
	got = filter_run(&d->filter, &d->h);
	d->h.now.bare_lf = false;	/* a filter's lines all end so */
	return got == FILTER_PASSED && begin_files(d) < 0 ? -1 : got;
}

/* The places it was given to are recorded when the batch is durable. */
static int
pend(struct deliver *d, struct pending *p)
{
	memcpy(p->name, d->h.name, sizeof p->name);
	memcpy(p->letters, d->h.letters, sizeof p->letters);
	p->sum = d->h.now.sum;
	p->shared = d->h.now.shared;
	p->announced = announced(d);
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
		    .dropped = true, .done = d->lacks });
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
	p.size = d->h.size;
	if (got == 0 && (p.maildirs != 0 || d->handed)) {
		d->h.count->fetched++;
		d->h.count->bytes += d->h.size;
		p.counted = true;
	}
	d->h.count->kept += got > 0;
	return pend(d, &p) < 0 ? -1 : got;
}

/* ---- the batch ---- */

/* What is found later under a name of several is told by these. */
static int
note_shared(struct deliver *d, bool *changed)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		if (!d->batch[i].shared)
			continue;
		*changed = true;
		if (hand_sum_is(&d->h, d->batch[i].key, d->batch[i].sum) < 0)
			return -1;
	}
	return 0;
}

/*
 * "A run has begun": durable with the batch's data, before any rename.  One that
 * did not end may have begun later than this one, by a clock that was set back.
 */
static int
mark(struct deliver *d)
{
	const struct entry *at = state_find(d->h.state, (struct key){ 0, 0 },
	    STATE_DIRTY);
	uint32_t second = (uint32_t)(d->first / 1000000);
	bool maildir = false, changed = !d->marked;
	size_t i;

	for (i = 0; i < d->places; i++)
		maildir |= place_files(&d->place[i]);
	if (!maildir)
		return 0;
	if (!d->marked && (at == NULL || at->day > second) &&
	    state_put(d->h.state, STATE_DIRTY, (struct key){ 0, 0 }, second,
	    d->h.e) < 0)
		return -1;
	if (known_mark(d, &changed) < 0 || note_shared(d, &changed) < 0 ||
	    (changed && state_sync(d->h.state, d->h.e) < 0))
		return -1;
	d->marked = true;
	return 0;
}

/*
 * Nothing that is done needs to be done again if this fails and is tried
 * again.
 */
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
			    p->letters[0] != '\0' ? p->letters : NULL,
			    d->h.e) < 0)
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
		if (d->batch[k].done != 0 &&
		    record_given(d, &d->batch[k]) < 0)
			return -1;
	for (i = 0; i < d->places; i++)
		if (place_record(&d->place[i], &d->h) < 0)
			return -1;
	return state_commit(d->h.state, d->h.e);
}

/*
 * Messages that a place did not take after all, when the batch was made
 * durable.
 */
static void
take_back_batch(struct deliver *d)
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

/* One message in one place, or dropped; as imapsync -j has what it did. */
static void
tell_one(struct deliver *d, const struct pending *p, size_t place)
{
	const char *path = place_path(&d->place[place]);
	const char *held = known_file(d, p->key, place);
	bool fresh = p->letters[0] == '\0';
	struct buf b = { .max = 1 << 16 }, file = { .max = 4096 };
	struct json j = { .out = &b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "event", "done");
	json_s(&j, "account", d->h.o->title);
	if (d->h.now.folder != NULL)
		json_s(&j, "box", d->h.now.folder);
	json_s(&j, "act", p->dropped ? "drop" : "fetch");
	if (d->h.now.folder != NULL)
		json_int(&j, "uid", (int64_t)p->key.b);
	if (!p->dropped) {
		json_int(&j, "size", (int64_t)p->size);
		json_s(&j, "place", d->h.o->to.deliver.v[place]);
	}
	if (!p->dropped && path != NULL) {
		buf_s(&file, path);
		if (held != NULL)
			buf_printf(&file, "/%s", held);
		else if (place_files(&d->place[place]))
			buf_printf(&file, "/%s/%s%s%s", fresh ? "new" : "cur",
			    p->name, fresh ? "" : ":2,", p->letters);
		json_str(&j, "path", BUF_STR(file));
	}
	json_close(&j, '}');
	hook_event(&d->hook, BUF_STR(b));
	buf_free(&file);
	buf_free(&b);
}

static void
tell_batch(struct deliver *d)
{
	size_t i, k;

	for (k = 0; k < d->n && d->hook.command.argv != NULL; k++)
		for (i = 0; i < d->places; i++)
			if ((d->batch[k].done & (uint32_t)1 <<
			    d->place[i].number) != 0 || d->batch[k].dropped) {
				tell_one(d, &d->batch[k], i);
				if (d->batch[k].dropped)
					break;
			}
}

/* What was delivered stays so, whatever becomes of who is told. */
static void
run_hook(struct deliver *d)
{
	struct err e = { 0 };

	if (hook_run(&d->hook, &e) == 0)
		return;
	complain_say(&d->h.p->complain, e.code, "--on-change", "%s: %s", d->h.o->title,
	    e.msg);
	d->h.count->hook = fail_worse(d->h.count->hook, e.code);
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
	take_back_batch(d);
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
	tell_batch(d);
	d->n = 0;
	d->bytes = 0;
	for (i = 0; i < d->places; i++)
		if (place_release(&d->place[i], &d->h) < 0)
			got = -1;
	run_hook(d);
	return got;
}

/* Nothing that could not be committed stays in tmp/: a disk may be full. */
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
deliver_close(struct deliver *d, struct err *e)
{
	int got = 0;
	size_t i;

	d->h.e = e;
	if (d->h.file >= 0)
		deliver_abort(d);
	drop_digest(d);
	if (d->n > 0 && (got = deliver_commit(d)) < 0)
		drop_batch(d);
	for (i = 0; i < d->places; i++)
		place_close(&d->place[i], &d->h);
	if (d->spool >= 0)
		close(d->spool);
	filter_close(&d->filter);
	hook_close(&d->hook);
	return got;
}
