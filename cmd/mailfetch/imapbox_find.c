/* imapbox_find.c: IMAP: what is new in a folder */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "imap_box.h"
#include "imapbox.h"
#include "imapbox_private.h"
#include "since.h"

enum { KEYS = 16000 };			/* bytes of --search */

struct key
imapbox_key(const struct box *b, uint32_t uid)
{
	return (struct key){ b->key.a, uid };
}

struct message
imapbox_message(const struct box *b, uint32_t uid)
{
	struct key k = imapbox_key(b, uid);

	return (struct message){ .key = k, .asked = k, .number = uid,
	    .folder = b->folder };
}

uint32_t
imapbox_next(const struct box *b)
{
	return b->m->box.uidnext <= UINT32_MAX ?
	    (uint32_t)b->m->box.uidnext : 0;
}

/* The day as IMAP has it. */
static int
since(const char *text, char dst[32], struct err *e)
{
	char full[DATE_CAP];
	time_t t;

	if (since_day(text, &t, e) < 0)
		return -1;
	date_imap(full, t);
	full[strlen("dd-Mmm-yyyy")] = '\0';
	snprintf(dst, 32, "%s", full + (full[0] == ' '));
	return 0;
}

static bool
ascii(const char *s)
{
	while (*s > 0)
		s++;
	return *s == '\0';
}

int
imapbox_check(const struct options *o, struct err *e)
{
	char day[32];

	if (o->which.since != NULL && since(o->which.since, day, e) < 0)
		return -1;
	if (o->which.search == NULL)
		return 0;
	if (str_control(str_of(o->which.search)) ||
	    strchr(o->which.search, '{') != NULL)
		return fail(e, EX_USAGE, "--search: a control byte or a literal");
	return strlen(o->which.search) < KEYS ? 0 : fail(e, EX_USAGE, "--search: too long");
}

enum ask { ASK_UIDS = 1, ASK_SMALLER = 2 };

static int
keys(struct box *b, unsigned ask, struct buf *to)
{
	const struct options *o = b->r->o;
	char day[32];

	if (o->which.search != NULL && !ascii(o->which.search) && !b->m->utf8)
		buf_s(to, "CHARSET UTF-8 ");
	if ((ask & ASK_UIDS) != 0 && b->mark < UINT32_MAX)
		buf_printf(to, "UID %u:*", b->mark + 1);
	else
		buf_s(to, "ALL");
	if (o->seen.catch_up)	/* a section's choice is of what is fetched */
		return 0;
	if (o->which.unseen)
		buf_s(to, " UNSEEN");
	if (o->which.max_size > 0 && (ask & ASK_SMALLER) != 0)
		buf_printf(to, " SMALLER %llu",
		    (unsigned long long)o->which.max_size + 1);
	if (o->which.since != NULL) {
		if (since(o->which.since, day, b->r->e) < 0)
			return -1;
		buf_printf(to, " SINCE %s", day);
	}
	if (o->which.search != NULL)
		buf_printf(to, " %s", o->which.search);
	return to->over ? fail(b->r->e, EX_USAGE, "--search: too long") : 0;
}

/* Into b->uids, those over the mark. */
static int
search(struct box *b, unsigned ask)
{
	struct buf k = { .max = 16384 };
	size_t i = 0;
	bool typed = b->r->o->which.search != NULL && !b->r->o->seen.catch_up;
	int got = keys(b, ask, &k);

	free(b->uids);
	b->uids = NULL;
	b->n = 0;
	if (got == 0)
		got = typed ? imap_search_typed(b->m, k.p, &b->uids, &b->n) :
		    imap_search(b->m, k.p, &b->uids, &b->n);
	buf_free(&k);
	b->found = b->n;
	b->top = b->n > 0 ? b->uids[b->n - 1] : 0;
	while (i < b->n && b->uids[i] <= b->mark)
		i++;
	if (i > 0)
		memmove(b->uids, b->uids + i, (b->n - i) * sizeof *b->uids);
	b->n -= i;
	return got;
}

static bool
narrow(const struct options *o)
{
	if (o->seen.catch_up)
		return false;
	return o->which.search != NULL || o->which.since != NULL ||
	    o->which.unseen;
}

/*
 * "n:*" always has the last message, new or not (RFC 3501 6.4.8): if it finds
 * nothing where something is, as GNU mailutils' imap4d does, all are asked for.
 */
static int
find_anyway(struct box *b, unsigned ask)
{
	uint64_t exists = b->m->box.exists;

	if (search(b, ask) < 0)
		return -1;
	if (b->found > 0 || exists == 0)
		return 0;
	if (search(b, ask & ~(unsigned)ASK_UIDS) < 0)
		return -1;
	b->all_alone = b->found > 0;
	if (b->found > 0 || b->m->box.exists == 0 || narrow(b->r->o) ||
	    (b->r->o->which.max_size > 0 && (ask & ASK_SMALLER) != 0))
		return 0;
	complain_say(&b->r->p->complain, EX_TEMPFAIL, NULL, "%s: %s: the server says that %llu messages are there, and finds none",
	    b->r->o->title, b->folder, (unsigned long long)b->m->box.exists);
	b->r->count.status = fail_worse(b->r->count.status, EX_TEMPFAIL);
	return 0;
}

/* The same search without the size has those that are too large, too. */
static int
count_larger(struct box *b)
{
	struct box all = *b;
	int got;

	all.uids = NULL;
	got = search(&all, ASK_UIDS);
	if (got == 0 && all.n > b->n)
		b->r->count.skipped += all.n - b->n;
	free(all.uids);
	return got;
}

/* Are messages to go from the server for what the state says of them? */
static bool
removes(const struct options *o)
{
	return o->after.when != DELETE_NEVER || o->after.move_to != NULL;
}

/* The last one that is known to have been there. */
static uint32_t
known_last(const struct box *b)
{
	const struct state *s = &b->r->state;
	uint32_t last = b->mark;
	size_t i;

	for (i = 0; i < s->n && removes(b->r->o); i++)
		if (s->v[i].kind == STATE_DONE &&
		    s->v[i].key.a == b->key.a &&
		    s->v[i].key.b <= UINT32_MAX && s->v[i].key.b > last)
			last = (uint32_t)s->v[i].key.b;
	return last;
}

/* Is it there still, or one behind it, whatever is wanted?  1, 0 or -1. */
static int
reaches(struct box *b, uint32_t last)
{
	uint32_t *v = NULL;
	char key[32];
	size_t n = 0;
	int got;

	if (b->top >= last)
		return 1;
	snprintf(key, sizeof key, "UID %u:*", last);
	got = imap_search(b->m, b->all_alone ? "ALL" : key, &v, &n);
	if (got == 0)
		got = n > 0 && v[n - 1] >= last;
	free(v);
	return got;
}

/*
 * UIDs that were given away are given again: a backup, without a new
 * UIDVALIDITY.  Then what has the UID of one that was delivered need not be it,
 * and does not go from the server for that.  If the last message is there still,
 * UIDNEXT is wrong alone.  In an empty folder there is nothing to be told yet.
 */
static int
look_back(struct box *b)
{
	const struct option_choice *w = &b->r->o->which;
	uint32_t next = imapbox_next(b), last = known_last(b);
	bool partly = narrow(b->r->o) || w->max_size > 0;
	int got;

	if (next == 0 || next > last || b->m->box.exists == 0 ||
	    (partly && !removes(b->r->o)))
		return 0;
	if ((got = reaches(b, last)) != 0)
		return got < 0 ? -1 : 0;
	complain_say(&b->r->p->complain, EX_PROTOCOL, NULL, "%s: %s: UIDNEXT is %u, UIDVALIDITY is what it was, and UID %u was there before: which messages are new cannot be told",
	    b->r->o->title, b->folder, next, last);
	b->r->count.status = fail_worse(b->r->count.status, EX_PROTOCOL);
	return ledger_renumbered(&b->r->ledger, b->key.a, b->r->e);
}

/* UIDNEXT says that there is nothing new (2.3.1.1): no round trip for that. */
int
imapbox_find(struct box *b)
{
	const struct options *o = b->r->o;
	bool idle = imapbox_next(b) != 0 && imapbox_next(b) - 1 == b->mark &&
	    (b->mark != 0 || b->m->box.exists == 0);

	if (!idle && find_anyway(b, ASK_UIDS | ASK_SMALLER) < 0)
		return -1;
	if (look_back(b) < 0)
		return -1;
	return !idle && o->which.max_size > 0 && !o->seen.catch_up &&
	    b->found < b->m->box.exists ? count_larger(b) : 0;
}
