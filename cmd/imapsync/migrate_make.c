/* migrate_make.c: the mailboxes of a migration are made there, and subscribed to */
#include <string.h>

#include "imap_about.h"
#include "imap_box.h"
#include "migrate_make.h"
#include "migrate_run.h"

/*
 * CREATE was refused: is it there all the same?  Its answer may have got lost
 * with a connection before this one, or another client has made it.
 */
static int
is_there(struct migrate *r, struct migrate_folder *f)
{
	struct imap *m = &r->to.imap;
	char why[sizeof m->text];
	int got;

	str_copy(why, str_of(m->text));
	why[strlen(m->text)] = '\0';
	if ((got = imap_select(m, str_of(f->to), true)) > 0) {
		migrate_problem(r, imap_severity(why, EX_UNAVAILABLE), f->from,
		    "%s cannot be made: %s", f->to, why);
		f->done = true;
	}
	return got;
}

/* With what it is for, where the server takes that; 0: it cannot be said. */
static unsigned
ask_create_used(struct migrate *r, const struct migrate_folder *f)
{
	struct imap *m = &r->to.imap;
	struct buf name = { .max = 16384 };
	unsigned tag = 0;

	if (f->use != NULL && imap_says_cap(m, "CREATE-SPECIAL-USE") &&
	    imap_quote(m, &name, str_of(f->to)) == 0)
		tag = imap_say(m, "CREATE %s (USE (%s))", name.p, f->use);
	buf_free(&name);
	return tag;
}

static int
create_there(struct migrate *r, struct migrate_folder *f)
{
	struct imap *m = &r->to.imap;
	unsigned tag;
	int got = 1;

	if (f->there)
		return 0;
	if ((tag = ask_create_used(r, f)) != 0)
		got = imap_wait(m, tag);
	if (got > 0)
		got = imap_wait(m, imap_ask_create(m, str_of(f->to)));
	if (got > 0)
		got = is_there(r, f);
	f->there = got == 0;
	return got;
}

static int
subscribe_there(struct migrate *r, struct migrate_folder *f)
{
	struct imap *m = &r->to.imap;
	int got;

	if (!f->subscribed)
		return 0;
	got = imap_wait(m, imap_ask_subscribe(m, str_of(f->to)));
	if (got > 0)
		migrate_problem(r, imap_severity(m->text, EX_UNAVAILABLE),
		    f->from, "%s: SUBSCRIBE: %s", f->to, m->text);
	f->subscribed = false;
	return got < 0 ? -1 : 0;
}

int
migrate_make(struct migrate *r, struct migrate_folder *f)
{
	int got = create_there(r, f);

	return got == 0 ? subscribe_there(r, f) : got;
}
