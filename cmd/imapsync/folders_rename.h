/* folders_rename.h: whole folders: renamed on the other side */
#ifndef FOLDERS_RENAME_H
#define FOLDERS_RENAME_H

struct box;
struct run;

/* A rename that a crash has interrupted is done now.  -1. */
int folders_resume(struct run *);
/*
 * Of one that was on both sides and is on one now: was it renamed there, or
 * here?  Then it is on the other side, too: 1, also if the server refused or
 * nothing is to be done; 0 it was not; -1.
 */
int folders_renamed_there(struct box *);
int folders_renamed_here(struct box *);

#endif
