/*
 * imapbox.c: IMAP: one folder
 *
 * New is what has a UID over the mark, under which all is done, and is not
 * done itself.  It is fetched with ranges of UIDs, the next command under way
 * before the last is answered.  \Seen is nobody's business but the reader's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap_box.h"
#include "imap_fetch.h"
#include "imapbox.h"
#include "imapbox_private.h"
#include "search.h"
#include "stop.h"

enum { CHUNK = 2000 };			/* UIDs of one command */
enum { AHEAD = 2 };			/* commands under way */

/* ---- what is new ---- */

static bool
filtered(const struct options *o)
{
	const struct option_choice *w = &o->which;

	return w->search != NULL || w->since != NULL || w->unseen ||
	    w->max_size > 0;
}

/* Looking at messages, be it in part or beside the section, is not reading. */
static bool
marks(const struct options *o)
{
	return o->after.mark_seen && !o->look.peek && !o->to.aside &&
	    !o->which.headers_only;
}

static int
open_box(struct box *b)
{
	const struct options *o = b->r->o;
	bool change = (o->after.when != DELETE_NEVER || marks(o) ||
	    o->after.move_to != NULL) && !o->look.list && !o->look.check &&
	    !o->look.dry_run && !o->seen.catch_up;
	int got;

	got = imap_select(b->m, str_of(b->folder), !change);
	if (got != 0)
		return got;
	if (b->m->box.uidvalidity == 0 || b->m->box.not_sticky)
		return conn_fail(b->m->c, EX_UNAVAILABLE, "%s: the server keeps no UIDs: what is new cannot be told",
		    b->folder);
	b->key = run_folder_key(b->r, b->folder, b->m->box.uidvalidity);
	b->mark = ledger_mark(&b->r->ledger, b->key.a);
	/* Before the search: what comes after it is seen to be new. */
	b->r->uidnext = b->m->box.uidnext;
	b->r->exists = b->m->box.exists;
	return 0;
}

static int
plan_fetch(struct box *b)
{
	struct message m;
	size_t i, n = 0;
	int got;

	b->last = b->n > 0 ? b->uids[b->n - 1] : 0;
	for (i = 0; i < b->n; i++) {
		m = imapbox_message(b, b->uids[i]);
		if ((got = run_wants(b->r, &m)) < 0)
			return -1;
		if (got > 0) {
			b->uids[n++] = m.number;
			b->r->count.total++;
		} else if (b->left == 0 && run_new(b->r, m.key))
			b->left = m.number;
		else if (b->left == 0 && n == 0)
			b->head = m.number;
	}
	b->n = n;
	return 0;
}

/* ---- fetching ---- */

/* One for each command. */
struct jobs {
	struct imap_fetch_job *v;
	size_t n, cap;
	unsigned char *came;	/* of all UIDs */
};

/* ---- what does not come ---- */

/*
 * Is a message still there, that was asked for?  Those that somebody else
 * removed in the meantime are not missed.
 */
static int
still_there(struct box *b, const uint32_t *uids, size_t n, size_t *there)
{
	struct buf set = { .max = 65536 };
	uint32_t *found = NULL;
	size_t at = 0, from, k;
	int got = 0;

	*there = 0;
	while (at < n && got == 0) {
		set.n = 0;
		from = at;
		buf_s(&set, "UID ");
		imap_set_put(&set, uids, n, &at, IMAPBOX_SET);
		got = imap_search(b->m, b->all_alone ? "ALL" : set.p, &found,
		    &k);
		for (; from < at && got == 0; from++)
			*there += search_exact(&uids[from], found, k,
			    sizeof *found, search_u32) < k;
		free(found);
		found = NULL;
	}
	buf_free(&set);
	return got;
}

/*
 * Asked for and not answered, or without its UID, so that nobody knows what it
 * is.  That the server listed them and does not give them is said.
 */
static int
miss(struct box *b, const struct jobs *all)
{
	uint32_t *v = mem_new(b->n, sizeof *v);
	size_t i, n = 0, there = 0;
	int got = 0;

	for (i = 0; i < b->n; i++)
		if (all->came[i] == IMAP_CAME_NOT ||
		    all->came[i] == IMAP_CAME_UNNAMED)
			v[n++] = b->uids[i];
	if (n > 0 && !b->refused)
		got = still_there(b, v, n, &there);
	there = there < n ? there : n;
	if (got == 0 && there > 0) {
		complain_say(&b->r->p->complain, EX_TEMPFAIL, NULL, "%s: %s: asked for and not answered: %zu, UID %u the first: this stays on the server",
		    b->r->o->title, b->folder, there, v[0]);
		b->r->count.status = fail_worse(b->r->count.status,
		    EX_TEMPFAIL);
		b->r->count.kept += there;
	}
	free(v);
	return got;
}

/* It stays on the server, and the next one comes. */
static void
leave_message(struct box *b, int code)
{
	b->r->count.status = fail_worse(b->r->count.status, code);
	b->r->count.kept++;
}

/* Some servers say so of what they cannot read themselves. */
static int
no_body(struct box *b, uint32_t uid)
{
	struct message m = { .folder = b->folder, .number = uid };

	tally_add(&b->r->tally, &m, EX_TEMPFAIL, NULL, "the server gives no body");
	leave_message(b, EX_TEMPFAIL);
	return 0;
}

static int
too_long(struct box *b, const struct message *m)
{
	char why[DELIVER_WHY];

	tally_add(&b->r->tally, m, EX_PROTOCOL, "too long", "%s",
	    deliver_over(&b->r->deliver, m, why));
	leave_message(b, EX_PROTOCOL);
	return 0;
}

static int
fetch_refused(struct box *b, uint32_t uid)
{
	struct message m = imapbox_message(b, uid);

	if (uid != 0) {
		if (hung_over(b->r, &m, HUNG_BODY) < 0)
			return -1;
		tally_add(&b->r->tally, &m, EX_TEMPFAIL, "FETCH", "FETCH: %s",
		    b->m->text);
		leave_message(b, EX_TEMPFAIL);
		return 0;
	}
	b->refused = true;
	complain_say(&b->r->p->complain, EX_TEMPFAIL, NULL, "%s: %s: FETCH: %s",
	    b->r->o->title, b->folder, b->m->text);
	b->r->count.status = fail_worse(b->r->count.status, EX_TEMPFAIL);
	return 0;
}

static int
take_body(struct box *b, struct imap_fetch *f, const struct message *m)
{
	struct conn_sink sink = { deliver_put, &b->r->deliver };

	if (f->got.size > deliver_most(&b->r->deliver, m))
		return too_long(b, m);
	if (deliver_begin(&b->r->deliver, m) < 0)
		return -1;
	return imap_fetch_body(f, &sink);
}

static int
end_body(struct box *b, const struct imap_fetched *f)
{
	struct message m = imapbox_message(b, f->uid);
	int got;

	if (hung_over(b->r, &m, HUNG_BODY) < 0)
		return -1;
	deliver_date(&b->r->deliver, f->date);
	deliver_flags(&b->r->deliver, f->flags.p);
	got = deliver_end(&b->r->deliver);
	run_progress(b->r, false);
	return got < 0 ? -1 : 0;
}

/* The outcome of the message of an event. */
static unsigned char *
came_of(const struct imap_fetch *f)
{
	const struct imap_fetch_job *job = f->got.job;

	return &job->came[search_lower(&f->got.uid, job->uids, job->n,
	    sizeof f->got.uid, search_u32)];
}

/* It was asked for alone, and still nothing says that this is it. */
static int
nameless(struct box *b, struct imap_fetch *f)
{
	deliver_abort(&b->r->deliver);
	*came_of(f) = IMAP_CAME_UNNAMED;
	return 0;
}

static int
handle_event(struct box *b, struct imap_fetch *f, enum imap_fetch_event what)
{
	struct message m = imapbox_message(b, f->got.uid);

	m.size = f->got.announced;
	switch (what) {
	case IMAP_FETCH_BODY:
		return take_body(b, f, &m);
	case IMAP_FETCH_END:
		return f->got.named ? end_body(b, &f->got) : nameless(b, f);
	case IMAP_FETCH_NIL:
	case IMAP_FETCH_EMPTY:
		*came_of(f) = IMAP_CAME_HERE;	/* it is said below */
		return no_body(b, m.number);
	case IMAP_FETCH_REFUSED:
		if (m.number != 0)
			*came_of(f) = IMAP_CAME_HERE;	/* said, too */
		return fetch_refused(b, m.number);
	case IMAP_FETCH_LOST:
	case IMAP_FETCH_FACTS:
	case IMAP_FETCH_ROOM:
		break;
	}
	return 0;
}

static void
make_jobs(struct box *b, struct jobs *all)
{
	size_t at, n;

	all->came = mem_new(b->n, sizeof *all->came);
	for (at = 0; at < b->n; at += n) {
		if (all->n == all->cap) {
			all->cap = all->cap > 0 ? 2 * all->cap : 16;
			all->v = mem_grow(all->v, all->cap, sizeof *all->v);
		}
		n = imap_fetch_fit(b->uids + at, b->n - at, CHUNK);
		all->v[all->n++] = (struct imap_fetch_job){
		    .uids = b->uids + at, .n = n, .came = all->came + at };
	}
}

/* Until nothing more is under way, the jobs from *next on included. */
static int
run_jobs(struct box *b, struct imap_fetch *f, struct jobs *all, size_t *next)
{
	int got;

	do {
		while (*next < all->n && imap_fetch_room(f))
			imap_fetch_ask(f, &all->v[(*next)++]);
		if ((got = imap_fetch_next(f)) > 0 &&
		    handle_event(b, f, (enum imap_fetch_event)got) < 0)
			got = -1;
	} while (got > 0);
	return got;
}

static void
note_hung(struct box *b, const struct imap_fetch *f)
{
	uint32_t uid = imap_fetch_at(f);
	struct message m = imapbox_message(b, uid);

	if (uid != 0)
		hung_at(b->r, &m, HUNG_BODY, imap_fetch_last(f));
}

static int
fetch_box(struct box *b)
{
	struct imap_fetch f = { .m = b->m, .ahead = AHEAD, .each = true,
	    .bodies = IMAP_NO_FLAGS };
	struct jobs all = { 0 };
	size_t i, next = 0;
	int got;

	if (deliver_wants_flags(&b->r->deliver))
		f.bodies = 0;
	if (b->r->o->which.headers_only)
		f.bodies |= IMAP_HEADERS;
	make_jobs(b, &all);
	got = run_jobs(b, &f, &all, &next);
	for (i = 0; i < all.n && got == 0; i++) {
		if (!all.v[i].again)
			continue;
		imap_fetch_again(&f, &all.v[i]);
		got = run_jobs(b, &f, &all, &next);
	}
	if (got < 0)
		note_hung(b, &f);
	imap_fetch_free(&f);
	if (got == 0)
		got = miss(b, &all);
	free(all.v);
	free(all.came);
	return got < 0 ? -1 : deliver_commit(&b->r->deliver);
}

/*
 * All up to here is done, or is no more: what was kept on the server, left
 * there, or did not come ends it.  If that has gone, the next search will not
 * find it.
 */
static int
move_mark(struct box *b)
{
	uint32_t mark = b->head, left = b->left;
	size_t i;

	if (filtered(b->r->o) || b->r->count.status != 0)
		return 0;
	for (i = 0; i < b->n && (left == 0 || b->uids[i] < left); i++)
		if (run_new(b->r, imapbox_key(b, b->uids[i])))
			left = b->uids[i];
		else
			mark = b->uids[i];
	if (left == 0)
		mark = b->last;
	if (mark <= b->mark)
		return 0;
	return ledger_mark_to(&b->r->ledger, b->key.a, mark, b->r->e) < 0 ? -1 :
	    hung_under(b->r, b->key.a, mark);
}

/* ---- afterwards ---- */

/* Which of them, one command's worth, are still there; to be freed. */
static int
listed_of(struct box *b, const uint32_t *v, size_t n, uint32_t **there,
    size_t *k)
{
	struct buf set = { .max = 65536 };
	size_t at = 0;
	int got;

	buf_s(&set, "UID ");
	imap_set_put(&set, v, n, &at, IMAPBOX_SET);
	got = imap_search(b->m, b->all_alone ? "ALL" : set.p, there, k);
	buf_free(&set);
	return got;
}

/* The messages of this folder that are done, and are to go now. */
static uint32_t *
due(struct box *b, size_t *n)
{
	const struct state *s = &b->r->state;
	uint32_t *v = mem_new(s->n + 1, sizeof *v);
	size_t i;

	*n = 0;
	for (i = 0; i < s->n; i++)
		if (s->v[i].kind == STATE_DONE &&
		    s->v[i].key.a == b->key.a &&
		    s->v[i].key.b <= UINT32_MAX &&
		    run_due(b->r, s->v[i].key))
			v[(*n)++] = (uint32_t)s->v[i].key.b;
	if (*n > 0)
		qsort(v, *n, sizeof *v, search_u32);
	return v;
}

/* UID EXPUNGE takes these alone; EXPUNGE would take others' too. */
static int
delete_set(struct box *b, const char *set)
{
	unsigned store = imap_ask_store(b->m, set, true, "\\Deleted");
	unsigned expunge = imap_ask_expunge(b->m, set);

	if (imap_must(b->m, store, "UID STORE") < 0)
		return -1;
	return imap_must(b->m, expunge, "UID EXPUNGE");
}

static int
remove_set(struct box *b, const char *set)
{
	const char *to = b->r->o->after.move_to;

	if (to == NULL)
		return delete_set(b, set);
	return imap_must(b->m, imap_ask_move(b->m, set, str_of(to)),
	    "UID MOVE");
}

/*
 * They are gone, says the server.  Under the mark that need not be so for them
 * not to come again; over it a record is needed for as long as the message is
 * listed.
 */
static int
forget_gone(struct box *b, const uint32_t *v, size_t n)
{
	uint32_t mark = ledger_mark(&b->r->ledger, b->key.a);
	uint32_t *there = NULL;
	size_t i, k = 0;
	int got = 0;

	if (v[n - 1] > mark)
		got = listed_of(b, v, n, &there, &k);
	for (i = 0; i < n && got == 0; i++)
		if (search_exact(&v[i], there, k, sizeof *there,
		    search_u32) == k)
			got = ledger_forget(&b->r->ledger, imapbox_key(b, v[i]),
			    b->r->e);
	free(there);
	return got;
}

static int
remove_all(struct box *b, const uint32_t *v, size_t n)
{
	size_t at = 0, from;
	int got;

	while (at < n) {
		struct buf set = { .max = 65536 };

		from = at;
		imap_set_put(&set, v, n, &at, IMAPBOX_SET);
		got = remove_set(b, set.p);
		buf_free(&set);
		if (got < 0)
			return -1;
		if (b->r->o->after.move_to != NULL)
			b->r->count.moved += at - from;
		else
			b->r->count.deleted += at - from;
		if (forget_gone(b, v + from, at - from) < 0)
			return -1;
	}
	return 0;
}

static int
afterwards(struct box *b)
{
	uint32_t *v;
	size_t n;
	int got = 0;

	if (b->r->o->after.when == DELETE_NEVER &&
	    b->r->o->after.move_to == NULL)
		return 0;
	v = due(b, &n);
	if (n > 0)
		got = state_sync(&b->r->state, b->r->e);
	if (n > 0 && got == 0)
		got = remove_all(b, v, n);
	free(v);
	return got;
}

/* Under the mark nothing need be remembered one by one. */
static int
prune(struct box *b)
{
	struct state *s = &b->r->state;
	size_t i, n = s->n;

	if (n < 2000 || b->r->o->after.when != DELETE_NEVER ||
	    b->r->o->after.move_to != NULL)
		return 0;
	state_group(s);
	for (i = 0; i < n; i++)
		if ((s->v[i].kind == STATE_DONE ||
		    s->v[i].kind == STATE_SEEN) &&
		    s->v[i].key.a == b->key.a &&
		    ledger_marked(&b->r->ledger, &s->v[i]) && state_drop(s,
		    s->v[i].key, s->v[i].kind, b->r->e) < 0)
			return -1;
	return state_commit(s, b->r->e);
}

/* The messages that this run has delivered, to all of their places. */
static int
mark_seen(struct box *b)
{
	struct run *r = b->r;
	uint32_t *v = mem_new(b->n + 1, sizeof *v);
	size_t i, n = 0, at = 0;
	int got = 0;

	for (i = 0; i < b->n; i++)
		if (ledger_lacks(&r->ledger, imapbox_key(b, b->uids[i])) == 0)
			v[n++] = b->uids[i];
	while (at < n && got == 0) {
		struct buf set = { .max = 65536 };

		imap_set_put(&set, v, n, &at, IMAPBOX_SET);
		got = imap_wait(b->m, imap_ask_store(b->m, set.p, true,
		    "\\Seen"));
		buf_free(&set);
	}
	free(v);
	if (got > 0) {
		complain_say(&r->p->complain, EX_TEMPFAIL, NULL, "%s: %s: not marked as seen: %s",
		    r->o->title, b->folder, b->m->text);
		r->count.status = fail_worse(r->count.status, EX_TEMPFAIL);
	}
	return got < 0 ? -1 : 0;
}

/*
 * Its places are ready, or it has none here: that is this folder's fault, and
 * the others come.
 */
static int
placed(struct box *b)
{
	struct run *r = b->r;
	int got = deliver_folder(&r->deliver, str_of(b->folder), b->sep);

	if (got <= 0 || stop_asked())
		return got == 0 ? 1 : -1;
	fail_print("%s: %s: %s: it stays on the server", r->o->title,
	    b->folder, r->e->msg);
	r->count.status = fail_worse(r->count.status, r->e->code);
	r->count.kept += b->n;
	fail_clear(r->e);
	return 0;
}

static int
bring(struct box *b)
{
	const struct counts was = b->r->count;
	int got;

	if (imapbox_find(b) < 0)
		return -1;
	b->r->count.there += b->m->box.exists;
	if (plan_fetch(b) < 0)
		return -1;
	if (b->n > 0 && (got = placed(b)) <= 0)
		return got;
	if (b->n > 0 && fetch_box(b) < 0)
		return -1;
	if (marks(b->r->o) && mark_seen(b) < 0)
		return -1;
	if (move_mark(b) < 0 || afterwards(b) < 0 || prune(b) < 0)
		return -1;
	known_visit(&b->r->deliver.known, b->key.a);
	run_note(b->r, &was, b->folder);
	return 0;
}

/*
 * All that is there counts as fetched; nothing is.  What SEARCH lists and
 * UIDNEXT has below it is under a mark.  A UID that one of them alone has may
 * be a lie, of which a mark would pass over all that comes.
 */
static int
catch_up(struct box *b)
{
	struct run *r = b->r;
	uint32_t next = imapbox_next(b), last = 0;
	size_t i;

	if (imapbox_find(b) < 0)
		return -1;
	for (i = 0; i < b->n; i++) {
		struct key k = imapbox_key(b, b->uids[i]);

		r->count.seen += run_new(r, k);
		if (next == 0 || b->uids[i] < next)
			last = b->uids[i];
		else if (ledger_seen(&r->ledger, k, STATE_ALL, r->e) < 0)
			return -1;
	}
	return last > 0 && ledger_seen_to(&r->ledger, b->key.a, last,
	    r->e) < 0 ? -1 : state_sync(&r->state, r->e);
}

int
imapbox_run(struct run *r, struct imap *m, const char *folder, char sep)
{
	const struct options *o = r->o;
	struct box b = { .r = r, .m = m, .folder = folder,
	    .sep = sep };
	int got = open_box(&b);

	if (got == 0 && o->seen.catch_up)
		got = catch_up(&b);
	else if (got == 0)
		got = o->look.list || o->look.check || o->look.dry_run ?
		    imapbox_look(&b) : bring(&b);
	free(b.uids);
	return got;
}
