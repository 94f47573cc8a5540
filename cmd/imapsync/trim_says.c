/* trim_says.c: which bodies need not be here, by numbers alone */
#include "plan.h"
#include "state.h"
#include "trim_says.h"

int64_t
trim_says_age(const struct far_msg *f, int64_t now)
{
	return f->date != 0 ? now - f->date : 0;
}

bool
trim_says_untouched(const struct far_msg *f, const struct rec *rec,
    uint64_t wire, struct timespec mtime)
{
	return wire == f->size && rec->size == f->size && f->date != 0 &&
	    (uint32_t)mtime.tv_sec == f->date && mtime.tv_nsec == 0;
}
