/* folders.h: whole folders: made, renamed and removed on the other side */
#ifndef FOLDERS_H
#define FOLDERS_H

struct run;

/* Makes, removes or renames all folders that are on one side alone.  -1. */
int folders_agree(struct run *);

#endif
