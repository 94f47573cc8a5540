/* due.h: what has a deadline, in the order of time */
#ifndef DUE_H
#define DUE_H

#include <stdbool.h>
#include <stdint.h>

/* DUE_SHORT is for a deadline of a probe that comes before its own. */
enum due_list { DUE_PROBE, DUE_TARGET, DUE_SHORT, DUES };

/* Part of what has the deadline, zeroed at first but for who. */
struct due {
	struct due *next, *prev;
	int64_t at;			/* clock_ms */
	void *who;			/* a probe or a target: see list */
	enum due_list list;
	bool on;			/* it is in that list */
};

struct dues {
	struct due head[DUES];		/* of rings */
};

void due_init(struct dues *);

/* Sets the deadline anew, also while another one is running. */
void due_set(struct dues *, struct due *, enum due_list, int64_t at);

/* There is none any more; nothing happens if there was none. */
void due_clear(struct due *);

/* When the first one ends; CLOCK_NEVER if there is none. */
int64_t due_soonest(const struct dues *);

/* One that has ended by now, taken off its list, or NULL. */
struct due *due_next(struct dues *, int64_t now);

#endif
