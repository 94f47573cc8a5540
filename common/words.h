/* words.h: a command as people write it, cut into its words */
#ifndef WORDS_H
#define WORDS_H

#include "fail.h"
#include "mem.h"

/*
 * "cmd 'a b' \"c d\" e\ f" as an argv, in the arena, without any of a shell's
 * other magic.  NULL, EX_USAGE with what in front: there is no word, or a
 * quote is not closed.
 */
char **words_of(struct arena *, const char *text, const char *what,
    struct err *);

#endif
