/*
 * window.c: only the newest messages are here: --last and --since
 *
 * What is outside has a record without a file, as what was left on the server
 * by other policies has: its flags are followed, and that it is not here is no
 * deletion.  It comes back, as a download, when it belongs here again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asked.h"
#include "box.h"
#include "date.h"
#include "far_hear.h"
#include "flags.h"
#include "imap_box.h"
#include "imap_pieces.h"
#include "link.h"
#include "near.h"
#include "pair.h"
#include "search.h"
#include "stop.h"
#include "wire.h"
#include "window.h"
#include "window_says.h"

/* ---- who belongs here ---- */

/* All UIDs there are, in order. */
static struct imap_uids
all_uids(struct box *b)
{
	struct imap_uids all = { 0 };
	size_t i;

	for (i = state_from(b->state, 1); !b->far.renumbered &&
	    i < b->state->n; i++)
		if (!imap_uids_has(&b->far.gone, b->state->rec[i].uid))
			imap_uids_add(&all, b->state->rec[i].uid);
	for (i = 0; i < b->far.fresh.n; i++)
		imap_uids_add(&all, b->far.fresh.v[i]);
	imap_uids_sort(&all);
	return all;
}

static int
search_add(struct link *l, struct box *b, const char *keys)
{
	uint32_t *uids = NULL;
	size_t n = 0, i;
	int got = imap_search(&l->imap, keys, &uids, &n);

	for (i = 0; got == 0 && i < n; i++)
		imap_uids_add(&b->inside, uids[i]);
	free(uids);
	return got;
}

/*
 * Some servers look at so many messages by one command (RFC 9738): the others
 * are not outside, they are not known.  1: told.
 */
static int
search_pieces(struct link *l, struct box *b, const char *keys)
{
	struct imap_uids all = all_uids(b);
	struct imap_pieces p = { .m = &l->imap, .uids = all.v, .n = all.n };
	struct buf some = { .max = 65536 };
	int got = 0;

	while (got == 0 && imap_pieces_next(&p)) {
		some.n = 0;
		buf_printf(&some, "UID %s %s", p.set.p, keys);
		got = search_add(l, b, some.p);
		if (got == 0 && imap_pieces_cut(&p) && !imap_pieces_again(&p)) {
			far_hear_unusable(b, l->imap.text);
			got = 1;
		}
	}
	imap_pieces_free(&p);
	buf_free(&some);
	free(all.v);
	return got;
}

/* Unread, flagged, or not older than the day.  1: told. */
static int
search_inside(struct link *l, struct box *b, time_t since)
{
	const struct imap *m = &l->imap;
	char date[DATE_CAP];
	struct buf keys = { .max = 200 };
	unsigned cuts = m->cuts;
	int got = 0;

	if (since == 0) {
		buf_s(&keys, "OR UNSEEN FLAGGED");
	} else {
		date_imap(date, since);
		date[strlen("dd-Mmm-yyyy")] = '\0';
		buf_printf(&keys, "OR OR UNSEEN FLAGGED SINCE %s",
		    date + (date[0] == ' '));
	}
	if (m->messagelimit == 0)
		got = search_add(l, b, keys.p);
	if (got == 0 && (m->messagelimit > 0 || m->cuts != cuts))
		got = search_pieces(l, b, keys.p);
	buf_free(&keys);
	return got;
}

static int
look_inside(struct link *l, struct box *b)
{
	const struct settings *o = b->run->o;
	uint64_t last = o->here.last == 0 && o->here.since == NULL ? UINT64_MAX : o->here.last;
	struct imap_uids all;
	size_t i;
	int got = link_select(l, b);

	if (got != 0)
		return got < 0 ? -1 : 0;
	if (last < UINT64_MAX && (got = search_inside(l, b, b->run->since)) != 0)
		return got < 0 ? -1 : 0;
	if (last > 0) {
		all = all_uids(b);
		for (i = all.n > last ? all.n - (size_t)last : 0; i < all.n;
		    i++)
			imap_uids_add(&b->inside, all.v[i]);
		free(all.v);
	}
	imap_uids_sort(&b->inside);
	b->windowed = true;
	return 0;
}

int
window_look(struct run *r)
{
	struct box *b;
	size_t i;

	if (!asked_window(r))
		return 0;
	if (asked_begin(r) < 0)
		return -1;
	for (i = 0; i < r->nboxes && !stop_asked(); i++) {
		b = &r->boxes[i];
		if (b->phase == BOX_HEARD && !box_failed(b) && !b->windowed &&
		    !b->plan->made && b->far.is &&
		    look_inside(&r->link[0], b) < 0)
			return -1;
	}
	return 0;
}

/* ---- what does not ---- */

int
window_note(struct box *b)
{
	const struct imap_uids *fresh = &b->far.fresh;
	struct rec rec = { .flags = FLAG_SEEN, .far_only = true };
	char name[64];
	size_t i;
	int got = 0;

	for (i = 0; b->windowed && i < fresh->n && got == 0; i++) {
		if (imap_uids_has(&b->inside, fresh->v[i]) ||
		    state_by_uid(b->state, fresh->v[i]) != NULL)
			continue;
		rec.uid = fresh->v[i];
		near_dir_name(name, b->key, rec.uid);
		if (state_by_name(b->state, str_of(name)) == NULL)
			got = state_put(b->state, &rec, name, b->run->e);
	}
	return got;
}

/* ---- what leaves ---- */

/*
 * A download that was written to since?  Until then its time is that of the
 * message, in whole seconds.
 */
static bool
is_touched(struct box *b, const struct rec *rec, const struct near_msg *m)
{
	struct err quiet = { 0 };
	struct stat st;
	bool is;
	int fd;

	if (rec->stub || !state_native(b->state, rec))
		return false;
	if ((fd = near_dir_read(b->near.dir, m, &quiet)) < 0)
		return true;
	is = fstat(fd, &st) < 0 || st.st_mtim.tv_nsec != 0;
	close(fd);
	return is;
}

/*
 * Is the file, as it is now, the message that the server has?  Then it has
 * nothing that is nowhere else.  1, 0, -1.
 */
static int
as_known(struct box *b, const struct rec *rec, const struct near_msg *m)
{
	uint32_t file = (uint32_t)(m - b->near.dir->v);
	struct outgo o = { 0 };
	struct err quiet = { 0 };

	if (near_look(b, file, true, &o, &quiet) != 0 ||
	    !window_known(rec, &o, (m->flags ^ rec->flags) &
	    flags_lettered(&b->near.dir->letters)))
		return 0;
	return is_touched(b, rec, m) ? pair_same(b, file, b, rec->uid) : 1;
}

/* Of the acts those whose message is there now, and may leave. */
static int
confirm_there(struct link *l, struct box *b)
{
	struct box there = { .run = b->run, .name = b->name,
	    .state = b->state, .lock = b->lock };
	struct imap_uids ask = { 0 };
	const struct far_msg *f;
	const struct rec *rec;
	enum window_says says;
	struct act *a;
	size_t k;
	int got;

	for (k = 0; plan_next(b->plan, ACT_LEAVE, &k); k++)
		imap_uids_add(&ask, b->plan->v[k].uid);
	imap_uids_sort(&ask);
	got = far_hear_facts(l, &there, ask.v, ask.n);
	for (k = 0; got == 0 && plan_next(b->plan, ACT_LEAVE, &k); k++) {
		a = &b->plan->v[k];
		f = box_far_find(&there, a->uid);
		rec = state_by_uid(b->state, a->uid);
		says = window_says(f, rec, rec != NULL &&
		    state_native(b->state, rec));
		a->failed = says != WINDOW_LEAVES;
		if (says == WINDOW_HELD)
			box_outcome(b, BOX_HELD);	/* looked at again */
	}
	free(ask.v);
	free(there.far.v);
	return got;
}

/* Known as being there alone, before the file goes. */
static int
note_leaving(struct box *b)
{
	struct rec *rec, copy;
	struct act *a;
	size_t k;
	int got = 0;

	for (k = 0; got == 0 && plan_next(b->plan, ACT_LEAVE, &k); k++) {
		a = &b->plan->v[k];
		rec = state_by_uid(b->state, a->uid);
		if (!a->failed && rec != NULL && (got = as_known(b, rec,
		    &b->near.dir->v[a->file])) < 0)
			return -1;
		if (a->failed || got == 0) {
			a->failed = true;
			continue;
		}
		copy = *rec;
		copy.far_only = true;
		copy.stub = false;
		got = state_put(b->state, &copy, a->name, b->run->e);
	}
	return got == 0 ? state_sync(b->state, b->run->e) : -1;
}

static int
remove_leaving(struct box *b)
{
	struct err *e = b->run->e;
	struct near_msg *m;
	size_t k;
	int got;

	for (k = 0; plan_next(b->plan, ACT_LEAVE, &k); k++) {
		struct act *a = &b->plan->v[k];

		if (a->failed)
			continue;
		m = &b->near.dir->v[a->file];
		got = near_dir_remove(b->near.dir, m, NULL, e);
		if (got < 0)
			return -1;
		b->near.changed = true;
		if (got == 0)
			box_done(b, a);
		else			/* renamed: it is here, after all */
			box_outcome(b, BOX_PARTIAL);
	}
	return near_dir_sync(b->near.dir, e);
}

int
window_leave(struct link *l, struct box *b)
{
	if (confirm_there(l, b) < 0 || note_leaving(b) < 0)
		return -1;
	return remove_leaving(b);
}
