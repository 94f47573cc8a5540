/*
 * migrate_extra.c: --delete-extra: what is in TO and not in FROM
 *
 * That is a copy whose original is gone, and what was never one.  Mail that came
 * while the folder was copied is neither.
 */
#include <stdlib.h>
#include <string.h>

#include "brake.h"
#include "imap_box.h"
#include "imap_pieces.h"
#include "migrate_extra.h"
#include "migrate_run.h"

/* Has it a copy that cannot be told from the other messages there? */
static bool
may_be_any(const struct migrate *r, const struct migrate_box *b, uint32_t uid)
{
	const struct migrate_fail *f = migrate_state_failed(&r->state, b, uid);

	return f != NULL && strcmp(f->why, MIGRATE_MAYBE_THERE) == 0;
}

/*
 * The UIDs there that are copies of what is in FROM; false: not all are known.
 * Two messages with one copy are not: the server has told a UID twice.
 */
static bool
copies(const struct migrate *r, struct migrate_box *b, const uint32_t *all,
    size_t n, struct imap_uids *to)
{
	const struct migrate_pair *p;
	size_t i, have = 0;

	for (i = 0; i < n; i++) {
		p = migrate_state_find(b, all[i]);
		if (p == NULL ? may_be_any(r, b, all[i]) : p->to == 0)
			return false;
		if (p == NULL)
			continue;
		imap_uids_add(to, p->to);
		have++;
	}
	imap_uids_sort(to);
	return to->n == have;
}

static int
expunge(struct migrate *r, const struct imap_uids *extra)
{
	struct imap *m = &r->to.imap;
	struct imap_pieces p = { .m = m, .uids = extra->v, .n = extra->n };
	int got = 0;

	while (got == 0 && imap_pieces_next(&p)) {
		got = imap_must(m, imap_ask_store(m, p.set.p, true,
		    "\\Deleted"), "STORE");
		if (got == 0)
			got = imap_must(m, imap_ask_expunge(m, p.set.p),
			    "EXPUNGE");
		if (got == 0 && imap_pieces_cut(&p) && !imap_pieces_again(&p))
			got = conn_fail(m->c, EX_UNAVAILABLE, "EXPUNGE: %s",
			    m->text);
	}
	imap_pieces_free(&p);
	return got;
}

/* 0 they are gone; 1 it is told why not; -1. */
static int
delete_extra(struct migrate *r, const struct migrate_folder *f,
    const struct imap_uids *extra, size_t there, size_t here)
{
	struct brake_in in = { .far = extra->n, .known = there,
	    .files = here, .allow = r->o->allow };
	enum brake why = brake_box(&in);

	if ((r->to.imap.caps & (IMAP_UIDPLUS | IMAP_REV2)) == 0) {
		migrate_problem(r, EX_UNAVAILABLE, f->from, "%zu messages are too many there, and the server has no UIDPLUS to delete them",
		    extra->n);
		return 1;
	}
	if (why != BRAKE_NONE) {
		migrate_problem(r, EX_TEMPFAIL, f->from, "%zu of %zu messages there are not in FROM: nothing is deleted (--allow-deletes %zu)",
		    extra->n, there, extra->n);
		return 1;
	}
	return expunge(r, extra);
}

int
migrate_extra(struct migrate *r, const struct migrate_folder *f,
    struct migrate_box *b, uint32_t next, const uint32_t *all, size_t n)
{
	struct imap_uids known = { 0 }, extra = { 0 };
	uint32_t *there = NULL;
	size_t i, nthere = 0;
	int got = 0;

	if (!copies(r, b, all, n, &known))
		migrate_problem(r, EX_UNAVAILABLE, f->from, "the server does not tell which messages are the copies: nothing is deleted");
	else
		got = imap_search(&r->to.imap, "ALL", &there, &nthere);
	for (i = 0; got == 0 && i < nthere; i++)
		if (there[i] < next && !imap_uids_has(&known, there[i]))
			imap_uids_add(&extra, there[i]);
	if (got == 0 && extra.n > 0)
		got = delete_extra(r, f, &extra, nthere, n);
	if (got == 0)
		r->deleted += extra.n;
	free(there);
	free(known.v);
	free(extra.v);
	return got < 0 ? -1 : 0;
}
