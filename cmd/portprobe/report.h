/* report.h: what one probe found */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extra.h"
#include "finding.h"
#include "mem.h"
#include "net_blame.h"
#include "net_reach.h"
#include "probe_talk.h"
#include "str.h"
#include "tls_look.h"
#include "tlsa.h"
#include "word.h"

struct run;
struct server;
struct target;

/* The trouble that ended a probe before its time, if any did. */
struct trouble {
	enum trouble_class class;
	enum place place;	/* where it was */
	const char *text;
	const char *alert;	/* of TLS, or NULL */
	int error;		/* errno, or 0 */
};

struct caps {
	bool known;
	const char **v;
	size_t n;
};

enum { VERSIONS = 4 };		/* TLS 1.0 to 1.3 */

/* Times in microseconds; -1: it did not come to that. */
struct times {
	int64_t dns, tcp, banner, starttls, tls, total;
};

/* The way there, and who stands in it. */
struct way {
	enum reach tcp;
	struct net_blame blame;
	bool spared;			/* this machine has no way, and the other
					 * family of addresses has one */
	const char *port25;		/* why 25 is seen as blocked */
	const char *family;		/* why all of the family is */
};

/* A server that speaks otherwise than its port says. */
enum odd {
	ODD_NONE,
	ODD_MUTE,			/* it says nothing at all */
	ODD_TLS_FIRST,			/* and waits for TLS, it turned out */
	ODD_LMTP			/* EHLO and HELO are unknown to it */
};

/* The dialogue, but for TLS. */
struct talk {
	enum odd odd;
	struct str banner;
	struct caps caps;		/* before TLS */
	struct caps caps_tls;		/* within */
	const char *login;		/* offered before TLS, or NULL */
	int starttls;			/* 1, 0; -1: not known */
	const char *starttls_said;	/* if it was refused */
	bool preauth;			/* an IMAP server's first word */
	bool buffered;			/* in the clear behind STARTTLS */
	bool helo;			/* EHLO is refused, and HELO is not */
	bool not_us;			/* and not because it is unknown there */
	const char *ehlo_said;		/* that refusal, or NULL */
};

struct report_tls {
	bool on;			/* the handshake was done */
	bool have_cert;
	bool client_cert;		/* one of ours is asked for */
	bool classic;			/* with classic groups alone */
	bool saved;			/* by --save-chain, from another report */
	struct tls_facts facts;
	struct tls_facts *other;	/* with a certificate of the other kind
					 * of keys; NULL: it has none */
	const char *pem;		/* for --save-chain and --deep */
	const char *name;		/* what the certificate must say */
	const char *elsewhere;		/* another port serves another one; NULL */
};

struct report_dane {
	bool asked;
	struct tlsa tlsa;		/* what the DNS says */
	const struct dns_answer *there;	/* for --tlsa, whether they count or not */
	const char *why;		/* why it does not count, or NULL */
	bool unbelieved;		/* for what the resolver said */
	struct tls_tlsa *rr;		/* as tlsa.answer->rr */
	struct tls_tlsa *other;		/* the same for the other certificate */
};

/* The verdict of judge.c. */
struct verdict {
	enum state state;
	enum finding_sev sev;
	int status;			/* of the exit */
	bool unknown;			/* DNS could not tell */
	enum dane_state dane;
	enum policy_verdict sts;
	bool sts_covers;		/* the policy names this host */
	const char **added, **removed;	/* capabilities, by TLS */
	size_t nadded, nremoved;
	int days;			/* least of both chains; INT_MAX */
	int64_t until;			/* when that is */
	size_t soonest;			/* and the depth of that certificate */
	const struct tls_cert *ends;	/* itself */
	bool ends_other;		/* it is one of tls.other */
	struct findings findings;
};

/* One (host, address, port).  Strings live as long as it is told. */
struct report {
	struct run *run;
	const struct target *target;
	struct arena *mem;
	const char *host, *ip, *via;	/* ip NULL: it has none */
	unsigned port;			/* 0: none in particular */
	const struct probe_proto *proto;
	const char *protoname;
	uint64_t order;
	bool relay;			/* mail between servers */
	bool several;			/* addresses of this host */
	enum net_reach reach;		/* the address */
	struct way way;
	struct trouble trouble;
	struct times us;
	struct talk talk;
	struct report_tls tls;
	struct report_dane dane;
	enum tried versions[VERSIONS];
	enum injected inject;
	struct deep deep;
	struct submit submit;
	const struct server *server;	/* that was logged in to, or NULL */
	struct verdict verdict;
};

#endif
