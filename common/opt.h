/*
 * opt.h: one table of options for the command line, --help, the
 * configuration file, shell completion and the check of the manual
 */
#ifndef OPT_H
#define OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"
#include "mem.h"
#include "str.h"

enum opt_kind {
	OPT_HEAD,	/* not an option: help is a heading for --help */
	OPT_FLAG,	/* no argument; to is a bool */
	OPT_COUNT,	/* no argument, adds one; to is an int */
	OPT_TEXT,	/* to is a const char *; the last one counts */
	OPT_LIST,	/* to is a struct opt_list; every one counts */
	OPT_SECONDS,	/* to is a double; 1.5, 90s, 5m, 2h, 1d */
	OPT_NUMBER,	/* to is a uint64_t; 10, 4k, 2M, 1G (powers of 1024) */
	OPT_CHOICE,	/* to is an enum; one of choices, in any case */
	OPT_CALL,	/* call(arg) decides; to is passed on */
};

struct opt_list {
	const char **v;
	size_t n;
};

/* A name and the enum's value that it means; NULL ends a table. */
struct opt_choice {
	const char *name;
	unsigned value;
};

struct opt {
	char letter;		/* 0: none */
	const char *name;	/* long name; NULL ends a table */
	const char *arg;	/* how help names the argument; NULL: none */
	enum opt_kind kind;
	void *to;
	const char *help;
	int (*call)(void *to, const char *arg, struct err *);
	unsigned flags;
	const struct opt_choice *choices;	/* of OPT_CHOICE */
};
#define OPT_NOCONF	1u	/* not allowed in a configuration file */
#define OPT_HIDDEN	2u	/* not in --help (a refused or test spelling) */
/* Standard input as the argument: see opt_stdin. */
#define OPT_STDIN	4u	/* a file: "-", "/dev/stdin"; in a list "-:TYPE" */
#define OPT_STDIN_FD	8u	/* a descriptor: 0 */
#define OPT_STDIN_DASH	16u	/* a text: "-" alone */

struct opt_set {
	const struct opt *tables[8];	/* ended by NULL; searched in order */
	const char *usage;		/* "[options] [recipient ...]" */
	const char *about;		/* one line for --help */
	void (*version)(struct buf *);	/* more lines for --version, or NULL */
	const struct json_key *keys;	/* of -j, for --json-schema: json_key.h */
	struct arena *arena;		/* what options keep lives here */
	unsigned char seen[256];	/* given on the command line, by rank */
	unsigned char conf[256];	/* in the configuration, be it idle there */
	bool handed_on;			/* by another process, to several accounts:
					 * see account_effects */
};

/*
 * Parses the command line.  Operands are collected in *operands in order.
 * --help, --version, --options, --json-schema print and exit 0.  Options and
 * operands may mix; "--" ends options.  -1 with EX_USAGE.
 */
int opt_parse(struct opt_set *, int argc, char **argv,
    struct opt_list *operands, struct err *);

/*
 * One key of a configuration file: as --key=value, unless the command line
 * gave that option.  A flag takes no value, or on/off/yes/no.  EX_CONFIG for
 * an unknown key.
 */
int opt_conf(struct opt_set *, const char *key, const char *value,
    struct err *);

/* As --name=arg on the command line, for a command line of another kind. */
int opt_give(struct opt_set *, const char *name, const char *arg,
    struct err *);

/*
 * An option that was given and can have no effect is an error, EX_USAGE.  The
 * lists are words parted by blanks; NULL says nothing.  A setting of the
 * configuration alone does not count: it is for other runs, too.
 */
struct opt_rule {
	const char *name;	/* if this was given, NULL ends the table: */
	const char *with;	/* at least one of these must have been, */
	const char *without;	/* none of these, which make it idle, */
	const char *stops;	/* none of these, which it makes idle, */
	const char *only;	/* and, as it makes all others idle, none but these */
};
int opt_rules(const struct opt_set *, const struct opt_rule *, struct err *);

/*
 * Standard input has one reader: EX_USAGE, with the names of two, if more of
 * what was given wants it.  also, if not NULL, is what reads it without an
 * option ("the text").
 */
int opt_stdin(const struct opt_set *, const char *also, struct err *);

/* The row at this rank, through all the tables; NULL behind the last. */
const struct opt *opt_nth(const struct opt_set *, size_t rank);

/* Was the option with this long name given on the command line? */
bool opt_given(const struct opt_set *, const char *name);
/* Does the configuration say it, whether or not the command line does? */
bool opt_configured(const struct opt_set *, const char *name);

/*
 * Appends those of these options, parted by blanks, that were given, as words
 * of a command line like this one, for another process.  Before the
 * configuration is read, which adds to the values.  Not of OPT_CALL.
 */
void opt_again(const struct opt_set *, const char *names,
    struct opt_list *words);

/* What OPT_SECONDS and OPT_NUMBER take.  -1: it is none. */
int opt_to_seconds(const char *, double *);
int opt_to_number(const char *, uint64_t *);
void opt_list_add(struct arena *, struct opt_list *, const char *);

#endif
