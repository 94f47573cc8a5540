/* near_dir.h: a Maildir: what is in it, and the changes made to it */
#ifndef NEAR_DIR_H
#define NEAR_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "flags.h"
#include "maildir.h"
#include "mark.h"
#include "names.h"
#include "str.h"
#include "table.h"

struct attic;

/* A file of a Maildir. */
struct near_msg {
	uint32_t file;		/* near_dir_file(): the whole name */
	uint16_t base;		/* bytes of it before ":2," */
	bool fresh;		/* in new/ */
	bool vague;		/* it has a letter that means nothing here */
	bool stub;		/* it was read, and is one: see stub.h */
	bool unsized;		/* its size may not be that of its message */
	uint64_t ino, flags;
};

struct near_dir {
	struct maildir in;	/* open; its path, below the root, is ours */
	struct letters letters;
	struct near_msg *v;
	size_t n;
	struct buf heap;
	struct table named;	/* of v, once near_dir_has was asked */
	struct stamp seen;	/* before it was scanned */
	bool racy;		/* changed so lately that seen proves nothing */
	struct keywords *words;	/* of the mailbox: near_letters_load */
	int attic;		/* private */
};

/*
 * Opens root/path (O_NOFOLLOW below the root), or a whole path, made with mode 0700 if make is
 * set and it is not there.  1 if it is not there, or is no Maildir.
 */
int near_dir_open(struct near_dir *, int root, const char *path, bool make,
    struct err *);
void near_dir_none(struct near_dir *);		/* not open */
/* May files be made in all of its folders, and renamed?  EX_CANTCREAT. */
int near_dir_writable(const struct near_dir *, struct err *);
void near_dir_close(struct near_dir *);
/* Two stats, without opening anything: 1 if there is no such Maildir. */
int near_dir_stamp(int root, const char *path, struct stamp *, bool *racy);
/* How many files it has, at most so many; 0 if that cannot be seen. */
size_t near_dir_count(int root, const char *path, size_t most);
/* In how many ms a scan would not be racy, if nothing changes; 0: now. */
int near_dir_calm(const struct near_dir *);
/*
 * The whole of cur/ and new/ by readdir alone: no stat a file.  Again while
 * they change meanwhile, for a file that is renamed then may be seen twice or
 * missed; EX_TEMPFAIL if it never stops.
 */
int near_dir_scan(struct near_dir *, struct keywords *, struct err *);
/*
 * The same, but no file is kept: are there n, and does is say yes to each?  The
 * file is at near_dir_base until is returns.  1, 0, -1.
 */
int near_dir_agrees(struct near_dir *, struct keywords *,
    bool (*is)(void *, const struct near_msg *), void *, size_t n,
    struct err *);
void near_dir_forget(struct near_dir *);		/* the scan */
const char *near_dir_file(const struct near_dir *, const struct near_msg *);
struct str near_dir_base(const struct near_dir *, const struct near_msg *);
/* The file of that base name, as it was when it was scanned; or NULL. */
struct near_msg *near_dir_find(struct near_dir *, struct str base);
/* A descriptor; -1, and EX_NOINPUT if it vanished. */
int near_dir_read(const struct near_dir *, const struct near_msg *,
    struct err *);
/*
 * The file gets these flags: a rename to cur/, other letters kept; m is as
 * the file is then, without the keywords that have no letter.  1: it is gone
 * or has other flags than m->flags by now: not touched.
 */
int near_dir_flags(struct near_dir *, struct near_msg *, uint64_t flags,
    struct err *);
/*
 * To cur/ or new/ of another, name and flags kept, as flags_translate has
 * them.  1: gone.  EX_CANTCREAT: there is one of that name.  m stays as it
 * was; *there is the file as a message of the other, to be used with it.
 */
int near_dir_move_to(struct near_dir *, struct near_msg *, struct near_dir *to,
    struct near_msg *there, struct err *);
/* To the attic; NULL: unlinked.  1: gone. */
int near_dir_remove(struct near_dir *, struct near_msg *, const struct attic *,
    struct err *);
/* All changes in cur/, new/ and the attic are durable when it returns 0. */
int near_dir_sync(const struct near_dir *, struct err *);
/*
 * Every Maildir below the root, as paths that names_from_path knows, each
 * (n bytes, NUL-terminated) to put.  Symbolic links are not followed.
 */
int near_dir_folders(int root, enum layout, void (*put)(void *, const char *),
    void *, struct err *);
/*
 * Removes an empty Maildir; Maildirs below it are kept.  1: it is not empty, or
 * is the root.
 */
int near_dir_rmdir(int root, const char *path, struct err *);

/* "postbag.HASH.UID": the name a download has, always the same. */
void near_dir_name(char dst[64], uint64_t key, uint32_t uid);
/* Is it one of those with this key?  The uid; else 0. */
uint32_t near_dir_named(struct str base, uint64_t key);

#endif
