/*
 * migrate_state.h: what a migration has done, as a log on the disk
 *
 * One file for a pair of accounts.  A record is a line of text with a checksum;
 * what is torn at its end is cut off.  That a message is about to be sent is
 * durable before its first byte leaves; which UID it has there is written when
 * the answer has come, and may get lost: then it is in doubt, and asked about.
 */
#ifndef MIGRATE_STATE_H
#define MIGRATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "imap_set.h"
#include "mem.h"
#include "migrate_base.h"
#include "reclog.h"
#include "str.h"
#include "table.h"

struct migrate_pair {
	uint32_t from;
	uint32_t to;			/* 0: it is there, and not known where */
};

/* A mailbox, under one UIDVALIDITY on each side. */
struct migrate_box {
	unsigned number;
	const char *from, *to;		/* its names */
	uint64_t from_validity, to_validity;
	struct migrate_pair *v;		/* of both: see migrate_state_find */
	size_t n, cap;
	bool unsorted;
	bool looked;			/* what was there before is paired */
	struct imap_uids sent;		/* begun; some of them are in v */
	uint32_t low;			/* those have no lower UID there */
	struct migrate_base base;	/* flags in FROM, texts of the state */
	uint64_t seq;			/* HIGHESTMODSEQ in FROM then; or 0 */
	struct imap_uids binary;	/* have a NUL, as was seen in this run */
	struct migrate_suspect {
		uint32_t uid;		/* at which the connection broke last */
		unsigned times;		/* in a row */
		bool is_to;		/* the one to TO */
	} suspect;
};

/* A message that the other server did not take. */
struct migrate_fail {
	unsigned id;			/* as --failed tells it */
	unsigned box;			/* its number */
	uint32_t uid;
	enum { MIGRATE_FAILED, MIGRATE_IGNORED, MIGRATE_AGAIN } is;
	const char *why;
};

/* Why, if it was sent, and what is there cannot be compared with it. */
#define MIGRATE_MAYBE_THERE "it may be there already: to be compared it cannot be read"

struct migrate_state {
	struct reclog log;
	struct arena arena;
	struct migrate_box **box;
	size_t nboxes;
	struct table of_box;		/* the last of each name */
	struct migrate_fail *fail;
	size_t nfails;
	struct table of_fail;		/* by mailbox and UID */
	uint64_t day, bytes;		/* so many were copied on this day */
	struct migrate_texts texts;	/* of flags */
	size_t damaged;			/* records that could not be read */
};

/*
 * Reads the file, which is made unless read_only.  EX_CANTCREAT, EX_IOERR;
 * EX_CONFIG: it is of other accounts, or of a newer program.  With damaged set
 * something is missing in its middle, and nothing may be written before
 * migrate_mend.
 */
int migrate_state_open(struct migrate_state *, const char *path,
    const char *from, const char *to, bool read_only, struct err *);
void migrate_state_close(struct migrate_state *);

/* The last of that name, whatever its UIDVALIDITY; NULL: there is none. */
struct migrate_box *migrate_state_named(const struct migrate_state *,
    const char *from);
/* A new one, in place of any of that name before. */
struct migrate_box *migrate_state_begin(struct migrate_state *,
    const char *from, const char *to, uint64_t from_validity,
    uint64_t to_validity, struct err *);

/* The pair of a message there; NULL: it is not known to be there. */
const struct migrate_pair *migrate_state_find(struct migrate_box *,
    uint32_t from);
/* Those that were begun and are not known to be there: added, sorted. */
void migrate_state_doubts(struct migrate_state *, struct migrate_box *,
    struct imap_uids *);

/* They are about to be sent, to UIDs from low on: durable when it returns. */
int migrate_state_send(struct migrate_state *, struct migrate_box *,
    const uint32_t *uids, size_t n, uint32_t low, struct err *);
/* All was looked for: what is not paired is not there. */
int migrate_state_sure(struct migrate_state *, struct migrate_box *,
    struct err *);
/* They are there.  In the file, if not on the disk. */
int migrate_state_pair(struct migrate_state *, struct migrate_box *,
    const struct migrate_pair *, size_t n, struct err *);

/* They are there, by the server's word, and it did not tell their UIDs. */
int migrate_state_blind(struct migrate_state *, struct migrate_box *,
    const uint32_t *uids, size_t n, struct err *);

/*
 * The place of flags (see migrate_base_words) among the texts; MIGRATE_UNBASED:
 * they are too long, or too many, and as if they had never been seen.
 */
uint32_t migrate_state_text(struct migrate_state *, struct str flags);
/* These had such flags in FROM, sorted by UID. */
int migrate_state_flags(struct migrate_state *, struct migrate_box *,
    const uint32_t *uids, size_t n, const char *flags, struct err *);
/* What changed in FROM up to that HIGHESTMODSEQ is in the flags. */
int migrate_state_seq(struct migrate_state *, struct migrate_box *,
    uint64_t seq, struct err *);

/* It was refused; the one that is noted of it already, or a new one. */
int migrate_state_fail(struct migrate_state *, struct migrate_box *,
    uint32_t uid, const char *why, struct err *);
/* Not there yet, as far as is known, nor refused; or to be tried again. */
bool migrate_state_todo(const struct migrate_state *, struct migrate_box *,
    uint32_t uid);
/* NULL: it was not. */
struct migrate_fail *migrate_state_failed(const struct migrate_state *,
    const struct migrate_box *, uint32_t uid);
/* To be ignored, or tried again; EX_USAGE: there is none with this id. */
int migrate_state_judge(struct migrate_state *, unsigned id, bool ignore,
    struct err *);

/* So many bytes more on this day (of UTC, counted from 1970). */
int migrate_state_spend(struct migrate_state *, uint64_t day, uint64_t bytes,
    struct err *);
int migrate_state_sync(struct migrate_state *, struct err *);

#endif
