/* policy.h: the MTA-STS policy of a target, got beside the loop */
#ifndef POLICY_H
#define POLICY_H

#include "fail.h"

struct run;
struct target;

/* Before the sandbox. */
int policy_ready(struct run *, struct err *);

/*
 * Asks for what is missing, if the target's policy is wanted.  When it is
 * there, or will not be, the target has news and its .sts is done.
 */
void policy_ask(struct target *);

/* The pool that gets them, and what else comes so, is watched from now on. */
void policy_watch(struct run *);

/* In net_event: some have come; policy_collect takes them. */
extern char policy_token;
void policy_collect(struct run *);

#endif
