/* message_results.h: what receivers said (Authentication-Results, RFC 8601) */
#ifndef MESSAGE_RESULTS_H
#define MESSAGE_RESULTS_H

#include "dkim_header.h"
#include "mem.h"
#include "str.h"

enum { MESSAGE_RESULTS = 50 };

struct message_result {
	const char *by;		/* the authserv-id */
	const char *text;	/* what it says, unfolded, without comments */
	size_t field;		/* its place in the header */
};

struct message_results {
	struct message_result *v;	/* from the top */
	size_t n;
	size_t more;		/* over MESSAGE_RESULTS: not looked at */
};

/* Reads the fields; in the arena. */
void message_results(struct message_results *, struct arena *,
    const struct dkim_header *);

/* Its result for a method, as "dkim"; of several the first.  n 0: none. */
struct str message_results_of(const struct message_result *,
    const char *method);

/* The text of a field, blanks and folds made one blank, comments left out. */
const char *message_results_plain(struct arena *, struct str);

#endif
