/*
 * save_imap.c: a copy of what was sent in a folder of an IMAP server
 *
 * An APPEND whose answer was lost may have been done.  The message is looked for
 * then, by its bytes, among those that have come since, and sent again only if
 * it is not there.  One that waited in a queue may have been saved by an attempt
 * before, which nobody has recorded: it is looked for by its Message-ID first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "digest.h"
#include "imap_append.h"
#include "imap_box.h"
#include "imap_digest.h"
#include "save_imap.h"
#include "stop.h"

enum {
	TRIES = 3,			/* the last one only looks */
	LATER = 60000,			/* ms until a server is asked again that
					 * was not reached */
	LOOK_MOST = 200			/* messages that are compared */
};

int
save_imap_open(struct save_imap *k, const char *said, struct err *e)
{
	struct dest_name name;

	k->said = said;
	if (dest_parse(&name, &k->mem, said, &k->conf, e) < 0)
		return -1;
	k->folder = name.folder;
	if (dest_find(&k->dest, &k->conf, name.server, e) == NULL)
		return -1;
	k->dest->account.role = ACCOUNT_BESIDE;
	pthread_mutex_init(&k->lock, NULL);
	return 0;
}

/* ---- the folder ---- */

/* Of RFC 6154. */
static int
find_sent(struct save_imap *k)
{
	struct imap *m = &k->dest->imap;
	unsigned tag = imap_ask_list(m, "*", IMAP_LIST_NAMES);
	struct imap_resp r;
	size_t lines = 0;

	conn_phase(m->c, "LIST", CONN_BODY);
	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type != IMAP_LIST)
			continue;
		if (imap_list_bound(m, ++lines, 0) < 0)
			return -1;
		if (k->folder == NULL && !r.bad_name &&
		    imap_nameable(r.name) && imap_selectable(r.flags) &&
		    imap_has_flag(r.flags, "\\Sent"))
			k->folder = arena_dup(&k->mem, r.name);
	} while (!imap_done(&r, tag));
	if (r.type != IMAP_OK)
		return conn_fail(m->c, EX_UNAVAILABLE, "LIST: %s", m->text);
	return k->folder != NULL ? 0 : conn_fail(m->c, EX_UNAVAILABLE,
	    "no folder is marked as \\Sent there: %s/FOLDER names one",
	    k->dest->name);
}

static int
reach_folder(struct save_imap *k)
{
	if (k->many)
		session_again(&k->dest->session);
	if (dest_open(k->dest, &k->conf, &k->err) < 0)
		return -1;
	if (k->folder == NULL && find_sent(k) < 0)
		return -1;
	return dest_select(k->dest, k->folder, false);
}

/* ---- is it there? ---- */

static int
own_digest(const struct msg *m, unsigned char md[32], struct err *e)
{
	struct msg_reader *r = msg_reader_new(m);
	struct digest *d = digest_new();
	char *some = mem_new(1, 65536);
	ssize_t n;

	while ((n = msg_read(r, some, 65536, e)) > 0)
		digest_put(d, some, (size_t)n);
	free(some);
	free(r);
	if (!digest_end(d, md) && n == 0)
		return fail(e, EX_OSERR, "OpenSSL has no SHA-256 here");
	return n < 0 ? -1 : 0;
}

/* Can it be said as a quoted string, and means itself in a search? */
static bool
sayable_id(const char *id)
{
	size_t i;

	for (i = 0; id[i] > ' ' && id[i] <= '~' && id[i] != '"' &&
	    id[i] != '\\'; i++)
		;
	return i > 0 && i < 900 && id[i] == '\0';
}

/* Those that may be it: behind the mark, or else of that Message-ID. */
static int
likely_copies(struct save_imap *k, const struct letter *l, uint32_t **uids,
    size_t *n)
{
	struct imap *m = &k->dest->imap;
	char keys[1000] = "ALL";

	if (k->uidnext > 0 && k->uidvalidity == m->box.uidvalidity)
		snprintf(keys, sizeof keys, "UID %llu:*",
		    (unsigned long long)k->uidnext);
	else if (l->id != NULL && sayable_id(l->id))
		snprintf(keys, sizeof keys, "HEADER Message-ID \"%s\"", l->id);
	return imap_search(m, keys, uids, n);
}

/* 1 it is there, 0 not, -1. */
static int
look_for(struct save_imap *k, const struct letter *l)
{
	struct imap *m = &k->dest->imap;
	unsigned char mine[32], theirs[32];
	uint32_t *uids = NULL;
	size_t n = 0, i;
	int got;

	if (own_digest(&l->msg, mine, &k->err) < 0 ||
	    likely_copies(k, l, &uids, &n) < 0)
		return -1;
	for (i = n > LOOK_MOST ? n - LOOK_MOST : 0, got = 0; i < n; i++) {
		got = imap_digest(m, uids[i], theirs);
		if (got >= 0)
			got = got == 0 && memcmp(mine, theirs,
			    sizeof mine) == 0;
		if (got != 0)
			break;
	}
	free(uids);
	return got;
}

/* ---- there it goes ---- */

static int
put_append(struct save_imap *k, const struct msg *msg)
{
	struct imap *m = &k->dest->imap;
	struct msg_reader *r = msg_reader_new(msg);
	char *some = mem_new(1, 65536);
	ssize_t n;
	int got = 0;

	while ((n = msg_read(r, some, 65536, &k->err)) > 0)
		if ((got = imap_append_put(m, some, (size_t)n, &k->err)) < 0)
			break;
	free(some);
	free(r);
	return n < 0 ? imap_append_abort(m, "the message cannot be read") :
	    got;
}

/* 0 stored, 1 refused, with m->text; -1. */
static int
append_copy(struct save_imap *k, const struct msg *msg)
{
	struct imap *m = &k->dest->imap;
	struct imap_append head = { .flags = "\\Seen", .size = msg->size,
	    .binary = msg->nul };
	int got;

	if (imap_append_begin(m, str_of(k->folder)) < 0 ||
	    (got = imap_append_one(m, &head)) < 0)
		return -1;
	if (got == 0)
		return 1;
	return put_append(k, msg) < 0 ? -1 :
	    imap_wait(m, imap_append_end(m));
}

/* What the server will not have, by what it says of itself; or NULL. */
static const char *
unfit(const struct imap *m, const struct msg *msg)
{
	if (msg->nul && (m->caps & IMAP_BINARY) == 0)
		return "it has a NUL, and the server takes none";
	if (m->appendlimit > 0 && msg->size > m->appendlimit)
		return "it is larger than the server takes (APPENDLIMIT)";
	return NULL;
}

/* Where it would come from now on. */
static void
mark_uids(struct save_imap *k)
{
	const struct imap_box *b = &k->dest->imap.box;

	if (k->uidnext > 0 && k->uidvalidity == b->uidvalidity)
		return;			/* the first one in doubt */
	k->uidvalidity = b->uidvalidity;
	k->uidnext = b->uidnext;
}

/* The folder is open: 0 it is there, 1 it will not be, -1 nobody knows. */
static int
put_once(struct save_imap *k, const struct letter *l, bool doubt, bool last)
{
	struct imap *m = &k->dest->imap;
	const char *why = unfit(m, &l->msg);
	int got = doubt ? look_for(k, l) : 0;

	if (got != 0)
		return got < 0 ? -1 : 0;
	if (last)
		return fail(&k->err, EX_TEMPFAIL, "the connection was lost twice"),
		    1;
	if (why != NULL)
		return fail(&k->err, EX_DATAERR, "%s", why), 1;
	mark_uids(k);
	conn_last(m->c, true);
	got = append_copy(k, &l->msg);
	if (got >= 0)
		conn_last(m->c, false);
	if (got > 0)
		fail(&k->err, EX_UNAVAILABLE, "%s: %s", k->folder, m->text);
	return got;
}

/*
 * A server that is down is asked later.  One that refuses the login would have to
 * refuse it again and again, which some lock accounts for.
 */
static void
not_reached(struct save_imap *k)
{
	k->later = clock_ms() + LATER;
	if (k->err.code != EX_NOPERM)
		return;
	k->later = CLOCK_NEVER;
	if (k->many)
		fail_add(&k->err, "; it is not asked again in this run");
}

/* Over as many connections as it takes. */
static int
store_copy(struct save_imap *k, const struct letter *l, struct err *e)
{
	bool doubt = l->tried, lost = false, was;
	int got = -1, i;

	k->uidnext = 0;
	for (i = 0; got < 0 && i < TRIES; i++) {
		was = k->dest->open;
		fail_clear(&k->err);
		if (reach_folder(k) < 0) {
			dest_hang_up(k->dest);
			if (was && !stop_asked())
				continue;
			not_reached(k);
			break;
		}
		got = put_once(k, l, doubt, i + 1 == TRIES);
		doubt = lost |= got < 0;
		if (got != 0)
			dest_hang_up(k->dest);
		if (stop_asked())
			break;
	}
	if (got == 0)
		return 0;
	return fail(e, k->err.code, "%s%s", got < 0 && lost ?
	    "it may be there, its answer was lost: " : "", k->err.msg);
}

int
save_imap_store(struct save_imap *k, const struct letter *l, struct err *e)
{
	int got;

	pthread_mutex_lock(&k->lock);
	if (k->later == CLOCK_NEVER)
		got = -1;
	else if (k->later != 0 && clock_ms() < k->later)
		got = fail(e, k->err.code, "%s", k->err.msg);
	else
		got = store_copy(k, l, e);
	if (got == 0)
		k->later = 0;
	pthread_mutex_unlock(&k->lock);
	return got;
}

void
save_imap_close(struct save_imap *k)
{
	dest_free(k->dest);
	arena_free(&k->mem);
	pthread_mutex_destroy(&k->lock);
}
