/* elsewhere.h: what another program knew of a Maildir: who is who */
#ifndef ELSEWHERE_H
#define ELSEWHERE_H

#include "mem.h"
#include "opt.h"

struct box;
struct err;
struct matches;
struct settings;

/*
 * The folders in which mbsync and offlineimap keep what they know: that of
 * "former-state", or the usual ones.  They need not be there.
 */
struct opt_list elsewhere_dirs(const struct settings *, struct arena *);
/*
 * In a first pairing: a file and a message that mbsync or offlineimap had as
 * one, under UIDs that are still valid, and that say that they are the same
 * one, become a pair, with the flags that both sides had then.  They are taken
 * out of the matches.  All of these have said who they are, and those on the
 * server are in the order of their UIDs.  0, -1.
 */
int elsewhere_pair(struct box *, struct matches *);

#endif
