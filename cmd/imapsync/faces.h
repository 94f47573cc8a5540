/* faces.h: who the files of a folder are that is not synced, as far as asked */
#ifndef FACES_H
#define FACES_H

#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "mark.h"
#include "table.h"

struct face {
	uint64_t name;		/* of its base name, by names_hash */
	uint64_t ino;
	uint64_t ident;		/* 0: it was not opened */
	uint32_t bytes;		/* UINT32_MAX: that or more */
	uint32_t wire;		/* on the wire, likewise; 0: not counted */
};

/* dir/HASH.faces, of a Maildir. */
struct faces {
	struct face *v;
	size_t n, cap;
	struct table at;	/* of v, by name */
	struct stamp stamp;	/* of the Maildir then; zeros: none */
};

/* Begins without any; what cannot be read, or is damaged, is none. */
void faces_read(struct faces *, const char *dir, const char *maildir);
/* NULL: it is not there, or has another inode. */
struct face *faces_find(struct faces *, uint64_t name, uint64_t ino);
/* Valid until the next. */
struct face *faces_add(struct faces *, const struct face *);
/* All of them, as they were at that stamp; EX_IOERR. */
int faces_save(const struct faces *, const char *dir, const char *maildir,
    const struct stamp *, struct err *);
void faces_free(struct faces *);

#endif
