/* list.h: which folders there are on both sides, and which need a look */
#ifndef LIST_H
#define LIST_H

struct box;
struct run;

/* Both sides' folders joined, with what STATUS says.  -1. */
int list_find(struct run *);
/* Sets todo where anything may differ. */
void list_dirty(struct run *);
/* STATUS again, of those with again set. */
int list_again(struct run *);

#endif
