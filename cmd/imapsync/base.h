/*
 * base.h: whose base a directory has: of which account, which Maildirs
 *
 * A base is what both sides agreed on.  With other Maildirs, or for another
 * account, all that is missing would be taken for deleted; so each pair of
 * them has its own: the directory itself is that of the first, and HASH below
 * it that of another.  A note in it says whose it is:
 *
 *	postbag base 1 SUM
 *	account jo@imap.example.org
 *	mode both
 *	near /home/jo/Mail/work (the rest of the file)
 *
 * One without a note, of an earlier version, is whose run it is.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>

#include "fail.h"
#include "mem.h"

enum base_mode { BASE_BOTH, BASE_PULL, BASE_PUSH, BASE_MIRROR, BASE_MODES };

struct base {
	const char *account;	/* USER@HOST; no user or "localhost": any */
	const char *near;	/* the Maildirs, as an absolute path */
	enum base_mode mode;	/* of the last run */
};

/* As above, of a run: near may be relative.  In the arena. */
struct base base_of(struct arena *, const char *user, const char *host,
    const char *near, enum base_mode);

/*
 * The directory of its base, in the arena: dir, or one below it.  Maildirs
 * that were renamed take theirs along.  NULL, EX_USAGE: the Maildirs are
 * another account's, or the last run's mode and this one's undo each other; it
 * is taken nevertheless if accept is set.  EX_CONFIG: a newer version wrote it.
 */
const char *base_find(const char *dir, const struct base *, bool accept,
    struct arena *, struct err *);
/*
 * Has another account the same Maildirs, by the bases of all sections, which
 * all contains?  EX_USAGE; never for a base that has its note.
 */
int base_alone(const char *all, const char *dir, const struct base *,
    struct err *);
/* Notes whose it is, if that is not what the note says. */
int base_note(const char *dir, const struct base *, struct err *);

#endif
