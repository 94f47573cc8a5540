/* addr.h: mail addresses: of an argument, of a header field, for the wire */
#ifndef ADDR_H
#define ADDR_H

#include "fail.h"
#include "mem.h"

/*
 * The result is fit for MAIL FROM and RCPT TO: no control byte, no invisible
 * character, valid UTF-8, the lengths of RFC 5321 4.5.3.1.  Each failure is
 * EX_DATAERR and says what is wrong and at which byte, from 1: "a@b..c: empty
 * label in the domain (position 5)".
 */
struct addr {
	struct str local;	/* a dot-string, or quoted with its quotes */
	struct str domain;	/* a name, or a literal with its brackets */
	struct str name;	/* display name, unquoted; may be empty */
	struct str comment;	/* of a list: the last one in it; may be empty */
	struct str spec;	/* of a list: as it was written there */
	bool utf8;		/* local is not ASCII: needs SMTPUTF8 */
};

/*
 * An argument: exactly one RFC 5321 Mailbox, not a byte more, and none is
 * changed.  Views into s.  "root" alone is refused: qualify it first.
 */
int addr_mailbox(struct addr *, struct str s, struct err *);

/* "root" alone, without a domain: for who knows users by their names. */
int addr_local(struct addr *, struct str s, struct err *);

/*
 * An argument such as 'Name <a@b>', 'a@b (comment)' or 'a@b'.  The address
 * in it is taken byte for byte, as by addr_mailbox.
 */
int addr_from(struct addr *, struct arena *, struct str s, struct err *);

/*
 * Pulls the mailboxes out of a header field body, folded or not, without its
 * last line end; start with { .rest = body }.  1: one more; 0: no more; -1:
 * broken, and the list is spent.  Groups are entered, comments and routes
 * dropped, obsolete forms taken.  local is quoted only if it must be.  domain
 * is empty for a bare local part ("Cc: root"): the caller qualifies it.  name
 * and comment have their encoded words still encoded, and any byte from 0x80
 * may be in them.  spec and comment are views into the text, folds included.
 */
struct addr_list {
	struct str rest;
	bool group;
	struct str broken;	/* after -1: from the broken element on */
};
int addr_next(struct addr_list *, struct addr *, struct arena *,
    struct err *);

/*
 * After -1, to go on all the same: the broken element, up to the next comma
 * outside quotes, comments and brackets; addr_next gives what is behind it.
 */
struct str addr_skip(struct addr_list *);

/* An RFC 5321 Domain ("db1" too), one with U-labels, or an address literal */
int addr_domain(struct str domain, struct err *);

/*
 * The domain in A-labels and lower case (IDNA 2008, not transitional), for DNS
 * and for servers without SMTPUTF8; a literal comes back as it is.  A name
 * that is not ASCII is refused on a machine without libidn2, and where IDNA
 * would make it more than lower case.
 */
int addr_ascii(struct arena *, struct str domain, struct str *out,
    struct err *);

/* local@domain to stand between < and >, as given; or what is not ASCII of the
 * domain in A-labels.  NULL on failure. */
char *addr_wire(struct arena *, const struct addr *, bool ascii_domain,
    struct err *);

#endif
