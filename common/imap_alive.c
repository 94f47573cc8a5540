/*
 * imap_alive.c: which of a server's words renew the time of a command
 *
 * A server may take its time, and may say anything at any time meanwhile: so
 * that "* OK still here" each minute would keep a client for ever.  Progress
 * is a tagged answer, what a command under way asks for, bytes of it (see
 * conn_body), and INPROGRESS (RFC 9585).  A word that can be said again and
 * again counts once, or as long as its number grows: up to how many were asked
 * for, and were there when the first of them came.  An EXISTS that comes
 * meanwhile does not count, or a server could fill up what it takes away.
 */
#include <stdlib.h>

#include "clock.h"
#include "imap.h"
#include "imap_alive.h"
#include "imap_set.h"
#include "limit.h"
#include "mem.h"

enum {
	FETCHES = 1 << 0, LISTS = 1 << 1, COUNTS = 1 << 2, FINDS = 1 << 3,
	REMOVES = 1 << 4, VANISHES = 1 << 5,
	HOUR = 3600,		/* for INPROGRESS that does not count */
	DAY = 24 * HOUR		/* for one that does */
};

static const struct {
	const char *verb;
	unsigned asks;
	bool set;		/* a set of messages stands behind it */
} verbs[] = {
	{ "FETCH", FETCHES, true }, { "STORE", FETCHES, true },
	{ "SELECT", FETCHES | VANISHES, false },	/* QRESYNC */
	{ "EXAMINE", FETCHES | VANISHES, false },
	{ "LIST", LISTS | COUNTS, false }, { "LSUB", LISTS, false },
	 { "STATUS", COUNTS, false },
	{ "SEARCH", FINDS, false }, { "MOVE", REMOVES | VANISHES, true },
	{ "EXPUNGE", REMOVES | VANISHES, true },	/* UID EXPUNGE */
};

/* How many messages the rest of a command is about; without a set any. */
static uint64_t
about(bool set, struct str rest)
{
	struct str s = str_word(&rest);
	uint32_t lo, hi;
	uint64_t n = 0;

	while (set && imap_set_next(&s, &lo, &hi) > 0)
		n += (uint64_t)hi - lo + 1;
	return n > 0 ? n : UINT32_MAX;
}

void
imap_alive_asked(struct imap *m, struct str command)
{
	struct str w = str_word(&command);
	size_t i;

	if (str_is(w, "UID"))
		w = str_word(&command);
	for (i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (str_is(w, verbs[i].verb)) {
			m->alive.asked |= verbs[i].asks;
			m->alive.due += about(verbs[i].set, command);
			m->alive.statuses += verbs[i].asks == COUNTS;
		}
}

void
imap_alive_begins(struct imap *m, enum imap_type t)
{
	unsigned kind = 0;

	if (t == IMAP_FETCH)
		kind = FETCHES;
	if (t == IMAP_LIST || t == IMAP_LSUB)
		kind = LISTS;
	if (t == IMAP_STATUS)
		kind = COUNTS;
	if (t == IMAP_SEARCH)
		kind = FINDS;
	if (t == IMAP_EXPUNGE)
		kind = REMOVES;
	if (t == IMAP_VANISHED)
		kind = VANISHES;
	if ((kind & (FETCHES | REMOVES)) != 0 && m->alive.there == 0)
		m->alive.there = m->box.exists;
	m->alive.useful = (m->alive.asked & kind) != 0;
}

/*
 * ("A3" 454 1000): the number must grow, and a day is believed; without one an
 * hour.
 */
static bool
in_progress(struct imap *m, struct str arg)
{
	struct str tag = str_word(&arg), num = str_word(&arg);
	int64_t began;
	uint64_t n;

	if (m->alive.patience == 0)
		m->alive.patience = clock_in(DAY);
	began = m->alive.patience - DAY * 1000;
	if (tag.n > 0 && str_num(num.n > 0 && num.p[num.n - 1] == ')' ?
	    str_to(num, num.n - 1) : num, UINT64_MAX, &n) == 0) {
		if (n <= m->alive.step)
			return false;
		m->alive.step = n;
		return clock_left(m->alive.patience) != 0;
	}
	return clock_left(began + HOUR * 1000) != 0;
}

static uint64_t
alive_name(const void *names, size_t at)
{
	return ((const uint64_t *)names)[at];
}

void
imap_alive_forget(struct imap *m)
{
	table_free(&m->alive.of_names);
	free(m->alive.names);
	m->alive.names = NULL;
	m->alive.nnames = 0;
}

/* A folder is news once for LIST and once for STATUS. */
static bool
unheard(struct imap *m, const struct imap_resp *r)
{
	struct imap_alive *a = &m->alive;
	uint64_t h = table_hash(r->name) ^ r->type;

	a->of_names.number = alive_name;
	if (a->nnames > 2 * LIMIT_MAILBOXES ||
	    table_number(&a->of_names, a->names, h) != TABLE_NONE)
		return false;
	if ((a->nnames & (a->nnames - 1)) == 0)
		a->names = mem_grow(a->names, a->nnames > 0 ? 2 * a->nnames :
		    1, sizeof *a->names);
	a->names[a->nnames] = h;
	table_add(&a->of_names, a->names, a->nnames++);
	return true;
}

static bool
alive_answered(struct imap *m)
{
	m->alive.told++;
	if (m->alive.told == m->tag) {
		m->alive.asked = 0;
		m->alive.due = m->alive.statuses = 0;
		imap_alive_forget(m);
	}
	m->alive.once = false;
	m->alive.farthest = m->alive.step = 0;
	m->alive.there = m->alive.fetched = m->alive.removed = 0;
	m->alive.patience = 0;
	return true;
}

/* One more of the messages that were there, and were asked about. */
static bool
one_more(const struct imap_alive *a, uint64_t *n)
{
	if (*n >= a->due || *n >= a->there)
		return false;
	++*n;
	return true;
}

static bool
progress(struct imap *m, const struct imap_resp *r)
{
	bool first = !m->alive.once;

	if (r->tag != 0)
		return alive_answered(m);
	switch (r->type) {
	case IMAP_OK:
		return str_is(r->code, "INPROGRESS") &&
		    in_progress(m, r->arg);
	case IMAP_FETCH:
		if (!m->alive.useful || r->number <= m->alive.farthest ||
		    r->number > m->alive.there ||
		    !one_more(&m->alive, &m->alive.fetched))
			return false;
		m->alive.farthest = r->number;
		return true;
	case IMAP_SEARCH:
	case IMAP_VANISHED:
		m->alive.once |= m->alive.useful;
		return m->alive.useful && first;
	case IMAP_STATUS:
		if ((m->alive.asked & LISTS) == 0 &&
		    m->alive.nnames >= m->alive.statuses)
			return false;	/* of folders nobody asked about */
		return m->alive.useful && unheard(m, r);
	case IMAP_LIST:
		return m->alive.useful && unheard(m, r);
	case IMAP_EXPUNGE:
		return m->alive.useful && one_more(&m->alive, &m->alive.removed);
	default:
		return m->alive.useful;
	}
}

void
imap_alive_heard(struct imap *m, const struct imap_resp *r)
{
	if (progress(m, r) && m->authed)
		conn_again(m->c);
}
