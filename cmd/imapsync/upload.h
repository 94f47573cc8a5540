/* upload.h: uploads, and what became of those in doubt */
#ifndef UPLOAD_H
#define UPLOAD_H

#include <stdbool.h>

struct box;
struct link;

int upload_box(struct link *, struct box *);
/* A file is not to be sent in this run: told, once.  Was it? */
void upload_refuse(struct box *, const char *name, int code, const char *why);
bool upload_refused(struct box *, const char *name);
/*
 * The server said OK to it, and not which UID it has: the next pass asks.  If
 * it has none then, it is refused.
 */
void upload_said(struct box *, const char *name);
/*
 * A dry run: refuses the uploads that are refused before anything is sent; they
 * are no act any more.  -1.
 */
int upload_foresee(struct link *, struct box *);

#endif
