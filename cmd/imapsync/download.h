/* download.h: downloads */
#ifndef DOWNLOAD_H
#define DOWNLOAD_H

#include <stddef.h>

struct box;
struct imap_fetch;
struct intake;
struct link;
struct run;

int download_all(struct run *);
/* So many jobs, or fewer, are all that is left, if no mailbox is to come. */
void download_enough(struct run *, size_t jobs);

/* The header that is offered, as a stub of that message.  -1, l->err. */
int download_stub(struct link *, struct imap_fetch *, const struct box *,
    struct intake *);

#endif
