/*
 * conf.h: the configuration file's text: sections with keys and values
 *
 *	defaults
 *	timeout 30
 *	account work : base		# a name, and whom it takes after
 *	password-command "pass show mail"
 *
 * A line is a key and the rest of the line as its value, without the blanks
 * around it; a value in double quotes may hold \" and \\.  A # begins a
 * comment where a line begins, and behind a section's or a quoted value's
 * end, but not inside a plain value.
 */
#ifndef CONF_H
#define CONF_H

#include "fail.h"
#include "mem.h"

struct conf_line {
	struct conf_line *next;
	const char *key, *value;	/* value may be "" */
	char *raw;			/* what stood in the text for it, */
	size_t room;			/* so many bytes */
	const char *file;		/* where it stands */
	unsigned line;
};

struct conf_section {
	struct conf_section *next;
	const char *file;		/* where it begins */
	const char *kind;		/* "defaults", "account", ... */
	const char *name;		/* "" for defaults */
	const char *parent;		/* or NULL */
	unsigned line;
	struct conf_line *lines;	/* in the file's order */
};

struct conf {
	const char *file;		/* for messages */
	struct conf_section *sections;	/* in the file's order */
};

/*
 * Takes text apart in place: keys and values point into it, so that a secret
 * in it is wiped with it; only the structs are from the arena.  text needs a
 * NUL behind its n bytes.  EX_CONFIG, beginning with "file:line: ".
 */
int conf_parse(struct conf *, struct arena *, char *text, size_t n,
    struct err *);

/*
 * Adds the sections of a file that weighs less, but for those whose like is there
 * already.  Its defaults come behind the others, which stay before them.
 */
void conf_append(struct conf *, struct conf_section *less);

/* The section, the first if there are several defaults, or NULL. */
const struct conf_section *conf_find(const struct conf *, const char *kind,
    const char *name);

/* The value of the last such key within the section itself, or NULL. */
const char *conf_value(const struct conf_section *, const char *key);

/*
 * For the message that it is no key: without what follows a sign, or the word
 * password, for its blank was forgotten and a secret may stand there.
 */
enum { CONF_KEY_SHOWN = 84 };
char *conf_key_shown(char *dst, size_t cap, struct str key);

/* Wipes the value, which is "" then; what points to it sees that, too. */
void conf_forget(struct conf_line *);

#endif
