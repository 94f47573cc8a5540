/* options.h: what the command line and the configuration say to imapsync */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "account.h"
#include "body.h"
#include "migrate_options.h"
#include "names.h"
#include "opt.h"
#include "settings.h"
#include "watch.h"

struct options {
	struct account account;
	struct settings is;		/* what is decided by all of this */
	enum { CREATE_BOTH, CREATE_NEAR, CREATE_FAR, CREATE_NONE } create;
	enum { FOLDERS_KEEP, FOLDERS_DELETE } folders;
	enum layout layout;
	enum { CODE_UTF8, CODE_UTF7 } code;
	const char *flatten, *delimiter, *inbox;
	const char *near_gets, *far_gets;	/* NULL: all */
	const char *import;
	bool pull, push, mirror, all, watch, subscribed;
	struct opt_list bodies;		/* rules */
	const char *since;
	struct body_want want;
	struct watch watching;
	uint64_t jobs;			/* accounts at a time */
	struct migrate_options migrate;
	struct opt_list operands;
};

/*
 * They become o->is, and those that contradict each other, or would do nothing,
 * are refused: -1 with EX_USAGE.
 */
int options_settle(struct options *, const struct opt_set *, struct err *);
int options_connections(const struct options *, struct err *);
/* Below near, where it is there.  Near is a whole path by then. */
void options_place_inbox(struct options *);

#endif
