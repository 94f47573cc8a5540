/* boxes.h: which folders there are on both sides, and which need a look */
#ifndef BOXES_H
#define BOXES_H

struct box;
struct run;

/* Both sides' folders joined, with what STATUS says.  -1. */
int boxes_find(struct run *);
/* Sets todo where anything may differ. */
void boxes_dirty(struct run *);
/* STATUS again, of those with again set. */
int boxes_again(struct run *);

#endif
