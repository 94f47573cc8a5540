/* plan.h: base + near + far -> a list of actions */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem.h"
#include "settings.h"

struct box;
struct near_msg;
struct rec;

enum act_kind {
	ACT_PAIR,		/* the same message on both sides: remember */
	ACT_FETCH,		/* download */
	ACT_PUSH,		/* upload */
	ACT_FAR_FLAGS,		/* store on the server */
	ACT_NEAR_FLAGS,		/* rename here */
	ACT_BASE_FLAGS,		/* both have them: remember */
	ACT_FAR_MOVE,		/* the server moves it to another mailbox */
	ACT_FAR_COPY,		/* a stub that is new here is a copy there */
	ACT_NEAR_MOVE,		/* renamed into another Maildir */
	ACT_FAR_PURGE,		/* UID EXPUNGE of what both have marked */
	ACT_FAR_DELETE, ACT_NEAR_DELETE,
	ACT_FORGET,		/* gone on both sides */
	ACT_ORPHAN,		/* here alone, and stays so */
	ACT_LEAVE,		/* it stays there, and is here no more */
	ACT_FAR_ONLY,		/* there alone, and stays so */
	ACT_BODY,		/* a stub becomes the message: see body.h */
	ACT_TRIM,		/* and the other way: see trim.h */
	ACT_NOTHING,		/* it became part of another, or is to be seen
				   by moves.c alone */
	ACT_KINDS
};

#define NONE UINT32_MAX			/* no file */

/*
 * One action, and all that it takes, by value: but for the file, whose name
 * another act may change before this one is done.
 */
struct act {
	enum act_kind kind;
	uint32_t uid;		/* 0: it is not on the server */
	uint32_t file;		/* the file's place here, or NONE */
	const char *name;	/* what the base calls it, or NULL */
	uint64_t add, del;	/* flags */
	uint64_t flags;		/* the merged ones: the new base */
	struct box *to;		/* where a move leads */
	uint32_t to_uid;	/* ACT_NEAR_MOVE: which message it is there */
	uint32_t to_file;	/* ACT_FAR_MOVE: which file it is there */
	uint64_t here;		/* ACT_FAR_FLAGS: the file's flags once both
				   sides have the merged ones */
	bool both;		/* ACT_NEAR_FLAGS: the server's are changed,
				   too, and who does that tells the base */
	bool purge;		/* ACT_NEAR_DELETE: it was marked here */
	bool stub;		/* the same: its body was never here;
				   ACT_FAR_MOVE: the file is a stub */
	bool saved;		/* ACT_FAR_DELETE: it is elsewhere, too */
	bool failed;
};

/* A message on the server that has changed, or has said who it is. */
struct far_msg {
	uint32_t uid;
	uint32_t size;
	uint64_t flags, ident;
	uint32_t date;		/* INTERNALDATE, its lower bits; 0: not asked */
	bool flags_known;	/* else they come with the body */
};

/* A file here and a message there that are the same one. */
struct pair {
	uint32_t near;		/* its place among the files */
	uint32_t uid;		/* a new one, and in far_msg */
	uint64_t base;		/* flags that both had, or UINT64_MAX */
};

struct pairs {
	struct pair *v;		/* malloced */
	size_t n;
};

/* The input of plan_make: all of it the caller's, and not changed. */
struct plan_in {
	const struct rec *rec;		/* sorted by uid, orphans (0) first */
	size_t nrec;
	const char *names;		/* of recs: state_name_at(..., 0) */
	const struct near_msg *near;
	size_t nnear;
	const uint32_t *file_of;	/* of each rec: its file, or NONE */
	const uint32_t *rec_of;		/* of each file: its rec, or NONE */
	bool near_same;		/* not scanned: as the recs say; the
					   three above are NULL then */
	const struct far_msg *far;	/* sorted by uid */
	size_t nfar;
	const uint32_t *fresh;		/* uids of new messages, sorted; stay
					   until plan_free */
	size_t nfresh;
	const uint32_t *gone;		/* uids of recs, sorted */
	size_t ngone;
	const struct pair *pair;	/* among new files and new messages */
	size_t npair;
	uint64_t storable;		/* flags the server keeps */
	uint64_t lettered;		/* flags a file name can have */
	bool windowed;			/* only those of inside belong here */
	const uint32_t *inside;		/* their uids, sorted */
	size_t ninside;
	bool no_delete;			/* UIDVALIDITY changed, not all are seen */
	bool marks;			/* deleted there is but \Deleted there */
	struct policy policy;
};

/*
 * Downloads are no acts in v, but places in fresh: there may be millions of
 * them, and nothing is known of one but its UID.
 */
struct plan {
	struct act *v;
	size_t n, cap;
	size_t count[ACT_KINDS];	/* with the downloads */
	const uint32_t *fresh;	/* of plan_in */
	size_t nfresh;
	unsigned char *taken;	/* a bit each: it is no download; or NULL */
	uint32_t *again;	/* uids of recs that are downloads, too, and
				   then all of fresh; or NULL */
	size_t nagain;
	struct arena names;	/* those in v */
	bool made;		/* by plan_make, be it empty */
};

/* No I/O.  Actions in the order they are carried out in. */
void plan_make(struct plan *, const struct plan_in *);
void plan_free(struct plan *);
/* A copy of the act, behind the others. */
void plan_add(struct plan *, const struct act *);
/* The index of the next act of that kind from *at on; false: no more. */
bool plan_next(const struct plan *, enum act_kind, size_t *at);
/* The place of the next download in fresh, from *at on; false: no more. */
bool plan_fetch(const struct plan *, size_t *at);
/* Is it a download?  plan_fetch_not: one that is becomes part of an act. */
bool plan_fetches(const struct plan *, uint32_t uid);
void plan_fetch_not(struct plan *, uint32_t uid);
/* The act, one of the plan's, is of that kind from here on. */
void plan_become(struct plan *, struct act *, enum act_kind);

#endif
