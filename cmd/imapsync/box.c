/*
 * box.c: one mailbox: found by its name, closed, and what is known of it there
 *
 * Messages on the server that have changed stand in an array by UID.  Of new
 * ones there may be millions, or a server may claim so: of each there is no
 * more than its UID, until it has said who it is.
 */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "search.h"

int
box_order(const void *a, const void *b)
{
	const struct box *x = a, *y = b;
	bool ix = strcmp(x->name, "INBOX") == 0;
	bool iy = strcmp(y->name, "INBOX") == 0;

	return ix != iy ? iy - ix : strcmp(x->name, y->name);
}

struct box *
box_named(struct run *r, const char *name)
{
	struct box key = { .name = name };
	size_t at = search_exact(&key, r->boxes, r->nboxes, sizeof key,
	    box_order);

	return at < r->nboxes ? &r->boxes[at] : NULL;
}

struct entry *
box_entry(const struct box *b)
{
	return index_find(&b->run->index, str_of(b->name));
}

bool
box_open(const struct box *b)
{
	return b->phase >= BOX_OPEN;
}

bool
box_busy(const struct box *b)
{
	return box_open(b) && !box_failed(b);
}

/* ---- what became of it ---- */

void
box_outcome(struct box *b, enum outcome now)
{
	enum outcome was = atomic_load(&b->outcome);

	while (was < now &&
	    !atomic_compare_exchange_weak(&b->outcome, &was, now))
		;
}

bool
box_failed(const struct box *b)
{
	return atomic_load(&b->outcome) >= BOX_FAILED;
}

void
box_again(struct box *b, enum again why)
{
	if (b->again == AGAIN_NOT)
		b->again = why;
}

/* ---- the end of it ---- */

void
box_forget(struct box *b)
{
	free(b->far.v);
	free(b->far.fresh.v);
	free(b->far.gone.v);
	free(b->inside.v);
	free(b->near.file_of);
	free(b->near.rec_of);
	free(b->pairs.v);
	plan_free(b->plan);
	b->far.v = NULL;
	b->far.fresh = b->far.gone = (struct imap_uids){ 0 };
	b->near.file_of = b->near.rec_of = NULL;
	b->pairs = (struct pairs){ 0 };
	b->inside = (struct imap_uids){ 0 };
	b->windowed = false;
	b->far.n = b->far.cap = 0;
	b->near.scanned = false;
}

void
box_begin(struct box *b)
{
	b->near.dir = mem_new(1, sizeof *b->near.dir);
	near_dir_none(b->near.dir);
	b->state = mem_new(1, sizeof *b->state);
	b->plan = mem_new(1, sizeof *b->plan);
	b->lock = mem_new(1, sizeof(pthread_mutex_t));
	pthread_mutex_init(b->lock, NULL);
}

/* Frees what box_begin made. */
static void
box_end(struct box *b)
{
	pthread_mutex_destroy(b->lock);
	free(b->near.dir);
	free(b->state);
	free(b->plan);
	free(b->lock);
	b->near.dir = NULL;
	b->state = NULL;
	b->plan = NULL;
	b->lock = NULL;
}

void
box_close(struct box *b)
{
	if (!b->opened)
		return;
	if (b->run->o->dry_run)
		state_drop_all(b->state);
	else
		state_close(b->state, b->run->e);
	near_dir_close(b->near.dir);
	box_forget(b);
	box_end(b);
	b->opened = false;
}

void
box_fault(struct box *b)
{
	struct err *e = b->run->e;

	report_problem(&b->run->report, e->code, b->name, "%s", e->msg);
	fail_clear(e);
	box_close(b);
	b->phase = BOX_LEFT;
}

/* ---- its acts ---- */

/* The name here of the upload under way, or "". */
static struct str
file_of(const struct box *b, const struct act *a)
{
	if (a->file != NONE)
		return str_of(near_dir_file(b->near.dir,
		    &b->near.dir->v[a->file]));
	return str_of(a->name != NULL ? a->name : "");
}

struct report_file
box_file(const struct box *b, const struct near_msg *m)
{
	return (struct report_file){ .dir = b->path, .fresh = m->fresh,
	    .name = str_of(near_dir_file(b->near.dir, m)) };
}

/* A move on the server follows one that was made here. */
static struct report_file
lies_at(const struct box *b, const struct act *a)
{
	if (a->kind == ACT_FAR_MOVE && a->to_file != NONE)
		return box_file(a->to, &a->to->near.dir->v[a->to_file]);
	if (a->file == NONE)
		return (struct report_file){ .dir = NULL };
	return box_file(b, &b->near.dir->v[a->file]);
}

/* A copy is told as of the mailbox that the message is of. */
static struct report_act
copy_act(const struct box *b, const struct act *a)
{
	return (struct report_act){ .kind = a->kind, .box = a->name,
	    .path = b->path, .uid = a->uid, .file = file_of(b, a),
	    .is = lies_at(b, a), .keywords = &b->state->keywords,
	    .to = b->name };
}

struct report_act
box_act(const struct box *b, const struct act *a)
{
	if (a->kind == ACT_FAR_COPY)
		return copy_act(b, a);
	return (struct report_act){ .kind = a->kind, .box = b->name, .path = b->path,
	    .uid = a->uid, .file = file_of(b, a), .is = lies_at(b, a),
	    .add = a->add, .del = a->del, .stub = a->stub, .keywords = &b->state->keywords,
	    .to = a->to != NULL ? a->to->name : NULL };
}

/* Messages deleted in this run, or that a dry run would delete: by side. */
static void
count_deleted(struct box *b, enum act_kind kind)
{
	b->tally.far += kind == ACT_FAR_DELETE || kind == ACT_FAR_PURGE;
	b->tally.near += kind == ACT_NEAR_DELETE;
}

static void
say_done(struct box *b, const struct report_act *said)
{
	count_deleted(b, said->kind);
	report_done(&b->run->report, said);
}

void
box_done(struct box *b, const struct act *a)
{
	struct report_act said = box_act(b, a);

	say_done(b, &said);
}

void
box_foreseen(struct box *b, const struct act *a)
{
	struct report_act said = box_act(b, a);

	count_deleted(b, a->kind);
	b->tally.came += a->kind == ACT_FETCH;	/* a run would have its file */
	report_plan(&b->run->report, &said);
}

void
box_done_at(struct box *b, const struct act *a, struct report_file is,
    struct report_file was)
{
	struct report_act said = box_act(b, a);

	said.is = is;
	said.was = was;
	say_done(b, &said);
}

void
box_folder(const struct box *b, const char *what, const struct box *to)
{
	struct report_folder other = { .name = NULL };

	if (to != NULL)
		other = (struct report_folder){ to->name, to->path };
	report_folder(&b->run->report, what, (struct report_folder){ b->name,
	    b->path }, to != NULL ? &other : NULL);
}

/* ---- its messages on the server ---- */

static int
by_far(const void *a, const void *b)
{
	uint32_t x = ((const struct far_msg *)a)->uid;
	uint32_t y = ((const struct far_msg *)b)->uid;

	return x < y ? -1 : x > y;
}

/* A message that came meanwhile, or a lie, is no lower bound. */
uint64_t
box_far_next(const struct box *b)
{
	return b->far.told != 0 && b->far.told < b->far.seen.uidnext ?
	    b->far.told : b->far.seen.uidnext;
}

struct far_msg *
box_far_find(struct box *b, uint32_t uid)
{
	struct far_msg key = { .uid = uid };
	size_t at = search_exact(&key, b->far.v, b->far.n, sizeof key, by_far);

	return at < b->far.n ? &b->far.v[at] : NULL;
}

static void
room(struct box *b, size_t n)
{
	if (b->far.cap < n) {
		b->far.cap = n > 2 * b->far.cap ? n : 2 * b->far.cap;
		b->far.v = mem_grow(b->far.v, b->far.cap, sizeof *b->far.v);
	}
}

struct far_msg *
box_far_add(struct box *b, uint32_t uid)
{
	room(b, b->far.n > 0 ? b->far.n + 1 : 64);
	b->far.v[b->far.n] = (struct far_msg){ .uid = uid };
	return &b->far.v[b->far.n++];
}

void
box_far_sort(struct box *b)
{
	size_t i, n = 0;
	bool sorted = true;

	imap_uids_sort(&b->far.fresh);
	imap_uids_sort(&b->far.gone);
	for (i = 1; i < b->far.n && sorted; i++)
		sorted = b->far.v[i - 1].uid < b->far.v[i].uid;
	if (sorted)
		return;
	/* stable enough: a double has its later flags behind the first */
	for (i = 0; i < b->far.n; i++)
		b->far.v[i].size = (uint32_t)i;
	qsort(b->far.v, b->far.n, sizeof *b->far.v, by_far);
	for (i = 0; i < b->far.n; i++)
		if (n > 0 && b->far.v[n - 1].uid == b->far.v[i].uid) {
			if (b->far.v[i].size > b->far.v[n - 1].size)
				b->far.v[n - 1] = b->far.v[i];
		} else
			b->far.v[n++] = b->far.v[i];
	for (i = 0; i < n; i++)
		b->far.v[i].size = 0;
	b->far.n = n;
}

/* Merged from the end on, so that none is overwritten before it has moved. */
void
box_far_merge(struct box *b, const struct far_msg *v, size_t n)
{
	size_t i = b->far.n, k = n, to = i + n;

	room(b, to);
	while (k > 0)
		if (i > 0 && b->far.v[i - 1].uid > v[k - 1].uid)
			b->far.v[--to] = b->far.v[--i];
		else
			b->far.v[--to] = v[--k];
	b->far.n += n;
}

void
box_far_clear(struct box *b)
{
	b->far.n = b->far.fresh.n = b->far.gone.n = 0;
}
