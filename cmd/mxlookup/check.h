/*
 * check.h: what a check is
 *
 * A check asks for what it needs with ask_dns (ask.h) of its task and returns
 * false as long as an answer is missing; it is called again, from its
 * beginning, when all has come.  Its findings are its .result of the task.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

#include "fail.h"
#include "finding.h"
#include "json.h"
#include "opt.h"
#include "str.h"

struct mx_host;
struct run;
struct task;

/* In the order in which they are shown; each is an asker of its task. */
enum {
	CHECK_MX, CHECK_ADDR, CHECK_SPF, CHECK_DKIM, CHECK_DMARC, CHECK_BIMI,
	CHECK_MTASTS, CHECK_TLSRPT, CHECK_DANE, CHECK_DNSSEC, CHECK_SRV,
	CHECK_PTR, CHECK_DNSBL, CHECK_CAA, CHECK_MAX
};
#define CHECK_BIT(c) (1u << (c))

struct check {
	const char *name;	/* the word of -C, and the key in NDJSON */
	const char *about;	/* one line for --help */
	unsigned needs;		/* CHECK_BITs that are to be done before; they
				 * are run only if asked for, but CHECK_MX and
				 * CHECK_ADDR always run (unseen) */
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

#endif
