/* imap.c: IMAP: login, folders, waiting */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "imap_box.h"
#include "imap_idle.h"
#include "imap_notify.h"
#include "imapbox.h"
#include "pattern.h"
#include "protocols.h"
#include "show.h"
#include "stop.h"
#include "trace.h"

struct folder {
	const char *name;
	char sep;		/* between its parts; NUL: none, or not known */
	uint64_t uidnext;	/* when it was looked at; 0: not known */
};

struct folders {
	struct folder *v;
	size_t n, cap;
	struct table name;	/* of v */
	size_t lines, bytes;	/* of LIST */
	bool *met;		/* by --folder: it means one that is there */
	bool untold;		/* the server refuses NOTIFY */
	unsigned hasty;		/* times in a row that it was no use to wait */
	unsigned early;		/* the same, before anything was asked */
};

static struct str
folder_at(const void *of, size_t at)
{
	return str_of(((const struct folders *)of)->v[at].name);
}

static void
add_folder(struct run *r, struct folders *f, struct str name, char sep)
{
	if (table_text(&f->name, f, name) != TABLE_NONE)
		return;
	if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 32;
		f->v = mem_grow(f->v, f->cap, sizeof *f->v);
	}
	f->v[f->n] = (struct folder){ arena_dup(&r->arena, name), sep, 0 };
	f->bytes += sizeof *f->v + name.n;
	table_add(&f->name, f, f->n++);
}

/* Does a pattern mean this folder?  "\Junk" is its special use. */
static bool
means(const char *pattern, const struct imap_resp *r)
{
	if (pattern[0] == '\\')
		return imap_has_flag(r->flags, pattern);
	return str_eq(str_of(pattern), r->name) ||
	    pattern_fits(str_of(pattern), r->name, r->sep);
}

/* With a place per folder it matters where a name has its parts. */
static bool
simple(const struct run *r, const char *pattern)
{
	if (deliver_by_folder(&r->deliver))
		return str_is(str_of(pattern), "INBOX");
	return pattern[0] != '\\' && pattern[0] != '!' &&
	    strpbrk(pattern, "*%") == NULL;
}

static bool
wanted(const struct run *run, const struct imap_resp *r, bool *met)
{
	const struct options *o = run->o;
	struct pattern p = { .yes = false };
	bool fits;
	size_t i;

	if (!imap_selectable(r->flags))
		return false;
	/* Options have no order: what is left out comes last. */
	for (i = 0; i < o->which.folder.n; i++) {
		if (o->which.folder.v[i][0] == '!')
			continue;
		fits = means(o->which.folder.v[i], r);
		met[i] |= fits;
		pattern_take(&p, false, fits);
	}
	for (i = 0; i < o->which.folder.n; i++)
		if (o->which.folder.v[i][0] == '!')
			pattern_take(&p, true, means(o->which.folder.v[i] + 1,
			    r));
	/* A message that was moved or delivered there would be new there. */
	if (o->after.move_to != NULL && str_eq(str_of(o->after.move_to),
	    r->name))
		return false;
	if (deliver_into(&run->deliver, r->name))
		return false;
	return p.yes;
}

static void
take_name(struct run *r, struct folders *f, const struct imap_resp *resp)
{
	if (!wanted(r, resp, f->met))
		return;
	if (!resp->bad_name && !str_control(resp->name)) {
		add_folder(r, f, resp->name, resp->sep);
		return;
	}
	fail_print("%s: %.*s: a folder with an impossible name is left out",
	    r->o->title, STR_ARG(str_to(resp->name, 200)));
	r->count.status = fail_worse(r->count.status, EX_CANTCREAT);
}

static int
ask_list(struct run *r, struct imap *m, struct folders *f)
{
	struct imap_resp resp;
	unsigned tag = imap_ask_list(m, "*", IMAP_LIST_NAMES);

	do {
		if (imap_next(m, &resp) < 0)
			return -1;
		if (resp.type != IMAP_LIST)
			continue;
		take_name(r, f, &resp);
		if (imap_list_bound(m, ++f->lines, f->bytes) < 0)
			return -1;
	} while (!imap_done(&resp, tag));
	if (resp.type == IMAP_OK)
		return 0;
	return conn_fail(m->c, imap_severity(m->text, EX_UNAVAILABLE),
	    "LIST: %s", m->text);
}

/*
 * Patterns may leave nothing.  A name or a use that nothing has is as a folder
 * that cannot be opened: the others come.  A watch may see it come.
 */
static int
missing(struct run *r, const char *name, bool alone)
{
	bool fixed = strpbrk(name, "*%") == NULL;

	if (alone && (fixed || r->o->watch))
		return fail(r->e, fixed ? EX_UNAVAILABLE : EX_TEMPFAIL,
		    "no such folder: %s", name);
	if ((fixed || alone) && !r->o->account.quiet)
		fail_print("%s: no such folder: %s", r->o->title, name);
	if (fixed)
		r->count.status = fail_worse(r->count.status, EX_UNAVAILABLE);
	return 0;
}

static int
list_folders(struct run *r, struct imap *m, struct folders *f)
{
	const struct opt_list *v = &r->o->which.folder;
	size_t i;
	int got;

	f->met = mem_new(v->n, sizeof *f->met);
	got = ask_list(r, m, f);
	for (i = 0; i < v->n && got == 0; i++)
		if (v->v[i][0] != '!' && !f->met[i])
			got = missing(r, v->v[i], f->n == 0);
	free(f->met);
	f->met = NULL;
	return got;
}

/* A message that goes there from it would be new in it. */
static int
usable(struct run *r, const char *name)
{
	if (r->o->after.move_to != NULL &&
	    strcmp(name, r->o->after.move_to) == 0)
		return fail(r->e, EX_USAGE, "--move-to %s is where it comes from",
		    name);
	if (deliver_into(&r->deliver, str_of(name)))
		return fail(r->e, EX_USAGE, "%s of this account is where it is delivered to: it cannot be fetched, too",
		    name);
	return 0;
}

static int
find_folders(struct run *r, struct imap *m, struct folders *f)
{
	const struct hung_one *alone = r->hung.alone;
	bool all_simple = true;
	size_t i;

	if (alone != NULL) {
		add_folder(r, f, str_of(alone->m.folder), alone->sep);
		return 0;
	}
	if (r->o->which.folder.n == 0) {
		add_folder(r, f, STR("INBOX"), '\0');
		return usable(r, "INBOX");
	}
	for (i = 0; i < r->o->which.folder.n; i++) {
		all_simple &= simple(r, r->o->which.folder.v[i]);
		if (usable(r, r->o->which.folder.v[i]) < 0)
			return -1;
	}
	if (!all_simple)
		return list_folders(r, m, f);
	for (i = 0; i < r->o->which.folder.n; i++)
		add_folder(r, f, str_of(r->o->which.folder.v[i]), '\0');
	return 0;
}

/* ---- the whole ---- */

static int
pass_folders(struct run *r, struct imap *m, const struct folders *f)
{
	uint64_t uidnext = 0, exists = 0;
	size_t i;
	int got, status;

	for (i = 0; i < f->n; i++) {
		r->uidnext = 0;
		r->hung.sep = f->v[i].sep;
		got = imapbox_run(r, m, f->v[i].name, f->v[i].sep);
		f->v[i].uidnext = got == 0 ? r->uidnext : 0;
		if (got < 0)
			return -1;
		if (i == 0) {		/* the one that is waited in */
			uidnext = r->uidnext;
			exists = r->exists;
		}
		if (got == 0)
			continue;
		status = imap_severity(m->text, EX_UNAVAILABLE);
		complain_say(&r->p->complain, status, "folder", "%s: %s: %s",
		    r->o->title, f->v[i].name, m->text);
		r->count.status = fail_worse(r->count.status, status);
	}
	r->uidnext = uidnext;
	r->exists = exists;
	return 0;
}

/*
 * Where the server does not tell, and of the other folders it does not, it is
 * asked.  Nine minutes at most, for routers forget connections after ten.
 */
enum { UNTOLD = 60, TOLD = 540 };

static double
until_asked(const struct run *r)
{
	double s = clock_about(r->o->poll > 0 ? r->o->poll : UNTOLD);

	return s < TOLD ? s : TOLD;
}

/*
 * A server whose STATUS, SELECT and EXAMINE do not agree is not looked at for
 * ever because of that.
 */
enum { HASTY = 3 };

/* 0: it is time to look, 1: the server does not tell of all, -1. */
static int
wait_in_all(struct run *r, struct imap *m, struct folders *f)
{
	struct imap_told *v = mem_new(f->n, sizeof *v);
	size_t i, n = 0;
	int got;

	for (i = 0; i < f->n; i++)
		if (f->v[i].uidnext != 0)
			v[n++] = (struct imap_told){ f->v[i].name,
			    f->v[i].uidnext };
	got = imap_notify(m, v, n);
	free(v);
	f->hasty = got == 1 ? f->hasty + 1 : 0;
	f->untold = got == 2;
	if (got < 0 || got == 2)
		return got < 0 ? -1 : 1;
	if (got == 0 || f->hasty > HASTY) {
		trace_note(TRACE_DONE, "%s: told of mail in %zu folders",
		    r->o->title, n);
		if (imap_idle(m, TOLD, true) < 0)
			return -1;
	}
	return stop_asked() ? 0 : imap_notify_end(m);
}

static int
wait_for_mail(struct run *r, struct imap *m, struct folders *f)
{
	const char *first = f->v[0].name;
	uint64_t uidnext = r->uidnext, exists = r->exists;
	int got;

	if (state_sync(&r->state, r->e) < 0 ||
	    (got = imap_select(m, str_of(first), true)) < 0)
		return -1;
	if (got > 0)
		return conn_fail(m->c, imap_severity(m->text,
		    EX_UNAVAILABLE), "%s: %s", first,
		    m->text);
	/* It has come since the search, and nobody will say so again. */
	if (r->count.fetched > 0)
		f->early = 0;	/* and there was */
	if ((m->box.uidnext != uidnext || m->box.exists > exists) &&
	    f->early++ < HASTY)
		return 0;
	f->early = 0;
	if (f->n > 1 && !f->untold && (m->caps & IMAP_NOTIFY) != 0 &&
	    (m->caps & IMAP_IDLE) != 0 && (got = wait_in_all(r, m, f)) <= 0)
		return got;
	trace_note(TRACE_DONE, "%s: waiting for mail in %s", r->o->title,
	    first);
	if ((m->caps & IMAP_IDLE) == 0)
		return conn_wait(m->c, -1, until_asked(r)) < 0 ? -1 : 0;
	return imap_idle(m, f->n > 1 ? until_asked(r) : TOLD, false) < 0 ?
	    -1 : 0;
}

/* Each pass is a run: --timeout, --limit and a failed message are its own. */
static void
begin_pass(struct run *r, struct session *sess)
{
	const struct account *a = &r->o->account;

	if (a->timeout > 0)
		sess->conf.deadline = clock_in(a->timeout);
	r->count.status = r->count.hook = 0;
	r->count.total = r->count.total_bytes = 0;
	r->count.fetched = r->count.bytes = 0;
	r->started = clock_ms();
}

static int
watch(struct run *r, struct imap *m, struct session *sess,
    struct folders *f)
{
	int got;

	do {
		fflush(stdout);
		run_looked(r);
		sess->conf.deadline = 0;
		got = wait_for_mail(r, m, f);
		if (got == 0 && stop_asked())
			return fail_stop(r->e);
		begin_pass(r, sess);
	} while (got == 0 && (got = pass_folders(r, m, f)) == 0 &&
	    r->hung.n == 0);
	return got;
}

static int
work_folders(struct run *r, struct imap *m, struct session *sess)
{
	struct folders f = { .name.text = folder_at };
	int got = find_folders(r, m, &f);

	if (got == 0)
		got = pass_folders(r, m, &f);
	/* Without a folder LIST again, later. */
	if (got == 0 && r->o->watch && f.n > 0 && r->hung.n == 0)
		got = watch(r, m, sess, &f);
	table_free(&f.name);
	free(f.v);
	return got;
}

static int
needs(struct run *r, struct imap *m)
{
	if (r->o->after.when != DELETE_NEVER && (m->caps & IMAP_UIDPLUS) == 0)
		return conn_fail(m->c, EX_UNAVAILABLE, "the server has no UIDPLUS: a deletion could take other messages with it. Use --delete never");
	if (r->o->after.move_to != NULL && (m->caps & IMAP_MOVE) == 0)
		return conn_fail(m->c, EX_UNAVAILABLE, "the server has no MOVE, which --move-to needs");
	return 0;
}

static int
login_imap(struct run *r, struct imap *m, struct session *sess)
{
	struct sasl_login l;

	if (m->authed)
		return 0;
	return run_login(r, sess, &l) < 0 ? -1 : imap_auth(m, &l);
}

static int
hold_session(struct run *r, struct imap *m, struct session *sess)
{
	bool anonymous = r->o->look.probe &&
	    !session_wants_login(&r->o->account);

	if (imap_open(m, sess->conn, session_tls(&r->o->account)) < 0)
		return -1;
	if (!anonymous && login_imap(r, m, sess) < 0)
		return -1;
	session_forget(sess);
	if (r->o->look.probe) {
		show_session(r, sess, "", m->all, m->mechs, -1, 0);
		imap_quit(m);
		return 0;
	}
	if (needs(r, m) < 0 ||
	    imap_wait(m, imap_ask_ready(m, IMAP_UTF8)) < 0 ||
	    imap_deflate(m) < 0 || work_folders(r, m, sess) < 0)
		return -1;
	imap_quit(m);
	return 0;
}

/* The one mailbox with a name in any case is spelled in one way. */
static const char *
canonical(const char *name)
{
	if (name != NULL && str_is(str_of(name), "INBOX"))
		return "INBOX";
	return name != NULL && str_is(str_of(name), "!INBOX") ? "!INBOX" :
	    name;
}

static void
spell(struct options *o)
{
	size_t i;

	for (i = 0; i < o->which.folder.n; i++)
		o->which.folder.v[i] = canonical(o->which.folder.v[i]);
	o->after.move_to = canonical(o->after.move_to);
}

/* Checks what goes into commands, before there is anybody to hear it. */
static int
check_options(const struct options *o, struct err *e)
{
	const char *name;
	size_t i;

	for (i = 0; i < o->which.folder.n; i++) {
		name = o->which.folder.v[i];
		if (!imap_nameable(str_of(name[0] == '!' ? name + 1 : name)))
			return fail(e, EX_USAGE, "--folder %s: this cannot be the name of a folder",
			    name);
	}
	if (o->after.move_to != NULL && !imap_nameable(str_of(o->after.move_to)))
		return fail(e, EX_USAGE, "--move-to %s: this cannot be the name of a folder",
		    o->after.move_to);
	return imapbox_check(o, e);
}

static int
imap_pass(struct run *r)
{
	struct session *sess = &r->p->session;
	struct imap m = { 0 };
	int got;

	if (run_connect(r) < 0)
		return -1;
	got = hold_session(r, &m, sess);
	if (stop_asked())
		imap_quit(&m);
	imap_free(&m);
	session_hang_up(sess);
	return got;
}

/* A watch ends its connection for what is asked for alone, and has another. */
int
imap_run(struct run *r)
{
	int got;

	spell(r->o);
	if (check_options(r->o, r->e) < 0)
		return -1;
	while ((got = imap_pass(r)) == 0 && r->hung.n > 0)
		if ((got = hung_rest(r, imap_pass)) < 0 || !r->o->watch)
			break;
	return got;
}
