/*
 * finding.h: what is odd or wrong, with a reference and what to do about it
 *
 * A kind is a row of a table; a finding says where one was met, and in what
 * words.  Findings live in an arena and end with it.
 */
#ifndef FINDING_H
#define FINDING_H

#include <stdarg.h>

#include "mem.h"
#include "str.h"

/* How the worst is called ("error", "crit") is the tool's to say. */
enum finding_sev { FINDING_HINT, FINDING_WARN, FINDING_ERROR, FINDING_SEVS };

/* Ids never change; tables of mixed kinds end with .id NULL. */
struct finding_kind {
	const char *id;		/* "MX_CNAME" */
	enum finding_sev sev;
	const char *ref;	/* "RFC2181#10.3" */
	const char *help;	/* what it means, what to do; a few sentences */
};

struct finding {
	struct finding *next;
	const struct finding_kind *kind;
	enum finding_sev sev;	/* the kind's, or what the finder makes of it */
	unsigned by;		/* who found it: a number of the tool's */
	const char *at;		/* the name or record it is about, or NULL */
	const char *text;
	const char *fix;	/* a line for a zone that mends it, or NULL */
};

/* In order; empty when all zero. */
struct findings {
	struct finding *first, *last;
};

/* The row of a table; it must have one with this id. */
const struct finding_kind *finding_kind(const struct finding_kind *table,
    const char *id);

/* Adds one at the end.  at (it may be NULL) is copied, as is the text. */
struct finding *finding_add(struct findings *, struct arena *,
    const struct finding_kind *, const char *at, const char *fmt, va_list)
    __attribute__((format(printf, 5, 0)));

/* Takes out what this finder has said: it is asked once more. */
void finding_forget(struct findings *, unsigned by);

/*
 * The worst first; then by finder, place, kind and text, so that the order is
 * the same whichever answers came first.  One that is there twice is told
 * once.
 */
void finding_sort(struct findings *, struct arena *);

/* A line for --findings, its fields parted by tabs. */
void finding_line(struct buf *, const struct finding_kind *, const char *sev,
    const char *about);

#endif
