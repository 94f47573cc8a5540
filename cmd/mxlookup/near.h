/* near.h: of the TXT records at a name, those that do not count, or compete */
#ifndef NEAR_H
#define NEAR_H

#include <stdbool.h>

#include "dns.h"
#include "json.h"
#include "meant.h"
#include "str.h"

struct task;

/*
 * A finding of this kind for each record of the answer (it may be NULL) that
 * was meant to count and does not.
 */
void near_find(struct task *, const struct dns_answer *, enum meant,
    const char *id);

/* A name where people put a record by mistake; an array ends with NULL. */
struct near_place {
	const char *labels;		/* before the domain; "" */
	bool twice;			/* the domain stands there twice */
};

/* The TXT records there, or NULL: they are not known yet. */
const struct dns_answer *near_ask(struct task *, const struct near_place *);

/*
 * If none of the answer counts nor was meant to: are the records known that
 * stand at these places?  False: answers are missing.
 */
bool near_look(struct task *, const struct dns_answer *right, enum meant,
    const struct near_place *);

/* A finding of this kind for each of them that would count at its place. */
void near_misplaced(struct task *, const struct dns_answer *right, enum meant,
    const char *id, const struct near_place *);

/* "records": those that count, as an array; "near": those meant, and why. */
void near_json(const struct task *, struct json *, const struct dns_answer *,
    enum meant);

/* A line for each that counts, if there are several. */
void near_text(struct buf *, const struct dns_answer *, enum meant);

#endif
