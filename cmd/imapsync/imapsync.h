/*
 * imapsync.h: the parts of imapsync
 *
 * main.c	options, accounts, the order of a run
 * boxes.c	which folders there are on both sides, and which need a look
 * folders.c	whole folders: made, renamed and removed on the other side
 * look.c	a mailbox on this side: its state and its Maildir, joined
 * remote.c	what changed in a mailbox on the server, by the best way it has
 * local.c	a Maildir: opened, and the changes made to it
 * local_scan.c	a Maildir: what is in it, and whether that changed
 * plan.c	pure: base + local + remote -> a list of actions
 * moves.c	what went here and came there is a move
 * apply.c	carries the actions of a plan out
 * fetch.c	downloads, over several connections
 * keep.c	what was downloaded is made durable, then visible, then known
 * push.c	uploads, and what became of those in doubt
 * pair.c	who is who, when the state cannot tell
 * state.c	the log of one mailbox: the last agreed state
 * state_log.c	the same as bytes, and back
 * state_recs.c	the same in memory: arrays and tables
 * index.c	64 bytes a mailbox: is there anything to do at all?
 * run.h		what the parts below have in common
 * names.c	mailbox names as folders, and back
 * flags.c	flags as bits, as IMAP's words, as Maildir's letters
 * bytes.c	messages as they travel and as they lie in files
 * report.c	what is said: text, -j, progress
 * import.c	.mbsyncrc as our configuration
 * statecmd.c	imapsync state dump, check, rebuild
 */
#ifndef IMAPSYNC_H
#define IMAPSYNC_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "account.h"
#include "flags.h"
#include "ident.h"
#include "imap_box.h"
#include "index.h"
#include "mark.h"
#include "names.h"
#include "opt.h"
#include "session.h"
#include "state.h"
#include "statecmd.h"
#include "table.h"
#include "wire.h"

/* ---- local.c ---- */

/* A file of a Maildir. */
struct local_msg {
	uint32_t file;		/* local_file(): the whole name */
	uint16_t base;		/* bytes of it before ":2," */
	bool fresh;		/* in new/ */
	bool vague;		/* it has a letter that means nothing here */
	uint64_t ino, flags;
};

struct local {
	char *path;		/* malloced */
	int top, cur, fresh, tmp;	/* descriptors, or -1 */
	struct letters letters;
	struct local_msg *v;
	size_t n;
	struct buf heap;
	struct table named;	/* of v, once local_has was asked */
	struct stamp seen;	/* before it was scanned */
	bool racy;		/* changed so lately that seen proves nothing */
	struct keywords *words;	/* of the mailbox: local_words */
	int attic;		/* private */
};

/*
 * Opens root/path (O_NOFOLLOW below the root), made with mode 0700 if make is
 * set and it is not there.  1 if it is not there, or is no Maildir.
 */
int local_open(struct local *, int root, const char *path, bool make,
    struct err *);
void local_close(struct local *);
/* Two stats, without opening anything: 1 if there is no such Maildir. */
int local_stamp(int root, const char *path, struct stamp *, bool *racy);
/* In how many ms a scan would not be racy, if nothing changes; 0: now. */
int local_calm(const struct local *);
/*
 * The letters, from dovecot-keywords; the keywords are kept by pointer.  It
 * comes before any file name is made, unless local_scan did it.
 */
int local_words(struct local *, struct keywords *, struct err *);
/*
 * The whole of cur/ and new/ by readdir alone: no stat a file.  Again while
 * cur/ changes meanwhile, for a file that is renamed then may be missed;
 * EX_TEMPFAIL if it never stops.
 */
int local_scan(struct local *, struct keywords *, struct err *);
void local_forget(struct local *);		/* the scan */
const char *local_file(const struct local *, const struct local_msg *);
struct str local_base(const struct local *, const struct local_msg *);
/* Was there a file of that base name when it was scanned? */
bool local_has(struct local *, struct str base);
/* A descriptor; -1, and EX_NOINPUT if it vanished. */
int local_read(const struct local *, const struct local_msg *,
    struct err *);
/*
 * The file gets these flags: a rename to cur/, other letters kept; m is as
 * the file is then, without the keywords that have no letter.  1: it is gone
 * or has other flags than m->flags by now: not touched.
 */
int local_flags(struct local *, struct local_msg *, uint64_t flags,
    struct err *);
/*
 * To cur/ or new/ of another, name and flags kept, as flags_translate has
 * them.  1: gone.  EX_CANTCREAT: there is one of that name.  m stays as it
 * was; *there is the file as a message of the other, to be used with it.
 */
int local_move_to(struct local *, struct local_msg *, struct local *to,
    struct local_msg *there, struct err *);
int local_move(struct local *, struct local_msg *, struct local *to,
    struct err *);
/*
 * attic: to root/.attic/YYYYMMDD/PATH-IN-ONE-PART/ (UTC; "/" is %2F, "" is
 * INBOX); else unlinked.  1: gone.
 */
int local_remove(struct local *, struct local_msg *, int root, bool attic,
    struct err *);
/* Saves dovecot-keywords if letters were given out. */
int local_letters(struct local *, const struct keywords *, struct err *);
/*
 * Every Maildir below the root, as paths that names_from_path knows, each
 * (n bytes, NUL-terminated) to put.  Symbolic links are not followed.
 */
int local_folders(int root, enum layout, void (*put)(void *, const char *),
    void *, struct err *);
/*
 * What is left of a Maildir that had nothing in it, Maildirs below it kept;
 * 1: it has something, or is the root.
 */
int local_rmdir(int root, const char *path, struct err *);

/* "postbag.HASH.UID": the name a download has, always the same. */
void local_name(char dst[64], uint64_t key, uint32_t uid);
/* Is it one of those with this key?  The uid; else 0. */
uint32_t local_named(struct str base, uint64_t key);

/* ---- plan.c ---- */

enum act_kind {
	ACT_PAIR,		/* the same message on both sides: remember */
	ACT_FETCH,		/* download */
	ACT_PUSH,		/* upload */
	ACT_FAR_FLAGS,		/* store on the server */
	ACT_NEAR_FLAGS,		/* rename here */
	ACT_BASE_FLAGS,		/* both have them: remember */
	ACT_FAR_MOVE,		/* the server moves it to another mailbox */
	ACT_NEAR_MOVE,		/* renamed into another Maildir */
	ACT_FAR_DELETE, ACT_NEAR_DELETE,
	ACT_FORGET,		/* gone on both sides */
	ACT_ORPHAN,		/* here alone, and stays so */
	ACT_NOTHING,		/* it became part of another */
	ACT_KINDS
};

/* One action.  Indexes are into the plan's inputs; NONE where there is none. */
#define NONE UINT32_MAX
struct act {
	enum act_kind kind;
	uint32_t uid;
	uint32_t rec, local, far;	/* base, local, remote */
	uint32_t name;			/* the rec's: see struct rec */
	uint64_t add, del;		/* flags */
	uint64_t flags;			/* the merged ones: the new base */
	struct box *to;			/* of a move */
	uint32_t other;			/* of a move: the act it stands for
					   there; of flags: those of the other
					   side, of the same message */
	bool failed;
};

/* A message on the server that is new or changed. */
struct far_msg {
	uint32_t uid;
	uint32_t size;
	uint64_t flags, ident;
	bool flags_known;	/* else they come with the body */
};

struct policy {
	bool pull_new, push_new, pull_flags, push_flags;
	enum { FAR_TRASH, FAR_EXPUNGE, FAR_MARK, FAR_NEVER } far_delete;
	enum { NEAR_ATTIC, NEAR_EXPUNGE, NEAR_MARK, NEAR_NEVER } near_delete;
	bool reupload;			/* orphans */
};

/* What plan_make works on: all of it the caller's, and not changed. */
struct plan_in {
	const struct rec *rec;		/* sorted by uid, orphans (0) first */
	size_t nrec;
	const struct local_msg *local;
	size_t nlocal;
	const uint32_t *local_of;	/* of each rec: its file, or NONE */
	const uint32_t *rec_of;		/* of each file: its rec, or NONE */
	bool local_same;		/* not scanned: as the recs say; the
					   three above are NULL then */
	const struct far_msg *far;	/* sorted by uid */
	size_t nfar;
	const uint32_t *gone;		/* uids of recs, sorted */
	size_t ngone;
	/* pairs that pair.c found among new files and new messages */
	const uint32_t *pair_local, *pair_far;
	size_t npair;
	const uint64_t *pair_base;	/* their base flags, or NULL: l & r */
	uint64_t storable;		/* flags the server keeps */
	uint64_t lettered;		/* flags a file name can have */
	bool no_delete;			/* UIDVALIDITY changed, Maildir lost */
	bool marks;			/* deleted there is but \Deleted there */
	struct policy policy;
};

struct plan {
	struct act *v;
	size_t n, cap;
	size_t count[ACT_KINDS];
};

/* No I/O.  Actions in the order they are carried out in. */
void plan_make(struct plan *, const struct plan_in *);
void plan_free(struct plan *);
/* More than max(10, 20 %) of a mailbox of n. */
bool plan_too_many(uint64_t deletes, uint64_t n);

#endif
