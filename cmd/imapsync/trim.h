/* trim.h: bodies that need not be here any more: imapsync trim */
#ifndef TRIM_H
#define TRIM_H

struct run;

/*
 * Each message of which the rules say "headers" becomes a stub, if it is proven
 * that the server has it: by its UID, size and header, and by the bytes where
 * the file may be another than was downloaded.  The run is connected and has
 * its lock.  One that is not proven stays, and is told.  -1, r->e.
 */
int trim_run(struct run *);

#endif
