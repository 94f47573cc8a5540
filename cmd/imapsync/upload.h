/* upload.h: uploads, and what became of those in doubt */
#ifndef UPLOAD_H
#define UPLOAD_H


struct box;
struct link;

int upload_box(struct link *, struct box *);

#endif
