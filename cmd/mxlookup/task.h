/* task.h: one name, and what its checks find out */
#ifndef TASK_H
#define TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "check.h"
#include "finding.h"
#include "mem.h"
#include "mx.h"
#include "str.h"

struct run;

enum operand {
	IN_DOMAIN,		/* also the domain of user@domain */
	IN_MAILBOX,		/* user@domain: task.local is set */
	IN_ADDRESS,		/* an IP address, also of user@[address]:
				 * task.addr is set */
	IN_BAD,			/* no name: only status invalid-input */
};

struct task {
	struct run *run;
	struct arena *mem;	/* of this task: what checks allocate */
	const char *in;		/* as given */
	const char *domain;	/* A-labels, lower case, no last dot; for an
				 * address its text */
	const char *local;	/* of user@domain, or NULL */
	enum operand kind;
	struct str addr;	/* 4 or 16 bytes, if IN_ADDRESS */
	const char *why;	/* IN_BAD: what is wrong, and what to type */

	/*
	 * Where mail goes; valid once CHECK_MX is done (.needs).  CHECK_ADDR
	 * fills in host[].a and .aaaa; with MX_IMPLICIT they always are.
	 */
	struct mx mx;

	/*
	 * The findings of each check, for its json and text and for the checks
	 * that need it; a struct of its own, from mem.  NULL: not run.
	 */
	void *result[CHECK_MAX];

	struct findings findings;	/* of each check, by its number */
	struct ask ask;			/* each check is an asker, and has its
					 * number */
	unsigned todo;			/* bits of the checks to be run */
	int64_t started;		/* clock_us */
	uint64_t seq;			/* of the input line */

	/* Private. */
	struct arena arena;		/* what mem points to */
	void (*ended)(struct task *);
	struct task *next;		/* in run.spare */
};

/*
 * Notes a finding of the check that runs.  id is in its .findings table; at
 * is copied, may be NULL (the domain).  The severity that comes back is the
 * kind's; who knows better sets it.
 */
struct finding *task_find(struct task *, const char *id, const char *at,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * A line for a zone that mends it: a record with this data, see zone_data, or
 * with this text.  Only what does no harm wherever it is pasted.
 */
void task_fix(struct task *, struct finding *, const char *name,
    unsigned type, struct str data);
void task_fix_text(struct task *, struct finding *, const char *name,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Is there such a line already for records of this name and type? */
bool task_fixed(const struct task *, const char *name, unsigned type);

/*
 * Notes that the check that runs did not look at all there is, so that what it
 * found out may be wrong: it is among "unknown", and a finding says why.
 */
void task_limit(struct task *, const char *id, const char *at,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Is this check run: asked for, or brought by one that needs it? */
bool task_wants(const struct task *, int check);

/*
 * Did the user ask for this check?  Who gives user@domain asks where mail to
 * it goes.
 */
bool task_asked(const struct task *, int check);

/*
 * A task for one operand; runs as far as it can.  ended(t) is called when it
 * is over, from task_start or from dns_step; then task_free.
 */
void task_start(struct run *, struct str in, uint64_t seq,
    void (*ended)(struct task *));
void task_free(struct task *);

/* Frees what task_free keeps for the next task: run.spare. */
void task_end(struct run *);

#endif
