/* migrate_make.c: the mailboxes of a migration are made there, and subscribed to */
#include <string.h>

#include "imap_about.h"
#include "imap_box.h"
#include "migrate_make.h"
#include "migrate_run.h"

enum { FLIGHT = 100 };			/* commands at once */

/* ---- one ---- */

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

/* ---- all of them ---- */

static unsigned
say_create(struct migrate *r, const struct migrate_folder *f)
{
	unsigned tag;

	if (f->done || f->there)
		return 0;
	tag = ask_create_used(r, f);
	return tag != 0 ? tag : imap_ask_create(&r->to.imap, str_of(f->to));
}

static void
hear_create(struct migrate_folder *f)
{
	f->there = true;
}

/* Not of one that could not be made. */
static unsigned
say_subscribe(struct migrate *r, const struct migrate_folder *f)
{
	return f->done || !f->there || !f->subscribed ? 0 :
	    imap_ask_subscribe(&r->to.imap, str_of(f->to));
}

static void
hear_subscribe(struct migrate_folder *f)
{
	f->subscribed = false;
}

struct making {
	unsigned (*say)(struct migrate *, const struct migrate_folder *);
	void (*hear)(struct migrate_folder *);	/* OK */
	unsigned tag[FLIGHT];
	struct migrate_folder *of[FLIGHT];
	size_t n;
};

/* The answers, in whatever order they come. */
static int
hear_flight(struct imap *m, struct making *k)
{
	struct imap_resp r;
	size_t i, left = k->n;

	while (left > 0) {
		if (imap_next(m, &r) < 0)
			return -1;
		for (i = 0; r.tag != 0 && i < k->n; i++) {
			if (!imap_done(&r, k->tag[i]))
				continue;
			if (r.type == IMAP_OK)
				k->hear(k->of[i]);
			left--;
		}
	}
	return 0;
}

static int
make_flights(struct migrate *r, struct making *k)
{
	size_t i = 0;

	while (i < r->nfolders) {
		for (k->n = 0; i < r->nfolders && k->n < FLIGHT; i++)
			if ((k->tag[k->n] = k->say(r, &r->folder[i])) != 0)
				k->of[k->n++] = &r->folder[i];
		if (hear_flight(&r->to.imap, k) < 0)
			return -1;
	}
	return 0;
}

int
migrate_make_all(struct migrate *r)
{
	struct making create = { .say = say_create, .hear = hear_create },
	    subscribe = { .say = say_subscribe, .hear = hear_subscribe };

	return make_flights(r, &create) < 0 ? -1 : make_flights(r, &subscribe);
}
