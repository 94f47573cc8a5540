/* migrate_options.h: what the options say of a migration */
#ifndef MIGRATE_OPTIONS_H
#define MIGRATE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "opt.h"

struct account;

struct migrate_options {
	const struct account *like;	/* trust, time, the sandbox */
	const char *from, *to;		/* accounts' names, or URLs */
	const char *from_password, *to_password;	/* commands; or NULL */
	const char *state;		/* the folder of the state; or NULL */
	const char *patterns;
	const struct opt_list *map;
	struct opt_list ignore;		/* ids of --failed */
	uint64_t rate;			/* bytes a second; 0: any */
	uint64_t day;			/* bytes a day; 0: any */
	uint64_t connections;		/* to each server, at most */
	uint64_t allow;			/* so many deletions are no accident */
	enum migrate_verb {
		MIGRATE_COPY, MIGRATE_CHECK, MIGRATE_VERIFY, MIGRATE_FAILS
	} verb;
	bool check, verify, failed;	/* one of them, or none: see verb */
	bool automap;
	bool retry;			/* what was refused */
	bool delete_extra;
};

/* EX_USAGE: an option was given that has no effect, with migrate or without. */
int migrate_options_check(const struct opt_set *, bool migrate, struct err *);

#endif
