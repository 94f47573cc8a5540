/* migrate_run.h: what all parts of a migration's run share */
#ifndef MIGRATE_RUN_H
#define MIGRATE_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "flags.h"
#include "mem.h"
#include "migrate_options.h"
#include "migrate_side.h"
#include "migrate_state.h"

/* One mailbox of the run. */
struct migrate_folder {
	const char *from, *to;
	const char *use;		/* SPECIAL-USE there; or NULL */
	bool subscribed;
	bool there;			/* the target exists */
	bool done;
	uint64_t copied;		/* messages, in this run */
	uint32_t extra;			/* below it are too many there; or 0 */
	unsigned broke;			/* so often in a row with nothing copied */
	uint64_t copied_at;		/* all messages when it broke last */
	bool last;			/* it comes behind all others */
};

/* A pair of connections, used by one thread at a time. */
struct migrate_lane {
	struct migrate *r;
	struct migrate_side *from, *to;
	bool nul;			/* it broke by a message with a NUL */
	bool cut;			/* FROM broke it within a body */
};

/* Besides those of the run itself. */
struct migrate_further {
	struct migrate_side from, to;
	bool barred;			/* not again in this run */
};

enum { MIGRATE_LANES = 16 };

/* Of what several threads use all is behind the mutex but the atomic ones. */
struct migrate {
	const struct migrate_options *o;
	struct migrate_side from, to;
	struct migrate_state state;
	struct migrate_folder *folder;
	size_t nfolders;
	bool made;			/* all of them were tried at once */
	struct table of_to;		/* folders by their names there */
	const char *dir;		/* of the state */
	int lock;			/* or -1 */
	struct err *e;			/* what ends the run */
	int status;			/* what single things add up to */
	uint64_t messages, bytes;	/* copied; to be; or verified */
	uint64_t deleted;		/* there */
	char why[512];			/* the server wants no more, or not now */
	atomic_bool full;		/* over quota: nothing more is sent */
	atomic_bool spent;		/* the day's budget is */
	pthread_mutex_t mutex;
	struct migrate_further *lane;	/* from 1 on; or NULL */
	struct migrate_wait {
		atomic_bool due;	/* a pause */
		unsigned tries;		/* in a row without a message */
		double asked;		/* seconds that the server wants; 0 */
		uint64_t at;		/* messages when they began */
	} wait;
	struct migrate_rate {
		int64_t since;		/* ms */
		uint64_t bytes;		/* since then */
		uint64_t reserved;	/* of the day, for what is under way */
	} rate;
	struct {
		uint64_t *id;		/* X-GM-MSGID, sorted */
		size_t n;
	} gmail;			/* of the mailboxes that are done */
	struct migrate_sample {
		uint64_t sampled;	/* bytes that were read */
		int64_t took;		/* microseconds for these */
		uint64_t large;		/* messages over APPENDLIMIT */
	} check;
	struct arena arena;
};

/* Something is wrong with a folder (NULL: with all of it); the run goes on. */
void migrate_problem(struct migrate *, int code, const char *folder,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
