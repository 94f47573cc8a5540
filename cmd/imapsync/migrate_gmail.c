/*
 * migrate_gmail.c: a message that Gmail shows in several mailboxes is copied once
 *
 * A label is a mailbox, and each message is in "All Mail" besides: one with two
 * labels comes three times.  By X-GM-MSGID it is one message, and is copied with
 * the first mailbox that has it, in order of names; All Mail, Starred and
 * Important come last, so that only what has no label is copied from there.
 */
#include <stdlib.h>
#include <string.h>

#include "imap_about.h"
#include "imap_box.h"
#include "imap_pieces.h"
#include "migrate_gmail.h"
#include "migrate_run.h"
#include "search.h"

struct gmail_id {
	uint32_t uid;
	uint64_t id;			/* 0: not told */
};

bool
migrate_gmail(const struct migrate *r)
{
	return imap_says_cap(&r->from.imap, "X-GM-EXT-1");
}

bool
migrate_gmail_is_view(const struct migrate_name *b)
{
	static const char *const uses[] = { "\\All", "\\Flagged",
	    "\\Important" };
	size_t i;

	for (i = 0; b->use != NULL && i < sizeof uses / sizeof *uses; i++)
		if (strcmp(b->use, uses[i]) == 0)
			return true;
	return false;
}

/* ---- what the server says ---- */

static int
uid_is(const void *key, const void *element)
{
	return search_order(*(const uint32_t *)key,
	    ((const struct gmail_id *)element)->uid);
}

static int
take_id(struct imap *m, struct gmail_id *v, size_t n)
{
	struct gmail_id one = { 0 };
	struct imap_item it;
	size_t at;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID)
			one.uid = (uint32_t)it.number;
		else if (it.kind == IMAP_COUNT &&
		    str_is(it.name, "X-GM-MSGID"))
			one.id = it.number;
	at = search_exact(&one.uid, v, n, sizeof *v, uid_is);
	if (got == 0 && at < n && one.id != 0)
		v[at].id = one.id;
	return got;
}

static int
hear_ids(struct imap *m, unsigned tag, struct gmail_id *v, size_t n)
{
	struct imap_resp r;

	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_FETCH &&
		    take_id(m, v, n) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : conn_fail(m->c,
	    imap_severity(m->text, EX_UNAVAILABLE), "FETCH: %s", m->text);
}

/* In the order of uids; NULL: the connection has failed. */
static struct gmail_id *
ask_ids(struct imap *m, const uint32_t *uids, size_t n)
{
	struct imap_pieces p = { .m = m, .uids = uids, .n = n };
	struct gmail_id *v = mem_new(n + 1, sizeof *v);
	size_t i;
	int got = 0;

	for (i = 0; i < n; i++)
		v[i].uid = uids[i];
	while (got == 0 && imap_pieces_next(&p)) {
		got = hear_ids(m, imap_ask_gmail_ids(m, p.set.p), v, n);
		if (got == 0 && imap_pieces_cut(&p) && !imap_pieces_again(&p))
			got = conn_fail(m->c, EX_UNAVAILABLE, "FETCH: %s",
			    m->text);
	}
	imap_pieces_free(&p);
	if (got == 0)
		return v;
	free(v);
	return NULL;
}

/* ---- those of the mailboxes before ---- */

static int
id_order(const void *key, const void *element)
{
	return search_order(*(const uint64_t *)key,
	    *(const uint64_t *)element);
}

static bool
is_seen(const struct migrate *r, uint64_t id)
{
	return id != 0 && search_exact(&id, r->gmail.id, r->gmail.n,
	    sizeof id, id_order) < r->gmail.n;
}

int
migrate_gmail_leave_out(struct migrate *r, struct migrate_box *b,
    struct imap_uids *todo)
{
	struct gmail_id *v;
	size_t i, n = 0;

	if (!migrate_gmail(r) || r->gmail.n == 0 || todo->n == 0)
		return 0;
	if ((v = ask_ids(&r->from.imap, todo->v, todo->n)) == NULL)
		return -1;
	for (i = 0; i < todo->n; i++)
		if (!is_seen(r, v[i].id) || (b != NULL &&
		    migrate_state_find(b, v[i].uid) != NULL))
			todo->v[n++] = v[i].uid;
	todo->n = n;
	free(v);
	return 0;
}

int
migrate_gmail_done(struct migrate *r, const uint32_t *uids, size_t n)
{
	struct gmail_id *v;
	size_t i, all = r->gmail.n;

	if (!migrate_gmail(r) || n == 0)
		return 0;
	if ((v = ask_ids(&r->from.imap, uids, n)) == NULL)
		return -1;
	r->gmail.id = mem_grow(r->gmail.id, all + n, sizeof *r->gmail.id);
	for (i = 0; i < n; i++)
		if (v[i].id != 0)
			r->gmail.id[all++] = v[i].id;
	free(v);
	if (all > 0)
		qsort(r->gmail.id, all, sizeof *r->gmail.id, id_order);
	for (i = r->gmail.n = 0; i < all; i++)
		if (i == 0 || r->gmail.id[i] != r->gmail.id[i - 1])
			r->gmail.id[r->gmail.n++] = r->gmail.id[i];
	return 0;
}
