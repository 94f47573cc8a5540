/* account_run.h: one account's run */
#ifndef ACCOUNT_RUN_H
#define ACCOUNT_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "hook.h"
#include "mem.h"
#include "sandbox.h"

struct body_want;
struct err;
struct link;
struct roster;
struct settings;
struct told;

/*
 * Its exit status, e told of what ended it.  With want: that instead, see
 * body.h.
 */
int account_run(const struct settings *, const struct body_want *want,
    struct err *);

/* What stays between two runs of an account that is synced again and again. */
struct account_kept {			/* start with { .hook.file = -1 } */
	struct roster *roster;	/* the caller's; NULL: all is found anew */
	struct told *told;	/* the caller's, or NULL */
	/* private */
	struct arena arena;
	const char *state;	/* where its bases are, once that is known */
	const char *attic;	/* where it is, once it was open */
	struct hook hook;
	struct link *link;	/* the first may be open between the runs */
	size_t links;
	struct sandbox box;
	bool listed;		/* box has all paths */
	bool ready;		/* the process is confined to this account */
	bool busy;		/* the last run: another process has the lock */
};

/*
 * One run, as account_run; its connection stays open if all is well with it,
 * and the next run uses it.
 */
int account_pass(struct account_kept *, const struct settings *,
    const struct body_want *want, struct err *);
/* The open connection, or NULL. */
struct link *account_link(const struct account_kept *);
/* It is not to be used again: lost, or not to be trusted. */
void account_hang_up(struct account_kept *);
void account_unkeep(struct account_kept *);
/* "imapsync list": all folders of the server; 0 or as above. */
int account_list(const struct settings *, struct err *);
/* "imapsync state VERB" of its state directory: see statecmd_run. */
int account_state(const struct settings *, const char *verb, struct err *);

#endif
