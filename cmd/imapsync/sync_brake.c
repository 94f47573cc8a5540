/*
 * sync_brake.c: the brakes, put on before anything is done
 *
 * A dry run comes this way, too: it shows what they leave.
 */
#include "box.h"
#include "brake.h"
#include "index.h"
#include "plan.h"
#include "report.h"
#include "settings.h"
#include "state.h"
#include "sync_brake.h"

static void
brake(struct box *b)
{
	const struct entry *known = box_entry(b);
	struct brake_in in = { .far = b->plan->count[ACT_FAR_DELETE],
	    .near = b->plan->count[ACT_NEAR_DELETE], .known = b->state->n,
	    .files = b->near.dir->n, .ino = b->near.dir->seen.cur_ino,
	    .ino_was = known != NULL ? known->stamp.cur_ino : 0,
	    .allow = b->run->o->allow };
	unsigned long long all = in.far + in.near;
	enum brake why = brake_box(&in);

	if (why == BRAKE_NONE)
		return;
	report_problem(&b->run->report, EX_TEMPFAIL, b->name,
	    "%s: %llu of %zu messages would be deleted %s; none is (--allow-deletes %llu allows it)",
	    brake_why(why), all, b->state->n,
	    in.far > 0 ? "on the server" : "here", all);
	b->brake = why;
	brake_apply(b->plan);
}

void
sync_brake(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nboxes; i++)
		if (box_busy(&r->boxes[i]))
			brake(&r->boxes[i]);
}
