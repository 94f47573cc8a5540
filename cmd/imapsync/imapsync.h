/*
 * imapsync.h: the parts of imapsync
 *
 * main.c	options, accounts, the order of a run
 * boxes.c	which folders there are on both sides, and which need a look
 * folders.c	whole folders: made, renamed and removed on the other side
 * look.c	a mailbox on this side: its state and its Maildir, joined
 * remote.c	what changed in a mailbox on the server, by the best way it has
 * near_dir.c	a Maildir: opened, and the changes made to it
 * near_scan.c	a Maildir: what is in it, and whether that changed
 * near_letters.c	which keyword is which letter, in a Maildir's file
 * brake.c	what would delete too much deletes nothing
 * matches.c	which file here and which message there are the same one
 * plan.c	pure: base + local + remote -> a list of actions
 * moves.c	what went here and came there is a move
 * apply.c	carries the actions of a plan out
 * fetch.c	downloads, over several connections
 * keep.c	what was downloaded is made durable, then visible, then known
 * push.c	uploads, and what became of those in doubt
 * pair.c	who is who, when the state cannot tell
 * state.c	the log of one mailbox: the last agreed state
 * state_log.c	the same as bytes, and back
 * state_recs.c	the same in memory: arrays and tables
 * index.c	64 bytes a mailbox: is there anything to do at all?
 * run.h		what the parts below have in common
 * names.c	mailbox names as folders, and back
 * flags.c	flags as bits, as IMAP's words, as Maildir's letters
 * ident.c	who a message is, in 64 bits
 * wire.c	messages as they travel and as they lie in files
 * report.c	what is said: text, -j, progress
 * import.c	.mbsyncrc as our configuration
 * statecmd.c	imapsync state dump, check, rebuild
 */
#ifndef IMAPSYNC_H
#define IMAPSYNC_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "account.h"
#include "flags.h"
#include "ident.h"
#include "imap_box.h"
#include "index.h"
#include "mark.h"
#include "names.h"
#include "near_dir.h"
#include "near_letters.h"
#include "opt.h"
#include "plan.h"
#include "session.h"
#include "settings.h"
#include "state.h"
#include "statecmd.h"
#include "table.h"
#include "wire.h"

#endif
