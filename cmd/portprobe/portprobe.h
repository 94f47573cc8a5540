/*
 * portprobe.h: the map of portprobe
 *
 * A target (an operand, a line) becomes hosts with addresses, and these with
 * the ports become jobs.  A job that may start gets a slot in the flat array
 * of probes; one epoll loop moves all of them, each through the stages of a
 * table.  What was found is a report, which is judged and then told.
 *
 *	main.c	options, the exit status
 *	target.c	a target's questions, and that it has news
 *	targets.c	operands and lines, their names looked up: jobs
 *	due.c	deadlines
 *	jobs.c	which address and port is next
 *	slot.c	the flat array of probes
 *	loop.c	who begins, who is late, and the one wait
 *	probe.c	a probe from its first connection to its report
 *	stage.c	the table of stages, and what each does
 *	wire.c	bytes of one connection, in the clear and by TLS
 *	word.c	words for what was found
 *	judge.c	what was found: state, severity, findings
 *	sts.c	MTA-STS policies, got by threads
 *	tell.c	reports on their way out, and those that must wait
 *	text.c, json.c, nagios.c, prom.c	the ways to tell them
 *
 * What is said to servers is data in common/probe_talk.
 */
#ifndef PORTPROBE_H
#define PORTPROBE_H

#include "dns.h"
#include "due.h"
#include "fail.h"
#include "jobs.h"
#include "json.h"
#include "mem.h"
#include "mtasts.h"
#include "opt.h"
#include "probe_talk.h"
#include "word.h"
#include "sandbox.h"
#include "str.h"
#include "tls_look.h"
#include "tlsa.h"

struct run;
struct target;
struct probe;
struct sts;
struct slots;

/* ---- what was found */

/* A kind of finding; ids never change. */
struct finding_kind {
	const char *id;
	enum severity sev;	/* as a rule; judge.c knows exceptions */
	int status;		/* of the exit, if it is critical */
	const char *ref, *help;
};

struct finding {
	struct finding *next;
	const struct finding_kind *kind;
	enum severity sev;
	const char *text;
};

/* What ended a probe before its time, if anything did. */
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

/* What was said, but for TLS. */
struct talk {
	struct str banner;
	struct caps caps;		/* before TLS */
	struct caps caps_tls;		/* within */
	const char *login;		/* offered before TLS, or NULL */
	int starttls;			/* 1, 0; -1: not known */
	const char *starttls_said;	/* if it was refused */
	bool preauth;			/* an IMAP server's first word */
	bool buffered;			/* in the clear behind STARTTLS */
	bool helo;			/* EHLO is refused, and HELO is not */
};

struct report_tls {
	bool on;			/* the handshake was done */
	bool have_cert;
	bool client_cert;		/* one of ours is asked for */
	bool classic;			/* with classic groups alone */
	struct tls_facts facts;
	const char *pem;		/* for --save-chain */
	const char *name;		/* what the certificate must say */
};

struct report_dane {
	bool asked;
	struct tlsa tlsa;		/* what the DNS says */
	const char *why;		/* why it does not count, or NULL */
	struct tls_tlsa *rr;		/* as tlsa.answer->rr */
};

/* --submit-test */
struct submit {
	bool tried, taken;
	enum place at;			/* PLACE_MAIL or PLACE_RCPT */
	const char *said;
	int code;
};

/* What judge.c makes of it. */
struct verdict {
	enum state state;
	enum severity sev;
	int status;			/* of the exit */
	bool unknown;			/* DNS could not tell */
	enum dane_state dane;
	enum sts_verdict sts;
	bool sts_covers;		/* the policy names this host */
	const char **added, **removed;	/* capabilities, by TLS */
	size_t nadded, nremoved;
	int days;			/* least of the chain; INT_MAX */
	struct finding *findings, **last;
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
	bool loopback;
	bool local;			/* this machine cannot reach it */
	enum reach tcp;
	const char *port25;		/* why 25 is seen as blocked */
	struct trouble trouble;
	struct times us;
	struct talk talk;
	struct report_tls tls;
	struct report_dane dane;
	enum tried versions[VERSIONS];
	enum injected inject;
	struct submit submit;
	struct verdict verdict;
};

/* ---- targets */

enum { PORTS_MAX = 64, ADDRS_MAX = 16, HOSTS_MAX = 32 };

struct host {
	struct host *next;
	struct target *target;
	const char *name;		/* or the address as text */
	bool literal;			/* no name: no DNS, no DANE */
	bool known;			/* without DNS: no DANE */
	bool secure;			/* what leads here is signed */
	struct port port;		/* of a SRV record, or 0 */
	struct net_addr *addr;
	int naddr;
	bool resolved;
	int64_t dns_us;
	unsigned opened;		/* jobs that connected, but on 25 */
	unsigned left;			/* jobs that are not over */
	struct probe *held;		/* on 25, filtered: waits for these */
	uint64_t order;			/* of its next report: see place() */
};

enum target_kind { TARGET_HOST, TARGET_MX, TARGET_SRV };

struct link {
	struct link *next, *prev;
};

struct target {
	struct run *run;
	struct arena mem;
	uint64_t seq;
	const char *text;		/* as given */
	enum target_kind kind;
	const char *domain;		/* or host name, in A-labels */
	struct port port;		/* given, or 0 */
	const struct probe_proto *proto;	/* given, or NULL */
	struct net_addr dial;		/* given, or len 0 */
	struct host *hosts, **last;
	struct ask *asks;
	unsigned pending;		/* questions */
	unsigned left;			/* reports to come */
	bool literal, expanded, over;
	bool news;			/* it is in run.news */
	bool answers;			/* and some of it are answers */
	struct target *next;		/* there */
	struct probe *waiting;		/* for answers */
	struct probe *held;		/* for the policy */
	struct sts *sts;
	struct link link;
	struct due due;
	int64_t started;
	struct best *best;		/* --aggregate */
	uint64_t orders;		/* hosts, and what names none */
};

/* ---- the run */

enum tls_mode { MODE_AUTO, MODE_IMPLICIT, MODE_STARTTLS, MODE_OFF };
enum dane_mode { DANE_AUTO, DANE_NEVER, DANE_REQUIRE };

/* What the options decided, in the groups of --help. */
struct settings {
	struct dns_conf dns;
	struct tls_conf tls;
	struct opt_list operands;
	struct {			/* what is probed */
		struct port port[PORTS_MAX];
		size_t nports;
		bool four, six, first;
		enum tls_mode mode;
		const char *name, *ehlo, *source;
		double timeout;
	} scope;
	struct {			/* what is demanded */
		uint64_t warn_days, crit_days, lat_warn, lat_crit;
		bool require_tls, no_sts, no_auth, no_verify;
		bool best;		/* of a target, --aggregate */
		enum tls_version min_tls;
		enum dane_mode dane;
		struct opt_list expect;
	} want;
	struct {			/* more connections */
		bool versions, inject;
		const char *submit;	/* an address */
	} extra;
	struct {			/* how it is shown */
		bool quiet, json, nagios, caps, chain, explain;
		const char *save_chain, *prom;
	} show;
	struct {			/* manners */
		uint64_t most, per_host, rate, sts_port;
		bool stats, no_sandbox;
	} limit;
};

/* Handshakes: see wire_turn. */
struct shakes {
	unsigned n;			/* under way */
	int64_t ended;			/* when the last one did, clock_ms */
	struct probe *queue, **last;	/* who waits to begin one */
};

/* What became of it all. */
struct tally {
	uint64_t probes, connections;
	uint64_t count[SEVERITIES], unknown;
	int status;			/* the exit status so far */
};

struct run {
	const struct settings *set;
	uint64_t most;			/* connections: as many as we may have */
	struct sandbox box;
	bool policies;			/* of MTA-STS are fetched */

	/* the engine */
	struct dns *dns;
	unsigned asked;			/* questions without answer */
	struct tls_ctx *tls;
	int watch;
	struct buf hosts;		/* /etc/hosts */
	char our_name[256];		/* for EHLO; "": of each connection */
	struct dues dues;
	struct jobs *jobs;
	struct slots *slots;
	struct feed *feed;
	struct tell *tell;
	unsigned targets;		/* begun and not over */
	struct target *news, **last_news;	/* who is to be looked at */
	struct shakes shakes;
	struct err scratch;		/* what a connection says of itself */
	int64_t now;			/* seconds since 1970, at the start */
	int64_t tick;			/* clock_us when the wait ended */

	struct tally tally;
};

/* ---- target.c */

/*
 * An answer to a question of this target, or NULL: then it has been asked, and
 * the target has news when the answer comes.  Whoever asked asks again.
 */
const struct dns_answer *target_ask(struct target *, const char *name,
    unsigned type);

/* All answers, when none is missing any more. */
void target_forget(struct target *);

/* What the DNS says of DANE; false: answers are missing, as above. */
bool target_dane(struct host *, const struct job *, struct tlsa *,
    struct arena *);

/* A report of its was told. */
void target_told(struct target *);

/* It has changed and is to be looked at; target_next_news gives it then. */
void target_news(struct target *);
struct target *target_next_news(struct run *);	/* or NULL */

/* ---- targets.c */

int targets_check(struct run *, struct err *);	/* all operands: usage */
extern char targets_token;		/* who stdin is in net_event */
void targets_readable(struct run *);	/* stdin is */
void targets_feed(struct run *);	/* begins as many as there is room for */
bool targets_end(const struct run *);	/* none left to begin */
int targets_over(const struct run *, struct err *);	/* was all read? */
void targets_settle(struct run *);	/* those with news go on */
void targets_late(struct target *);	/* its deadline has come */
void targets_free(struct run *);

/* ---- loop.c */

int loop_run(struct run *, struct err *);
void loop_free(struct run *);

/* ---- probe.c */

void probe_start(struct run *, struct probe *, struct job *);
void probe_event(struct probe *, const struct net_event *);
void probe_wake(struct probe *);	/* an answer came */
void probe_late(struct probe *);	/* its deadline has */
bool probe_shake(struct run *);		/* one whose turn has come; any? */
void probe_end(struct probe *);		/* was held, is to be told now */
int probe_tls(struct run *, struct err *);	/* run.tls, if not there */

/* ---- sts.c */

struct sts {
	struct target *target;
	struct job_of *job;		/* under way, or NULL */
	bool asked, done;
	const char *error;		/* why there is none, or NULL */
	bool temporary;
	bool have;
	struct str id;
	struct mtasts policy;
};
int sts_ready(struct run *, struct err *);	/* before the sandbox */
/* Gets it by a thread; then its target has news. */
void sts_fetch(struct run *, struct sts *, const struct net_addr *, int n);
void sts_forget(struct sts *);		/* nobody waits for it any more */
extern char sts_token;			/* who it is in net_event */
void sts_collect(void);			/* some have come */
bool sts_end(void);			/* as fetch_end */

/* ---- judge.c */

void judge(struct report *);
void judge_kinds(struct buf *);		/* --findings */
enum record judge_dane_record(const struct report *, size_t i);
int judge_days(const struct report *, const struct tls_cert *);

/* ---- tell.c */

void tell_start(struct run *);
void tell(struct report *);		/* judged, then told */
void tell_target(struct target *);	/* all of its reports were told */
int tell_flush(struct run *, bool now, struct err *);
int64_t tell_when(const struct run *);	/* by when to flush, clock_ms */
int tell_end(struct run *, struct err *);
void tell_free(struct run *);

void json_report(const struct report *, struct buf *);
enum { CELLS = 10 };		/* of a row, at most */
/* The cells of a row, ended by NUL each, then the lines below it. */
void text_report(const struct report *, struct buf *cells, struct buf *below);
struct row;
void nagios_report(const struct report *, struct row *);
int nagios_end(struct run *);		/* behind tell_end */
void prom_report(struct run *, const struct report *);
int prom_check(const char *path, struct err *);	/* may it be replaced? */
int prom_end(struct run *, struct err *);

#endif
