/* options.h: what the command line and the configuration say to mailfetch */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "account.h"
#include "ledger.h"
#include "opt.h"

/* How a message is written to standard output. */
enum option_format { FORMAT_MBOXRD, FORMAT_RAW, FORMAT_JSON };

/* TLS with an LMTP server that is reached by TCP. */
enum option_deliver_tls { DELIVER_TLS_STARTTLS, DELIVER_TLS_OFF };

/* A message that a command or a server may have taken already. */
enum option_doubt { DOUBT_RETRY, DOUBT_SKIP };

/* Where it goes. */
struct option_places {
	struct opt_list deliver;
	struct opt_list rcpt;
	struct opt_list labels;
	struct opt_list add_header;
	const char *filter;
	const char *on_change;		/* a command */
	const char *deliver_password;	/* a command */
	const char *rcpt_from;
	const char *rcpt_field;		/* with rcpt_domain, or neither */
	const char *rcpt_domain;
	enum option_format format;
	enum option_deliver_tls deliver_tls;
	enum option_doubt in_doubt;
	double deliver_timeout;
	enum ledger_of of;		/* who says deliver */
	bool aside;			/* beside the section's own */
	bool create;
	bool redeliver;
};

/* Which messages. */
struct option_choice {
	struct opt_list folder;
	const char *search;
	const char *since;
	uint64_t max_size;		/* 0: any */
	uint64_t limit;			/* 0: none */
	bool unseen;
	bool headers_only;
};

enum delete_when { DELETE_NEVER, DELETE_NOW, DELETE_AFTER };

/* The message's fate on the server. */
struct option_after {
	const char *move_to;
	enum delete_when when;
	unsigned days;			/* of DELETE_AFTER */
	bool mark_seen;
};

/* Looking only: at most one of them; peek delivers, and keeps no record. */
struct option_look {
	bool list;
	bool check;
	bool probe;
	bool dry_run;
	bool peek;
};

/* Messages that count as fetched, without being it. */
struct option_seen {
	bool catch_up;			/* all that is there */
	const char *import;		/* what another program has fetched */
};

/* Logins that are refused end a watch that has worked: see outage.h. */
struct option_refused {
	uint64_t times;
	double lasting;			/* seconds */
};

struct options {
	struct account account;
	struct opt_list operands;
	struct option_places to;
	struct option_choice which;
	struct option_after after;
	struct option_look look;
	struct option_seen seen;
	struct option_refused refused;
	const char *state;
	const char *import;
	double poll;			/* of a watch, seconds; 0: the usual */
	double complain_after;		/* seconds; 0: at once */
	const char *pre, *post;		/* commands around the connection */
	uint64_t jobs;
	bool all;
	bool watch;
	const char *title;		/* the account's name, for messages */
};

/* Will it look only, and change nothing? */
static inline bool
options_look(const struct options *o)
{
	return o->look.list || o->look.check || o->look.probe ||
	    o->look.dry_run;
}

#endif
