/* save.c: --save: a copy of what was sent */
#include <string.h>

#include "save.h"
#include "file.h"
#include "maildir.h"
#include "queue.h"
#include "sandbox.h"
#include "trace.h"

struct save {
	const char *dir;		/* the Maildir */
};

int
save_check(const struct options *o, struct err *e)
{
	const char *said = o->sending.save;

	if (said != NULL && !str_starts(str_of(said), "maildir:"))
		return fail(e, EX_USAGE, "--save: maildir:DIR");
	return 0;
}

void
save_open(struct run *run)
{
	const struct option_sending *o = &run->options->sending;
	struct arena *a = &run->account.arena;

	if (o->save == NULL || o->dry_run || queue_others(run) ||
	    o->quit_after != OPTION_STEP_ALL)
		return;
	run->save = arena_new(a, 1, sizeof *run->save);
	run->save->dir = file_path(a, o->save + strlen("maildir:"));
}

int
save_prepare(struct run *run, struct err *e)
{
	const struct save *s = run->save;

	if (s == NULL)
		return 0;
	sandbox_path(run->account.box, s->dir, SANDBOX_WRITE);
	return maildir_create(s->dir, e) < 0 ? fail_in(e, "--save") : 0;
}

static bool
was_sent(const struct letter *l)
{
	size_t i;

	for (i = 0; i < l->envelope.mail.n; i++)
		if (l->envelope.mail.rcpt[i].state == SMTP_SENT)
			return true;
	return false;
}

void
save_letter(struct letter *l, struct run *run, struct report *r)
{
	const struct save *s = run->save;
	struct err e = { 0 };

	if (s == NULL || !was_sent(l))
		return;
	if (maildir_deliver(s->dir, &l->msg, "S", &e) == 0) {
		r->saved = s->dir;
		trace_note(TRACE_DONE, "saved in %s", s->dir);
		return;
	}
	/* Not "try again": it was sent.  But not all was done either. */
	fail_print("sent, but not saved: %s", e.msg);
	r->unsaved = true;
}
