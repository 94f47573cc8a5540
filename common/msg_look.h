/* msg_look.h: what a text is like: its size, its lines, its odd bytes */
#ifndef MSG_LOOK_H
#define MSG_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/*
 * The traits of a text, { 0 } at first: feed it in pieces, then once with n 0.
 * Over 1 GB/s.
 */
struct msg_look {
	uint64_t size;		/* as CTE_LINES */
	uint64_t line;		/* line ends so far */
	bool eight;		/* a byte over 0x7f */
	bool from;		/* a line begins with "From " */
	bool open_end;		/* the last line has no end */
	const char *odd;	/* "bare CR", "NUL" ..., NULL if nothing is */
	bool nul, bare;		/* a NUL; a CR without its LF */
	uint64_t odd_line;	/* the first such line, from 1 */
	uint64_t col;		/* bytes of the line begun; CR included */
	uint64_t begun;		/* bytes of it that "From " begins with */
	bool cr;		/* the last byte was a CR */
};
void msg_look(struct msg_look *, const char *, size_t n);

/* A byte over 0x7f; how much from the start is whole UTF-8 characters. */
bool msg_eight(struct str);
size_t msg_utf8(struct str);

#endif
