/*
 * foreign.h: other programs' configuration files, for --import
 *
 * Their lexers give sections with items.  Who takes over what an item says
 * takes it; what nobody took is left, and said by its key alone: a value may
 * be a secret.
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf_out.h"
#include "fail.h"
#include "mem.h"
#include "str.h"

enum foreign_kind {
	FOREIGN_UNKNOWN,
	FOREIGN_FETCHMAIL,
	FOREIGN_GETMAIL,
	FOREIGN_MPOP,
	FOREIGN_MSMTP,
	FOREIGN_MBSYNC,
	FOREIGN_OFFLINEIMAP,
	FOREIGN_POSTBAG		/* ours */
};

struct foreign_item {
	const char *key;
	const char *value;
	unsigned line;
	bool *said;		/* in a comment; shared with who inherits it */
	bool taken;
	bool inherited;		/* it stands in another section */
};

struct foreign_section {
	const char *kind;	/* "account", "Channel"; "" at the top */
	const char *name;	/* or "" */
	const char *parent;	/* the one account it takes after, or NULL */
	unsigned line;
	struct foreign_item *v;
	size_t n, cap;
};

struct foreign {		/* start with { 0 } */
	struct arena arena;
	struct buf text;	/* of the file; wiped at the end */
	struct foreign_section *v;
	size_t n, cap, items;
};

/*
 * The kind of file that the words its lines begin with are typical of.  Of
 * those that they fit equally well one of wanted, which ends with
 * FOREIGN_UNKNOWN.
 */
enum foreign_kind foreign_guess(struct str text,
    const enum foreign_kind *wanted);

/* EX_DATAERR: what was expected, what it looks like, who takes that. */
int foreign_refuse(enum foreign_kind looks, const char *expected,
    struct err *);

/* A new last section, and an item at its end; EX_DATAERR if there are too many. */
struct foreign_section *foreign_open(struct foreign *, const char *kind,
    const char *name, unsigned line, struct err *);
int foreign_add(struct foreign *, struct foreign_section *,
    struct foreign_item, struct err *);

/* The section, whose kind is compared without case; NULL. */
struct foreign_section *foreign_find(const struct foreign *,
    const char *kind, const char *name);

/*
 * The last value of the key, which is compared without case; NULL.  All items
 * of the key are taken then.  s may be NULL.
 */
const char *foreign_take(struct foreign_section *s, const char *key);
/* The same, and nobody took it; true: there is one. */
bool foreign_has(const struct foreign_section *, const char *key);

/* Is a value, which may be NULL, this word, without case? */
bool foreign_is(const char *value, const char *word);
/* Is it yes, true, on or 1? */
bool foreign_yes(const char *value);

/* A note for each key that was not taken, once. */
void foreign_left(struct foreign_section *, struct conf_out *);

/* getmail and offlineimap: what Python's ConfigParser reads; keys are lower. */
int foreign_ini(struct foreign *, struct err *);

/*
 * Reads the file, has convert write what it means, and puts that into the
 * buffer.  EX_NOINPUT, EX_DATAERR.
 */
int foreign_import(const char *path, int (*convert)(struct foreign *,
    struct conf_out *, struct err *), struct buf *, struct err *);

/* A tool's own part of --import. */
struct foreign_tool {
	const char *kind;	/* of its sections: "fetch", "sync" */
	/* foreign_import with the programs that it stands in for */
	int (*import)(const char *path, struct buf *, struct err *);
	/* the section of that name, with the text as the configuration */
	int (*load)(const char *name, struct str text, struct err *);
};

/*
 * The whole of --import: the file is read and converted, each section of the
 * tool's kind and each account is loaded from the result, and that is written
 * to the stream.  EX_NOINPUT; EX_DATAERR, too, if one is refused: then nothing
 * is written.
 */
int foreign_convert(const struct foreign_tool *, const char *path, FILE *to,
    struct err *);

#endif
