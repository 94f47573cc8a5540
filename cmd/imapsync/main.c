/*
 * main.c: two-way IMAP <-> Maildir, at the cost of what changed
 *
 * A run: LIST with STATUS; two stats a Maildir; of what differs the changes
 * on both sides, a plan, the plan carried out.  What was changed here is
 * looked at once more.  What was changed there and answered as it should is
 * not: the mark stays where it was, so the next run hears of it together with
 * what others did meanwhile, and finds it in the state.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "lock.h"
#include "program.h"
#include "run.h"
#include "spawn.h"
#include "statedir.h"
#include "trace.h"
#include "version.h"

enum { PASSES = 4, LINES = 16 };

static struct options o = { .connections = 3 };

static int
set_allow(void *to, const char *arg, struct err *e)
{
	struct options *at = to;

	if (str_num(str_of(arg), UINT32_MAX, &at->allow) < 0)
		return fail(e, EX_USAGE, "--allow-deletes: how many, not "
		    "\"%s\"", arg);
	at->allow_given = true;
	return 0;
}

static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "What is kept the same" },
	{ 0, "near", "DIR", OPT_TEXT, &o.near, "where the Maildirs are",
	    NULL, 0 },
	{ 0, "layout", "LAYOUT", OPT_TEXT, &o.layout, "verbatim (a/b is "
	    "DIR/a/b) or maildir++ (DIR/.a.b)", NULL, 0 },
	{ 0, "patterns", "LIST", OPT_TEXT, &o.patterns, "which folders: "
	    "'* !Spam !Lists/%'", NULL, 0 },
	{ 0, "pull", NULL, OPT_FLAG, &o.pull, "only from the server to here",
	    NULL, 0 },
	{ 0, "push", NULL, OPT_FLAG, &o.push, "only from here to the server",
	    NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "What may be deleted" },
	{ 0, "delete-far", "HOW", OPT_TEXT, &o.delete_far, "trash, expunge, "
	    "mark or never", NULL, 0 },
	{ 0, "delete-near", "HOW", OPT_TEXT, &o.delete_near, "attic, "
	    "expunge, mark or never", NULL, 0 },
	{ 0, "allow-deletes", "N", OPT_CALL, &o, "so many in a mailbox are "
	    "no accident", set_allow, 0 },
	{ 0, "unsafe-expunge", NULL, OPT_FLAG, &o.unsafe_expunge, "EXPUNGE "
	    "on servers without UIDPLUS", NULL, 0 },
	{ 0, "reupload-orphans", NULL, OPT_FLAG, &o.reupload, "upload what "
	    "is here alone since the UIDs changed", NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "Whole folders" },
	{ 0, "create", "WHERE", OPT_TEXT, &o.create, "both, near, far or "
	    "none", NULL, 0 },
	{ 0, "folders", "POLICY", OPT_TEXT, &o.folders, "keep, or delete "
	    "what is gone on the other side", NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "Running" },
	{ 'n', "dry-run", NULL, OPT_FLAG, &o.dry_run, "print what would be "
	    "done", NULL, OPT_NOCONF },
	{ 'a', "all", NULL, OPT_FLAG, &o.all, "every sync section of the "
	    "configuration", NULL, OPT_NOCONF },
	{ 0, "connections", "N", OPT_NUMBER, &o.connections, "for downloads "
	    "(3)", NULL, 0 },
	{ 0, "delta", "HOW", OPT_TEXT, &o.delta, "auto, or at most qresync, "
	    "condstore, search, fetch", NULL, 0 },
	{ 0, "state", "DIR", OPT_TEXT, &o.state, "what was agreed (else in "
	    "~/.local/state/postbag)", NULL, 0 },
	{ 0, "import", "FILE", OPT_TEXT, &o.import, "print a .mbsyncrc as "
	    "our configuration", NULL, OPT_NOCONF | OPT_STDIN },
	{ .name = NULL }
};

static void
version(struct buf *b)
{
	struct err e = { 0 };
	const char *state = o.state != NULL ? o.state : statedir_path(
	    &o.account.arena, "imapsync", "--state", &e);

	version_libraries(b);
	version_path(b, "configuration", account_path(&o.account),
	    "none, for $HOME is not set");
	version_path(b, "state", state, e.msg);
}

static struct opt_set set = { .version = version, .usage = "imapsync [options] [NAME ...]\n"
    "       imapsync [options] state dump|check|rebuild [NAME]",
    .about = "Keeps Maildirs and an IMAP server the same." };

/* ---- what the options say ---- */

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "import", .only = "" },
	{ .name = "pull", .stops = "delete-far unsafe-expunge "
	    "reupload-orphans" },
	{ .name = "push", .stops = "delete-near connections" },
	{ .name = NULL }
};

struct choice {
	const char *word;
	int value;
};

/* The value of a word, the first one's if there is none; -1. */
static int
choose(const char *option, const char *word, const struct choice *c,
    struct err *e)
{
	struct buf all = { .max = 200 };
	size_t i;

	if (word == NULL)
		return c[0].value;
	for (i = 0; c[i].word != NULL; i++) {
		if (strcmp(word, c[i].word) == 0) {
			buf_free(&all);
			return c[i].value;
		}
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", c[i].word);
	}
	fail(e, EX_USAGE, "--%s is one of %s, not \"%s\"", option, all.p,
	    word);
	buf_free(&all);
	return -1;
}

static int
policies(struct err *e)
{
	static const struct choice far[] = { { "trash", FAR_TRASH },
	    { "expunge", FAR_EXPUNGE }, { "mark", FAR_MARK },
	    { "never", FAR_NEVER }, { NULL, 0 } };
	static const struct choice near[] = { { "attic", NEAR_ATTIC },
	    { "expunge", NEAR_EXPUNGE }, { "mark", NEAR_MARK },
	    { "never", NEAR_NEVER }, { NULL, 0 } };
	static const struct choice layouts[] = { { "verbatim",
	    LAYOUT_VERBATIM }, { "maildir++", LAYOUT_MAILDIRPP },
	    { NULL, 0 } };
	static const struct choice create[] = { { "both", 3 }, { "near", 1 },
	    { "far", 2 }, { "none", 0 }, { NULL, 0 } };
	static const struct choice folders[] = { { "keep", 0 },
	    { "delete", 1 }, { NULL, 0 } };
	static const struct choice deltas[] = { { "auto", DELTA_AUTO },
	    { "qresync", DELTA_QRESYNC }, { "condstore", DELTA_CONDSTORE },
	    { "search", DELTA_SEARCH }, { "fetch", DELTA_FETCH },
	    { NULL, 0 } };
	int f = choose("delete-far", o.delete_far, far, e);
	int n = choose("delete-near", o.delete_near, near, e);
	int how = choose("layout", o.layout, layouts, e);
	int make = choose("create", o.create, create, e);
	int gone = choose("folders", o.folders, folders, e);
	int rung = choose("delta", o.delta, deltas, e);

	if (f < 0 || n < 0 || how < 0 || make < 0 || gone < 0 || rung < 0)
		return -1;
	if (o.pull && o.push)
		return fail(e, EX_USAGE, "--pull and --push: one of them, or "
		    "neither for both ways");
	if (o.connections < 1 || o.connections > LINES)
		return fail(e, EX_USAGE, "--connections is 1 to %d", LINES);
	if (o.patterns == NULL)
		o.patterns = "*";
	if (str_control(str_of(o.patterns)))
		return fail(e, EX_USAGE, "--patterns: a control byte");
	o.how = (enum layout)how;
	o.create_near = (make & 1) != 0 && !o.push;
	o.create_far = (make & 2) != 0 && !o.pull;
	o.folders_delete = gone != 0;
	o.rung = (enum delta)rung;
	o.policy.pull_new = o.policy.pull_flags = !o.push;
	o.policy.push_new = o.policy.push_flags = !o.pull;
	o.policy.far_delete = (unsigned)f;
	o.policy.near_delete = (unsigned)n;
	o.policy.reupload = o.reupload;
	return 0;
}

/* ---- one pass ---- */

static void
identify(struct run *r, struct box *b)
{
	struct buf who = { .max = 8192 };

	buf_printf(&who, "%s@%s", r->o->account.user != NULL ?
	    r->o->account.user : "", r->o->account.server.host);
	buf_c(&who, '\0');
	buf_printf(&who, "%s", b->name);
	buf_c(&who, '\0');
	buf_printf(&who, "%llu", (unsigned long long)b->seen.uidvalidity);
	b->key = names_hash(BUF_STR(who));
	buf_free(&who);
}

static void
plan_box(struct box *b)
{
	struct plan_in in = { .rec = b->state.rec, .nrec = b->state.n,
	    .local = b->local.v, .nlocal = b->scanned ? b->local.n : 0,
	    .local_of = b->local_of, .rec_of = b->rec_of,
	    .local_same = !b->scanned, .far = b->far_v, .nfar = b->nfar,
	    .gone = b->gone.v, .ngone = b->gone.n,
	    .pair_local = b->pair_local, .pair_far = b->pair_far,
	    .npair = b->npair, .pair_base = b->pair_base,
	    .storable = b->storable,
	    .no_delete = b->renumbered, .marks = far_marks(b),
	    .policy = b->run->o->policy };

	flags_give(&b->local.letters, &b->state.keywords);
	in.lettered = flags_lettered(&b->local.letters);
	if (b->storable == 0)		/* to be done when it can be */
		in.policy.push_new = in.policy.push_flags = false;
	plan_free(&b->plan);
	plan_make(&b->plan, &in);
}

/* Does the plan touch files that are here already? */
static bool
needs_files(const struct plan *p)
{
	return p->count[ACT_NEAR_FLAGS] > 0 || p->count[ACT_NEAR_DELETE] > 0
	    || p->count[ACT_ORPHAN] > 0 || p->count[ACT_NEAR_MOVE] > 0;
}

static int
scan_and_pair(struct box *b)
{
	return look_scan(b) < 0 || pair_find(b) < 0 ? -1 : 0;
}

static int
decide(struct run *r, struct box *b)
{
	int got;

	if (pair_pending(b) < 0)
		return -1;
	identify(r, b);
	if ((b->near_dirty || b->renumbered || !b->known) &&
	    scan_and_pair(b) < 0)
		return -1;
	plan_box(b);
	if (!b->scanned && needs_files(&b->plan)) {
		if (scan_and_pair(b) < 0)
			return -1;
		plan_box(b);
	}
	if ((got = pair_new(b)) > 0)
		plan_box(b);
	b->planned = got >= 0;
	return got < 0 ? -1 : 0;
}

/*
 * A move stands in two plans, so all are made before moves are looked for, be
 * it that one of the two has failed meanwhile: what it was to move is not
 * uploaded.
 */
static int
plan_all(struct run *r)
{
	struct box *b;
	size_t i;

	for (i = 0; i < r->nboxes && !stop_asked(); i++) {
		b = &r->boxes[i];
		if (!b->look || !b->opened)
			continue;
		if (b->planned)
			plan_box(b);
		else if (!b->failed && decide(r, b) < 0)
			return -1;
	}
	return stop_asked() ? 0 : moves_find(r);
}

/*
 * A log whose end was lost, or that is older than the index, does not know
 * all that was agreed: both sides are looked at in full.
 */
static bool
doubtful(struct run *r, const struct box *b)
{
	const struct entry *e = index_find(&r->index, str_of(b->name));
	const struct mark *m = &b->state.mark;

	return b->state.cut || (e != NULL && b->known &&
	    (e->mark.uidvalidity != m->uidvalidity ||
	    e->mark.modseq != m->modseq || e->mark.uidnext != m->uidnext ||
	    e->mark.exists != m->exists));
}

static void
trust(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].look)
			remote_believe(&r->boxes[i]);
}

static int
look(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		if (!b->look)
			continue;
		b->heard = b->planned = false;
		if (look_open(b) < 0)
			return -1;
		b->doubtful = doubtful(r, b);
		if (!b->far)		/* a dry run: it would be made */
			b->storable = ~(uint64_t)0;
		b->near_dirty |= b->state.npend > 0 || b->doubtful;
		if (b->near_dirty && look_scan(b) < 0)
			return -1;
	}
	trust(r);
	return remote_look(r) < 0 ? -1 : plan_all(r);
}

/* It was not as believed: nothing is planned until it was looked at. */
static void
unplan(struct box *b)
{
	if (b->look && !b->believed && !b->heard && !b->failed) {
		plan_free(&b->plan);
		b->planned = false;
	}
}

/*
 * What is only believed of a mailbox is asked before anything is done to it,
 * and where it is not so, all is planned again.  A mailbox that nothing was to
 * be done to may have something then, which was part of a move before: hence
 * the loop, which ends because no mailbox is asked twice.
 */
static int
check(struct run *r)
{
	size_t i;
	int got;

	while ((got = remote_check(r)) > 0 && !stop_asked()) {
		for (i = 0; i < r->nboxes; i++)
			unplan(&r->boxes[i]);
		if (remote_look(r) < 0 || plan_all(r) < 0)
			return -1;
	}
	return got < 0 ? -1 : 0;
}

static bool
changed(const struct box *b)
{
	return b->far_changed || b->near_changed || b->again;
}

/*
 * What is agreed now, if all of the plan was done.  Of a side that gave
 * nothing (one way, read only) nothing is agreed: it is looked at again.
 */
static int
conclude(struct run *r, struct box *b)
{
	const struct policy *p = &r->o->policy;
	struct stamp st = { 0 };
	struct mark mark = b->seen;
	struct entry *e = index_add(&r->index, str_of(b->name));
	bool whole = !b->failed && !b->stopped && b->brake == NULL &&
	    !b->partial && !stop_asked();
	bool still = whole && !changed(b) && b->refused.n == 0;

	if (still && (!p->push_new || b->storable == 0)) {
		if (!look_settled(b, &st))
			st = (struct stamp){ 0 };
	} else if (still) {
		st = b->scanned ? b->local.seen : b->stamp;
		if (b->scanned && b->local.racy && !look_settled(b, &st))
			b->again = true;
	}
	if (!p->pull_new)
		mark = b->known && !b->renumbered ? b->state.mark :
		    (struct mark){ .uidvalidity = b->seen.uidvalidity };
	if (whole && state_mark(&b->state, &mark, &st, r->e) < 0)
		return -1;
	if (state_sync(&b->state, r->e) < 0)
		return -1;
	if (whole)
		e->mark = mark;
	if (st.cur_ino == 0)	/* not as the base says, but the same place */
		st.cur_ino = b->scanned ? b->local.seen.cur_ino :
		    e->stamp.cur_ino;
	if (b->brake == NULL)
		e->stamp = st;
	e->id = b->seen.id[0] != '\0' ? names_hash(str_of(b->seen.id)) : 0;
	e->dirty = !whole || changed(b) || b->refused.n > 0 ||
	    !p->pull_new;
	e->missing = false;
	b->again = !b->stopped && (b->partial || (whole && (b->again ||
	    (b->near_changed && !b->far_changed))));
	report_box(b, whole);
	b->far_changed = b->near_changed = b->partial = false;
	b->believed = false;
	return 0;
}

/* Both sides as they were left?  Then that is agreed, without a look. */
static int
settle(struct run *r, struct box *b)
{
	struct entry *e = index_find(&r->index, str_of(b->name));
	struct stamp st;
	bool same = b->counted && e != NULL && mark_same(&b->now, &e->mark);

	b->todo = b->near_dirty = b->far_dirty = true;
	if (!same)
		return 0;
	if (!b->opened && look_open(b) < 0)
		return -1;
	b->seen = e->mark;
	if (look_settled(b, &st)) {
		b->todo = false;
		if (state_mark(&b->state, &b->seen, &st, r->e) < 0)
			return -1;
		e->stamp = st;
		e->dirty = false;
	}
	return 0;
}

/* What is not as it should be after this pass is looked at once more. */
static int
again(struct run *r)
{
	size_t i, n = 0;

	for (i = 0; i < r->nboxes; i++) {
		r->boxes[i].again &= r->boxes[i].far && r->boxes[i].near &&
		    r->boxes[i].passes < PASSES;
		n += r->boxes[i].again;
	}
	if (n > 0 && boxes_again(r) < 0)
		return -1;
	for (i = 0; n > 0 && i < r->nboxes; i++) {
		if (r->boxes[i].again && settle(r, &r->boxes[i]) < 0)
			return -1;
		r->boxes[i].again = false;
	}
	return 0;
}

static void
close_all(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		box_close(&r->boxes[i]);
}

/* Nothing is held but what again() may use. */
static void
close_most(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (r->boxes[i].again && r->boxes[i].opened)
			box_forget(&r->boxes[i]);
		else
			box_close(&r->boxes[i]);
}

static int
pass(struct run *r)
{
	size_t i;
	int got = look(r) < 0 || check(r) < 0 ? -1 : 0;

	if (got == 0 && r->o->dry_run)
		report_plan(r);
	else if (got == 0 && !stop_asked())
		got = apply_all(r);
	for (i = 0; got == 0 && !r->o->dry_run && i < r->nboxes; i++)
		if (r->boxes[i].look && r->boxes[i].opened)
			got = conclude(r, &r->boxes[i]);
	close_most(r);
	return got;
}

/* As many at a time as there are descriptors for. */
static bool
choose_some(struct run *r)
{
	struct rlimit files;
	size_t i, n = 0, most = 100;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > FEW_FILES)
		most = ((size_t)files.rlim_cur / 2 - 100) / 6;
	for (i = 0; i < r->nboxes; i++) {
		struct box *b = &r->boxes[i];

		b->look = b->todo && n < most;
		b->passes += b->look;
		if (b->look)
			b->todo = false;
		n += b->look;
	}
	return n > 0;
}

static int
sync_all(struct run *r)
{
	int got = 0;

	if (boxes_find(r) < 0 || boxes_agree(r) < 0)
		return -1;
	boxes_dirty(r);
	while (got == 0 && !stop_asked() && choose_some(r)) {
		got = pass(r);
		if (got == 0 && !r->o->dry_run)
			got = again(r);
		close_all(r);
	}
	return got;
}

/* ---- one account ---- */

static const char *
state_dir(struct run *r)
{
	struct buf name = { .max = 4096 };
	const char *dir, *path = NULL;

	if (r->o->state != NULL)
		return file_path(&r->arena, r->o->state);
	if (names_to_path(&name, str_of(r->o->title), '\0',
	    LAYOUT_VERBATIM) < 0)
		fail(r->e, EX_USAGE, "%s cannot be a file name: use --state",
		    r->o->title);
	else if ((dir = statedir_path(&r->arena, "imapsync", "--state DIR",
	    r->e)) != NULL)
		path = arena_printf(&r->arena, "%s/%s", dir, name.p);
	buf_free(&name);
	return path;
}

static int
make_dirs(const char *path, struct err *e)
{
	char *copy = mem_dup(path), *at;
	int got = 0;

	for (at = strchr(copy + 1, '/'); at != NULL; at = strchr(at + 1,
	    '/')) {
		*at = '\0';
		mkdir(copy, 0700);
		*at = '/';
	}
	if (mkdir(copy, 0700) < 0 && errno != EEXIST)
		got = fail_sys(e, EX_CANTCREAT, "%s", path);
	free(copy);
	return got;
}

static int
lock(struct run *r)
{
	r->lock = lock_take(arena_printf(&r->arena, "%s/lock", r->dir), r->e);
	return r->lock < 0 ? -1 : 0;
}

/* A root that was there and is gone is a disk that is not mounted. */
static int
open_root(struct run *r)
{
	const char *path = file_path(&r->arena, r->o->near);

	r->o->near = path;
	if (r->index.n == 0 && !r->o->dry_run && make_dirs(path, r->e) < 0)
		return -1;
	r->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->root >= 0 || (errno == ENOENT && r->index.n == 0 &&
	    r->o->dry_run))
		return 0;
	if (errno == ENOENT && r->index.n > 0)
		return fail(r->e, EX_TEMPFAIL, "%s was there and is gone: "
		    "nothing is done (to begin anew: imapsync state rebuild)",
		    path);
	return fail_sys(r->e, EX_CANTCREAT, "%s", path);
}

static int
open_run(struct run *r)
{
	size_t i;

	if ((r->dir = state_dir(r)) == NULL || make_dirs(r->dir, r->e) < 0 ||
	    lock(r) < 0 || index_open(&r->index, r->dir, r->e) < 0 ||
	    open_root(r) < 0)
		return -1;
	if (!r->o->dry_run && folders_resume(r) < 0)
		return -1;
	r->lines = r->o->dry_run ? 1 : (size_t)r->o->connections;
	r->line = mem_new(r->lines, sizeof *r->line);
	for (i = 0; i < r->lines; i++)
		r->line[i].run = r;
	return 0;
}

static void
close_run(struct run *r)
{
	size_t i;

	for (i = r->lines; i-- > 0; ) {
		if (r->line[i].open)
			imap_quit(&r->line[i].imap);
		imap_free(&r->line[i].imap);
		session_close(&r->line[i].session);
	}
	free(r->line);
	free(r->boxes);
	index_close(&r->index);
	if (r->root >= 0)
		close(r->root);
	if (r->lock >= 0)
		close(r->lock);
	pthread_mutex_destroy(&r->talk);
	arena_free(&r->arena);
}

static int
run(struct err *e)
{
	struct run r = { .o = &o, .e = e, .root = -1, .lock = -1,
	    .started = clock_ms(), .draws = isatty(2) == 1 &&
	    !o.account.quiet };
	struct sandbox box = { 0 };
	struct err late = { 0 };
	struct line *l;
	int status;

	pthread_mutex_init(&r.talk, NULL);
	if (open_run(&r) == 0) {
		l = &r.line[0];
		sandbox_path(&box, o.near, SANDBOX_WRITE);
		sandbox_path(&box, r.dir, SANDBOX_WRITE);
		o.account.box = &box;
		if (session_ready(&l->session, &o.account, &l->err) == 0 &&
		    link_connect(&r, l) == 0)
			sync_all(&r);
		close_all(&r);
		fail_join(e, &l->err);
		if (!o.dry_run && e->code != EX_SOFTWARE)
			index_save(&r.index, &late);
		fail_join(e, &late);
	}
	report_end(&r);
	status = report_status(&r);
	close_run(&r);
	sandbox_forget(&box);
	return status;
}

/* ---- the program ---- */

static int
load(const char *name, struct err *e)
{
	if (name != NULL && account_section(&o.account, "sync", name, e) < 0)
		return -1;
	if (account_load(&o.account, &set, "imap", NULL, e) < 0)
		return -1;
	o.title = name != NULL ? name : o.account.name != NULL ?
	    o.account.name : o.account.has_server ? o.account.server.host :
	    "";
	trace_set(o.account.verbose);
	return policies(e);
}

static int
account(const char *name, struct err *e)
{
	int status = EX_USAGE;

	if (load(name, e) < 0)
		status = e->code;
	else if (!o.account.has_server)
		fail(e, EX_USAGE, "which server? Name a sync section, or use "
		    "-S imaps://HOST");
	else if (o.near == NULL)
		fail(e, EX_USAGE, "where to? --near DIR");
	else
		status = run(e);
	fail_tell(e, name);
	return status;
}

static void
child(const char *name, struct err *e)
{
	int status = account(name, e);

	if (fflush(stdout) != 0 || ferror(stdout))
		status = fail_worse(status, EX_IOERR);
	account_wipe(&o.account);
	_exit(status);
}

/* Each in a process of its own: none can stop the others. */
static int
several(struct opt_list names, struct err *e)
{
	struct spawn_child c;
	int worst = 0, got;
	size_t i;

	for (i = 0; i < names.n && !stop_asked(); i++) {
		fflush(stdout);
		if ((got = spawn_fork(&c, e)) < 0)
			return -1;
		if (got == 0)
			child(names.v[i], e);
		if (i == names.n - 1)
			account_forget(&o.account);
		if (!spawn_wait(&c, CLOCK_NEVER))
			spawn_stop(&c, 1);
		worst = fail_worse(worst, c.how == SPAWN_EXITED ? c.code :
		    EX_SOFTWARE);
	}
	return i < names.n ? fail_worse(worst, EX_TEMPFAIL) : worst;
}

/* "state VERB [NAME]" */
static int
state_command(struct err *e)
{
	struct run r = { .o = &o, .e = e, .lock = -1 };
	int got = -1;

	if (o.operands.n < 2 || o.operands.n > 3)
		return fail(e, EX_USAGE, "state dump, check or rebuild, and "
		    "a NAME");
	if (load(o.operands.n == 3 ? o.operands.v[2] : NULL, e) == 0 &&
	    (r.dir = state_dir(&r)) != NULL && lock(&r) == 0)
		got = statecmd_run(o.operands.v[1], r.dir, o.account.json,
		    e);
	if (r.lock >= 0)
		close(r.lock);
	arena_free(&r.arena);
	return got;
}

/* What can be read once is not for several processes. */
static int
alone(struct err *e)
{
	if (o.account.password_fd != NULL)
		return fail(e, EX_USAGE, "--password-fd can be read once, and here are several accounts");
	return account_read(&o.account, e);
}

static int
start(int argc, char **argv, struct err *e)
{
	set.tables[0] = options;
	set.tables[1] = account_options(&o.account);
	set.arena = &o.account.arena;
	if (opt_parse(&set, argc, argv, &o.operands, e) < 0 ||
	    opt_rules(&set, rules, e) < 0 || opt_stdin(&set, NULL, e) < 0)
		return -1;
	if (o.all && o.operands.n > 0)
		return fail(e, EX_USAGE, "--all has no effect with names of sections");
	if (o.import != NULL)
		return import_run(o.import, e);
	if (o.operands.n > 0 && strcmp(o.operands.v[0], "state") == 0)
		return state_command(e);
	if (o.all && o.operands.n == 0 && account_sections(&o.account,
	    "sync", &o.operands, e) < 0)
		return -1;
	if (o.operands.n > 1)
		return alone(e) < 0 ? -1 : several(o.operands, e);
	return account(o.operands.n == 1 ? o.operands.v[0] : NULL, e);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int status;

	program_begin(argv[0]);
	program_private();
	program_files();
	status = start(argc, argv, &e);
	if (status < 0) {
		fail_tell(&e, NULL);
		status = e.code;
	}
	account_wipe(&o.account);
	return program_end(status);
}
