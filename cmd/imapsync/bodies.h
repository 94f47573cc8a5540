/*
 * bodies.h: of which messages the bodies come
 *
 *	LEVEL[:CONDITION[,CONDITION ...]]
 *
 * LEVEL is full or headers; a rule fits a message if all its conditions do:
 * age>30d, age<1d, size>2M, size<50k, flagged, unflagged, unread, read,
 * answered, unanswered, folder=PATTERN (pattern.h), which is the last one.  Of
 * several rules the last that fits decides; if none does, the body comes.
 */
#ifndef BODIES_H
#define BODIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "mem.h"
#include "opt.h"

enum bodies_level { BODIES_FULL, BODIES_HEADERS };

struct bodies_rule;
struct bodies {
	const struct bodies_rule *v;
	size_t n;
	const char *text;	/* all of them; NULL: there is none */
	bool ages;		/* one looks at the age */
};

/* What the rules look at. */
struct bodies_msg {
	const char *box;	/* UTF-8 */
	char sep;		/* of its parts */
	uint64_t flags;
	uint64_t size;		/* bytes on the wire */
	int64_t age;		/* seconds since it arrived */
};

/* In the arena.  -1, EX_USAGE: a rule is none. */
int bodies_parse(struct bodies *, const struct opt_list *, struct arena *,
    struct err *);
enum bodies_level bodies_of(const struct bodies *, const struct bodies_msg *);

/* What must be known of the messages of m->box; 0: its name says it all. */
enum bodies_need { BODIES_FLAGS = 1, BODIES_SIZE = 2, BODIES_AGE = 4 };
unsigned bodies_needs(const struct bodies *, const struct bodies_msg *);

#endif
