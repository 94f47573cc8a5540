/* dkim_header.h: the fields of a header, found by name from the last on */
#ifndef DKIM_HEADER_H
#define DKIM_HEADER_H

#include "dkim_canon.h"
#include "mem.h"
#include "str.h"
#include "table.h"

/* Views into the header; the arrays live in the arena. */
struct dkim_field {
	struct str name;
	struct str body;	/* behind the colon, folds included */
	struct str text;	/* all of it, without its last line end */
	size_t before;		/* the one above it of that name; or TABLE_NONE */
};

struct dkim_header {
	struct dkim_field *field;	/* from the top */
	size_t n;
	size_t *last;		/* of each name, the lowest field; */
	size_t names;		/* how many names; at most n */
	struct table table;	/* of the names */
};

/*
 * Reads a header block; its lines may end in LF.  A line that is no field
 * is passed over.  Linear, whatever the header is.  Free with
 * dkim_header_free.
 */
void dkim_header_read(struct dkim_header *, struct arena *, struct str head);
void dkim_header_free(struct dkim_header *);

/* How many fields have that name, and the lowest of them; it may be NULL. */
size_t dkim_header_count(const struct dkim_header *, const char *name,
    const struct dkim_field **);

/*
 * Appends the fields that a list with colons (h=) names, in canonical form,
 * each with CRLF: for each name the lowest that was not taken yet, for one
 * too many nothing (section 5.4.2).
 */
void dkim_header_pick(const struct dkim_header *, struct str list,
    enum dkim_canon, struct buf *);

#endif
