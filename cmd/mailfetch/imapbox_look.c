/* imapbox_look.c: IMAP: a folder is looked at, and nothing is fetched */
#include <stdio.h>
#include <string.h>

#include "imap_box.h"
#include "imapbox_private.h"
#include "show.h"
#include "turn.h"

static int
keep_head(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

static int
show_one(struct box *b)
{
	struct buf head = { .max = 1 << 17 };
	struct conn_sink sink = { keep_head, &head };
	struct message m;
	struct imap_item it;
	uint64_t size = 0;
	uint32_t uid = 0;
	bool full = false;
	int got;

	while ((got = imap_item(b->m, &it)) > 0) {
		if (it.kind == IMAP_UID)
			uid = (uint32_t)it.number;
		else if (it.kind == IMAP_SIZE)
			size = it.number;
		else if (it.kind == IMAP_BODY) {
			full = true;
			if ((got = imap_body(b->m, &it, &sink)) < 0)
				break;
		}
	}
	m = imapbox_message(b, uid);
	m.size = size;
	if (got == 0 && full && uid != 0) {
		struct listing l = { .m = &m, .head = BUF_STR(head),
		    .fresh = run_new(b->r, m.key) };

		if (!b->r->o->look.dry_run || l.fresh)
			show_line(b->r, &l);
	}
	buf_free(&head);
	return got;
}

/* Keeps the messages that a run would fetch. */
static int
only_wanted(struct box *b)
{
	struct message m;
	size_t i, n = 0;
	int got;

	for (i = 0; i < b->n; i++) {
		m = imapbox_message(b, b->uids[i]);
		if ((got = run_wants(b->r, &m)) < 0)
			return -1;
		if (got == 0)
			continue;
		b->r->count.total++;
		b->uids[n++] = b->uids[i];
	}
	b->n = n;
	return 0;
}

static int
show_box(struct box *b)
{
	struct imap_resp r;
	unsigned tag;
	size_t at = 0;

	turn_take(b->r->p->turn);
	if (!b->r->o->account.json && !b->r->o->account.quiet)
		printf("%s\n", b->folder);
	show_begin(b->r);
	if (b->r->o->look.dry_run && only_wanted(b) < 0)
		return -1;
	while (at < b->n) {
		struct buf set = { .max = 65536 };

		imap_set_put(&set, b->uids, b->n, &at, IMAPBOX_SET);
		tag = imap_ask_subjects(b->m, set.p);
		buf_free(&set);
		conn_phase(b->m->c, "FETCH", CONN_BODY);
		do {
			if (imap_next(b->m, &r) < 0 ||
			    (r.type == IMAP_FETCH && show_one(b) < 0))
				return -1;
		} while (!imap_done(&r, tag));
	}
	return 0;
}

int
imapbox_look(struct box *b)
{
	uint32_t mark = b->mark;
	size_t i;
	int got;

	if (b->r->o->look.list)
		b->mark = 0;		/* all, not only what is new */
	got = imapbox_find(b);
	b->mark = mark;
	if (got < 0)
		return -1;
	for (i = 0; i < b->n && b->r->o->look.check; i++)
		b->r->count.total += run_new(b->r, imapbox_key(b, b->uids[i]));
	return b->r->o->look.check ? 0 : show_box(b);
}
