/* migrate_lanes.h: several pairs of connections, each a thread's */
#ifndef MIGRATE_LANES_H
#define MIGRATE_LANES_H

#include <stddef.h>
#include <stdint.h>

struct migrate;
struct migrate_box;
struct migrate_folder;
struct migrate_lane;

struct migrate_work {
	/* For a further pair: 0, or there is nothing for it to do. */
	int (*begin)(void *of, struct migrate_lane *);
	int (*work)(void *of, struct migrate_lane *);	/* as migrate_copy */
	/* So many further ones do not come to work, for whatever reason. */
	void (*fewer)(void *of, size_t n);
	void *of;
};

/*
 * Those of r, and so many further pairs of connections at most, work; those that
 * are not open are opened, and a server that does not let them in is no failure.
 * The worst of what work returned; what broke one of them is in the err of a
 * side of r.
 */
int migrate_lanes_run(struct migrate *, const struct migrate_work *,
    size_t most);

/*
 * The mailbox is selected on both sides of r.  Copies these UIDs, sorted, in
 * ranges that go to whichever connections are free; further ones work if there
 * is enough to do.  As migrate_copy, and migrate_lanes_run.
 */
int migrate_lanes_copy(struct migrate *, const struct migrate_folder *,
    struct migrate_box *, uint32_t low, const uint32_t *uids, size_t n);

/* Those of r itself stay. */
void migrate_lanes_hang_up(struct migrate *);
void migrate_lanes_free(struct migrate *);

#endif
