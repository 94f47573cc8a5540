/*
 * imap_token.h: tokens, strings and lists of a response, for imap_*.c alone
 *
 * Each is 0 (a token: which) or -1, and then the connection has failed with
 * what was wrong.  A view is valid until the next token, or as long as the
 * response if it was kept.
 */
#ifndef IMAP_TOKEN_H
#define IMAP_TOKEN_H

#include <stdbool.h>

#include "conn.h"
#include "str.h"

struct imap;

enum imap_token {
	IMAP_TOKEN_END,		/* of the response */
	IMAP_TOKEN_ATOM,
	IMAP_TOKEN_QUOTED,
	IMAP_TOKEN_LITERAL,	/* it is still to be read or passed over */
	IMAP_TOKEN_OPEN,	/* "(" */
	IMAP_TOKEN_CLOSE	/* ")" */
};

/* The next token, of which *s is the text. */
int imap_token(struct imap *, struct str *s);

/* The response's next line, its first one or that behind a literal. */
int imap_next_line(struct imap *);

/* Reads what is left of the response, and throws it away. */
int imap_finish(struct imap *);

/* Fails as EX_PROTOCOL: "this is not IMAP: ...". */
int imap_nonsense(struct imap *, const char *what);

/* One more item of this response: -1 if that is too many. */
int imap_count_one(struct imap *);

/* A copy that lasts as long as the response; -1 if it has too much by now. */
int imap_keep(struct imap *, struct str *);
int imap_keep_buf(struct imap *, const struct buf *, struct str *to);

/* A string or an atom, kept; *nil: it was NIL. */
int imap_string(struct imap *, struct str *, bool *nil);

/* The text of a literal whose token has come, kept. */
int imap_literal_string(struct imap *, struct str *);

/* Its bytes to a sink; NULL: to nowhere, within LIMIT_SKIPPED. */
int imap_pass_literal(struct imap *, const struct conn_sink *);

/* "(\Seen \Flagged)" as "\Seen \Flagged", kept. */
int imap_words(struct imap *, struct str *to);

/* Passes over a value, a list as a whole; imap_skip: t is its first token. */
int imap_skip(struct imap *, int t);
int imap_skip_value(struct imap *);

#endif
