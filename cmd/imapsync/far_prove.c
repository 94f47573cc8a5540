/*
 * far_prove.c: are the copies there that COPYUID does not vouch for?
 *
 * A server without UIDPLUS says OK to a COPY and no more.  That the UIDNEXT of
 * the other mailbox has grown proves nothing: another program may have put its
 * own message there, and ours is then deleted where it was.  So both mailboxes
 * are asked who is there.
 */
#include <stdlib.h>

#include "box.h"
#include "far_check.h"
#include "far_hear.h"
#include "far_prove.h"
#include "imap_box.h"
#include "link.h"
#include "search.h"

/* For what is heard of a mailbox without a change to the run's own. */
static struct box
aside(struct box *b, const char *name)
{
	return (struct box){ .run = b->run, .name = name, .state = b->state,
	    .lock = b->lock };
}

/*
 * The mailbox that they were copied to, opened, and all in it since; 0; 1 it
 * cannot be; -1.
 */
static int
hear_copied(struct link *l, struct box *at, const struct far_copy *c)
{
	struct imap *m = &l->imap;
	struct buf keys = { .max = 64 };
	uint32_t *uids = NULL;
	size_t n = 0, low;
	int got;

	l->selected = NULL;
	l->chose = true;
	if ((got = imap_select(m, str_of(at->name), true)) != 0 ||
	    m->box.uidvalidity != c->was.uidvalidity)
		return got < 0 ? -1 : 1;
	buf_printf(&keys, "UID %llu:*", (unsigned long long)c->was.uidnext);
	got = imap_search(m, keys.p, &uids, &n);
	buf_free(&keys);
	/* "*" is the last one, be it below */
	for (low = 0; low < n && uids[low] < c->was.uidnext; low++)
		;
	if (got == 0 && low < n)
		got = far_hear_idents(l, at, uids + low, n - low);
	free(uids);
	return got;
}

static int
by_who(const void *a, const void *b)
{
	const struct far_msg *x = a, *y = b;
	int c = search_order(x->ident, y->ident);

	return c != 0 ? c : search_order(x->size, y->size);
}

static void
sort_by_who(struct box *b)
{
	if (b->far.n > 1)
		qsort(b->far.v, b->far.n, sizeof *b->far.v, by_who);
}

static void
prove_match(struct box *from, struct box *to, struct imap_uids *sure)
{
	const struct far_msg *v = to->far.v, *end;
	size_t i;
	int c;

	sort_by_who(from);
	sort_by_who(to);
	end = v + to->far.n;
	for (i = 0; i < from->far.n; i++) {
		c = 1;
		if (from->far.v[i].ident == 0)	/* it did not say */
			continue;
		while (v < end && (c = by_who(v, &from->far.v[i])) < 0)
			v++;
		if (v == end || c != 0)
			continue;
		imap_uids_add(sure, from->far.v[i].uid);
		v++;			/* it stands for no other */
	}
	imap_uids_sort(sure);
}

int
far_prove(struct link *l, struct box *b, const char *to,
    const struct far_copy *c, struct imap_uids *sure)
{
	struct box from = aside(b, b->name), at = aside(b, to);
	int got, back;
	bool all;

	sure->n = 0;
	if (c->was.uidnext == 0 || c->was.uidnext > UINT32_MAX)
		return far_check_not(&l->imap, "does not show where it is");
	got = far_hear_idents(l, &from, c->uids, c->n);
	if (got == 0)
		got = hear_copied(l, &at, c);
	if (got == 0)
		prove_match(&from, &at, sure);
	all = sure->n == from.far.n;
	free(from.far.v);
	free(at.far.v);
	if (got < 0 || (back = link_select(l, b)) != 0)
		return got < 0 || back < 0 ? -1 : 1;
	if (got > 0)
		return far_check_not(&l->imap, "does not show where it is");
	return all ? 0 : far_check_not(&l->imap, "has not done it");
}
