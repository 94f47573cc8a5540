/* near_letters.h: which keyword is which letter, in a Maildir's file */
#ifndef NEAR_LETTERS_H
#define NEAR_LETTERS_H

#include "fail.h"
#include "flags.h"

struct near_dir;

/*
 * The letters, from dovecot-keywords; the keywords are kept by pointer.  It
 * comes before any file name is made, unless near_dir_scan did it.
 */
int near_letters_load(struct near_dir *, struct keywords *, struct err *);
/* Saves dovecot-keywords if letters were given out. */
int near_letters_save(struct near_dir *, const struct keywords *, struct err *);

#endif
