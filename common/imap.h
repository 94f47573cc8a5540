/*
 * imap.h: the client's side of IMAP (RFC 3501, 9051)
 *
 * Commands are queued with imap_say, as many as one likes, and answers pulled
 * with imap_next: tagged ones in the end, untagged ones at any time.  Nothing
 * that has a size from the server is held: bodies go to a sink.  Mailbox names
 * are UTF-8 here and what the server wants on the wire.
 *
 *	tag = imap_say(m, "UID FETCH %s (UID BODY.PEEK[])", set);
 *	while ((got = imap_next(m, &r)) > 0 && !imap_done(&r, tag))
 *		if (r.type == IMAP_FETCH)
 *			while ((got = imap_item(m, &item)) > 0) ...
 *
 * With several commands under way the answers may come in another order, and
 * FETCH responses of two in between each other, if that is not ambiguous (RFC
 * 3501 5.5): Dovecot goes on with the next while the first waits for us to
 * read.  Only a SELECT is waited for by all.
 */
#ifndef IMAP_H
#define IMAP_H

#include "conn.h"
#include "conn_tls.h"
#include "imap_alive.h"
#include "imap_read.h"
#include "sasl.h"

enum imap_cap {
	IMAP_SASL_IR = 1 << 0, IMAP_LITERAL_PLUS = 1 << 1,
	IMAP_LITERAL_MINUS = 1 << 2, IMAP_ID = 1 << 3, IMAP_ENABLE = 1 << 4,
	IMAP_COMPRESS = 1 << 5, IMAP_UIDPLUS = 1 << 6, IMAP_MOVE = 1 << 7,
	IMAP_ESEARCH = 1 << 8, IMAP_SPECIAL_USE = 1 << 9,
	IMAP_LIST_STATUS = 1 << 10, IMAP_CONDSTORE = 1 << 11,
	IMAP_QRESYNC = 1 << 12, IMAP_IDLE = 1 << 13, IMAP_NOTIFY = 1 << 14,
	IMAP_UTF8 = 1 << 15, IMAP_LOGINDISABLED = 1 << 16,
	IMAP_STARTTLS = 1 << 17, IMAP_UNSELECT = 1 << 18,
	IMAP_MULTIAPPEND = 1 << 19, IMAP_REV2 = 1 << 20,
	IMAP_BINARY = 1 << 21, IMAP_OBJECTID = 1 << 22,
	IMAP_NAMESPACE = 1 << 23, IMAP_REV1 = 1 << 24,
	IMAP_LIST_EXTENDED = 1 << 25, IMAP_UIDBATCHES = 1 << 27,
	IMAP_STATUS_SIZE = 1 << 30,
	IMAP_APPENDLIMIT = 1 << 26	/* m->appendlimit, or one a mailbox */
};

struct imap {
	struct conn *c;		/* borrowed */
	unsigned caps;
	char mechs[512];	/* AUTH=, blank separated */
	char mech[40];		/* what the login used */
	char all[4096];		/* the capabilities as they came */
	unsigned tag, cuts;	/* the last one given out; see imap_pieces.h */
	enum { IMAP_WRITES, IMAP_LOOKS } may;	/* LOOKS: see imap_writes */
	bool authed, utf8, deflated, gone;
	bool qresync, condstore;	/* ENABLED (RFC 5161) */
	uint64_t appendlimit;	/* APPENDLIMIT=n (RFC 7889); 0: not known */
	uint64_t messagelimit;	/* MESSAGELIMIT=n (RFC 9738); 0: not known */
	/* of the selected mailbox, as the server last said: imap_box_forget */
	struct imap_box {
		uint64_t exists, uidvalidity, uidnext, modseq;
		bool read_only, not_sticky, no_modseq;
		bool told;		/* PERMANENTFLAGS; else from FLAGS */
		char permanent[2048];	/* "\Seen work \*"; what fits */
		char id[256];		/* MAILBOXID (RFC 8474), or "" */
	} box;
	char text[512];		/* of the last NO, BAD, BYE or cut, with its code */
	/* private */
	struct imap_read in;	/* the response that is being read */
	struct imap_alive alive;
	/* conn_came at the last time that */
	struct {
		uint64_t command;	/* one was said and none under way */
		uint64_t literal;	/* a go-ahead was asked for */
		uint64_t end;		/* an APPEND was said whole */
	} asked;
	struct {
		bool begun;	/* and not ended */
		uint64_t owed;	/* bytes of its literal */
		unsigned last;	/* the tag of the last that was said whole */
		/* the answers to others; NULL: there are none */
		int (*hear)(void *of, struct imap_resp *);
		void *of;
	} append;
};

/* Greeting, TLS, capabilities.  EX_NOPERM: no STARTTLS, or PREAUTH. */
int imap_open(struct imap *, struct conn *, enum conn_tls);
int imap_auth(struct imap *, const struct sasl_login *);
int imap_deflate(struct imap *);	/* COMPRESS, if both sides can */

/*
 * Before a command is said by other means than imap_say, or more of one that
 * the server must ask for: what came by now is no answer, and no go-ahead.
 */
void imap_ask(struct imap *);

/* Queues "TAG ...\r\n"; the tag.  No line end may be in it. */
unsigned imap_say(struct imap *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* With IMAP_LOOKS no command that may write is sent: -1, EX_SOFTWARE.  Or 0. */
int imap_writes(struct imap *, const char *command);

/* May it be the name of a mailbox, or a pattern?  Ask before connecting. */
bool imap_nameable(struct str name);

/* Can these be said, "\\Seen work" and the like?  No brackets, 8-bit ... */
bool imap_flags_sayable(const char *flags);

/* A mailbox name quoted for imap_say; -1: it cannot be (EX_USAGE). */
int imap_quote(struct imap *, struct buf *, struct str name);

/*
 * m->box is of the mailbox before: to be called before the answers to a SELECT
 * or EXAMINE are read, not when it is queued.  [CLOSED] (RFC 7162) does it
 * too; what came before that is of the mailbox before.
 */
static inline void
imap_box_forget(struct imap *m)
{
	m->box = (struct imap_box){ 0 };
}

/*
 * Reads up to the tagged answer: 0 OK, 1 NO or BAD (im->text), -1.  Tag 0 is
 * a command that was not sent: 0, or -1 if something failed.
 */
int imap_wait(struct imap *, unsigned tag);
/* As above; NO and BAD are failures: "what: text". */
int imap_must(struct imap *, unsigned tag, const char *what);

/*
 * The exit status of a refusal (RFC 5530): EX_TEMPFAIL where it is worth
 * another try, else what is given.
 */
int imap_severity(const char *text, int otherwise);

/* LOGOUT, not waited for; also after a stop, where it can be said. */
void imap_quit(struct imap *);

/* Frees what it remembers, also after imap_quit; the connection stays. */
void imap_free(struct imap *);

#endif
