/* near.h: of the TXT records at a name, those that do not count, or compete */
#ifndef NEAR_H
#define NEAR_H

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

/* "records": those that count, as an array; "near": those meant, and why. */
void near_json(const struct task *, struct json *, const struct dns_answer *,
    enum meant);

/* A line for each that counts, if there are several. */
void near_text(struct buf *, const struct dns_answer *, enum meant);

#endif
