/*
 * account_run.c: one account's run: what is opened for it, and closed again
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account_run.h"
#include "attic.h"
#include "base.h"
#include "body.h"
#include "box.h"
#include "elsewhere.h"
#include "file.h"
#include "folders_rename.h"
#include "link.h"
#include "list.h"
#include "list_show.h"
#include "lock.h"
#include "near_dir.h"
#include "near_file.h"
#include "report.h"
#include "since.h"
#include "statecmd.h"
#include "statedir.h"
#include "sync.h"
#include "trim.h"

enum { HOOK_SECONDS = 300 };

static const char *
state_dir(struct run *r)
{
	struct buf name = { .max = 4096 };
	const char *dir, *path = NULL;

	if (r->o->state != NULL)
		return file_path(&r->arena, r->o->state);
	if (names_to_path(&name, str_of(r->o->title), '\0',
	    &names_verbatim) < 0)
		fail(r->e, EX_USAGE, "%s cannot be a file name: use --state",
		    r->o->title);
	else if ((dir = statedir_path(&r->arena, "imapsync", "--state DIR",
	    r->e)) != NULL)
		path = arena_printf(&r->arena, "%s/%s", dir, name.p);
	buf_free(&name);
	return path;
}

static const char *
lock_name(struct run *r)
{
	return arena_printf(&r->arena, "%s/lock", r->dir);
}

/* ---- whose base it is ---- */

static struct base
run_base(struct run *r)
{
	const struct settings *o = r->o;
	enum base_mode mode = BASE_BOTH;

	if (o->policy.mirror)
		mode = BASE_MIRROR;
	else if (o->policy.far_gets == 0)
		mode = BASE_PULL;
	else if (o->policy.near_gets == 0)
		mode = BASE_PUSH;
	return base_of(&r->arena, account_user(o->account),
	    o->account->server.host, file_path(&r->arena, o->near), mode);
}

/* Where nobody asks which Maildirs: the first one's. */
static const char *
base_asked(struct run *r)
{
	const char *dir = state_dir(r);
	struct base is;

	if (dir == NULL || r->o->near == NULL)
		return dir;
	is = run_base(r);
	return base_find(dir, &is, true, &r->arena, r->e);
}

/* Chosen, locked, and nobody else has become its owner meanwhile. */
static int
take_base(struct run *r, struct account_kept *k, const struct base *is)
{
	bool accept = r->o->accept_mode, first = k->state == NULL;
	const char *dir = first ? state_dir(r) : k->state, *now, *all;

	if (dir == NULL || (r->dir = base_find(dir, is, accept, &r->arena,
	    r->e)) == NULL)
		return -1;
	r->lock = statedir_lock(lock_name(r), r->e);
	k->busy = r->lock < 0 && r->e->code == EX_TEMPFAIL;
	if (r->lock < 0 ||
	    (now = base_find(dir, is, accept, &r->arena, r->e)) == NULL)
		return -1;
	if (strcmp(now, r->dir) != 0)
		return fail(r->e, EX_TEMPFAIL, "%s: another run has just taken it for other Maildirs: run it again",
		    r->dir);
	if (r->o->state != NULL || accept || !first)
		return 0;
	all = statedir_path(&r->arena, "imapsync", "--state DIR", r->e);
	return all == NULL ? -1 : base_alone(all, r->dir, is, r->e);
}

int
account_state(const struct settings *o, const char *verb, struct err *e)
{
	struct run r = { .o = o, .e = e, .lock = -1 };
	int got = -1;

	if ((r.dir = base_asked(&r)) != NULL &&
	    (r.lock = lock_take(lock_name(&r), e)) >= 0)
		got = statecmd_run(verb, r.dir, o->account->json, e);
	if (r.lock >= 0)
		close(r.lock);
	arena_free(&r.arena);
	return got;
}

/* A root that was there and is gone is a disk that is not mounted. */
static int
open_root(struct run *r)
{
	const char *path = r->o->near;

	if (r->index.n == 0 && !r->o->dry_run &&
	    (statedir_make(path, r->e) < 0 || (r->o->inbox != NULL &&
	    r->o->inbox[0] == '/' && statedir_make(r->o->inbox, r->e) < 0)))
		return -1;
	r->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->root >= 0 || (errno == ENOENT && r->index.n == 0 &&
	    r->o->dry_run))
		return 0;
	if (errno == ENOENT && r->index.n > 0)
		return fail(r->e, EX_TEMPFAIL, "%s was there and is gone: nothing is done (to begin anew: imapsync state rebuild)",
		    path);
	return fail_sys(r->e, EX_CANTCREAT, "%s", path);
}

/* Where a link leads to, if that is a Maildir of ours. */
struct ours {
	int root;
	const struct stat *to;
	const char *is;		/* its path; or NULL */
	struct arena *arena;
};

static void
is_ours(void *of, const char *path)
{
	struct ours *s = of;
	struct stat st;

	if (s->is == NULL && fstatat(s->root, path[0] != '\0' ? path : ".",
	    &st, 0) == 0 && st.st_dev == s->to->st_dev &&
	    st.st_ino == s->to->st_ino)
		s->is = arena_dup(s->arena, str_of(path));
}

/* One that cannot be followed is told, 73, and left alone as any link is. */
static int
follow_links(struct run *r)
{
	const struct opt_list *v = &r->o->follow;
	struct ours s = { .root = r->root, .arena = &r->arena };
	struct stat to;
	size_t i;

	for (i = 0; i < v->n && r->root >= 0; i++) {
		s.to = &to;
		s.is = NULL;
		if (fstatat(r->root, v->v[i], &to, 0) < 0)
			to = (struct stat){ 0 };
		is_ours(&s, "");	/* it may be no Maildir itself */
		if (near_dir_folders(r->root, r->o->how.layout, is_ours, &s,
		    r->e) < 0)
			return -1;
		if (s.is != NULL && strcmp(s.is, v->v[i]) != 0) {
			report_problem(&r->report, EX_CANTCREAT, v->v[i],
			    "it leads to %s, which is synced already",
			    s.is[0] != '\0' ? s.is : r->o->near);
			continue;
		}
		if (near_file_follow(r->root, v->v[i], &to) < 0)
			report_problem(&r->report, EX_CANTCREAT, v->v[i],
			    "--follow: %s", strerror(errno));
	}
	return 0;
}

/* Can a file be deleted here that is to be kept? */
static bool
needs_attic(const struct settings *o)
{
	return !o->dry_run && (o->policy.near_delete == NEAR_ATTIC ||
	    o->policy.mirror || o->policy.purge != PURGE_NONE ||
	    (o->folders_delete && o->policy.near_delete != NEAR_EXPUNGE));
}

static int
open_run(struct run *r, struct account_kept *k)
{
	const struct base is = run_base(r);
	size_t i;

	if (!r->o->dry_run && k->link == NULL && hook_open(&r->report.hook,
	    &k->arena, r->o->on_change, HOOK_SECONDS, r->e) < 0)
		return -1;
	if (r->o->here.since != NULL &&
	    since_day(r->o->here.since, &r->since, r->e) < 0)
		return -1;
	if (take_base(r, k, &is) < 0 ||
	    index_open(&r->index, r->dir, r->e) < 0 || open_root(r) < 0 ||
	    (!r->o->dry_run && base_note(r->dir, &is, r->e) < 0))
		return -1;
	if (k->state == NULL && follow_links(r) < 0)
		return -1;
	if (needs_attic(r->o))
		attic_open(&r->attic, &r->arena, r->o->near, r->root);
	if (!r->o->dry_run && folders_resume(r) < 0)
		return -1;
	if (k->link == NULL) {
		k->links = r->o->dry_run ? 1 : (size_t)r->o->connections;
		k->link = mem_new(k->links, sizeof *k->link);
	}
	r->link = k->link;
	/* the secret of an open connection may be wiped, or expired */
	r->links = k->link[0].open ? 1 : k->links;
	for (i = 0; i < k->links; i++)
		r->link[i].run = r;
	if (k->state == NULL)
		k->state = arena_dup(&k->arena, str_of(state_dir(r)));
	return 0;
}

/* All but what is kept. */
static void
close_run(struct run *r)
{
	free(r->boxes);
	index_close(&r->index);
	attic_close(&r->attic);
	if (r->root >= 0)
		close(r->root);
	if (r->lock >= 0)
		close(r->lock);
	report_free(&r->report);
	name_set_free(&r->unsubscribed);
	arena_free(&r->arena);
}

/* ---- its connections ---- */

static void
close_link(struct link *l)
{
	if (l->open)
		imap_quit(&l->imap);
	imap_free(&l->imap);
	l->open = l->tried = l->chose = false;
	l->selected = NULL;
}

struct link *
account_link(const struct account_kept *k)
{
	return k->link != NULL && k->link[0].open ? &k->link[0] : NULL;
}

void
account_hang_up(struct account_kept *k)
{
	struct link *l = &k->link[0];

	if (k->link == NULL)
		return;
	close_link(l);
	l->imap = (struct imap){ 0 };
	session_hang_up(&l->session);
	fail_clear(&l->err);
}

/* Those that helped with downloads. */
static void
close_others(struct account_kept *k)
{
	size_t i;

	for (i = k->links; i-- > 1; ) {
		close_link(&k->link[i]);
		session_close(&k->link[i].session);
		k->link[i] = (struct link){ .open = false };
	}
}

void
account_unkeep(struct account_kept *k)
{
	if (k->links > 0) {
		close_others(k);
		close_link(&k->link[0]);
		session_close(&k->link[0].session);
	}
	free(k->link);
	hook_close(&k->hook);
	sandbox_forget(&k->box);
	arena_free(&k->arena);
	*k = (struct account_kept){ .hook.file = -1 };
}

/* Looking takes no lock and no base, and changes nothing. */
int
account_list(const struct settings *o, struct err *e)
{
	struct settings all = *o;
	struct run r = { .o = &all, .e = e, .root = -1, .lock = -1,
	    .attic = { .all = -1 }, .links = 1, .listing = true };
	struct sandbox box = { 0 };
	struct link *l;
	int status;

	all.patterns = "*";
	all.local_only = NULL;
	all.dry_run = true;
	report_begin(&r.report, &all);
	r.link = l = mem_new(1, sizeof *r.link);
	l->run = &r;
	if (o->near != NULL) {
		r.root = open(o->near, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		sandbox_path(&box, o->near, SANDBOX_READ);
	}
	o->account->box = &box;
	if (session_ready(&l->session, o->account, &l->err) == 0 &&
	    link_connect(&r, l) == 0 && list_find(&r) == 0)
		list_show(&r, o);
	fail_join(e, &l->err);
	status = report_status(&r.report, e);
	close_link(l);
	session_close(&l->session);
	free(l);
	close_run(&r);
	sandbox_forget(&box);
	return status;
}

/* What the process may touch from here on. */
static void
open_paths(struct run *r, struct account_kept *k)
{
	const struct settings *o = r->o;
	struct opt_list former;
	size_t i;

	sandbox_path(&k->box, o->near, SANDBOX_WRITE);
	if (r->attic.path != NULL)
		sandbox_path(&k->box, r->attic.path, SANDBOX_WRITE);
	if (o->inbox != NULL && o->inbox[0] == '/')
		sandbox_path(&k->box, o->inbox, SANDBOX_WRITE);
	sandbox_path(&k->box, o->account->again ? k->state : r->dir,
	    SANDBOX_WRITE);
	for (i = 0; i < o->follow.n; i++)
		sandbox_path(&k->box, arena_printf(&r->arena, "%s/%s",
		    o->near, o->follow.v[i]), SANDBOX_WRITE);
	former = elsewhere_dirs(o, &r->arena);
	for (i = 0; i < former.n; i++)
		sandbox_path(&k->box, former.v[i], SANDBOX_READ);
	if (o->on_change != NULL && !o->dry_run)
		file_temp_keep(HOOK_TEMPS, &k->box);
	k->box.watches = o->account->again;
	o->account->box = &k->box;
}

/* The first time confines the process, too. */
static int
connect_run(struct run *r, struct account_kept *k, bool temps)
{
	struct link *l = &r->link[0];

	if (l->open)
		return 0;
	if (!k->ready) {
		if (!k->listed)
			open_paths(r, k);
		if (temps && !k->listed)
			file_temp_keep(1, &k->box);
		k->listed = true;
		if (session_ready(&l->session, r->o->account, &l->err) < 0)
			return -1;
		k->ready = true;
	} else if (session_renew(&l->session, &l->err) < 0) {
		return -1;
	}
	return link_connect(r, l);
}

int
account_pass(struct account_kept *k, const struct settings *o,
    const struct body_want *want, struct err *e)
{
	struct run r = { .o = o, .e = e, .root = -1, .lock = -1,
	    .attic = { .all = -1 } };
	struct err late = { 0 };
	int status;

	k->busy = false;
	report_begin(&r.report, o);
	r.report.hook = k->hook;
	r.report.told = k->told;
	if (open_run(&r, k) == 0) {
		if (connect_run(&r, k, want != NULL && want->print) == 0) {
			if (want != NULL && want->trim)
				trim_run(&r);
			else if (want != NULL)
				body_run(&r, want);
			else
				sync_run(&r, k->roster);
		}
		fail_join(e, &r.link[0].err);
		if (!o->dry_run && e->code != EX_SOFTWARE)
			index_save(&r.index, &late);
		fail_join(e, &late);
		report_hook(&r.report);
		close_others(k);
	}
	report_end(&r.report, e, r.nboxes);
	status = report_status(&r.report, e);
	k->hook = r.report.hook;
	r.report.hook = (struct hook){ .file = -1 };
	if (e->code != 0 && !k->busy)
		account_hang_up(k);
	close_run(&r);
	return status;
}

int
account_run(const struct settings *o, const struct body_want *want,
    struct err *e)
{
	struct account_kept k = { .hook.file = -1 };
	int status = account_pass(&k, o, want, e);

	account_unkeep(&k);
	return status;
}
