/* push.h: uploads, and what became of those in doubt */
#ifndef PUSH_H
#define PUSH_H


struct box;
struct line;

int push_box(struct line *, struct box *);

#endif
