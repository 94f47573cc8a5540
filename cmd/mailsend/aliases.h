/*
 * aliases.h: who is meant by a bare name: aliases(5)
 *
 *	root: jo, "al" <al@example.org>	# names, addresses, lists
 *	ops:  :include:/etc/mail/ops	# a file of them
 *
 * Programs and files, which sendmail(8) would write to, are not done here.
 */
#ifndef ALIASES_H
#define ALIASES_H

#include "fail.h"
#include "mem.h"
#include "str.h"
#include "table.h"

struct aliases_entry {
	struct str name, value;		/* value may be folded */
	bool open;			/* it is being expanded now */
};

/* Start with { .arena = a }; it all lives there, but for the table. */
struct aliases {
	struct arena *arena;
	struct aliases_entry *v;
	size_t n, cap;
	struct table names;
};

/* With the files that it includes.  EX_NOINPUT, EX_CONFIG with file:line. */
int aliases_read(struct aliases *, const char *path, struct err *);

/* What the name stands for, whatever the case of its letters; or NULL. */
struct aliases_entry *aliases_find(const struct aliases *, struct str name);

/* Takes the next member off a value; it is empty at the end. */
struct str aliases_member(struct str *value);

void aliases_free(struct aliases *);

#endif
