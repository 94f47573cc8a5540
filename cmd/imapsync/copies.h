/* copies.h: a stub that was copied here is a copy there */
#ifndef COPIES_H
#define COPIES_H

struct box;
struct link;
struct run;

/*
 * Of the uploads that are planned those of stubs become ACT_FAR_COPY: the
 * server has the message, and is to copy it.  -1.
 */
int copies_find(struct run *);
/* These acts, of a mailbox that is open.  One that cannot be is told.  -1. */
int copies_do(struct link *, struct box *);
/* For a dry run: those that could not be become ACT_NOTHING, and are told. */
void copies_foresee(struct box *);

#endif
