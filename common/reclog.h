/*
 * reclog.h: a log of records: appended to, made durable, replaced
 *
 * What a record is, and when there are too many old ones, its user knows:
 *
 *	reclog_open, then what is there is read from fd
 *	reclog_begin		behind the last record that is whole
 *	buf_put(&l.out, ...)	a record
 *	reclog_flush		those are in the file: a crash of ours keeps them
 *	reclog_sync		a crash of the machine does
 *	reclog_replace		the same in fewer records
 */
#ifndef RECLOG_H
#define RECLOG_H

#include "fail.h"
#include "str.h"

struct reclog {
	const char *path;	/* the caller's */
	int fd;			/* or -1 */
	struct buf out;		/* appended, and not written yet */
	uint64_t size;		/* of what is in the file */
	int dir;		/* its folder, or -1 */
	bool broken;		/* a write failed: nothing more is written */
	bool made;		/* its name is not durable yet */
	/* private */
	bool unsynced;
};

/* CRC-32C (Castagnoli), as RFC 3720 B.4 has it. */
uint32_t reclog_crc32c(const void *, size_t n);

/*
 * how is of open(2); a symbolic link is not followed, a file that is made has
 * mode 0600, and what is written to must be a regular file.  0, 1 there is none
 * (without O_CREAT), -1 EX_CANTCREAT.
 */
int reclog_open(struct reclog *, const char *path, int how, struct err *);
void reclog_close(struct reclog *);

/*
 * The first size bytes are good; what is behind them is cut off.  With 0 the
 * file is a new one, whose name reclog_sync makes durable, too.
 */
int reclog_begin(struct reclog *, uint64_t size, struct err *);

/*
 * EX_IOERR.  After a failure nothing more is written: what a record says must
 * not be there without those before it.
 */
int reclog_flush(struct reclog *, struct err *);
int reclog_sync(struct reclog *, struct err *);

/*
 * The file that put writes into fd is the log from now on, in place of the
 * file of that name in the same folder, if there is one, durably; what is in
 * out is no more.  On failure all stays as it is, but if made is set: then it
 * is in place, and its name alone may not be durable.
 */
int reclog_replace(struct reclog *, const char *name,
    int (*put)(void *of, int fd, struct err *), void *of, struct err *);

#endif
