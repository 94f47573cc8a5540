/*
 * mxlookup.h: the map of mxlookup: a task per domain, and what a check is
 *
 * A task runs checks.  A check is a plain function that asks for what it
 * needs with ask_dns (ask.h) and returns false as long as an answer is
 * missing; it is called again, from its beginning, when all has come.
 *
 *	main.c	options, the exit status
 *	bulk.c	reading names, running tasks, writing in order, --skip-done
 *	resolver.c	--resolver-info
 *	expect.c	--expect
 *	task.c	tasks, the order of checks
 *	route.c	the checks mx and addr
 *	check_NAME.c	one check each, with its options and findings
 *	show_text.c, show_json.c	the two ways to print a task
 */
#ifndef MXLOOKUP_H
#define MXLOOKUP_H

#include "ask.h"
#include "dns.h"
#include "fail.h"
#include "finding.h"
#include "json.h"
#include "mem.h"
#include "mx.h"
#include "opt.h"
#include "sandbox.h"
#include "str.h"
#include "sts.h"

/* ---- tasks */

/* In the order in which they are shown. */
enum {
	CHECK_MX, CHECK_ADDR, CHECK_SPF, CHECK_DKIM, CHECK_DMARC, CHECK_BIMI,
	CHECK_MTASTS, CHECK_TLSRPT, CHECK_DANE, CHECK_DNSSEC, CHECK_SRV,
	CHECK_PTR, CHECK_DNSBL, CHECK_MAX
};
#define CHECK_BIT(c) (1u << (c))

struct run;			/* below: the options and the engine */

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

	/*
	 * Where mail goes; valid once CHECK_MX is done (.needs).  CHECK_ADDR
	 * fills in host[].a and .aaaa; with MX_IMPLICIT they always are.
	 */
	struct mx mx;

	/*
	 * What each check found out, for its json and text and for the checks
	 * that need it; a struct of its own, from mem.  NULL: not done.
	 */
	void *result[CHECK_MAX];

	struct findings findings;	/* of each check, by its number */
	struct ask ask;			/* each check is an asker, and has its
					 * number */
	unsigned todo;			/* bits of the checks to be run */
	int64_t started;		/* clock_us */
	uint64_t seq;			/* of the input line */
	struct task *next;
};

/*
 * Notes a finding of the check that runs.  id is in its .findings table; at
 * is copied, may be NULL (the domain).
 */
void task_find(struct task *, const char *id, const char *at,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Was this check asked for (or brought by one that needs it)? */
bool task_wants(const struct task *, int check);

/* ---- checks */

struct check {
	const char *name;	/* the word of -C, and the key in NDJSON */
	const char *about;	/* one line for --help */
	unsigned needs;		/* CHECK_BITs that are to be done before; they
				 * are run (and shown) only if asked for, but
				 * CHECK_MX and CHECK_ADDR always run */
	bool addresses;		/* makes sense for an IN_ADDRESS operand */
	bool (*run)(struct task *);	/* false: answers are missing */
	/* The value: opens and closes its own object or array under key. */
	void (*json)(const struct task *, struct json *, const char *key);
	/* Lines of the text form, each ended, indented by two blanks. */
	void (*text)(const struct task *, struct buf *);
	/* Optional: more keys in the object of one mx host; words behind it
	 * in the text form, each with a blank before it. */
	void (*host_json)(const struct task *, const struct mx_host *,
	    struct json *);
	void (*host_text)(const struct task *, const struct mx_host *,
	    struct buf *);
	const struct finding_kind *findings;	/* or NULL */
	const struct opt *options;		/* or NULL */
	/* Optional: looks at its options once they are parsed; -1 and e. */
	int (*init)(struct run *, struct err *);
};

/* One extern per check, in its own file: check_tlsrpt.c has check_tlsrpt. */
extern const struct check route_mx, route_addr, check_spf, check_dkim,
    check_dmarc, check_bimi, check_mtasts, check_tlsrpt, check_dane,
    check_dnssec, check_srv, check_ptr, check_dnsbl;

/* ---- the run: options, engine, output */

struct run {
	const struct check *const *checks;	/* by number: checks_all */
	struct dns_conf conf;
	struct dns *dns;
	unsigned wanted;		/* bits of checks */
	bool json, quiet, nagios, ordered, stats, explain;
	bool four, six;			/* -4, -6 */
	enum finding_sev fail_on;
	const char *skip_done;
	struct opt_list operands;
	bool no_sandbox;
	struct sandbox box;		/* what checks open, beside DNS */
	struct sts_way sts;		/* to the policies of MTA-STS */
	struct buf out;			/* not yet written */
	uint64_t tasks, done, bad, unrouted, temporary, warned;
	unsigned active;
	int64_t started;		/* clock_ms */
};

/* From here on the map of the program, not for checks. */

/* Files have been read: from here on nothing but DNS, and what is in box. */
void box_enter(struct run *);

int bulk_run(struct run *, struct err *);	/* all operands, or stdin */
int resolver_info(struct run *, struct err *);	/* the exit status */
int expect_run(struct run *, const char *path, struct err *);	/* so, too */

/* A task for one operand; runs as far as it can.  ended(t) is called when it
 * is over, from task_start or from dns_step; then task_free. */
void task_start(struct run *, struct str in, uint64_t seq,
    void (*ended)(struct task *));
void task_free(struct task *);
/* Frees what task_free keeps for the next task. */
void task_end(void);

/* What became of it, for exit status and "deliverable". */
enum mx_verdict route_verdict(const struct task *);
enum dns_status route_status(const struct task *);

const char *show_severity(enum finding_sev);	/* "hint" "warn" "error" */
void show_text(const struct task *, struct buf *);
void show_hosts(const struct task *, struct buf *);	/* -q */
void show_json(const struct task *, struct buf *);

/* ---- helpers for checks */

/* "status": and, when there is one, "ede": {"code", "text"} and "why". */
void show_answer(struct json *, const struct dns_answer *);

/* Text for a terminal, hostile bytes escaped, appended. */
void show_safe(struct buf *, struct str);

/* "ok", or "servfail (validation failure ...)" for a line of text. */
void show_status(struct buf *, const struct dns_answer *);

#endif
