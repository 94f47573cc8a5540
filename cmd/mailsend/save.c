/* save.c: --save: a copy of what was sent */
#include "save.h"
#include "file.h"
#include "maildir.h"
#include "queue.h"
#include "sandbox.h"
#include "save_imap.h"
#include "trace.h"

enum save_kind { SAVE_OFF, SAVE_MAILDIR, SAVE_IMAP, SAVE_NONE_SUCH };

struct save {
	const char *dir;		/* the Maildir; or NULL */
	struct save_imap imap;		/* else this */
};

/* What the option says; *rest is what stands behind "maildir:". */
static enum save_kind
kind_of(const char *said, const char **rest)
{
	struct str s = str_of(said), scheme = str_cut(&s, ':');

	if (str_is(scheme, "off") && s.n == 0)
		return SAVE_OFF;
	if (str_is(scheme, "imap") || str_is(scheme, "imaps"))
		return SAVE_IMAP;
	if (!str_starts(str_of(said), "maildir:"))
		return SAVE_NONE_SUCH;
	*rest = s.p;
	return SAVE_MAILDIR;
}

int
save_check(const struct options *o, struct err *e)
{
	struct dest_conf conf = { .option = "--save" };
	const char *said = o->sending.save, *rest;
	struct arena mem = { 0 };
	struct dest_name name;
	int got = 0;

	if (said == NULL)
		return 0;
	switch (kind_of(said, &rest)) {
	case SAVE_OFF:
	case SAVE_MAILDIR:
		break;
	case SAVE_IMAP:
		got = dest_parse(&name, &mem, said, &conf, e);
		break;
	case SAVE_NONE_SUCH:
		got = fail(e, EX_USAGE, "--save: maildir:DIR, imap:ACCOUNT/FOLDER, imaps://USER@HOST/FOLDER or off");
		break;
	}
	arena_free(&mem);
	return got;
}

int
save_open(struct run *run, struct err *e)
{
	const struct option_sending *o = &run->options->sending;
	const char *rest = NULL;
	struct arena *a = &run->account.arena;
	enum save_kind kind = o->save == NULL ? SAVE_OFF :
	    kind_of(o->save, &rest);
	struct save *s;

	if (kind == SAVE_OFF || o->dry_run || queue_others(run) ||
	    o->quit_after != OPTION_STEP_ALL)
		return 0;
	s = run->save = arena_new(a, 1, sizeof *s);
	if (kind == SAVE_MAILDIR) {
		s->dir = file_path(a, rest);
		return 0;
	}
	if (run->account.has_server &&
	    account_here(run->account.server.scheme))
		return fail(e, EX_USAGE, "--save %s is for mail that goes to a server, not to mailboxes of this machine",
		    o->save);
	s->imap.conf = (struct dest_conf){ .like = &run->account,
	    .option = "--save", .again = true };
	return save_imap_open(&s->imap, o->save, e);
}

int
save_prepare(struct run *run, struct err *e)
{
	const struct save *s = run->save;

	if (s == NULL || s->dir == NULL)
		return 0;
	sandbox_path(run->account.box, s->dir, SANDBOX_WRITE);
	return maildir_create(s->dir, e) < 0 ? fail_in(e, "--save") : 0;
}

struct session *
save_session(struct run *run)
{
	struct dest *d = run->save != NULL ? run->save->imap.dest : NULL;

	if (d == NULL)
		return NULL;
	run->save->imap.many = run->many || run->options->sendmail.talk;
	d->account.box = run->account.box;
	d->session.account = &d->account;	/* it may have been closed */
	return &d->session;
}

bool
save_due(const struct letter *l, const struct run *run)
{
	size_t i;

	for (i = 0; run->save != NULL && i < l->envelope.mail.n; i++)
		if (l->envelope.mail.rcpt[i].state == SMTP_SENT)
			return true;
	return false;
}

void
save_letter(struct letter *l, struct run *run, struct report *r)
{
	const struct maildir_how read = { .flags = "S", .name = l->queued,
	    .doubt = l->tried };
	struct save *s = run->save;
	struct err e = { 0 };
	const char *where;
	int got;

	if (!save_due(l, run))
		return;
	where = s->dir != NULL ? s->dir : s->imap.said;
	got = s->dir != NULL ? maildir_deliver(s->dir, &l->msg, &read, &e) :
	    save_imap_store(&s->imap, l, &e);
	if (got >= 0) {
		r->saved = where;
		trace_note(TRACE_DONE, "saved in %s", where);
		return;
	}
	/* Not "try again": it was sent.  But not all was done either. */
	if (e.code != 0)
		fail_print("sent, but not saved: %s", e.msg);
	r->unsaved = true;
}

void
save_close(struct run *run)
{
	if (run->save != NULL && run->save->imap.dest != NULL)
		save_imap_close(&run->save->imap);
	run->save = NULL;
}
