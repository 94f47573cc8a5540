/* download.h: downloads */
#ifndef DOWNLOAD_H
#define DOWNLOAD_H


struct run;

int download_all(struct run *);
/* So many jobs, or fewer, are all that is left, if no mailbox is to come. */
void download_enough(struct run *, size_t jobs);

#endif
