/* body_print.h: a message to standard output */
#ifndef BODY_PRINT_H
#define BODY_PRINT_H

#include <stdint.h>

struct box;
struct run;

/*
 * As its file here is, or would be, byte for byte; nothing is written to the
 * Maildir or to the state.  What cannot be is told.  -1: the run ends.
 */
int body_print(struct box *, uint32_t uid);
/* The file, or the message that it stands for, wherever it lies. */
int body_print_file(struct run *, const char *path);

#endif
