/* file.h: files: opened safely, read whole or spooled, made durable */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "fail.h"
#include "mem.h"
#include "str.h"

/*
 * Opens for reading.  A path of "-" is standard input, duplicated.  Close it
 * with close(2).  EX_NOINPUT on failure.  Always O_CLOEXEC.
 */
int file_open(const char *path, struct err *);

/*
 * The same of a file with a secret, which is what file_private has it to be;
 * what is none, as a fifo, is not waited for.
 */
int file_open_private(const char *path, struct err *);

/* "~/x" with $HOME for the tilde, else a copy; in the arena. */
char *file_path(struct arena *, const char *path);

/*
 * A directory of the XDG specification: that of the variable if it is an
 * absolute path, else the usual one below $HOME; NULL if there is none.
 */
const char *file_xdg(struct arena *, const char *name, const char *usual);

/* The whole of fd, at most b->max bytes (more is EX_DATAERR), appended. */
int file_slurp(int fd, struct buf *b, struct err *);

/*
 * The same, all at once, into a buffer that never moves, since it may hold a
 * secret; max bytes or more are EX_CONFIG.  What is wiped then is what was read.
 */
int file_whole(int fd, struct buf *b, size_t max, struct err *);

/*
 * The first line of a secret file, without its line end: refused (EX_CONFIG)
 * unless it is a regular file of ours or root's, and as file_private has it.
 * A symbolic link must be our own or root's.
 */
int file_secret(const char *path, struct secret *, struct err *);

/* As above from a descriptor, with no question who may read it. */
int file_secret_fd(int fd, struct secret *, struct err *);

/*
 * Refuses (EX_CONFIG) an open file that others can read; or its group, but for
 * one of root's, who chose that group.
 */
int file_private(int fd, const char *path, struct err *);

/*
 * A seekable descriptor with the bytes of fd from where it stands: fd itself
 * (a duplicate) if it is a regular file that ends where it says, otherwise an
 * unlinked temporary file ($TMPDIR, else /var/tmp, else /tmp) with what came
 * until the end.  *off and *size say which part.
 */
int file_spool(int fd, off_t *off, uint64_t *size, struct err *);

/* An empty unlinked temporary file. */
int file_temp(struct err *);

/*
 * Another one, and was, which may be -1, is closed: who was given that and
 * still has it open does not see what comes next.  In a sandbox where all
 * temporary files are open in that way it is was, emptied.
 */
int file_temp_next(int was, struct err *);

/*
 * For who is about to enter a sandbox, which has no folder for them: makes n
 * temporary files now.  From then on file_temp gives one of those that nobody
 * has open.  If they cannot be made, file_temp will say why.
 */
struct sandbox;
void file_temp_keep(size_t n, struct sandbox *);

/* All n bytes, whatever write(2) takes at a time; EX_IOERR. */
int file_write(int fd, const void *, size_t n, struct err *);

/*
 * As above, of whole lines.  If it fails in a regular file, what was written of
 * a line without its end is taken out again, so that the file ends with a line.
 */
int file_write_lines(int fd, const void *, size_t n, struct err *);

/* Up to n bytes at offset; fewer only at the end; -1 EX_IOERR. */
ssize_t file_pread(int fd, void *, size_t n, off_t, struct err *);
/* The same of a file that may have no end worth waiting for: a stop ends it. */
ssize_t file_scan(int fd, void *, size_t n, off_t, struct err *);
/* Are these files, each in its folder, the same byte by byte? */
bool file_same(int from, const char *a, int to, const char *b);

/*
 * Replaces the file, or makes it, by PATH.new: mode 0600, durable, also by its
 * name.  There is the old one or the new one at any moment.
 */
int file_replace(const char *path, struct str all, struct err *);

int file_sync(int fd, struct err *);		/* fsync(2) */
int file_sync_dir(const char *dir, struct err *);

#endif
