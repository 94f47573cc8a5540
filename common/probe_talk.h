/*
 * probe_talk.h: what is said on the mail ports to see who is there, as data
 *
 * SMTP, LMTP, IMAP, POP3 and ManageSieve differ in words and in how a reply
 * ends; both are here.  Pure: bytes come in, a verdict goes out.  Nothing in
 * these dialogues logs in, sends a message, or changes anything.
 */
#ifndef PROBE_TALK_H
#define PROBE_TALK_H

#include "mem.h"
#include "str.h"

enum probe_step {
	PROBE_GREETING, PROBE_CAPS, PROBE_HELO, PROBE_STARTTLS,
	PROBE_CAPS_TLS, PROBE_HELO_TLS, PROBE_MAIL, PROBE_RCPT, PROBE_QUIT,
	PROBE_STEPS
};

enum probe_frame {
	PROBE_NUMBERED,		/* 250-text, 250 text: RFC 5321 4.2 */
	PROBE_TAGGED,		/* RFC 3501 2.2 */
	PROBE_DOTTED,		/* RFC 1939 3 */
	PROBE_QUOTED		/* RFC 5804 1.2 */
};

struct probe_talk {
	const char *name;
	enum probe_frame frame;
	/* With one %s at most: our name, an address.  NULL: there is no such
	 * step; "": nothing is said, the server speaks. */
	const char *say[PROBE_STEPS];
	const char *starttls;		/* the capability's word */
	/* For --inject: sent behind STARTTLS in one packet; if it comes to
	 * life within TLS, a line of the server's begins so there. */
	const char *inject, *injected;
	/* Capabilities that begin so let people log in; or any, but for one. */
	const char *login[3], *no_login;
};

/* A protocol as people name it. */
struct probe_proto {
	const char *name;		/* "imaps" */
	unsigned port;			/* its own; 0: none */
	bool implicit;			/* TLS from the first byte */
	bool relay;			/* mail between servers: TLS is
					 * opportunistic, DANE by RFC 7672 */
	const struct probe_talk *talk;	/* NULL: nothing is said, or it is to
					 * be guessed */
	bool guess;
};

const struct probe_proto *probe_talk_named(struct str);
/* The protocol usual on the port; for others the one that guesses. */
const struct probe_proto *probe_talk_port(unsigned port);
/* For --tls: of the same dialogue, with or without implicit TLS. */
const struct probe_proto *probe_talk_twin(const struct probe_proto *,
    bool implicit);
/* By the first line of a greeting; NULL if it fits no protocol here. */
const struct probe_talk *probe_talk_guess(struct str line);

/* The bytes to be said at a step, appended; arg must be free of line ends. */
void probe_talk_say(const struct probe_talk *, enum probe_step,
    const char *arg, struct buf *out);

enum probe_sense { PROBE_YES, PROBE_LATER, PROBE_NO };

struct probe_reply {
	enum probe_sense sense;
	int code;		/* SMTP, LMTP; else 0 */
	bool preauth, bye;	/* IMAP: logged in already; going away */
	struct str text;	/* the line that says so, without CRLF */
	struct str all;		/* all lines of it */
};

enum { PROBE_LINE = 8192, PROBE_REPLY = 65536 };	/* at most, bytes */

/*
 * The reply to a step, from the beginning of in: 1; 0: the rest is not here
 * yet; -1: this is not the protocol, or a limit was passed; *why says so.
 */
int probe_talk_reply(const struct probe_talk *, enum probe_step,
    struct str in, struct probe_reply *, const char **why);

enum { PROBE_CAPS_MOST = 200 };

/*
 * The capabilities in a reply, in order, one each: "SIZE 1000", "AUTH=PLAIN",
 * "SASL PLAIN".  Any byte but NUL may be in them.  If there are PROBE_CAPS_MOST
 * of them there may be more in the reply, which were left out.
 */
size_t probe_talk_caps(const struct probe_talk *, enum probe_step,
    struct str reply, struct arena *, const char ***out);

/* Is the capability there?  "SIZE" finds "SIZE 1000"; case is ignored. */
bool probe_talk_has(const char *const *caps, size_t n, const char *word);

/* The first capability by which a password can be given, or NULL. */
const char *probe_talk_login(const struct probe_talk *,
    const char *const *caps, size_t n);

#endif
