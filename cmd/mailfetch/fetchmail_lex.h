/* fetchmail_lex.h: the words of a .fetchmailrc */
#ifndef FETCHMAIL_LEX_H
#define FETCHMAIL_LEX_H

#include <stdbool.h>

#include "mem.h"
#include "str.h"

/* Start with the first four; a copy is a place to go back to. */
struct fetchmail_lex {
	struct arena *a;
	struct str rest;
	unsigned line;		/* 1 */
	bool escaped;		/* \" does not end a string: see below */
	/* the token */
	char *text;		/* in the arena, its escapes undone */
	unsigned at;		/* its line */
	bool quoted;
};

/* The next word or string; false at the end. */
bool fetchmail_lex_next(struct fetchmail_lex *);

#endif
