/*
 * word.h: words for what was found
 *
 * Each is an enum, and has its name only on the way out.  In a switch over one
 * of them no default stands, so that the compiler sees what is missing.
 */
#ifndef WORD_H
#define WORD_H

#include "finding.h"

/* The outcome of the connection itself. */
enum reach {
	REACH_UNTRIED, REACH_OPEN, REACH_REFUSED, REACH_FILTERED,
	REACH_UNREACHABLE, REACHES
};

/* The trouble that ended a probe before its time. */
enum trouble_class {
	TROUBLE_NONE, TROUBLE_REFUSED, TROUBLE_UNREACHABLE,
	TROUBLE_PRIVATE,		/* --only-public */
	TROUBLE_TIMEOUT_CONNECT, TROUBLE_TIMEOUT_BANNER, TROUBLE_TIMEOUT_TLS,
	TROUBLE_TIMEOUT, TROUBLE_RESET, TROUBLE_CLOSED, TROUBLE_SMTP_4XX,
	TROUBLE_SMTP_5XX, TROUBLE_PROTO, TROUBLE_TLS_ALERT,
	TROUBLE_TLS_PROTO, TROUBLE_DNS, TROUBLE_INTERNAL,
	TROUBLE_CERT,			/* a finding of its certificate */
	TROUBLES
};

/* Where it was then. */
enum place {
	PLACE_NONE, PLACE_DNS, PLACE_CONNECT, PLACE_BANNER, PLACE_CAPS,
	PLACE_STARTTLS, PLACE_DANE, PLACE_TLS, PLACE_CAPS_TLS, PLACE_SUBMIT,
	PLACE_INJECT, PLACE_QUIT, PLACE_OVER,
	PLACE_MAIL, PLACE_RCPT,		/* of a submission that is refused */
	PLACES
};

/* The verdict in a word. */
enum state {
	STATE_OK, STATE_REFUSED, STATE_FILTERED, STATE_UNREACHABLE, STATE_DNS,
	STATE_TIMEOUT, STATE_CLOSED, STATE_RESET, STATE_PROTO, STATE_SMTP_4XX,
	STATE_SMTP_5XX, STATE_TLS, STATE_CERT, STATE_INTERNAL, STATES
};

enum dane_state {
	DANE_OFF,			/* not asked for */
	DANE_NONE,			/* it does not apply */
	DANE_UNKNOWN,			/* nothing answered, nobody looked */
	DANE_TEMP,			/* not known now */
	DANE_UNUSABLE,			/* records, and none is of use */
	DANE_UNTRIED,			/* records, and no TLS */
	DANE_MATCH, DANE_MISMATCH, DANES
};

/* Of one TLSA record. */
enum record {
	RECORD_UNUSABLE, RECORD_UNTRIED, RECORD_MATCHED, RECORD_UNMATCHED,
	RECORD_IGNORED,			/* for a stronger digest beside it */
	RECORDS
};

enum policy_verdict { POLICY_NONE, POLICY_PASS, POLICY_FAIL, POLICY_VERDICTS };

/* Of one TLS version. */
enum tried {
	NOT_TRIED, TRIED_YES, TRIED_NO,
	TRIED_REFUSED,			/* a no, if the server takes another */
	TRIED_UNKNOWN,			/* it failed for another reason */
	TRIEDS
};

/* Who chooses the cipher. */
enum order {
	ORDER_UNTRIED, ORDER_SERVER, ORDER_CLIENT,
	ORDER_ONE,			/* there is but one of those offered */
	ORDER_UNKNOWN, ORDERS
};

enum injected {
	INJECT_NONE, INJECT_SAFE, INJECT_TAKEN, INJECT_REFUSED,
	INJECT_UNKNOWN, INJECTEDS
};

/* Their names, which users and scripts know; NULL of any other number. */
const char *word_severity(enum finding_sev);
const char *word_reach(enum reach);
const char *word_class(enum trouble_class);
const char *word_place(enum place);
const char *word_state(enum state);
const char *word_advice(enum state);	/* what to do; NULL: a finding says it */
const char *word_dane(enum dane_state);
const char *word_record(enum record);
const char *word_policy(enum policy_verdict);
const char *word_tried(enum tried);
const char *word_order(enum order);
const char *word_injected(enum injected);

#endif
