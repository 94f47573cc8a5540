/*
 * sts.h: the MTA-STS policy of a domain, found and got (RFC 8461)
 *
 * A TXT record says that there is a policy, which is then got over HTTPS by a
 * pool of threads.  By replay, see ask.h: sts_get reads from top to bottom,
 * and its asker is held while the policy is on its way.  The texts of record
 * and policy: mtasts.h.
 */
#ifndef STS_H
#define STS_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "ask_https.h"
#include "fail.h"
#include "https_pool.h"
#include "mtasts.h"
#include "sandbox.h"
#include "str.h"
#include "tls.h"

/* Common to all policies of a run; begins as zero. */
struct sts_way {
	struct tls_conf tls;	/* whom to trust, by the caller */
	unsigned port;		/* not 443, for tests, by the caller; or 0 */
	bool wary;		/* only of public addresses, by the caller */
	struct tls_ctx *ctx;
	struct https_pool pool;
};

/*
 * Makes it ready, and says to the sandbox what will be opened.  No thread is
 * there before it is needed.  The caller reaps .pool in its loop.
 */
int sts_open(struct sts_way *, struct sandbox *, struct err *);

/* False: some threads are with a stranger, as https_pool_end has it. */
bool sts_close(struct sts_way *);

enum sts_state {
	STS_NONE,	/* no record that counts */
	STS_UNKNOWN,	/* the record cannot be looked up now */
	STS_MANY,	/* more than one: none of them counts */
	STS_MALFORMED,	/* the record; .why says where */
	STS_RECORD,	/* it is sound, and the policy was not asked for */
	STS_TEMP,	/* the policy cannot be got now; .why */
	STS_FAILED,	/* it cannot be got, or what is there is none; .why */
	STS_INVALID,	/* it cannot be parsed; .policy.why and .line */
	STS_POLICY,	/* .policy is there */
};

/* Of one domain; zero at first, but for what the caller sets. */
struct sts {
	struct sts_way *way;	/* NULL: the record will do */
	double seconds;		/* for the policy and all addresses of its
				 * server; read when that begins */
	bool early;		/* ask for these addresses beside the record:
				 * sooner, and in vain where there is none */

	bool done;		/* all below is what was found */
	enum sts_state state;
	const char *why;	/* there is no policy, for people: in the arena
				 * of the ask; NULL if there need not be any */
	const struct dns_answer *answer;	/* to the TXT question */
	struct str record;	/* the first that counts; p NULL: none */
	unsigned found;		/* how many there are */
	struct str id;
	bool tried;		/* to get the policy */
	int http;		/* the status of HTTP; 0: no answer */
	struct mtasts policy;
	struct ask_https *get;	/* private; of the ask, once it is needed */
};

/* False: answers, or the policy, are missing. */
bool sts_get(struct sts *, struct ask *, const char *domain);

/*
 * Nobody waits for it any more: what is under way is left to itself.  To be
 * called before the memory of an sts or its ask goes, unless it is done.  Then
 * it is done, as STS_TEMP for this reason.
 */
void sts_drop(struct sts *, const char *why);

#endif
