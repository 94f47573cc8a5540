/* fill.h: stubs become the messages that they stand for */
#ifndef FILL_H
#define FILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct box;
struct link;

/*
 * The bodies of these messages, UIDs sorted, whose files are stubs; others stay
 * as they are.  The box is open and scanned.  What is wrong with one is told,
 * and the others are done; -1: the run ends.
 */
int fill_box(struct box *, const uint32_t *uids, size_t n);

/* Must the files be read to know which bodies the rules ask for? */
bool fill_needs_files(const struct box *);
/* Adds an ACT_BODY to the plan for each stub whose body they ask for. */
void fill_plan(struct box *);
/* Those acts. */
int fill_planned(struct link *, struct box *);

#endif
