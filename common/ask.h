/*
 * ask.h: the DNS asked by code that reads from top to bottom
 *
 * Whoever needs answers is a plain function, the asker.  It asks for all that
 * it can, returns false if an answer is missing, and is called again, from its
 * beginning, when answers have come.  The answers of before are there at once
 * then, so the list of questions is all the state that it needs.
 *
 *	static bool
 *	addresses(struct ask *q, const char *host, struct result *r)
 *	{
 *		r->a = ask_dns(q, host, DNS_A);
 *		r->aaaa = ask_dns(q, host, DNS_AAAA);
 *		return r->a != NULL && r->aaaa != NULL;
 *	}
 *
 * Ask before the first return: what is asked in one go is looked up in
 * parallel.  Anything that a replay must not do twice goes behind the last
 * return.
 */
#ifndef ASK_H
#define ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "dns.h"
#include "mem.h"
#include "table.h"

/* Askers of one struct ask, by number: who waits for which answer is known
 * for each, so that those without a new answer need not be called again. */
enum { ASK_WHO = 16 };

struct ask_question;

/* The questions of one unit of work; what the caller does not set is zero. */
struct ask {
	struct dns *dns;
	struct arena *mem;	/* of the unit of work: questions live here */

	/*
	 * Called from dns_step when an answer has come, and from ask_release.
	 * ready has the bits, 1u << number, of the askers that lack nothing
	 * from now on; it may be 0.
	 */
	void (*came)(void *arg, unsigned ready);
	void *arg;

	unsigned who;		/* the number of the asker that runs now */

	/* To be read. */
	unsigned missing[ASK_WHO];	/* how much each asker waits for */
	unsigned unknown;	/* bits of askers that got an answer which
				 * failed for now (dns_temporary): what they
				 * find out may be wrong */
	unsigned pending;	/* questions without an answer, also those
				 * for which nobody waits any more */
	unsigned queries;	/* sent for all the answers that came */
	unsigned cached;	/* answers without a query */
	unsigned retries;	/* queries that were sent again */
	unsigned tcp;		/* answers that came by TCP */
	unsigned done;		/* bits of askers that are (ask_done) */

	/* Private: see ask.c. */
	struct ask_question *last;
	unsigned n;
	struct table names;
	struct ask_question **name;
	size_t names_cap;
};

/*
 * The answer to a question, or NULL: not there yet.  Valid until ask_free.
 * Nothing is asked twice; asking again costs a look into a short list.
 */
const struct dns_answer *ask_dns(struct ask *, const char *name,
    unsigned type);

/* ask_dns of a name that a format makes, as "_dmarc.%s". */
const struct dns_answer *ask_dnsf(struct ask *, unsigned type,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ask_dns for the modules that take a function: the first one is the ask. */
const struct dns_answer *ask_for(void *, const char *name, unsigned type);

/*
 * The answers that came, one a call, in no order: *at begins as NULL; NULL
 * behind the last.
 */
const struct dns_answer *ask_came(const struct ask *,
    const struct ask_question **at);

/*
 * The asker that runs now is done: what it still waits for, if anything, does
 * not count any more.
 */
void ask_done(struct ask *);

/*
 * For an asker that waits for more than the DNS: from ask_hold until somebody
 * on the loop's thread calls ask_release with its number, it lacks something.
 */
void ask_hold(struct ask *);
void ask_release(struct ask *, unsigned who);

/*
 * Lets go of the answers.  Only when nothing is pending, or when the engine
 * is not stepped any more.
 */
void ask_free(struct ask *);

#endif
