/* names.h: mailbox names as folders, and back */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/* A mailbox a/b is a/b, or .a.b, or a/.b. */
enum layout { LAYOUT_VERBATIM, LAYOUT_MAILDIRPP, LAYOUT_LEGACY };

struct naming {
	enum layout layout;
	char flat;		/* with verbatim, instead of "/"; or '\0' */
	bool utf7;		/* modified UTF-7, not UTF-8 */
};
extern const struct naming names_verbatim;
/* May the character stand for "/"? */
bool names_flat(char);

/*
 * A mailbox's name (UTF-8, its parts separated by sep, '\0': one part) as the
 * path of a Maildir below the root, "" for the root itself (INBOX with
 * maildir++).  Bytes that a part cannot hold are %XX: control, "/", "%", a
 * leading ".", a whole part of cur, new or tmp, broken UTF-8; with maildir++
 * also ".", and what is flat.  -1: it cannot be a path at all (an empty part,
 * over 200 bytes a part or 1,000 in all, 250 with maildir++; broken UTF-8 as
 * modified UTF-7).  INBOX, also as the first part, is "INBOX" however the
 * server spells it.  -1 appends nothing.
 */
int names_to_path(struct buf *, struct str box, char sep,
    const struct naming *);
/*
 * The other way, with the server's sep.  -1: no name of ours: one that
 * names_to_path would not give, or a part has sep in it.
 */
int names_from_path(struct buf *, struct str path, char sep,
    const struct naming *);
/*
 * "* !Spam !Lists/%": the last that fits decides; "/" stands for sep.  Blanks
 * stand between double quotes.  If none fits: whether the first is a "!".
 * NULL is "*".
 */
bool names_match(const char *patterns, struct str box, char sep);
/*
 * FNV-1a, mixed; never 0.  Files on the disk are named and checked with it: its
 * values never change.
 */
uint64_t names_hash(struct str);

#endif
