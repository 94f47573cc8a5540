/* mime.h: composing messages, header fields, and making 8-bit messages 7-bit */
#ifndef MIME_H
#define MIME_H

#include <time.h>

#include "msg.h"

/*
 * An address for a header: the display name as people write it (UTF-8, may
 * be empty; quoted or encoded here) and the address as it goes to the wire.
 */
struct mime_addr {
	struct str name, addr;
};

/* Some addresses: { p, n }. */
struct mime_addrs {
	const struct mime_addr *p;
	size_t n;
};

/*
 * A file to send along.  If path is NULL, fd is read from where it stands
 * (and stays the caller's) and name is required.  type NULL: by the name's
 * extension, else text/plain for UTF-8 text, else application/octet-stream.
 * name NULL: the last part of the path.
 */
struct mime_file {
	const char *path, *type, *name;
	int fd;
};

/*
 * Takes an option's FILE[:TYPE[:NAME]] apart, where TYPE has a "/" and FILE may
 * have colons: the whole is taken if such a file exists.
 */
struct mime_file mime_file_arg(struct arena *, const char *arg);

/* The text of a body: mem if mem.p is not NULL, else from fd, else none. */
struct mime_text {
	struct str mem;
	int fd;			/* -1: none.  A pipe is spooled */
	const char *name;	/* for error texts */
};

/* A message to compose.  Start with MIME_MAIL_INIT: no field is required. */
struct mime_mail {
	struct mime_addrs from, sender, reply_to, to, cc;
	struct str subject;	/* p NULL: no such field */
	const char *const *fields;	/* more: "Name: value" */
	size_t nfields;
	struct mime_text text, html;
	const struct mime_file *inlines;	/* html says cid:NAME */
	size_t ninlines;
	const struct mime_file *files;
	size_t nfiles;
	time_t date;
	struct str domain;	/* of the Message-ID; else that of from */
	bool utf8;		/* header fields in raw UTF-8 (RFC 6532) */
	bool eight;		/* 8-bit text may go as 8bit */
};
#define MIME_MAIL_INIT { .text.fd = -1, .html.fd = -1 }

/*
 * Composes: mixed(related(alternative(text, html), inlines), files), with
 * the levels that are needed; text alone is no multipart.  Never a Bcc.
 * A field of .fields replaces the Date or Message-ID that would be made, but
 * it can be no second one of what .from ... .subject give, nor one of MIME's
 * own, nor Bcc (EX_USAGE).  Bad values are EX_USAGE, files that cannot be
 * read EX_NOINPUT.
 * An inline file's Content-ID is its name: letters, digits and ._-+@ only.
 * Text that is not UTF-8 is labelled charset unknown-8bit (RFC 1428), as mutt
 * does.  Files come out byte for byte (base64), text with CRLF line ends.
 * Close with msg_close.
 */
int mime_compose(struct msg *, struct arena *, const struct mime_mail *,
    struct err *);

/*
 * For a finished message: Bcc and Resent-Bcc are dropped; Date, Message-ID
 * and From are added where they are missing, from .date, .domain, .from and
 * .utf8 of the mail.  EX_USAGE.
 */
int mime_complete(struct msg *, struct arena *, const struct mime_mail *,
    struct err *);

/*
 * A message for servers that take 7 bits, or out of an odd one: each leaf
 * with 8-bit bytes, over-long lines, NUL or bare CR is encoded anew into an
 * unlinked temporary file, all else is copied.  EX_DATAERR if that cannot be:
 * signed or encrypted parts, 8-bit header fields, encoded parts that are not
 * what they say, more than 100 levels.  With MIME_FORCE the headers of parts
 * are mended, base64 and quoted-printable put into lines anew.
 * The two messages are independent: close both.
 */
int mime_downgrade(const struct msg *in, struct msg *out, struct arena *,
    int how, struct err *);

/*
 * One header field, "Name: value\r\n", appended: folded before column 77,
 * never a line over 998.  MIME_TEXT is for unstructured text and encodes
 * what is not ASCII (RFC 2047); MIME_RAW is for values with a syntax of their
 * own, folded at their blanks, ASCII only.  | MIME_UTF8 leaves UTF-8 as it
 * is, | MIME_ENCODED what is an encoded word already.  EX_USAGE for a bad
 * name or a value with control bytes (a tab passes): nothing is appended.
 */
enum {
	MIME_TEXT = 0, MIME_RAW = 1, MIME_UTF8 = 2, MIME_ENCODED = 4,
	MIME_FORCE = 8			/* see mime_mend.h */
};
int mime_header(struct buf *, struct str name, struct str value, int how,
    struct err *);
int mime_header_addrs(struct buf *, struct str name, struct mime_addrs,
    int how, struct err *);

/*
 * One parameter, "; name=value": as a token, quoted, or by RFC 2231 when it
 * is long or not ASCII; a fold in front where needed, *col is kept.
 */
void mime_header_param(struct buf *, size_t *col, const char *name,
    struct str value);

/* ---- mime_type.c */

/* The type for a file name by its extension, or NULL. */
const char *mime_type(struct str name);

#endif
