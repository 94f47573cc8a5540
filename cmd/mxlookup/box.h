/* box.h: the sandbox */
#ifndef BOX_H
#define BOX_H

struct run;

/* Files have been read: from here on nothing but DNS, and what is in box. */
void box_enter(struct run *);

#endif
