/* maildir.h: delivering into a Maildir */
#ifndef MAILDIR_H
#define MAILDIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fail.h"
#include "msg.h"

/* This machine, as it may stand at the end of a name. */
enum { MAILDIR_HOST = 64 };
void maildir_host(char to[MAILDIR_HOST]);

/*
 * What stands before the flags in the names of files: ":" unless another one
 * was set, before the first Maildir is opened.  Not all file systems have it.
 */
void maildir_set_info(char);
char maildir_info(void);

/* Makes dir and its three folders, mode 0700, where they are missing. */
int maildir_create(const char *dir, struct err *);

/*
 * Delivers one message, lines ending in LF as Maildirs have them, durably:
 * written to tmp/, synced, renamed to new/ (or cur/ when flags, e.g. "S", is
 * not NULL), and the directory synced.  dir and its three folders are made as
 * by maildir_open.  0; 1: it was there already; -1 EX_CANTCREAT, EX_IOERR, and
 * nothing is visible.
 */
struct maildir_how {
	const char *flags;
	const char *name;		/* the beginning of the file's name, which
					 * no other message has; or NULL */
	bool doubt;			/* under that name it may be there */
	bool own;			/* in a folder where others write, too:
					 * EX_CANTCREAT unless dir and what is
					 * in it belong to who we act as, and
					 * none is a symbolic link */
};
int maildir_deliver(const char *dir, const struct msg *,
    const struct maildir_how *, struct err *);

/*
 * renameat(2), but never over another file, which may be the last copy of a
 * message: -1 with EEXIST then, or with another errno.
 */
int maildir_rename(int from, const char *a, int to, const char *b);

/*
 * A Maildir that is delivered to in batches: maildir_begin for each message,
 * its bytes written to the descriptor; then for all of them maildir_sync,
 * maildir_publish, maildir_settle.  Names are the caller's: no "/" nor ":",
 * no dot in front.  With names that say which message it is a crash at any
 * point is mended by looking for them (maildir_scan, maildir_holds).
 */
struct maildir {
	const char *path;	/* the caller's */
	int top, tmp, fresh, cur;	/* descriptors of the folders */
	dev_t dev;
	bool unsure;		/* maildir_sync fails from now on */
	/*
	 * Behind each name in tmp/, set after maildir_open: of two programs
	 * that deliver the same message at once neither may cut the other's.
	 */
	char mine[16];
};

#define MAILDIR_NONE (struct maildir){ .top = -1, .tmp = -1, .fresh = -1, \
	.cur = -1 }			/* one that is not open */

/*
 * EX_CANTCREAT where it is not there or cannot be written to, or where one of
 * its three folders is a symbolic link.  create makes it, and the folders above
 * it, where they are missing.
 */
int maildir_open(struct maildir *, const char *path, bool create,
    struct err *);

/* An empty file in tmp/, mode 0600; one that is left of that name is gone. */
int maildir_begin(struct maildir *, const char *name, struct err *);
void maildir_abort(struct maildir *, const char *name);

/*
 * All that was written to this file system is on the disk.  If it failed it
 * fails from then on: the kernel tells an error once, and takes what it could
 * not write for written.
 */
int maildir_sync(struct maildir *, struct err *);

/*
 * From tmp/ to new/, or to cur/ as NAME:2,FLAGS if flags is not NULL.  If that
 * is there and the same byte by byte, it was delivered; if it is another
 * message, this one is NAME~2, and so on.
 */
int maildir_publish(struct maildir *, const char *name, const char *flags,
    struct err *);
int maildir_settle(const struct maildir *, struct err *);	/* syncs new/, cur/ */

/* Calls each for every file in new/ and cur/. */
enum maildir_folder { MAILDIR_TMP, MAILDIR_NEW, MAILDIR_CUR };
typedef void maildir_each(void *to, enum maildir_folder, const char *file);
int maildir_scan(struct maildir *, maildir_each *, void *to, struct err *);
/* Is that file the same, byte by byte, as the one begun under this name? */
bool maildir_holds(struct maildir *, enum maildir_folder, const char *file,
    const char *name);
/* Removes what a run that died left in tmp/, by "mine". */
int maildir_sweep(struct maildir *, struct err *);

void maildir_close(struct maildir *);

#endif
