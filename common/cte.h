/* cte.h: text and bytes into the forms a mail body may have, as a stream */
#ifndef CTE_H
#define CTE_H

#include <stdbool.h>
#include <stddef.h>

enum cte_kind {
	CTE_COPY,		/* as it is: wire form already */
	CTE_LINES,		/* LF, CRLF or mixed text; lines get CRLF */
	CTE_QP,			/* the same text, quoted-printable */
	CTE_BASE64,		/* any bytes, base64 in lines of 76 */
	CTE_BASE64_TEXT		/* CTE_LINES, then base64 */
};

#define CTE_BLOCK 29184			/* at most so many at once: 512 * 57 */
#define CTE_ROOM 98304			/* they never become more than that */

/*
 * An encoder.  Start with { .kind = K, .held = -1 }; open_end says that no
 * line end is added to a text without one (CTE_LINES, CTE_QP).  bad is set
 * when CTE_LINES meets a NUL or a bare CR, which it passes on.
 */
struct cte {
	enum cte_kind kind;
	bool open_end, bad;
	int held;			/* a byte kept back, or -1 */
	bool text;			/* the last line is not ended yet */
	size_t col;			/* CTE_QP: of the output line */
	size_t n;			/* bytes in mid */
	char mid[2 * CTE_BLOCK + 64];	/* base64: not a full line yet */
};

/*
 * Encodes n <= CTE_BLOCK bytes to dst, which has CTE_ROOM; how many came.
 * last: nothing follows.  The result does not depend on how the input is cut.
 * Quoted-printable is RFC 2045's, with "." and "Fr" at the start of a line
 * encoded, too, so neither dots nor mbox change it.
 */
size_t cte_put(struct cte *, char *dst, const char *src, size_t n, bool last);

#endif
