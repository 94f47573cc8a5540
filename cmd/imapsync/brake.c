/*
 * brake.c: what would delete too much deletes nothing
 *
 * Every deletion on either side passes here.  No I/O: the numbers decide.
 */
#include "brake.h"
#include "plan.h"

enum { FEW = 10, FEW_IN_ALL = 20, FEW_FOLDERS = 2 };	/* may always go */
enum { SHARE = 5 };			/* and of so many one */

static bool
many(uint64_t deletes, uint64_t n, uint64_t few)
{
	uint64_t most = n / SHARE > few ? n / SHARE : few;

	return deletes > most;
}

/*
 * A Maildir of few messages is emptied every day: the draft was sent, the inbox
 * is done.  A disk that is not mounted empties many at once.
 */
static bool
too_empty(const struct brake_in *in)
{
	return in->far > 0 && in->files == 0 && (in->emptied > FEW ||
	    in->bare);
}

static enum brake
doubt(const struct brake_in *in)
{
	if (too_empty(in))
		return BRAKE_EMPTY;
	if (in->far > 0 && in->ino_was != 0 && in->ino_was != in->ino)
		return BRAKE_OTHER;
	if (in->trash)
		return in->others;
	if (many(in->far, in->known, FEW) || many(in->near, in->known, FEW))
		return BRAKE_MANY;
	return BRAKE_NONE;
}

enum brake
brake_box(const struct brake_in *in)
{
	return in->far + in->near <= in->allow ? BRAKE_NONE : doubt(in);
}

bool
brake_account(uint64_t deletes, uint64_t known, uint64_t allow)
{
	return deletes > allow && many(deletes, known, FEW_IN_ALL);
}

uint64_t
brake_enough(uint64_t deletes)
{
	return deletes < UINT64_MAX / SHARE ? deletes * SHARE : UINT64_MAX;
}

bool
brake_restored(uint64_t deletes, uint64_t allow)
{
	return deletes > allow && deletes > FEW;
}

const char *
brake_why(enum brake why)
{
	switch (why) {
	case BRAKE_NONE:
		return "nothing";
	case BRAKE_EMPTY:
		return "the Maildir is empty";
	case BRAKE_OTHER:
		return "the Maildir is another directory than last time";
	case BRAKE_MANY:
		return "so many are gone at once";
	case BRAKE_ALL:
		return "so many are gone at once in all folders together";
	case BRAKE_RESTORED:
		return "what came last is gone and nothing else has changed, as when a backup was put back";
	}
	return "?";
}

static void
never_mind(struct plan *p, enum act_kind kind)
{
	size_t k = 0;

	for (; plan_next(p, kind, &k); k++)
		plan_become(p, &p->v[k], ACT_NOTHING);
}

void
brake_apply(struct plan *p)
{
	never_mind(p, ACT_FAR_PURGE);
	never_mind(p, ACT_FAR_DELETE);
	never_mind(p, ACT_NEAR_DELETE);
}

bool
brake_folder(uint64_t n, uint64_t allow)
{
	return n > FEW && n > allow;
}

bool
brake_folders(size_t known, size_t near, size_t far)
{
	return (near > 0 && near == known) || (far > 0 && far == known) ||
	    (near > FEW_FOLDERS && near > known / 4) ||
	    (far > FEW_FOLDERS && far > known / 4);
}
