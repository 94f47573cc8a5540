/* options_batch.h: what is said of many messages, and of lists */
#ifndef OPTIONS_BATCH_H
#define OPTIONS_BATCH_H

#include <stdint.h>

/* --batch: how messages stand in the input. */
enum option_batch {
	OPTION_BATCH_NONE, OPTION_BATCH_MBOXRD, OPTION_BATCH_NDJSON,
	OPTION_BATCH_FILES		/* their paths, a line each */
};

struct option_batch_run {
	enum option_batch kind;
	uint64_t jobs;			/* connections; 0: one */
	double rate;			/* messages a second; 0: no limit */
	const char *resume;		/* the results of an earlier run */
	const char *suppress;		/* who gets nothing */
	const char *unsubscribe;	/* also of a single message */
	uint64_t max_refused;		/* 0: see batch_brake.h */
};

#endif
