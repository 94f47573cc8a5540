/* body.h: the bodies of messages whose header alone is here */
#ifndef BODY_H
#define BODY_H

struct opt_list;
struct run;

/*
 * Each of the files that is a stub becomes the whole message, under a name of
 * its own; one that has its body already stays as it is.  The run is connected
 * and has its lock.  What is wrong with one file is told, and the others are
 * done; -1, r->e: the run ends.
 */
int body_fill(struct run *, const struct opt_list *files);

#endif
