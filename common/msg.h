/* msg.h: a message on its way to the wire, as a list of parts to stream */
#ifndef MSG_H
#define MSG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cte.h"
#include "fail.h"
#include "mem.h"
#include "msg_look.h"
#include "str.h"

/* From memory if mem.p is not NULL, else len bytes of fd at off. */
struct msg_part {
	enum cte_kind kind;
	struct str mem;
	int fd;
	bool own;		/* msg_close closes fd */
	bool open_end;		/* text: no line end is added at the end */
	off_t off;
	uint64_t len;		/* bytes of the source */
	uint64_t size;		/* bytes on the wire */
	const char *name;	/* of the file, for error texts; may be NULL */
};

/*
 * A message: lines ending in CRLF, no bare CR or LF, no NUL, no line over 998
 * octets, unless odd is set.  Parts and memory live in the caller's arena;
 * descriptors until msg_close.  The first part is the header, the second
 * the empty line; use msg_head and msg_set_head for them.
 */
struct msg {
	struct msg_part *parts;
	size_t n, cap;
	uint64_t size;		/* what msg_read gives in all */
	bool eight;		/* 8-bit bytes in the body: needs 8BITMIME */
	bool utf8;		/* 8-bit bytes in the header: needs SMTPUTF8 */
	bool odd;		/* must go through mime_downgrade first, or */
				/* as it is by BDAT (msg_raw) */
	bool nul;		/* of msg_raw: and that needs BINARYMIME */
};

#define MSG_LINE_MAX 998		/* RFC 5322 2.1.1 */
#define MSG_HEAD_MAX (1 << 20)		/* a header block over it is refused */

/*
 * A finished message from fd, from where it stands; a pipe is spooled to an
 * unlinked file first.  Everything is read once.  An mbox "From " line in
 * front is dropped, a missing last line end added.  A message whose first
 * line is no header field has no header; a later line that is none begins
 * the body, as with sendmail and Postfix.  EX_DATAERR, with the line number,
 * for a bare CR, a NUL or a line over 998 octets; with MSG_ODD those pass in
 * the body (and m->odd is set), and an over-long header line is folded; with
 * MSG_MEND, too, the header's lines stay as long as they are, for
 * mime_header_again, and a NUL or a bare CR in them becomes a blank.
 * fd stays the caller's.
 */
enum { MSG_ODD = 1, MSG_MEND = 2 };
int msg_scan(struct msg *m, struct arena *, int fd, int flags, struct err *);

/*
 * The same, but as it stands: no line is a header, long ones pass, and odd is
 * a NUL or a bare CR.  To be sent alone: it has no msg_head.
 */
int msg_raw(struct msg *m, struct arena *, int fd, struct err *);

void msg_close(struct msg *);

/* The header block: CRLF lines, without the empty line behind it. */
struct str msg_head(const struct msg *);

/* Another header block (wire form, kept by view); size and utf8 follow. */
void msg_set_head(struct msg *, struct str head);

/* Lines ("Name: body\r\n", wire form) in front of the header block. */
void msg_add_fields(struct msg *, struct arena *, struct str lines);

/* Removes each field of that name: any case, folded, "Name :" too. */
void msg_drop_field(struct msg *, struct arena *, const char *name);

/* Whether the field is there; *body, if not NULL, gets the first one's. */
bool msg_field(const struct msg *, const char *name, struct str *body);

/*
 * Goes through a header block: 1 and the next field, 0 at the end.  The body
 * is as it stands behind the colon, folds included, without the last CRLF;
 * what is no field is skipped.  Start with { head }.
 */
struct msg_fields {
	struct str left;
};
int msg_next_field(struct msg_fields *, struct str *name, struct str *body);

/* The source of a part as text (msg_look.h). */
int msg_look_at(const struct msg_part *, struct msg_look *, struct err *);

/* For composers.  msg_begin makes the header and the empty line. */
void msg_begin(struct msg *, struct arena *, struct str head);
void msg_add(struct msg *, struct arena *, const struct msg_part *);
void msg_add_mem(struct msg *, struct arena *, struct str wire);

/*
 * Fills in p->size: exact by arithmetic for CTE_COPY and CTE_BASE64, else by
 * reading the source through once.
 */
int msg_measure(struct msg_part *p, struct err *);

/* The size of n bytes as base64 in lines. */
uint64_t msg_base64_size(uint64_t n);

/*
 * Reads the message from the start, as often as wanted, several readers at
 * once: pread(2) only.  msg_read fills dst as far as it can: fewer than cap
 * bytes only at the end, then 0.  -1 EX_IOERR if a file shrank or changed
 * meanwhile: no byte over size and no bare CR or NUL comes out (unless odd).
 * About 200 KB, so better not an array of it on the stack.
 */
struct msg_reader {
	const struct msg *m;
	size_t part;
	uint64_t at, given;	/* of the part: source and wire bytes so far */
	bool done;		/* the part was converted to its end */
	size_t lo, hi;		/* out[lo..hi) is ready */
	struct cte cte;
	char in[CTE_BLOCK];
	char out[CTE_ROOM];
};
void msg_start(struct msg_reader *, const struct msg *);
struct msg_reader *msg_reader_new(const struct msg *);	/* free(3) it */
ssize_t msg_read(struct msg_reader *, void *dst, size_t cap, struct err *);

/*
 * Dot-stuffing (RFC 5321 4.5.2) of n bytes to dst, which has room for 2 * n;
 * how many came.  The state survives between calls: start with { 0 }.
 * msg_stuff_end gives what ends the DATA: ".\r\n", with a "\r\n" in front if
 * the last line was not ended.  BDAT needs none of it.
 */
struct msg_stuffer {
	bool mid_line;
};
size_t msg_stuff(struct msg_stuffer *, char *dst, const char *src, size_t n);
size_t msg_stuff_end(struct msg_stuffer *, char dst[5]);

#endif
