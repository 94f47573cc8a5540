/* upload.h: uploads, and what became of those in doubt */
#ifndef UPLOAD_H
#define UPLOAD_H


struct box;
struct link;

int upload_box(struct link *, struct box *);
/*
 * A dry run: refuses the uploads that are refused before anything is sent; they
 * are no act any more.  -1.
 */
int upload_foresee(struct link *, struct box *);

#endif
