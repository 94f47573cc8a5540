/* push.h: uploads, and what became of those in doubt */
#ifndef PUSH_H
#define PUSH_H


struct box;
struct link;

int push_box(struct link *, struct box *);

#endif
