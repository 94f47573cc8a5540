/* near_letters.h: which keyword is which letter, in a Maildir's file */
#ifndef NEAR_LETTERS_H
#define NEAR_LETTERS_H

#include "fail.h"
#include "flags.h"

struct local;

/*
 * The letters, from dovecot-keywords; the keywords are kept by pointer.  It
 * comes before any file name is made, unless local_scan did it.
 */
int near_letters_load(struct local *, struct keywords *, struct err *);
/* Saves dovecot-keywords if letters were given out. */
int near_letters_save(struct local *, const struct keywords *, struct err *);

#endif
