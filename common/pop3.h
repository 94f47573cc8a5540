/*
 * pop3.h: the client's side of POP3 (RFC 1939, 2449, 2595, 5034, 6856)
 *
 * pop3_open, pop3_auth, pop3_list and pop3_uidl; then pop3_top, pop3_retr and
 * pop3_dele queue commands, and pop3_body and pop3_deleted read the answers in
 * the same order; pop3_quit.  Fatal failures return -1 and are in the err of
 * the connection; what the server refuses about one message is not fatal.
 */
#ifndef POP3_H
#define POP3_H

#include "conn.h"
#include "conn_tls.h"
#include "sasl.h"

/*
 * A new one has the next bit behind the last: those up to POP3_CAPA are what
 * pop3_memory keeps, and stand in the state of mailfetch.
 */
enum pop3_cap {
	POP3_PIPELINING = 1 << 0,
	POP3_UIDL = 1 << 1,
	POP3_TOP = 1 << 2,
	POP3_STLS = 1 << 3,
	POP3_SASL = 1 << 4,
	POP3_USER = 1 << 5,
	POP3_RESP_CODES = 1 << 6,
	POP3_UTF8 = 1 << 7,
	POP3_CAPA = 1 << 8	/* it answered CAPA: the others are the truth */
};

struct pop3 {
	struct conn *c;		/* borrowed */
	unsigned caps;		/* of the last CAPA */
	char mechs[512];	/* of SASL, blank separated */
	char mech[40];		/* what the login used */
	char server[200];	/* IMPLEMENTATION, as far as it fits */
	int expire;		/* days mail is kept; -1: for ever, not said */
	int delay;		/* LOGIN-DELAY, seconds; 0: not said */
	bool ok;		/* of the last answer */
	bool over;		/* of pop3_body: there was more */
	char code[40];		/* its "[IN-USE]" without brackets, or "" */
	char text[512];		/* what came behind +OK or -ERR */
	bool gone;		/* QUIT was sent */
	size_t unlisted;	/* lines of UIDL about what LIST has not */
	/* private */
	unsigned banner;	/* as in pop3_memory; 0: not to be remembered */
	bool recalled;		/* CAPA was not asked */
	bool crlf;		/* the server ends its own lines so */
	size_t due;		/* answers to what was said already */
	bool unasked;		/* it hung up, and says why: no yes counts */
	enum { POP3_UIDL_NOT, POP3_UIDL_SAID, POP3_UIDL_COMES } uidl;
	size_t lines;		/* of UIDL */
};

/* All that is worth remembering of a server from one login to the next. */
struct pop3_memory {
	unsigned caps;		/* below POP3_CAPS; 0: nothing is known */
	unsigned mech;		/* how to log in, below POP3_MECHS */
	unsigned banner;	/* of the greeting, a digest of 20 bits */
};
enum { POP3_CAPS = 2 * POP3_CAPA, POP3_MECHS = 8 };

/* The words of the last CAPA, with blanks between; appended. */
void pop3_words(const struct pop3 *, struct buf *);

/*
 * Greeting, TLS, capabilities.  EX_NOPERM where STLS cannot be had.  The
 * answer of pop3_recall, when this server was last logged in to, saves a round
 * trip with TLS from the first byte, if the greeting is the same; or NULL.
 */
int pop3_open(struct pop3 *, struct conn *, enum conn_tls,
    const struct pop3_memory *);

/* After the login; all 0 if there is nothing to remember. */
struct pop3_memory pop3_recall(const struct pop3 *);

/*
 * Logs in with SASL, else with USER and PASS, and asks again what the server
 * can; POP3_UTF8 is switched on where it is offered.  EX_NOPERM when refused,
 * EX_TEMPFAIL for [IN-USE], [LOGIN-DELAY], [SYS/TEMP].
 */
int pop3_auth(struct pop3 *, const struct sasl_login *);

struct pop3_message {
	uint32_t number;
	uint32_t size;		/* as the server counts; UINT32_MAX: or more */
};

/*
 * All messages, by number: LIST, and UIDL asked for in the same round trip.
 * *to is to be freed.  Then pop3_uidl until it says 0, before anything else
 * is said.  EX_PROTOCOL for more than LIMIT_MAILDROP.
 */
int pop3_list(struct pop3 *, struct pop3_message **to, size_t *n);

/*
 * The next line of UIDL, as they come: 1, *at of the n messages has the unique
 * id *uid, of any length, valid until the next read; it may be another's, too.
 * 0 at the end: those not named have none, nor has any on a server without
 * UIDL.
 */
int pop3_uidl(struct pop3 *, const struct pop3_message *, size_t n,
    size_t *at, struct str *uid);

/* Queue a command: the header of a message, all of it, its deletion. */
void pop3_top(struct pop3 *, uint32_t number);
void pop3_retr(struct pop3 *, uint32_t number);
void pop3_dele(struct pop3 *, uint32_t number);

/* The answer to DELE: 0, see p->ok; -1 fatal. */
int pop3_deleted(struct pop3 *);

/*
 * The answer to RETR or TOP.  The message goes to the sink as it came, with
 * CRLF, without the dots that were stuffed; a line may have any length.  Of a
 * server whose own lines end in CRLF a bare LF ends none, nor the message.  0,
 * see p->ok; -1 fatal, also when the sink failed.  The sink may be NULL.
 * Of a message that is longer than most only so much goes there, and p->over
 * is set; it is read to its end, but for LIMIT_SKIPPED at most.
 */
int pop3_body(struct pop3 *, const struct conn_sink *, uint64_t most);

/*
 * QUIT.  wait: for the answer, which is what makes DELE count (RFC 1939
 * section 6); then -1 unless it is +OK.
 */
int pop3_quit(struct pop3 *, bool wait);

/* EX_TEMPFAIL where the last answer's code says so, else what is given. */
int pop3_status(const struct pop3 *, int otherwise);

#endif
