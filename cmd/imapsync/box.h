/* box.h: a mailbox on both sides, and the run that they are of */
#ifndef BOX_H
#define BOX_H

#include "brake.h"
#include "imapsync.h"
#include "report.h"

struct line;

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
	bool heard;		/* what changed there is known */
	bool planned;		/* and what follows from it */
	bool strange;		/* SELECT said: others under known UIDs */
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
	struct pairs pairs;	/* found by other means than the state */
	struct plan plan;
	bool no_delete;
	enum brake brake;	/* why nothing is deleted */
	/* done */
	bool far_changed, near_changed, failed, again;
	bool stopped;		/* nothing is agreed in this run */
	bool partial;		/* not all of the plan was done */
	atomic_bool named;	/* files without a name cannot be had there */
	struct opt_list refused;	/* uploads the server did not want */
	struct box *next;
};

struct run {
	const struct settings *o;
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
	struct report report;
	bool folders_kept;	/* so many are gone that none is deleted */
};

/* The one of that name, or NULL. */
struct box *box_named(struct run *, const char *);
/* Two struct box: INBOX first, then by name. */
int box_order(const void *, const void *);
/* What the index has of it, or NULL; see index_add. */
struct entry *box_entry(const struct box *);
/* It is open in this pass, and nothing has failed there. */
bool box_busy(const struct box *);
/* The state is saved if it was no dry run; nothing is held afterwards. */
void box_close(struct box *);
/* All but the state and the Maildir, which stay open. */
void box_forget(struct box *);

/* An act of its plan in words, which are the mailbox's; and said as done. */
struct report_act box_act(const struct box *, const struct act *);
void box_done(struct box *, const struct act *);

/* Of far_v, once it is sorted; or NULL. */
struct far_msg *box_far_find(struct box *, uint32_t uid);
/* Among the first n of it, which are sorted; or NULL. */
struct far_msg *box_far_among(struct box *, size_t n, uint32_t uid);
/* Behind the others; valid until the next. */
struct far_msg *box_far_add(struct box *, uint32_t uid);
void box_far_room(struct box *, size_t n);	/* for n in all */
void box_far_sort(struct box *);	/* by UID; of two the later */

/* Of so few descriptors the mailboxes in work need what there is. */
enum { FEW_FILES = 1400 };

#endif
