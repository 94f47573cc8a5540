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
};

/*
 * Looks for them, where this run cannot know from its state what is there.  The
 * places are open.  -1: failed, and said in the deliver's err.
 */
int known_find(struct deliver *);
/* The same, of a place per folder that is another folder's now. */
int known_find_in(struct deliver *, size_t place);
/* Is a file that an interrupted run left still nobody's? */
bool known_unsure(const struct deliver *);
/* Is the message under way, which is complete, in this place already? */
bool known_holds(struct deliver *, size_t place);
/* Of a message for which that was so: its file there, new/NAME or cur/NAME. */
const char *known_file(const struct deliver *, struct key, size_t place);
void known_free(struct known_files *);

#endif
