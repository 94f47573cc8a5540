/* sts.h: MTA-STS policies, got beside the loop */
#ifndef STS_H
#define STS_H

#include <stdbool.h>

#include "fail.h"
#include "mtasts.h"
#include "str.h"

struct run;
struct target;

/* The policy of a target, zeroed at first but for whose it is. */
struct sts {
	struct target *target;
	struct job_of *job;		/* under way, or NULL */
	bool asked;
	bool done;
	const char *error;		/* why there is none, or NULL */
	bool temporary;			/* that may be otherwise later */
	bool have;			/* the policy */
	struct str id;
	struct mtasts policy;
};

/* Before the sandbox. */
int sts_ready(struct run *, struct err *);

/*
 * Asks the DNS for what is missing, and gets the policy by a thread.  When it
 * is done the target has news; called again meanwhile it does nothing.
 */
void sts_ask(struct target *);

/* There is none: error says why, or is NULL if there is no record of it. */
void sts_give_up(struct target *, const char *error, bool temporary);

/* Nobody waits for it any more. */
void sts_forget(struct sts *);

/* In net_event: some have come; sts_collect takes them. */
extern char sts_token;
void sts_collect(void);

/* As https_pool_end. */
bool sts_end(void);

#endif
