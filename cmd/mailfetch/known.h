/*
 * known.h: what an interrupted run left in the Maildirs
 *
 * Its files are visible, and nothing of them is in the state: what they hold is
 * not delivered there again.
 */
#ifndef KNOWN_H
#define KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deliver;
struct known;

/* Start with { 0 }. */
struct known_files {
	struct known *v;
	size_t n, cap;
	bool look;		/* a run was interrupted, or the state is lost */
	bool unsure;		/* in places per folder not all is seen */
	uint64_t since;		/* the second in which that run began */
	uint64_t *visited;	/* folders of IMAP that this run looked at */
	size_t nvisited, room;
};

/*
 * Looks for them, where this run cannot know from its state what is there.  The
 * places are open.  -1: failed, and said in the deliver's err.
 */
int known_find(struct deliver *);
/* The same, of a place per folder that is another folder's now. */
int known_find_in(struct deliver *, size_t place);
/* Is the message under way, which is complete, in this place already? */
bool known_holds(struct deliver *, size_t place);
/* Of a message for which that was so: its file there, new/NAME or cur/NAME. */
const char *known_file(const struct deliver *, struct key, size_t place);
/* Before a batch is visible: a run has begun in the folders of its messages. */
int known_mark(struct deliver *, bool *changed);
/* All that is to be had of this folder of IMAP was looked at. */
void known_visit(struct known_files *, uint64_t folder);
/*
 * At the end of a run, of which all was done, or was not: 1, nobody need look
 * for what an interrupted run left any more; 0, in folders that this one did
 * not look at, or at all; or -1.
 */
int known_settle(struct deliver *, bool done, struct err *);
void known_free(struct known_files *);

#endif
