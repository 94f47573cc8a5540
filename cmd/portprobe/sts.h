/* sts.h: MTA-STS policies, got beside the loop */
#ifndef STS_H
#define STS_H

#include <stdbool.h>

#include "fail.h"
#include "mtasts.h"
#include "net.h"
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

/* Gets it by a thread; then its target has news. */
void sts_fetch(struct run *, struct sts *, const struct net_addr *, int n);

/* Nobody waits for it any more. */
void sts_forget(struct sts *);

/* In net_event: some have come; sts_collect takes them. */
extern char sts_token;
void sts_collect(void);

/* As https_pool_end. */
bool sts_end(void);

#endif
