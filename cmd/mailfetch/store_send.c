/* store_send.c: a batch of messages is sent to a mailbox */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "imap_append.h"
#include "imap_box.h"
#include "process.h"
#include "store.h"
#include "tally.h"

enum { GROUP = 100, GROUP_BYTES = 4 << 20 };

bool
store_some(const struct store *s, enum store_fate fate)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].fate == fate)
			return true;
	return false;
}

void
store_leave(const struct store *s, struct store_item *it, struct handed *h,
    int code, const char *why)
{
	it->fate = STORE_LEFT;
	tally_add(h->tally, &it->m, code, "append", "%s: %s", s->where, why);
	h->count->status = fail_worse(h->count->status, code);
}

/* Those that the server can keep; \Recent and \Deleted are nobody's to give. */
static void
storable(const struct imap *m, const char *flags, struct buf *to)
{
	static const char *const plain[] = { "\\Seen", "\\Answered",
	    "\\Flagged", "\\Draft" };
	struct str all = str_of(flags), permanent = str_of(m->box.permanent), f;
	size_t i;
	bool keep;

	while ((f = str_word(&all)).n > 0) {
		char one[128];

		if (f.n >= sizeof one)
			continue;
		str_copy(one, f);
		one[f.n] = '\0';
		for (i = 0, keep = false; i < sizeof plain / sizeof *plain; i++)
			keep |= str_is(f, plain[i]);
		keep |= one[0] != '\\' && (imap_has_flag(permanent, "\\*") ||
		    imap_has_flag(permanent, one));
		if (keep && imap_flags_sayable(one))
			buf_printf(to, "%s%s", to->n > 0 ? " " : "", one);
	}
}

/* 1 sent, 0 refused before it was, -1. */
static int
send_one(struct store *s, const struct store_item *it, struct err *e)
{
	struct imap *m = &s->dest->imap;
	struct buf flags = { .max = 4096 };
	struct imap_append head = { .date = it->m.date, .size = it->size,
	    .binary = it->nul };
	char some[1 << 16];
	uint64_t left = it->size;
	ssize_t n;
	int got;

	if (it->flags != NULL)
		storable(m, it->flags, &flags);
	head.flags = flags.n > 0 ? flags.p : "";
	got = imap_append_one(m, &head);
	buf_free(&flags);
	while (got > 0 && left > 0) {
		n = file_pread(s->file, some, left < sizeof some ?
		    (size_t)left : sizeof some, it->at + (off_t)(it->size -
		    left), e);
		if (n <= 0)
			return imap_append_abort(m, "the temporary file cannot be read");
		if (imap_append_put(m, some, (size_t)n, e) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	return got;
}

/* The next ones that leave together. */
static struct store_sent
next_group(const struct store *s, size_t from)
{
	struct store_sent c = { .from = from };
	bool multi = (s->dest->imap.caps & IMAP_MULTIAPPEND) != 0;
	uint64_t bytes = 0;
	size_t i;

	while (c.from < s->n && s->v[c.from].fate != STORE_NEW)
		c.from++;
	for (i = c.from; i < s->n && s->v[i].fate == STORE_NEW; i++) {
		if (c.n > 0 && (!multi || c.n == GROUP || s->v[i].alone ||
		    s->v[c.from].alone || bytes + s->v[i].size > GROUP_BYTES))
			break;
		bytes += s->v[i].size;
		c.n++;
	}
	return c;
}

/* The one message that the server does not want, or why none is wanted. */
static int
item_refused(struct store *s, struct store_item *it, struct handed *h)
{
	const char *text = s->dest->imap.text;
	struct str t = str_of(text);

	if (str_starts(t, "[TRYCREATE]") || str_starts(t, "[NONEXISTENT]")) {
		it->fate = STORE_NEW;
		return conn_fail(s->dest->imap.c, EX_UNAVAILABLE, "%s: %s", s->folder, text);
	}
	store_leave(s, it, h, str_starts(t, "[TOOBIG]") ? EX_DATAERR : EX_TEMPFAIL,
	    text);
	s->full |= str_starts(t, "[OVERQUOTA]");
	return 0;
}

/*
 * The OK to an APPEND, or NULL: it was refused.  A NO to several is to none of
 * them: one by one it is seen to which.
 */
static int
answered(struct store *s, struct store_sent c, const struct imap_resp *ok,
    struct handed *h)
{
	struct imap_uids to = { 0 };
	uint64_t uidvalidity;
	size_t i;
	int got = 0;

	if (ok == NULL && c.n == 1)
		return item_refused(s, &s->v[c.from], h);
	if (ok != NULL && (got = imap_appended(&s->dest->imap, ok,
	    &uidvalidity, &to)) >= 0 && to.n != c.n)
		to.n = 0;
	for (i = 0; i < c.n; i++) {
		struct store_item *it = &s->v[c.from + i];

		it->fate = ok != NULL ? STORE_TAKEN : STORE_NEW;
		it->alone = ok == NULL;
		it->uid = i < to.n ? to.v[i] : 0;
	}
	free(to.v);
	return got < 0 ? -1 : 0;
}

/* One answer. */
static int
hear_answer(struct store *s, struct handed *h)
{
	struct imap *m = &s->dest->imap;
	struct store_sent c;
	struct imap_resp r;
	size_t i;

	for (;;) {
		if (imap_next(m, &r) < 0)
			return -1;
		for (i = 0; i < s->nsent; i++)
			if (imap_done(&r, s->sent[i].tag))
				break;
		if (i < s->nsent)
			break;
	}
	c = s->sent[i];
	memmove(&s->sent[i], &s->sent[i + 1], (--s->nsent - i) *
	    sizeof *s->sent);
	return answered(s, c, r.type == IMAP_OK ? &r : NULL, h);
}

static int
hear_all(struct store *s, struct handed *h)
{
	while (s->nsent > 0)
		if (hear_answer(s, h) < 0)
			return -1;
	return 0;
}

static int
send_group(struct store *s, struct store_sent c, struct handed *h)
{
	struct imap *m = &s->dest->imap;
	bool waits = false;
	size_t i;
	int got = 1;

	for (i = 0; i < c.n; i++)
		waits |= imap_append_waits(m, s->v[c.from + i].size);
	if ((waits || s->nsent == STORE_FLIGHT) && hear_all(s, h) < 0)
		return -1;
	if (imap_append_begin(m, str_of(s->folder)) < 0)
		return -1;
	for (i = 0; i < c.n; i++)
		s->v[c.from + i].fate = STORE_SENT;
	for (i = 0; i < c.n && got > 0; i++)
		got = send_one(s, &s->v[c.from + i], h->e);
	if (got < 0)
		return -1;
	if (got == 0)
		return answered(s, c, NULL, h);
	if ((c.tag = imap_append_end(m)) == 0)
		return -1;
	s->sent[s->nsent++] = c;
	return 0;
}

/* Until each has its answer; those that were refused together go alone. */
static int
upload(struct store *s, struct handed *h)
{
	struct store_sent c;
	size_t from;

	while (!s->full && store_some(s, STORE_NEW)) {
		for (from = 0; !s->full && (c = next_group(s, from)).n > 0;
		    from = c.from + c.n)
			if (send_group(s, c, h) < 0)
				return -1;
		if (hear_all(s, h) < 0)
			return -1;
	}
	return 0;
}

int
store_send(struct store *s, struct handed *h)
{
	struct conn *c = s->dest->session.conn;
	size_t i;
	int got;

	conn_last(c, true);
	mem_stake("an upload may have been accepted: the next run looks");
	got = upload(s, h);
	mem_stake(NULL);
	if (got < 0 && store_some(s, STORE_SENT))
		complain_say(&h->p->complain, EX_TEMPFAIL, NULL, "%s: %s: an upload may have been accepted, its answer was lost: the next run looks",
		    h->o->title, s->where);
	if (got == 0)
		conn_last(c, false);
	for (i = 0; i < s->n && got == 0; i++)
		if (s->v[i].fate == STORE_NEW)
			store_leave(s, &s->v[i], h, EX_TEMPFAIL, "there is no more room");
	return got;
}
