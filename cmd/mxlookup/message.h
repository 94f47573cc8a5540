/*
 * message.h: --message, --mbox: why a message was believed, or was not
 *
 *	message_read	takes one from a file and digests its body
 *	message_path	the hops of Received, and the border
 *	message_results	what receivers said (Authentication-Results)
 *	message_judge	asks the DNS, verifies, aligns, and comes to a verdict
 *	message_rules	what Gmail, Yahoo and Outlook ask of bulk mail
 *	message_text, message_json	as it is told
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "arc.h"
#include "ask.h"
#include "dkim_sig.h"
#include "dmarc.h"
#include "message_path.h"
#include "message_results.h"
#include "opt.h"
#include "spf.h"

struct run;

enum { MESSAGE_SIGS = 10, MESSAGE_HEAD = 1 << 20 };

/* What the options say. */
struct message_set {
	struct opt_list files;		/* --message */
	struct opt_list mboxes;		/* --mbox */
	struct opt_list trust;		/* hosts whose Received is believed */
	const char *border;		/* --ip IP[,FROM[,HELO]]; or NULL */
	struct message_border given;	/* the same, read */
};

enum message_verdict { MESSAGE_BELIEVED, MESSAGE_NOT, MESSAGE_UNKNOWN };
const char *message_verdict(enum message_verdict);

struct message_sig {
	struct dkim_sig sig;
	const struct dns_answer *answer;	/* of its key */
	enum message_fact aligned;		/* with From */
};

/* The author: who the reader sees. */
struct message_from {
	size_t fields;		/* how many fields From there are */
	size_t addresses;	/* in them */
	const char *addr;	/* the first; NULL: none */
	const char *domain;	/* of all of them; NULL: none, or several */
	const char *why;	/* what is wrong with it; or NULL */
};

struct message_spf {
	enum spf_result result;
	struct spf eval;
	enum message_fact known;	/* was it evaluated? */
	enum message_fact aligned;
	const char *why;	/* why it is not known */
};

/* All of it lives in the arena. */
struct message {
	const struct message_set *set;
	struct arena *mem;
	struct ask ask;
	const char *name;	/* the file; of a mailbox with the number */
	uint64_t seq;
	const char *broken;	/* why it cannot be read as a message; or NULL */
	struct dkim_header header;

	struct message_sig *sig;	/* from the top */
	size_t nsig;
	size_t unseen;		/* signatures over MESSAGE_SIGS */
	size_t newer;		/* fields DKIM2-Signature */
	struct arc arc;
	struct message_path path;
	struct message_results results;

	struct message_from from;
	struct message_spf spf;
	struct dmarc_walk *walk;	/* of From's domain; NULL: none */
	enum message_fact reverse;	/* is the border's name confirmed? */
	int64_t now;			/* when the DNS was asked */
	enum message_verdict verdict;
	const char *reason;

	struct arena arena;
	void (*ended)(struct message *);
	bool done;
};

/* Rules out what cannot be, and reads --ip: EX_USAGE. */
int message_check(struct message_set *, struct arena *, struct err *);

/* All messages of the settings; the exit status. */
int message_run(struct run *, const struct message_set *, struct err *);

#endif
