/* names.h: mailbox names as folders, and back */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum layout { LAYOUT_VERBATIM, LAYOUT_MAILDIRPP };

/*
 * A mailbox's name (UTF-8, its parts separated by sep, '\0': one part) as the
 * path of a Maildir below the root, "" for the root itself (INBOX with
 * maildir++).  Bytes that a part cannot hold are %XX: control, "/", "%", a
 * leading ".", a whole part of cur, new or tmp, broken UTF-8; with maildir++
 * also ".".  -1: it cannot be a path at all (an empty part, over 200 bytes a
 * part or 1,000 in all, 250 with maildir++).  INBOX, also as the first part,
 * is "INBOX" however the server spells it.  -1 appends nothing.
 */
int names_to_path(struct buf *, struct str box, char sep, enum layout);
/*
 * The other way, with the server's sep.  -1: no name of ours: one that
 * names_to_path would not give, or a part has sep in it.
 */
int names_from_path(struct buf *, struct str path, char sep, enum layout);
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
