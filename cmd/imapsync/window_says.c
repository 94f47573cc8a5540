/* window_says.c: which files may leave, for they are on the server */
#include "flags.h"
#include "plan.h"
#include "state.h"
#include "window_says.h"
#include "wire.h"

enum window_says
window_says(const struct far_msg *f, const struct rec *rec, bool native)
{
	if (f == NULL || (f->flags & (FLAG_SEEN | FLAG_FLAGGED)) != FLAG_SEEN)
		return WINDOW_HELD;
	return rec != NULL && !rec->stub && !native && f->size != rec->size ?
	    WINDOW_STAYS : WINDOW_LEAVES;
}

bool
window_known(const struct rec *rec, const struct outgo *o, uint64_t changed)
{
	return changed == 0 && o->ident == rec->ident && (o->wire ==
	    rec->size || rec->size == UINT32_MAX);
}
