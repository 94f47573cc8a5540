/* place_mbox.c: --deliver mbox:FILE */
#include <string.h>

#include "clock.h"
#include "hand.h"
#include "place_kind.h"

enum { LOCKED = 30 };		/* seconds to wait for an mbox */

/*
 * The length before the batch that a crash interrupted, if one did; its number
 * is in day.
 */
static struct entry *
interrupted(struct place *p, struct handed *h)
{
	size_t i;

	for (i = 0; i < h->state->n; i++)
		if (h->state->v[i].kind == STATE_LENGTH &&
		    h->state->v[i].key.a == p->key.a)
			return &h->state->v[i];
	return NULL;
}

static int
recover(struct place *p, struct handed *h)
{
	struct entry *at = interrupted(p, h);
	struct key k;
	uint32_t number;
	int got;

	if (at == NULL)
		return 0;
	k = at->key;
	number = at->day;
	if (mbox_open(&p->mbox, p->name, LOCKED, h->e) < 0)
		return -1;
	got = mbox_recover(&p->mbox, k.b, number, h->e);
	mbox_close(&p->mbox);
	if (got < 0)
		return -1;
	if (got == 0)
		fail_print("%s: a delivery was interrupted at byte %llu, and somebody else has written behind it: some messages may be there twice, the last of ours may be cut",
		    p->name,
		    (unsigned long long)k.b);
	return state_drop(h->state, k, STATE_LENGTH, h->e);
}

static int
begin_mbox(struct place *p, struct handed *h)
{
	struct key k;

	if (mbox_open(&p->mbox, p->name, LOCKED, h->e) < 0)
		return -1;
	k = (struct key){ p->key.a, p->mbox.start };
	if (mbox_batch(&p->mbox, h->e) < 0 || state_put(h->state, STATE_LENGTH,
	    k, p->mbox.batch, h->e) < 0 ||
	    state_sync(h->state, h->e) < 0)
		return -1;
	p->begun = true;
	return 0;
}

static int
put_mbox(void *to, struct str s, struct err *e)
{
	return mbox_put(to, s, e);
}

static int
give_mbox(struct place *p, struct handed *h)
{
	uint64_t before;

	if (!p->begun && begin_mbox(p, h) < 0)
		return -1;
	before = mbox_length(&p->mbox);
	if (mbox_begin(&p->mbox, NULL, h->now.date > 0 ? h->now.date :
	    clock_wall(), h->e) == 0 && hand_pieces(h, put_mbox, &p->mbox) == 0 &&
	    mbox_end(&p->mbox, h->e) == 0)
		return 0;
	mbox_back(&p->mbox, before);
	return -1;
}

static int
open_mbox(struct place *p, struct handed *h)
{
	size_t n = strlen(p->name);
	struct mbox probe;

	/* Whoever locks the one beside it may remove it as a stale lock. */
	if (p->each != NULL && n > 5 && strcmp(p->name + n - 5, ".lock") == 0)
		return fail(h->e, EX_CANTCREAT, "%s: this is the name of a lock",
		    p->name);
	if (recover(p, h) < 0 ||
	    mbox_open(&probe, p->name, LOCKED, h->e) < 0)
		return -1;
	mbox_close(&probe);
	return 0;
}

static void
box_mbox(const struct place *p, struct sandbox *box)
{
	mbox_box(p->name, box);
}

static int
sync_mbox(struct place *p, struct handed *h)
{
	return p->begun ? mbox_sync(&p->mbox, h->e) : 0;
}

/* The length that the file had before is needed no more. */
static int
record_mbox(struct place *p, struct handed *h)
{
	return p->begun ? state_drop(h->state, (struct key){ p->key.a,
	    p->mbox.start }, STATE_LENGTH, h->e) : 0;
}

/* It stays locked until it is on the disk that the batch is in it. */
static int
release_mbox(struct place *p, struct handed *h)
{
	int got;

	if (!p->begun)
		return 0;
	p->begun = false;
	got = state_sync(h->state, h->e);
	mbox_close(&p->mbox);
	return got;
}

static void
close_mbox(struct place *p, struct handed *h)
{
	struct err e = { 0 };

	if (p->begun) {
		mbox_back(&p->mbox, p->mbox.start);
		if (mbox_sync(&p->mbox, &e) == 0)
			record_mbox(p, &(struct handed){ .state = h->state,
			    .e = &e });
	}
	p->begun = false;
	mbox_close(&p->mbox);
}

const struct place_kind place_mbox = {
	.name = "mbox", .open = open_mbox,
	.box = box_mbox, .give = give_mbox, .sync = sync_mbox,
	.record = record_mbox, .release = release_mbox, .close = close_mbox
};
