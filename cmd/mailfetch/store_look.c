/* store_look.c: which messages of a batch are in the mailbox already */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap_box.h"
#include "imap_digest.h"
#include "store.h"

static const uint64_t unknown = UINT64_MAX;

uint64_t
store_sum(const unsigned char md[32])
{
	uint64_t n;

	memcpy(&n, md, sizeof n);
	return n | 1;
}

static bool
sought(const struct store *s, uint64_t size)
{
	size_t i;

	for (i = 0; i < s->n && size > 0; i++)	/* none that was sent is empty */
		if (s->v[i].fate == STORE_DOUBT &&
		    (s->v[i].sent != 0 || size == unknown ||
		    s->v[i].size == size))
			return true;
	return false;
}

/* Without a size it may be any. */
static int
size_of(struct imap *m, uint32_t *uid, uint64_t *size)
{
	struct imap_item it;
	int got;

	*uid = 0;
	*size = unknown;
	while ((got = imap_item(m, &it)) > 0) {
		if (it.kind == IMAP_UID)
			*uid = (uint32_t)it.number;
		else if (it.kind == IMAP_SIZE)
			*size = it.number;
	}
	return got;
}

/*
 * Those from since on that have the size of one that is sought.  "*" is the
 * last message, so that an answer without any is none.
 */
static int
candidates(struct store *s, uint32_t since, struct imap_uids *to)
{
	struct imap *m = &s->dest->imap;
	struct imap_resp r;
	char set[32];
	unsigned tag;
	uint64_t size;
	uint32_t uid;
	bool told = false;

	snprintf(set, sizeof set, "%u:*", since);
	tag = imap_ask_sizes(m, set);
	conn_phase(m->c, "FETCH", CONN_BODY);
	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type != IMAP_FETCH)
			continue;
		if (size_of(m, &uid, &size) < 0)
			return -1;
		told |= uid > 0;
		if (uid >= since && sought(s, size))
			imap_uids_add(to, uid);
	} while (!imap_done(&r, tag));
	imap_uids_sort(to);
	if (r.type != IMAP_OK)
		return conn_fail(m->c, EX_TEMPFAIL, "%s: FETCH: %s", s->folder,
		    m->text);
	return told || m->box.exists == 0 ? 0 : conn_fail(m->c, EX_TEMPFAIL, "%s: FETCH: the server tells of none of its messages",
	    s->folder);
}

static void
match(struct store *s, uint32_t uid, const unsigned char md[32])
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct store_item *it = &s->v[i];

		if (it->fate != STORE_DOUBT || (it->sent != 0 ?
		    it->sent != store_sum(md) : memcmp(it->md, md, 32) != 0))
			continue;
		it->fate = STORE_TAKEN;
		it->uid = uid;
		return;
	}
}

/* The bytes of one message are those of one that is sought? */
static int
compare_bodies(struct store *s, uint32_t uid)
{
	unsigned char md[32];
	int got = imap_digest(&s->dest->imap, uid, md);

	if (got > 0)			/* which it said has some */
		return conn_fail(s->dest->imap.c, EX_TEMPFAIL, "FETCH: the server gives no bytes of UID %u",
		    uid);
	if (got == 0)
		match(s, uid, md);
	return got;
}

int
store_look(struct store *s)
{
	struct imap_uids found = { 0 };
	uint64_t now = s->dest->imap.box.uidvalidity;
	uint32_t since = UINT32_MAX;
	size_t i;
	int got;

	for (i = 0; i < s->n; i++) {
		struct store_item *it = &s->v[i];
		uint32_t from = it->uidvalidity == now ? it->since : 1;

		if (it->fate == STORE_DOUBT && from < since)
			since = from;
	}
	got = candidates(s, since > 0 ? since : 1, &found);
	for (i = 0; i < found.n && got == 0 && store_some(s, STORE_DOUBT); i++)
		got = compare_bodies(s, found.v[i]);
	free(found.v);
	for (i = 0; i < s->n && got == 0; i++)
		if (s->v[i].fate == STORE_DOUBT)
			s->v[i].fate = STORE_NEW;
	return got;
}
