/* name_set.h: a set of names */
#ifndef NAME_SET_H
#define NAME_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"
#include "str.h"
#include "table.h"

/* Begins as zeros; the names are in the arena that they were added with. */
struct name_set {
	const char **v;
	size_t n, cap;
	struct table at;	/* of v */
};

void name_set_add(struct name_set *, struct arena *, struct str name);
bool name_set_has(const struct name_set *, struct str name);
void name_set_free(struct name_set *);

#endif
