/* far.h: what changed in a mailbox on the server */
#ifndef FAR_H
#define FAR_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

struct box;
struct far_look;
struct run;

/* Of all with look that are neither believed nor heard: far_v, gone, seen. */
int far_look(struct run *);

/* Are others there under UIDs that were known? */
bool far_renumbered(const struct far_look *);
void far_done(struct far_look *);	/* the end of it */
/* Of those that are under way, v[tail % FAR_AHEAD] being the oldest. */
void far_done_all(struct far_look **v, size_t tail, size_t head);

/*
 * What a deletion there does: what was asked for, but for the trash.  In there
 * it expunges, and where there is none it marks: nobody asked for more.  What
 * is in another mailbox by now (saved, see saved.h) is expunged.
 */
enum far_delete far_deletes(const struct box *, bool saved);
/* Does it leave the message, marked with \Deleted? */
bool far_marks(const struct box *, bool saved);

#endif
