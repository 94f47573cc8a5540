/*
 * far_hear.c: what the server says of messages, noted
 *
 * Flags, who is gone, and whether some known ones are who they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"
#include "far_private.h"

enum { SET = 7500 };		/* bytes of a set in a command */

uint64_t
remote_flags(struct box *b, struct str words)
{
	struct str rest = words, w;
	struct err *e = b->run->e;

	while ((w = str_word(&rest)).n > 0)
		if (w.p[0] != '\\' && !str_is(w, "$Forwarded"))
			state_keyword(&b->state, w, e);
	return flags_parse(&b->state.keywords, words);
}

static int
keep(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

/*
 * Some known messages are asked who they are.  A server that has other ones
 * under their UIDs, with the same UIDVALIDITY, was restored or is broken.
 */
static int
take_canary(struct look *k, struct imap *m, struct imap_item *it,
    uint32_t uid)
{
	struct buf head = { .max = 1 << 17 };
	struct conn_sink sink = { keep, &head };
	struct rec *rec = state_by_uid(&k->b->state, uid);
	int got = imap_body(m, it, &sink);

	if (got == 0 && rec != NULL && rec->ident != 0) {
		bool other = ident_of(BUF_STR(head)) != rec->ident;

		k->canaries++;
		k->strangers += other;
		k->sure += other && state_native(&k->b->state, rec);
	}
	buf_free(&head);
	return got;
}

int
remote_fetched(struct look *k, struct imap *m)
{
	struct box *b = k->b;
	bool with_flags = false;
	struct imap_item it;
	struct far_msg *f;
	uint64_t flags = 0;
	uint32_t uid = 0;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID)
			uid = (uint32_t)it.number;
		else if (it.kind == IMAP_FLAG) {
			with_flags = true;
			flags = remote_flags(b, it.text);
		} else if (it.kind == IMAP_BODY && uid != 0 && (got =
		    take_canary(k, m, &it, uid)) < 0)
			break;
	if (got < 0 || uid == 0 || !with_flags)
		return got < 0 ? -1 : 0;
	if (b->nfar == b->far_cap && b->nfar >= 1 << 16)
		box_far_sort(b);		/* some were said again and again */
	if (b->nfar == LIMIT_MESSAGES)
		return conn_fail(m->c, EX_PROTOCOL, "FETCH: more than %d messages",
		    LIMIT_MESSAGES);
	if (k->how == DELTA_FETCH)
		imap_uids_note(&k->all, uid);
	f = box_far_add(b, uid);
	f->flags = flags;
	f->flags_known = true;
	return 0;
}

int
remote_vanished(struct look *k, struct imap *m, struct str set)
{
	const struct state *s = &k->b->state;
	uint32_t lo, hi;
	size_t i;
	int got;

	while ((got = imap_set_next(&set, &lo, &hi)) > 0)
		for (i = state_from(s, lo); i < s->n &&
		    s->rec[i].uid <= hi; i++)
			imap_uids_note(&k->b->gone, s->rec[i].uid);
	return got == 0 ? 0 : conn_fail(m->c, EX_PROTOCOL, "VANISHED: not a "
	    "set of UIDs");
}

/* ---- who is who ---- */

static int
take_ident(struct box *b, struct imap *m)
{
	struct buf head = { .max = 1 << 17 };
	struct conn_sink sink = { keep, &head };
	struct far_msg f = { 0 }, *to;
	struct imap_item it;
	bool full = false;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID)
			f.uid = (uint32_t)it.number;
		else if (it.kind == IMAP_SIZE)
			f.size = it.number < UINT32_MAX ?
			    (uint32_t)it.number : UINT32_MAX;
		else if (it.kind == IMAP_FLAG) {
			f.flags = remote_flags(b, it.text);
			f.flags_known = true;
		} else if (it.kind == IMAP_BODY) {
			full = true;
			if ((got = imap_body(m, &it, &sink)) < 0)
				break;
		}
	if (got == 0 && full && f.uid != 0) {
		f.ident = ident_of(BUF_STR(head));
		if ((to = box_far_find(b, f.uid)) != NULL)
			*to = f;
	}
	buf_free(&head);
	return got;
}

int
remote_idents(struct line *l, struct box *b, const uint32_t *uids, size_t n)
{
	struct imap *m = &l->imap;
	struct imap_resp r;
	size_t at = 0;
	unsigned tag;

	while (at < n) {
		struct buf set = { .max = 65536 };

		imap_set_put(&set, uids, n, &at, SET);
		tag = imap_ask_idents(m, set.p);
		buf_free(&set);
		do {
			if (imap_next(m, &r) < 0 || (r.type == IMAP_FETCH &&
			    take_ident(b, m) < 0))
				return -1;
		} while (!imap_done(&r, tag));
		if (r.type != IMAP_OK)
			return conn_fail(m->c, EX_TEMPFAIL, "%s: FETCH: %s",
			    b->name, m->text);
	}
	return 0;
}
