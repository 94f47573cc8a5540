/* state.h: the log of one mailbox: the last agreed state */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "flags.h"
#include "mark.h"
#include "str.h"

enum rec_kind {
	REC_LIVE,		/* in step, as far as the base says */
	REC_ORPHAN,		/* here alone, after UIDVALIDITY changed; uid 0 */
	REC_DROPPED		/* until state_sort takes it away */
};

/* One message of the last agreed state. */
struct rec {
	uint32_t uid;
	uint32_t size;		/* the file's on the wire; UINT32_MAX: or more */
	uint64_t flags, ident, ino;
	uint32_t name;		/* state_name(): base name, without ":2,..." */
	uint16_t kind;
	bool stub;		/* the file is one, and size is the stub's */
	bool far_only;		/* the file is gone, and that stays here */
};

/* An upload or a move whose outcome may be unknown after a crash. */
enum pend_kind { PEND_UPLOAD = 1, PEND_NEAR };
struct pend {
	enum pend_kind kind;
	const char *name;	/* of the file here */
	uint64_t ino, ident, flags;
	uint32_t size;
	uint32_t uid;		/* PEND_NEAR: which it is here; else 0 */
	uint64_t uidnext;	/* PEND_UPLOAD: below it, it cannot be */
};

struct state {
	const char *path;
	char *box;		/* the mailbox, UTF-8 */
	struct rec *rec;	/* sorted by uid after state_open, state_sort */
	size_t n, cap;
	struct mark mark;	/* its id is here */
	char id[MARK_ID + 1];
	struct stamp stamp;
	struct keywords keywords;
	struct pend *pend;
	size_t npend;
	bool fresh;		/* there was no file, or nothing good in it */
	bool cut;		/* a torn tail was cut off */
	uint64_t bytes, good;	/* of the file: found, and whole */
	/* private to state.c */
	struct state_in *in;
};

/*
 * dir/HASH.st, mode 0600: a log of records, each with its length and CRC-32C;
 * loaded whole, a tail that is not whole is cut off.  Another version or
 * another mailbox's name in it: EX_DATAERR.  make: else 1 if there is none.
 * The directory is there already (index_open makes it).  Several threads may
 * have a mailbox each, but not the same one at once.
 */
int state_open(struct state *, const char *dir, struct str box, bool make,
    struct err *);
/*
 * Whatever mailbox the file in dir is about, and nothing is written: a torn
 * tail stays (s->cut).  Ends with state_drop_all.  Nothing good in it: the
 * box is "".
 */
int state_read(struct state *, const char *dir, const char *file,
    struct err *);
/*
 * Shortens the log if much of it is old (tmp, fsync, rename), else syncs it;
 * then closes.
 */
int state_close(struct state *, struct err *);
void state_drop_all(struct state *);	/* closes without writing */

const char *state_name(const struct state *, const struct rec *);
/* The name at that place, also of a rec that is gone by now. */
const char *state_name_at(const struct state *, uint32_t name);
/* NULL if there is none.  A rec is valid until the next put, drop or sort. */
struct rec *state_by_uid(struct state *, uint32_t uid);
struct rec *state_by_name(struct state *, struct str base);
struct rec *state_by_ino(struct state *, uint64_t ino);
/* Does a message that is in step have this name? */
bool state_in_step(struct state *, struct str base);

/* Of sorted recs: how many are on the server; the highest UID, or 0. */
size_t state_live(const struct state *);
/* How many have a file, by what was agreed. */
size_t state_near(const struct state *);
uint32_t state_last(const struct state *);
/* The first rec with this UID or a higher one. */
size_t state_from(const struct state *, uint32_t uid);
/* A download has its own header; of an upload the server may have made one. */
bool state_native(const struct state *, const struct rec *);

/* Makes room, once, for so many more. */
void state_expect(struct state *, size_t more);

/*
 * Each appends to the log; durable after state_sync.  EX_IOERR; after one
 * nothing more is written.  Keywords that came into s->keywords by whatever
 * way are logged before the first record after them.
 */
int state_put(struct state *, const struct rec *, const char *name,
    struct err *);		/* new, or in place of that uid (or name) */
int state_flags(struct state *, struct rec *, uint64_t flags, struct err *);
int state_drop(struct state *, struct rec *, struct err *);
int state_pend(struct state *, const struct pend *, struct err *);
int state_unpend(struct state *, const char *name, struct err *);
int state_mark(struct state *, const struct mark *, const struct stamp *,
    struct err *);
/*
 * Every rec goes: the UIDs are no more.  All else stays.  It counts only with
 * the next state_mark: a log that ends before that is, when it is opened, as
 * it was before the reset.
 */
int state_reset(struct state *, struct err *);
/* As flags_keyword with add, and remembered. */
uint64_t state_keyword(struct state *, struct str name, struct err *);
int state_sync(struct state *, struct err *);
/* Recs in the order of their uids; dropped ones are gone. */
void state_sort(struct state *);
/* Renamed on both sides: the log is under the new name from here on. */
int state_move(const char *dir, struct str from, struct str to,
    struct err *);
int state_remove(const char *dir, struct str box, struct err *);
void state_file(char file[32], struct str box);		/* "HASH.st" */

#endif
