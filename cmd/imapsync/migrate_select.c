/* migrate_select.c: a mailbox on both sides, and what the state has of it */
#include "imap_box.h"
#include "migrate_run.h"
#include "migrate_select.h"

int
migrate_select(struct migrate *r, struct migrate_folder *f)
{
	struct imap *from = &r->from.imap, *to = &r->to.imap;
	int got[2];

	if (migrate_side_select(&r->from, f->from, &r->to, f->to, got) < 0)
		return -1;
	f->done = true;
	if (got[0] == 0 && got[1] == 0) {
		f->done = from->box.uidvalidity == 0 ||
		    to->box.uidvalidity == 0;
		if (f->done)
			migrate_problem(r, EX_UNAVAILABLE, f->from, "%s keeps no UIDs: what is new cannot be told",
			    from->box.uidvalidity == 0 ? r->from.name :
			    r->to.name);
		return f->done;
	}
	migrate_problem(r, imap_severity(got[0] > 0 ? from->text : to->text,
	    EX_UNAVAILABLE), f->from, "%s: %s", got[0] > 0 ? r->from.name :
	    r->to.name, got[0] > 0 ? from->text : to->text);
	return 1;
}

/* Does a server know less UIDs than it did, as after a backup was restored? */
static bool
backwards(const struct migrate *r, const struct migrate_box *b)
{
	uint64_t from = r->from.imap.box.uidnext, to = r->to.imap.box.uidnext;
	size_t i;

	for (i = 0; i < b->n; i++)
		if ((from > 0 && b->v[i].from >= from) ||
		    (to > 0 && b->v[i].to >= to))
			return true;
	return false;
}

struct migrate_box *
migrate_find(struct migrate *r, const struct migrate_folder *f)
{
	uint64_t from = r->from.imap.box.uidvalidity,
	    to = r->to.imap.box.uidvalidity;
	struct migrate_box *b = migrate_state_named(&r->state, f->from);

	return b != NULL && b->from_validity == from &&
	    b->to_validity == to && str_eq(str_of(b->to), str_of(f->to)) &&
	    !backwards(r, b) ? b : NULL;
}
