/* box.h: a mailbox on both sides, and the run that they are of */
#ifndef BOX_H
#define BOX_H

#include <pthread.h>
#include <stdatomic.h>

#include "attic.h"
#include "brake.h"
#include "imap_set.h"
#include "index.h"
#include "mark.h"
#include "mem.h"
#include "name_set.h"
#include "near_dir.h"
#include "opt.h"
#include "phase.h"
#include "plan.h"
#include "report.h"
#include "settings.h"
#include "state.h"

struct link;

struct box_far {
	bool is;		/* there is such a mailbox */
	bool counted;		/* now is known */
	bool dirty;		/* it may have changed since the last run */
	bool changed;		/* by us, in this pass */
	bool renumbered;	/* its UIDVALIDITY is not the state's */
	bool strange;		/* it has others under known UIDs */
	struct mark now;	/* of STATUS, and our moves since; no modseq */
	struct mark seen;	/* of SELECT, or of STATUS if trusted */
	uint64_t size;		/* in bytes; UINT64_MAX: not told */
	const char *use;	/* what it is for, "\\Sent" say; or NULL */
	uint64_t told;		/* UIDNEXT as SELECT said it, or 0 */
	uint64_t id;		/* hash of the MAILBOXID of SELECT, or 0 */
	uint64_t hidden;	/* so many it has, and does not show */
	uint64_t storable;	/* flags; all, until SELECT says which */
	struct far_msg *v;	/* changed, or asked who they are; by UID */
	size_t n, cap;
	struct imap_uids fresh, gone;	/* new: all of them, by UIDs alone */
};

struct box_near {
	bool is;		/* there is such a Maildir */
	bool dirty;		/* it may have changed since the last run */
	bool racy;		/* stamp proves nothing */
	bool changed;		/* by us, in this pass */
	bool scanned;		/* dir has its files */
	atomic_bool named;	/* files without a name cannot be had there */
	struct stamp stamp;	/* before anything */
	struct near_dir *dir;	/* while it is open */
	uint32_t *file_of;	/* of each rec of the state: its file, or NONE */
	uint32_t *rec_of;	/* of each file: its rec, or NONE */
	size_t renames;		/* by others, found in this scan */
};

/* A mailbox, on either side or both. */
struct box {
	struct run *run;
	const char *name;	/* UTF-8, the server's */
	const char *path;	/* below the root */
	struct box_far far;
	struct box_near near;
	struct pairs pairs;	/* found by other means than the state */
	struct imap_uids inside;	/* if windowed: what belongs here */
	bool windowed;		/* see window.h */
	enum phase phase;
	_Atomic(enum outcome) outcome;	/* box_outcome sets it */
	enum again again;
	enum brake brake;	/* why nothing is deleted */
	struct opt_list refused;	/* uploads the server did not want */
	struct opt_list said;	/* uploads it only said OK to: see upload.h */
	unsigned passes;	/* that it was chosen in */
	struct { uint64_t far, near, came; } tally;	/* see box.c */
	bool was_known;		/* in the index */
	bool opened;		/* state and Maildir are */
	bool known;		/* the state has a UIDVALIDITY */
	bool doubtful;		/* it may not know all that was agreed */
	uint64_t key;		/* for near_dir_name */
	uint32_t arrived;	/* the first UID downloaded in this run, or 0 */
	struct state *state;	/* it and the next two while it is open */
	struct plan *plan;
	pthread_mutex_t *lock;	/* of state, near.dir->letters, acts */
};

struct run {
	const struct settings *o;
	struct err *e;
	struct arena arena;
	int root;		/* the near side's directory */
	struct attic attic;	/* open, unless it cannot be needed */
	time_t since;		/* the day that o->here.since is now; or 0 */
	int lock;
	const char *dir;	/* of the state */
	struct index index;
	struct link *link;	/* [connections] */
	size_t links;
	atomic_size_t logins;	/* those that are in, or never will be */
	struct box *boxes;	/* sorted by name, INBOX first */
	size_t nboxes;
	const char *trash;	/* the mailbox that is \Trash, or NULL */
	char sep;
	struct report report;
	struct name_set unsubscribed;	/* on the server; if that counts */
	bool listing;		/* it only shows the folders */
	bool folders_kept;	/* so many are gone that none is deleted */
};

/* The mailbox of that name, or NULL. */
struct box *box_named(struct run *, const char *);
int box_order(const void *, const void *);	/* INBOX first, then by name */
struct entry *box_entry(const struct box *);	/* or NULL: see index_add */
/* Is it open in this pass?  box_busy: and has nothing failed there? */
bool box_open(const struct box *);
bool box_busy(const struct box *);
/* The outcome becomes the worse of this one and its own; for any thread. */
void box_outcome(struct box *, enum outcome);
bool box_failed(const struct box *);
void box_fault(struct box *);	/* the run's error is its own: told, left */
void box_again(struct box *, enum again);	/* the first reason is kept */
void box_begin(struct box *);	/* makes what it has while it is open */
void box_close(struct box *);	/* saves the state, but in a dry run */
void box_forget(struct box *);	/* but state and Maildir, which stay open */

/* An act of its plan in words, which are the mailbox's; box_done reports it. */
struct report_act box_act(const struct box *, const struct act *);
void box_done(struct box *, const struct act *);
void box_foreseen(struct box *, const struct act *);	/* of a dry run */
/* The same, of a file that lies there now, and lay elsewhere (name "": new). */
void box_done_at(struct box *, const struct act *, struct report_file is,
    struct report_file was);
/* Where a file of its Maildir lies, until its next change. */
struct report_file box_file(const struct box *, const struct near_msg *);
/* A whole folder is made, removed, or becomes the other; or would be. */
void box_folder(const struct box *, const char *what, const struct box *to);

/* No UID of what is uploaded from now on is lower. */
uint64_t box_far_next(const struct box *);
/* The message in far.v, once that is sorted; or NULL. */
struct far_msg *box_far_find(struct box *, uint32_t uid);
/* A new one at the end of far.v; valid until the next. */
struct far_msg *box_far_add(struct box *, uint32_t uid);
void box_far_sort(struct box *);	/* of two with one UID the later stays */
/* Merges sorted ones, none of which is in far.v, into it. */
void box_far_merge(struct box *, const struct far_msg *, size_t n);
void box_far_clear(struct box *);	/* nothing is known of it */
enum { PASSES = 2, FEW_FILES = 1400 };	/* over a mailbox; open files */
#endif
