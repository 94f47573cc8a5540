/* folders.h: whole folders: made, renamed and removed on the other side */
#ifndef FOLDERS_H
#define FOLDERS_H


struct run;

/* Renames, creations and deletions of whole folders.  -1. */
int boxes_agree(struct run *);
int folders_resume(struct run *);	/* what a crash interrupted */

#endif
