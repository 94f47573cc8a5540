/*
 * local.c: delivery into the mailboxes of this machine's users
 *
 * Nobody is asked by the network.  A user is who getpwnam(3) knows, by a name
 * that may stand in a path.  Root acts as that user while it delivers, so that
 * no link of his leads where he could not write himself.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local.h"
#include "clock.h"
#include "maildir.h"
#include "mbox.h"

enum {
	LOCKED = 10,			/* seconds to wait for an mbox, once */
	NAME_MOST = 64
};

struct user {
	const char *name, *home;
	uid_t uid;
	gid_t gid;
	const char *path;		/* his mailbox */
	bool doubt;			/* the message may be there already: an
					 * attempt has no end that is known */
};

/* Who we were before we were a user. */
struct self {
	bool changed;
	gid_t gid, *groups;
	int ngroup;
};

/* ---- who it is ---- */

static bool
safe_name(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (!str_alpha(s[i]) && !str_digit(s[i]) && s[i] != '_' &&
		    (i == 0 || (s[i] != '-' && s[i] != '.')))
			return false;
	return i > 0 && i <= NAME_MOST;
}

/* As it is, or else in lower case: a local part's case is the host's affair. */
static const struct passwd *
find_user(const char *name)
{
	const struct passwd *pw;
	char lower[NAME_MOST + 1];
	size_t i;

	errno = 0;
	if (!safe_name(name))
		return NULL;
	if ((pw = getpwnam(name)) != NULL)
		return pw;
	for (i = 0; name[i] != '\0'; i++)
		lower[i] = str_lower(name[i]);
	lower[i] = '\0';
	return getpwnam(lower);
}

/* 1 there is one, 0 not, -1 that cannot be told now. */
static int
know_user(struct user *u, struct arena *a, const char *addr, struct err *e)
{
	const struct passwd *pw;

	if (strchr(addr, '@') != NULL)
		return fail(e, EX_NOUSER, "not an address of this machine, and there is no server for others"),
		    0;
	pw = find_user(addr);
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH) {
		fail_sys(e, EX_TEMPFAIL, "users cannot be looked up");
		return -1;
	}
	if (pw == NULL || !safe_name(pw->pw_name))
		return fail(e, EX_NOUSER, "no such user here"), 0;
	*u = (struct user){ .name = arena_dup(a, str_of(pw->pw_name)),
	    .home = arena_dup(a, str_of(pw->pw_dir)), .uid = pw->pw_uid,
	    .gid = pw->pw_gid };
	return 1;
}

/* "/var/mail/%u", "~/Maildir" */
static const char *
user_path(struct arena *a, const char *pattern, const struct user *u)
{
	struct buf b = { .max = 8192 };
	const char *path;

	if (*pattern == '~') {
		buf_s(&b, u->home);
		pattern++;
	}
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '%')
			buf_c(&b, *pattern);
		else if (*++pattern == 'u')
			buf_s(&b, u->name);
		else
			buf_c(&b, '%');
	}
	path = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return path;
}

/* ---- acting as the user ---- */

/*
 * In /var/mail, which is its group's to write, new files and locks are made as
 * that group.  Only a folder of root's own, which no user's name is part of,
 * lends its group.
 */
static gid_t
folder_group(const char *pattern, const struct user *u)
{
	const char *slash = strrchr(pattern, '/');
	char dir[1024];
	struct stat st;

	if (*pattern == '~' || slash == NULL || slash == pattern ||
	    (size_t)snprintf(dir, sizeof dir, "%.*s", (int)(slash - pattern),
	    pattern) >= sizeof dir || strchr(dir, '%') != NULL ||
	    stat(dir, &st) < 0 || st.st_uid != 0 || st.st_gid == 0 ||
	    (st.st_mode & S_IWGRP) == 0)
		return u->gid;
	return st.st_gid;
}

static int
become(struct self *was, struct arena *a, const char *pattern,
    const struct user *u, struct err *e)
{
	gid_t gid;

	*was = (struct self){ .gid = getegid() };
	if (geteuid() != 0 || u->uid == 0)
		return 0;
	gid = folder_group(pattern, u);
	if ((was->ngroup = getgroups(0, NULL)) < 0)
		return fail_sys(e, EX_OSERR, "getgroups");
	was->groups = arena_new(a, (size_t)was->ngroup + 1,
	    sizeof *was->groups);
	if (getgroups(was->ngroup, was->groups) != was->ngroup)
		return fail_sys(e, EX_OSERR, "getgroups");
	was->changed = true;
	if (setgroups(0, NULL) < 0 || setegid(gid) < 0 || seteuid(u->uid) < 0)
		return fail_sys(e, EX_OSERR, "root cannot act as %s", u->name);
	return 0;
}

/* Never as somebody in between. */
static void
be_self(const struct self *was)
{
	if (!was->changed)
		return;
	if (seteuid(0) < 0 || setegid(was->gid) < 0 ||
	    setgroups((size_t)was->ngroup, was->groups) < 0)
		abort();
}

/* ---- one mailbox ---- */

/* Root writes to root's: no link that somebody put into the folder. */
static bool
for_root(const struct user *u)
{
	return u->uid == 0 && geteuid() == 0;
}

static int
to_maildir(const struct user *u, const struct letter *l, struct err *e)
{
	const struct maildir_how how = { .own = for_root(u),
	    .name = l->queued, .doubt = u->doubt };

	return maildir_deliver(u->path, &l->msg, &how, e);
}

static int
append(struct mbox *m, const struct letter *l, struct err *e)
{
	mbox_guard(m);
	if (mbox_begin(m, l->envelope.mail.from, clock_wall(), e) == 0 &&
	    mbox_put_msg(m, &l->msg, e) == 0 && mbox_end(m, e) == 0 &&
	    mbox_sync(m, e) == 0)
		return 0;
	mbox_back(m, m->start);
	return -1;
}

static int
to_mbox(const struct user *u, const struct letter *l, struct err *e)
{
	struct mbox m;
	int got = for_root(u) ? mbox_open_own(&m, u->path, LOCKED, e) :
	    mbox_open(&m, u->path, LOCKED, e);

	if (got < 0)
		return -1;
	if (u->doubt)
		got = mbox_holds(&m, &l->msg, e);
	if (got == 0)
		got = append(&m, l, e);
	mbox_close(&m);
	return got;
}

/* 0 delivered; 1 it was there, of an attempt before; -1. */
static int
to_place(const struct letter *l, const struct account *a,
    const struct user *u, struct err *e)
{
	return a->server.scheme == ACCOUNT_MBOX ? to_mbox(u, l, e) :
	    to_maildir(u, l, e);
}

/* As to_place. */
static int
to_user(struct letter *l, const struct account *a, const struct user *u,
    struct err *e)
{
	struct self was;
	int got = become(&was, l->arena, a->server.path, u, e);

	if (got == 0)
		got = to_place(l, a, u, e);
	be_self(&was);
	if (got < 0 && geteuid() != 0 && u->uid != geteuid())
		fail_in(e, "only root delivers to another user than himself");
	return got;
}

/* ---- all of them ---- */

static void
local_settle(struct smtp_rcpt *r, enum smtp_state state, int code,
    const char *text)
{
	r->state = state;
	r->stage = SMTP_AT_ROUTE;
	r->exit = code;
	r->reply = (struct smtp_reply){ 0 };
	snprintf(r->reply.text, sizeof r->reply.text, "%.*s",
	    (int)sizeof r->reply.text - 1, text);
}

static void
settle_good(struct smtp_rcpt *r, enum smtp_state state, const char *path)
{
	local_settle(r, state, 0, "");
	r->stage = state == SMTP_SENT ? SMTP_AT_END : SMTP_AT_RCPT;
	r->reply.code = 250;
	snprintf(r->reply.status, sizeof r->reply.status, "%s",
	    state == SMTP_SENT ? "2.0.0" : "2.1.5");
	snprintf(r->reply.text, sizeof r->reply.text, "%s%s",
	    state == SMTP_SENT ? "delivered to " : "", path);
}

/* "Jo" and "jo" are one user, who gets it once. */
static bool
has_it(const struct smtp_mail *m, const char *path)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state == SMTP_SENT && m->rcpt[i].via != NULL &&
		    strcmp(m->rcpt[i].via, path) == 0)
			return true;
	return false;
}

/* It was locked before: nobody else's mail waits for that again. */
static bool
is_locked(const struct run *run, const char *path, struct err *e)
{
	size_t i;

	for (i = 0; i < run->locked.n; i++)
		if (strcmp(run->locked.v[i], path) == 0)
			return fail(e, EX_TEMPFAIL, "%s: still locked by another program",
			    path), true;
	return false;
}

/* As to_place. */
static int
to_user_once(struct letter *l, struct run *run, const struct user *u,
    struct err *e)
{
	struct arena *a = &run->account.arena;
	int got;

	if (has_it(&l->envelope.mail, u->path))
		return 1;
	if (is_locked(run, u->path, e))
		return -1;
	got = to_user(l, &run->account, u, e);
	if (got >= 0)
		return got;
	if (e->code == EX_TEMPFAIL)
		opt_list_add(a, &run->locked, arena_dup(a, str_of(u->path)));
	return -1;
}

static void
serve(struct letter *l, struct run *run, struct smtp_rcpt *r)
{
	const struct account *a = &run->account;
	struct user u;
	struct err e = { 0 };
	int known = know_user(&u, l->arena, r->addr, &e), got;

	if (known <= 0) {
		local_settle(r, known < 0 ? SMTP_DEFERRED : SMTP_REFUSED, e.code,
		    e.msg);
		return;
	}
	u.path = user_path(l->arena, a->server.path, &u);
	u.doubt = r->doubt;
	if (l->envelope.mail.msg == NULL) {
		settle_good(r, SMTP_TAKEN, u.path);
		return;
	}
	if ((got = to_user_once(l, run, &u, &e)) < 0) {
		local_settle(r, SMTP_DEFERRED, e.code, e.msg);
		return;
	}
	settle_good(r, SMTP_SENT, u.path);
	r->doubt &= got == 0;		/* if not, it was found: once */
	r->via = u.path;
	mem_stake("some recipients may have the message");
}

/* RFC 5321 4.4: who delivers for good says whom it is from. */
static void
return_path(struct letter *l)
{
	msg_drop_field(&l->msg, l->arena, "Return-Path");
	msg_add_fields(&l->msg, l->arena, str_of(arena_printf(l->arena,
	    "Return-Path: <%s>\r\n", l->envelope.mail.from)));
}

/* With --all-or-nothing, whoever is unknown keeps it from the others. */
static bool
all_known(const struct letter *l, struct smtp_mail *m)
{
	struct user u;
	struct err e = { 0 };
	size_t i;

	for (i = 0; m->whole && i < m->n; i++)
		if (know_user(&u, l->arena, m->rcpt[i].addr, &e) <= 0) {
			local_settle(&m->rcpt[i], SMTP_REFUSED, e.code, e.msg);
			return false;
		}
	return true;
}

void
local_send(struct letter *l, struct run *run)
{
	struct smtp_mail *m = &l->envelope.mail;
	struct str head = { 0 };
	size_t i;

	if (!all_known(l, m))
		return;
	if (m->msg != NULL) {
		head = msg_head(&l->msg);
		return_path(l);
	}
	for (i = 0; i < m->n; i++)
		if (m->rcpt[i].state == SMTP_UNTRIED)
			serve(l, run, &m->rcpt[i]);
	if (m->msg != NULL)
		msg_set_head(&l->msg, head);
}

void
local_ask(struct letter *l, struct run *run, struct smtp_reply *reply)
{
	const struct smtp_rcpt *r = l->envelope.mail.rcpt;

	local_send(l, run);
	*reply = r->reply;
	if (r->state == SMTP_REFUSED)
		reply->code = 550;
	else if (r->state == SMTP_DEFERRED)
		reply->code = 451;
}

int
local_check(const struct account *a, const struct options *o, struct err *e)
{
	if (!a->has_server || !account_here(a->server.scheme))
		return 0;
	if (o->batch.kind != OPTION_BATCH_NONE)
		return fail(e, EX_USAGE, "--batch is for a server, not for mailboxes of this machine");
	if (o->message.as_is)
		return fail(e, EX_USAGE, "--as-is is for a server: what is delivered on this machine has a Return-Path added");
	switch (o->sending.quit_after) {
	case OPTION_STEP_CONNECT:
	case OPTION_STEP_EHLO:
	case OPTION_STEP_AUTH:
		return fail(e, EX_USAGE, "--quit-after: where mail is delivered on this machine there is rcpt alone");
	case OPTION_STEP_ALL:
	case OPTION_STEP_RCPT:
		break;
	}
	return 0;
}
