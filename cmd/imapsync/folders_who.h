/* folders_who.h: which folder is which, before any is renamed, made or removed */
#ifndef FOLDERS_WHO_H
#define FOLDERS_WHO_H

struct box;
struct run;

/*
 * Where each of r->boxes that is known is on that side now: at[i] is itself, or
 * the one whose name it has there by now, or NULL: it is gone.  One that cannot
 * be told is itself where its name is there still.  at has nboxes places.
 * 0, -1.
 */
int folders_who_far(struct run *, struct box **at);
int folders_who_near(struct run *, struct box **at);

#endif
