/* wire.h: messages as they travel and as they lie in files */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn.h"
#include "fail.h"

struct ident;

/*
 * A message in a file has LF where it has CRLF on the wire, if it can be
 * restored from that: if every LF on the wire has a CR before it and there
 * is no CR CR LF.  Otherwise the file has the very bytes of the wire; a file
 * that holds a CR LF is sent as it is, all others with CRLF for LF.
 *
 * (A message of bare LFs alone, which no server sends, comes back with CRLF.)
 */
struct intake {
	int fd;			/* in tmp/; read and write */
	uint64_t wire;		/* bytes so far */
	uint64_t ident;		/* after intake_end */
	/* private */
	struct ident *who;
	bool cr, two, raw;
	uint64_t at, lf;
	char *out;
	size_t fill;
};
void intake_begin(struct intake *, int fd);
int intake_put(void *intake, const void *, size_t, struct err *);  /* a sink */
int intake_end(struct intake *, struct err *);	/* all is written */
void intake_free(struct intake *);		/* not the descriptor */

/* A file as it is on the wire. */
struct outgo {
	uint64_t wire;		/* bytes */
	uint64_t ident;
	bool verbatim, nul;
};
/* Reads the whole file once; EX_IOERR. */
int outgo_look(struct outgo *, int fd, struct err *);
/* Only the header: ident alone, wire is 0. */
int outgo_head(struct outgo *, int fd, struct err *);
/*
 * To put, exactly o->wire bytes; -1, EX_TEMPFAIL, also if the file is another
 * by now; it never puts more.
 */
int outgo_send(const struct outgo *, int fd, const struct conn_sink *,
    struct err *);
/* SHA-256 and size of the wire form as bare.h has it, for ties. */
int outgo_digest(const struct outgo *, int fd, unsigned char md[32],
    uint64_t *size, struct err *);

#endif
