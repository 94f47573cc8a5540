/* brake.h: what would delete too much deletes nothing */
#ifndef BRAKE_H
#define BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

/* Why nothing is deleted in a mailbox. */
enum brake {
	BRAKE_NONE,
	BRAKE_EMPTY,		/* the Maildir has no file at all */
	BRAKE_OTHER,		/* it is not the directory of the last run */
	BRAKE_MANY,		/* over max(10, 20 %) of the messages */
	BRAKE_ALL,		/* over max(20, 20 %) of all mailboxes' */
	BRAKE_RESTORED		/* an older Maildir was put back, it seems */
};

/* A mailbox as it is known when its plan is made. */
struct brake_in {
	uint64_t far, near;	/* deletions planned there, and here */
	uint64_t known;		/* messages of the last agreed state */
	uint64_t files;		/* in the Maildir */
	uint64_t ino_was, ino;	/* its cur/ in the last run (0: unknown), now */
	uint64_t allow;		/* so many deletions are no accident */
	uint64_t emptied;	/* deletions there by all Maildirs that are
				   empty now, but for the trash */
	bool bare;		/* several Maildirs had files, none has any */
	bool trash;		/* it is the trash, which is emptied by hand */
	enum brake others;	/* of the trash: why another one is held */
};

enum brake brake_box(const struct brake_in *);
/* Over all mailboxes that no brake holds, but for the trash. */
bool brake_account(uint64_t deletes, uint64_t known, uint64_t allow);
/* With so many known it holds back no such number of deletions. */
uint64_t brake_enough(uint64_t deletes);
/*
 * Deletions on the server of just the messages that came last, while nothing
 * else changed here: a backup was put back, or somebody read his new mail.
 */
bool brake_restored(uint64_t deletes, uint64_t allow);
const char *brake_why(enum brake);	/* as a part of a sentence */
/* Takes all deletions out of the plan. */
void brake_apply(struct plan *);

/* Is a mailbox of n messages kept though it is gone on the other side? */
bool brake_folder(uint64_t n, uint64_t allow);
/*
 * Of the folders that were known, so many are gone here, or there.  Many at
 * once were not all removed: the disk is not mounted, or the server shows
 * another account.
 */
bool brake_folders(size_t known, size_t near, size_t far);

#endif
