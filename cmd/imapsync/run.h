/* run.h: one account's run: what the parts of imapsync have in common */
#ifndef RUN_H
#define RUN_H

#include "imapsync.h"
#include "stop.h"

struct options {
	struct account account;
	const char *near, *layout, *patterns, *create, *folders;
	const char *delete_near, *delete_far, *delta, *state, *import;
	uint64_t connections, allow;
	bool allow_given;
	bool pull, push, reupload, unsafe_expunge, dry_run, all;
	struct opt_list operands;
	/* found out */
	enum layout how;
	bool create_near, create_far, folders_delete;
	struct policy policy;
	enum delta { DELTA_AUTO, DELTA_QRESYNC, DELTA_CONDSTORE, DELTA_SEARCH,
	    DELTA_FETCH } rung;
	const char *title;		/* the account's name, for messages */
};

/* One connection, used by one thread at a time. */
struct line {
	struct run *run;
	struct session session;
	struct imap imap;
	struct err err;
	struct box *selected;	/* for writing, and its UIDVALIDITY is right */
	bool open;
	bool tried;		/* to be had: it is open, or never will be */
	bool chose;		/* something is selected */
	struct keep *keep;
	struct batch *batch;	/* keep.c: what came last */
};

/* A mailbox, on either side or both. */
struct box {
	struct run *run;
	const char *name;	/* UTF-8, the server's */
	const char *path;	/* below the root */
	bool far, near;		/* it is there */
	struct mark now;	/* of LIST-STATUS or STATUS, and what we
				   moved there since; not its modseq */
	bool counted;		/* now is known */
	bool was_known;		/* in the index */
	bool todo;		/* it is to be looked into */
	bool look;		/* in this pass */
	unsigned passes;
	bool far_dirty, near_dirty;	/* of which side */
	bool left;		/* nothing is done about it in this run */
	bool believed;		/* not selected: all is as STATUS says */
	bool stale;		/* SELECT said otherwise: not in this pass */
	bool strange;		/* and has others under known UIDs */
	bool racy;
	struct stamp stamp;	/* of the Maildir, before anything */
	/* looked into */
	bool opened;		/* state and Maildir are open */
	bool scanned;
	struct local local;
	struct state state;
	pthread_mutex_t lock;	/* of state, local.letters, acts */
	uint64_t key;		/* for local_name */
	bool known;		/* the state has a UIDVALIDITY */
	bool doubtful;		/* and may not know all that was agreed */
	bool renumbered;	/* and it is another than the server's */
	bool any_keyword;
	uint64_t storable;	/* believed: all, until SELECT says which */
	struct mark seen;	/* of SELECT, or of STATUS if believed */
	struct far_msg *far_v;
	size_t nfar, far_cap;
	struct imap_uids gone;
	uint32_t *local_of, *rec_of;
	size_t renames;		/* by others, found in this scan */
	uint32_t *pair_local, *pair_far;
	uint64_t *pair_base;
	size_t npair;
	struct plan plan;
	bool no_delete;
	const char *brake;	/* why nothing is deleted */
	/* done */
	bool far_changed, near_changed, failed, again;
	bool stopped;		/* nothing is agreed in this run */
	bool partial;		/* not all of the plan was done */
	atomic_bool named;	/* files without a name cannot be had there */
	struct opt_list refused;	/* uploads the server did not want */
	struct box *next;
};

struct run {
	struct options *o;
	struct err *e;
	struct arena arena;
	int root;		/* the near side's directory */
	int lock;
	const char *dir;	/* of the state */
	struct index index;
	struct line *line;	/* [connections] */
	size_t lines;
	atomic_size_t logins;	/* those that are in, or never will be */
	struct box *boxes;	/* sorted by name, INBOX first */
	size_t nboxes;
	const char *trash;	/* the mailbox that is \Trash, or NULL */
	char sep;
	pthread_mutex_t talk;	/* of stdout and what is counted below */
	uint64_t count[ACT_KINDS], bytes, refused, orphans;
	uint64_t total, finished;	/* of fetches and pushes, for progress */
	uint64_t created, renamed, removed;
	bool draws;		/* stderr is somebody's terminal */
	int64_t started, drawn;
	int status;		/* what single things add up to */
};

/* Of so few descriptors the mailboxes in work need what there is. */
enum { FEW_FILES = 1400 };

/* ---- main.c ---- */

/* Connects, logs in, says ENABLE and whatever else was queued after it. */
int run_connect(struct run *, struct line *);

/*
 * So many connections are enough for what is left to do: when all of them
 * have logged in, the secret is wiped.
 */
void run_enough(struct run *, size_t lines);

/*
 * Selected for writing and with the UIDVALIDITY of the state: 0, 1, -1.  What
 * was believed of it is asked first; 1 with stale set if it is not so.
 */
int run_select(struct line *, struct box *);

/* ---- boxes.c ---- */

/* Both sides' folders joined, with what STATUS says.  -1. */
int boxes_find(struct run *);
struct box *boxes_named(struct run *, const char *);	/* or NULL */
/* folders.c: renames, creations and deletions of whole folders.  -1. */
int boxes_agree(struct run *);
int folders_resume(struct run *);	/* what a crash interrupted */
/* With MODSEQ in both: without it nothing says that no flag has changed. */
bool boxes_same(const struct mark *, const struct mark *);
/* Sets todo where anything may differ. */
void boxes_dirty(struct run *);
/* STATUS again, of those with again set. */
int boxes_again(struct run *);

/* ---- remote.c, local side of it: look.c ---- */

/*
 * Of all with look: far_v, gone, seen.  A mailbox of which STATUS says what
 * the state does is not selected: it is believed to be as it was.
 */
int remote_look(struct run *);
/*
 * Selects one that is believed: 0 it is as it was, and can store what the
 * plan has for it; 1 it is not (stale), or cannot be selected (failed); -1.
 */
int remote_confirm(struct line *, struct box *);
/* Idents and flags of these messages into far_v.  -1. */
int remote_idents(struct line *, struct box *, const uint32_t *uids,
    size_t n);
struct far_msg *remote_find(struct box *, uint32_t uid);

int look_open(struct box *);	/* state and Maildir */
int look_scan(struct box *);	/* the Maildir, joined with the state */
void look_close(struct box *);
void look_forget(struct box *);	/* all but the state and the folders */
/* The Maildir as it is now, against the state: does it say the same? */
bool look_settled(struct box *, struct stamp *);
uint64_t look_lettered(const struct box *);	/* bits that have a letter */

void look_plan(struct box *);		/* of all that is known of it */

/* ---- pair.c, moves.c ---- */

int pair_find(struct box *);
bool pair_named(struct box *, const struct local_msg *);
/* New on both sides at once: are some of them the same?  1 yes, 0, -1. */
int pair_new(struct box *);
int pair_pending(struct box *);		/* what was in doubt is no more */
int moves_find(struct run *);

/* ---- apply.c, fetch.c, push.c ---- */

int apply_all(struct run *);
/* Does a deletion there leave the message, marked with \Deleted? */
bool apply_marks(const struct box *);
/* The index of the next act of that kind from *at on; false: no more. */
bool apply_next(struct box *, enum act_kind, size_t *at);
int fetch_all(struct run *);
/* So many jobs, or fewer, are all that is left, if no mailbox is to come. */
void fetch_enough(struct run *, size_t jobs);
int push_box(struct line *, struct box *);

/* ---- keep.c ---- */

/* A message that came. */
struct got {
	struct box *b;
	uint32_t uid, size;
	uint64_t flags, ident, ino;
	bool unnamed;		/* a file without a name, else in tmp/ */
	int fd;			/* of such a one, in a batch; else -1 */
	char name[64];
};
/*
 * For r->lines connections in as many threads; until keep_end, which waits
 * until all that was flushed is durable, in its folder, and in the state.
 * -1, r->e, also if that failed at any time; what failed is not in the state.
 */
int keep_begin(struct run *, struct keep **);
int keep_end(struct run *, struct keep *);
/*
 * A descriptor to write g's message to (b, uid and, if known, flags are set);
 * the caller's, until keep_add or keep_not.  -1, l->err.
 */
int keep_create(struct line *, struct got *);
/* It is whole; date 0: unknown.  May wait.  -1, l->err. */
int keep_add(struct line *, struct got *, int fd, time_t date);
void keep_not(struct got *, int fd);	/* it is not */
/* To the disk with what came by this line so far.  -1, l->err. */
int keep_flush(struct line *);

/* ---- report.c ---- */

void report_plan(struct run *);
void report_done(struct box *, const struct act *);
void report_folder(struct run *, const char *what, const char *a,
    const char *b);
void report_problem(struct run *, int code, const char *box, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void report_progress(struct run *, uint64_t bytes, bool last);
void report_box(const struct box *, bool whole);	/* with -v: one is done */
int report_status(const struct run *);	/* the exit status so far */
void report_end(struct run *);
const char *report_word(enum act_kind);

int import_run(const char *path, struct err *);

#endif
