/*
 * portprobe: what answers on the mail ports of a host, or of ten thousand
 *
 * The command is a straight line: options, targets, verdict.
 *
 * A target (an operand, a line) becomes hosts with addresses, and these with
 * the ports become jobs.  A job that may start gets a slot in the flat array
 * of probes; one epoll loop moves all of them, each through the stages of a
 * table.  What was found is a report, which is judged and then told.  No file
 * calls one that stands below it here:
 *
 *	word	words for what was found
 *	due	deadlines
 *	jobs	which address and port is next
 *	operand	a target as it is given
 *	target	a target's questions, and that it has news
 *	policy	MTA-STS policies, got by threads
 *	slot	the flat array of probes
 *	judge	what was found: state, severity, findings
 *	text, json, nagios, prom	the ways to tell it
 *	output	reports on their way out, and those that must wait
 *	probe_conn	bytes of one connection, in the clear and by TLS
 *	stage	the table of stages, and what each does
 *	probe	a probe from its first connection to its report
 *	hosts	the hosts of a target, their addresses, the jobs of these
 *	route	which hosts mx: and srv: lead to
 *	targets	a target from its beginning until all of it is told
 *	feed	operands and lines, begun as there is room for them
 *	loop	who begins, who is late, and the one wait
 *	main	options, the exit status
 *
 * What is said to servers is data in common/probe_talk.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "clock.h"
#include "feed.h"
#include "formats.h"
#include "judge.h"
#include "loop.h"
#include "output.h"
#include "policy.h"
#include "probe_conn.h"
#include "program.h"
#include "resolve.h"
#include "run.h"
#include "sts.h"
#include "targets.h"
#include "trace.h"
#include "version.h"

static struct settings o = {
	.scope.timeout = 10,
	.want = { .warn_days = 21, .crit_days = 7, .min_tls = TLS_1_2 },
	.limit = { .most = 256, .per_host = 2 },
};
static struct run r = { .set = &o, .watch = -1, .hosts = { .max = 1 << 20 } };
static struct arena arena;
static struct opt_list servers;
static const char *tls_mode, *dane_mode, *caps, *aggregate;
static bool no_ad, kinds;
static int verbose;

/* "25,465/smtps,2525/smtp" */
static int
ports(void *to, const char *arg, struct err *e)
{
	struct settings *what = to;
	struct str rest = str_of(arg), one, number;
	const struct probe_proto *proto;
	uint64_t n;

	what->scope.nports = 0;
	while (rest.p != NULL) {
		one = str_trim(str_cut(&rest, ','));
		number = str_cut(&one, '/');
		if (str_num(number, 65535, &n) < 0 || n == 0)
			return fail(e, EX_USAGE, "--ports: \"%.*s\" is no port", STR_ARG(number));
		proto = one.p != NULL ? probe_talk_named(one) :
		    probe_talk_port((unsigned)n);
		if (proto == NULL)
			return fail(e, EX_USAGE, "--ports: there is no protocol \"%.*s\"", STR_ARG(one));
		if (what->scope.nports == PORTS_MAX)
			return fail(e, EX_USAGE, "--ports: more than %d",
			    PORTS_MAX);
		what->scope.port[what->scope.nports++] = (struct port){
		    (unsigned)n, proto };
	}
	return 0;
}

static int
renamed(void *to, const char *arg, struct err *e)
{
	(void)to;
	return fail(e, EX_USAGE, "--min-tls is called --tls-min now: --tls-min %s", arg);
}

/*
 * Semantics that the one-line helps are too short for:
 *
 * HOST[:PORT[/PROTO]], HOST/PROTO, [v6]:PORT, mx:DOMAIN, srv:DOMAIN, "-".
 * Lines of stdin: the same, or fields parted by blanks or commas: host, then
 * in any order an address to dial, a port, a protocol.  PROTO is one of smtp
 * submission lmtp imap pop3 sieve (STARTTLS if offered), smtps imaps pop3s
 * (TLS from the first byte), tls (only a handshake), auto (by the greeting).
 *
 * State of a probe ("state" in JSON): ok, refused, filtered, unreachable,
 * dns, timeout, closed, reset, proto, smtp-4xx, smtp-5xx, tls, cert.
 * Severity: ok, warn, crit.
 */
static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "What is probed" },
	{ 'p', "ports", "LIST", OPT_CALL, &o, "25,465,587,110,995,143,993 by "
	    "default; each PORT or PORT/PROTO", ports, OPT_NOCONF },
	{ '4', "ipv4", NULL, OPT_FLAG, &o.scope.four, "only IPv4 addresses", NULL,
	    OPT_NOCONF },
	{ '6', "ipv6", NULL, OPT_FLAG, &o.scope.six, "only IPv6 addresses", NULL,
	    OPT_NOCONF },
	{ 0, "first", NULL, OPT_FLAG, &o.scope.first, "only the first address of a "
	    "host", NULL, OPT_NOCONF },
	{ 0, "tls", "MODE", OPT_TEXT, &tls_mode, "auto, implicit, starttls or "
	    "off, whatever the port", NULL, OPT_NOCONF },
	{ 0, "name", "NAME", OPT_TEXT, &o.scope.name, "the name that certificates "
	    "must have, and that is asked for", NULL, OPT_NOCONF },
	{ 0, "ehlo", "NAME", OPT_TEXT, &o.scope.ehlo, "our name in EHLO", NULL,
	    OPT_NOCONF },
	{ 0, "source", "ADDR", OPT_TEXT, &o.scope.source, "connect from this local "
	    "address", NULL, OPT_NOCONF },
	{ 0, "timeout", "SECONDS", OPT_SECONDS, &o.scope.timeout, "for a connection "
	    "from DNS to its last answer (10)", NULL, OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "What is demanded" },
	{ 'w', "warn", "DAYS", OPT_NUMBER, &o.want.warn_days, "warn of a "
	    "certificate with fewer days left (21)", NULL, OPT_NOCONF },
	{ 'C', "crit", "DAYS", OPT_NUMBER, &o.want.crit_days, "fewer days are "
	    "critical (7)", NULL, OPT_NOCONF },
	{ 0, "lat-warn", "MS", OPT_NUMBER, &o.want.lat_warn, "warn if a probe takes "
	    "longer", NULL, OPT_NOCONF },
	{ 0, "lat-crit", "MS", OPT_NUMBER, &o.want.lat_crit, "longer is critical",
	    NULL, OPT_NOCONF },
	{ 0, "require-tls", NULL, OPT_FLAG, &o.want.require_tls, "a server without "
	    "TLS is critical", NULL, OPT_NOCONF },
	{ 0, "tls-min", "VERSION", OPT_CALL, &o.want.min_tls, "the least TLS version "
	    "that is well: 1.0 to 1.3 (1.2)", tls_version_set, OPT_NOCONF },
	{ 0, "min-tls", "VERSION", OPT_CALL, NULL, "is --tls-min", renamed,
	    OPT_NOCONF | OPT_HIDDEN },
	{ 0, "dane", "auto|off|require", OPT_TEXT, &dane_mode, "if there are "
	    "TLSA records (auto), never, or else critical", NULL, OPT_NOCONF },
	{ 0, "no-sts", NULL, OPT_FLAG, &o.want.no_sts, "do not get the MTA-STS "
	    "policy of mx: targets", NULL, OPT_NOCONF },
	{ 0, "no-auth-plaintext", NULL, OPT_FLAG, &o.want.no_auth, "login offered "
	    "before TLS is critical", NULL, OPT_NOCONF },
	{ 0, "caps-expect", "LIST", OPT_TEXT, &caps, "capabilities, parted by "
	    "commas, that must be there", NULL, OPT_NOCONF },
	{ 0, "ca", "FILE|DIR", OPT_TEXT, &o.tls.ca, "trust these certificates",
	    NULL, OPT_NOCONF },
	{ 0, "crl", "FILE", OPT_TEXT, &o.tls.crl, "certificates that their "
	    "issuers have revoked", NULL, OPT_NOCONF },
	{ 0, "tls-strict", NULL, OPT_FLAG, &o.tls.strict, "chains must "
	    "follow RFC 5280 to the letter", NULL, OPT_NOCONF },
	{ 0, "tls-groups", "LIST", OPT_TEXT, &o.tls.groups, "offer these "
	    "of key exchange, as OpenSSL has it (X25519:P-256)", NULL,
	    OPT_NOCONF },
	{ 0, "no-verify", NULL, OPT_FLAG, &o.want.no_verify, "tell what is wrong "
	    "with certificates, and count none of it", NULL, OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "More connections" },
	{ 0, "tls-versions", NULL, OPT_FLAG, &o.extra.versions, "try each version "
	    "of TLS by itself", NULL, OPT_NOCONF },
	{ 0, "inject", NULL, OPT_FLAG, &o.extra.inject, "send a command behind "
	    "STARTTLS in one packet: is it taken into TLS?", NULL,
	    OPT_NOCONF },
	{ 0, "submit-test", "ADDR", OPT_TEXT, &o.extra.submit, "MAIL and RCPT to "
	    "this address, and no message", NULL, OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "How it is shown" },
	{ 'q', "quiet", NULL, OPT_FLAG, &o.show.quiet, "only what is not well",
	    NULL, OPT_NOCONF },
	{ 'j', "json", NULL, OPT_FLAG, &o.show.json, "one JSON object per host, "
	    "address and port", NULL, OPT_NOCONF },
	{ 0, "show-caps", NULL, OPT_FLAG, &o.show.caps, "the greeting, and the "
	    "capabilities before and within TLS", NULL, OPT_NOCONF },
	{ 0, "show-chain", NULL, OPT_FLAG, &o.show.chain, "each certificate, "
	    "as sent", NULL, OPT_NOCONF },
	{ 0, "save-chain", "DIR", OPT_TEXT, &o.show.save_chain, "write each chain "
	    "to DIR/HOST_PORT_ADDRESS.pem", NULL, OPT_NOCONF },
	{ 0, "explain", NULL, OPT_FLAG, &o.show.explain, "with each finding, what "
	    "to do about it", NULL, OPT_NOCONF },
	{ 0, "findings", NULL, OPT_FLAG, &kinds, "list all kinds of findings",
	    NULL, OPT_NOCONF },
	{ 0, "nagios", NULL, OPT_FLAG, &o.show.nagios, "a monitoring plugin's line "
	    "with perfdata, and its exit status", NULL, OPT_NOCONF },
	{ 0, "prom", "FILE", OPT_TEXT, &o.show.prom, "write metrics for "
	    "node_exporter, the file as a whole", NULL, OPT_NOCONF },
	{ 0, "aggregate", "best|worst", OPT_TEXT, &aggregate, "what counts of "
	    "a target's hosts and addresses, per port (worst)", NULL,
	    OPT_NOCONF },
	{ 'v', "verbose", NULL, OPT_COUNT, &verbose, "say what is done; -vv: "
	    "the dialogues; -vvv: details", NULL, OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "Many targets (- for stdin), "
	    "and manners" },
	{ 'c', "connections", "N", OPT_NUMBER, &o.limit.most, "most connections at "
	    "once (256)", NULL, OPT_NOCONF },
	{ 0, "per-host", "N", OPT_NUMBER, &o.limit.per_host, "most of them to one "
	    "port of one address (2)", NULL, OPT_NOCONF },
	{ 0, "rate", "N", OPT_NUMBER, &o.limit.rate, "most new connections a second",
	    NULL, OPT_NOCONF },
	{ 0, "stats", NULL, OPT_FLAG, &o.limit.stats, "numbers on stderr at the end",
	    NULL, OPT_NOCONF },
	{ 0, "no-sandbox", NULL, OPT_FLAG, &o.limit.no_sandbox, "do not give up "
	    "what is not needed", NULL, OPT_NOCONF },
	{ 's', "nameserver", "ADDR[:PORT]", OPT_LIST, &servers, "instead of "
	    "$POSTBAG_DNS and resolv.conf", NULL, OPT_NOCONF },
	{ 0, "sts-port", "N", OPT_NUMBER, &o.limit.sts_port, "not 443, for tests",
	    NULL, OPT_NOCONF | OPT_HIDDEN },
	{ 0, "trust-ad", NULL, OPT_FLAG, &o.dns.trust_ad, "believe the "
	    "server's DNSSEC verdict", NULL, OPT_NOCONF },
	{ 0, "no-trust-ad", NULL, OPT_FLAG, &no_ad, "never believe it", NULL,
	    OPT_NOCONF },
	{ .name = NULL }
};

static void
version(struct buf *b)
{
	version_libraries(b);
	version_path(b, "configuration", NULL, "none");
	version_path(b, "state", NULL, "none");
}

static struct opt_set set = {
	.tables = { options },
	.version = version,
	.usage = "portprobe [options] host[:port[/protocol]] | mx:domain | srv:domain | - ...",
	.about = "Shows what answers on the mail ports.",
	.arena = &arena,
};

/* ---- options */

static int
one_of(const char *option, const char *arg, const char *const *words,
    struct err *e)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (str_is(str_of(arg), words[i]))
			return i;
	return fail(e, EX_USAGE, "%s: what is \"%s\"?", option, arg);
}

static int
without_tls(struct err *e)
{
	static const char *const idle[] = { "warn", "crit", "require-tls",
	    "tls-min", "dane", "ca", "crl", "tls-strict", "no-verify",
	    "tls-versions", "inject", "show-chain", "save-chain", "name" };
	size_t i;

	for (i = 0; i < sizeof idle / sizeof *idle; i++)
		if (opt_given(&set, idle[i]))
			return fail(e, EX_USAGE, "--%s has no effect without TLS", idle[i]);
	return 0;
}

static int
choices(struct err *e)
{
	static const char *const modes[] = { "auto", "implicit", "starttls",
	    "off", NULL }, *const danes[] = { "auto", "off", "require",
	    NULL }, *const sums[] = { "worst", "best", NULL };
	int mode = tls_mode == NULL ? 0 : one_of("--tls", tls_mode, modes, e);
	int dane = dane_mode == NULL ? 0 : one_of("--dane", dane_mode, danes,
	    e);
	int sum = aggregate == NULL ? 0 : one_of("--aggregate", aggregate,
	    sums, e);

	if (mode < 0 || dane < 0 || sum < 0)
		return -1;
	if (mode == MODE_OFF && without_tls(e) < 0)
		return -1;
	o.scope.mode = (enum tls_mode)mode;
	o.want.dane = (enum dane_mode)dane;
	o.want.best = sum == 1;
	return 0;
}

static int
limits(struct err *e)
{
	struct net_addr a;

	if (o.limit.most < 1 || o.limit.most > 100000 || o.limit.per_host < 1 ||
	    o.limit.rate > 1000000)
		return fail(e, EX_USAGE, "--connections is 1 to 100000, --per-host at least 1, --rate at most 1000000");
	if (o.scope.timeout < 0.1 || o.scope.timeout > 86400)
		return fail(e, EX_USAGE, "--timeout is 0.1 s to a day");
	if (o.want.warn_days > 100000 || o.want.crit_days > 100000)
		return fail(e, EX_USAGE, "--warn, --crit: so many days?");
	if (o.dns.trust_ad && no_ad)
		return fail(e, EX_USAGE, "--trust-ad or --no-trust-ad?");
	if (o.scope.four && o.scope.six)
		return fail(e, EX_USAGE, "-4 or -6?");
	if (o.show.json && o.show.nagios)
		return fail(e, EX_USAGE, "-j or --nagios?");
	if (o.scope.source != NULL && net_pton(str_of(o.scope.source), 0, &a) < 0)
		return fail(e, EX_USAGE, "--source %s: no address", o.scope.source);
	return o.show.prom != NULL ? prom_check(o.show.prom, e) : 0;
}

/* What is put into commands must be what it says it is. */
static int
words(struct err *e)
{
	struct str rest = str_of(caps), one, ascii;
	struct addr a;

	while (caps != NULL && rest.p != NULL) {
		one = str_trim(str_cut(&rest, ','));
		if (one.n > 0)
			opt_list_add(&arena, &o.want.expect, arena_dup(&arena, one));
	}
	if (o.scope.ehlo != NULL && (addr_domain(str_of(o.scope.ehlo), e) < 0 ||
	    addr_ascii(&arena, str_of(o.scope.ehlo), &ascii, e) < 0 ||
	    ascii.n >= sizeof r.our_name))
		return fail(e, EX_USAGE, "--ehlo %s: no name", o.scope.ehlo);
	if (o.scope.ehlo != NULL)
		snprintf(r.our_name, sizeof r.our_name, "%.*s",
		    STR_ARG(ascii));
	else
		net_ehlo(-1, r.our_name, sizeof r.our_name);
	if (r.our_name[0] == '[' && o.scope.ehlo == NULL)
		r.our_name[0] = '\0';	/* the address of each connection */
	if (o.extra.submit == NULL)
		return 0;
	if (addr_mailbox(&a, str_of(o.extra.submit), e) < 0)
		return fail_in(e, "--submit-test");
	o.extra.submit = addr_wire(&arena, &a, true, e);
	return o.extra.submit != NULL ? 0 : fail_in(e, "--submit-test");
}

static void
join_servers(void)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < servers.n; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "", servers.v[i]);
	if (servers.n > 0)
		o.dns.servers = arena_dup(&arena, BUF_STR(b));
	o.dns.rotate = servers.n > 1;
	o.dns.distrust_ad = no_ad;
	buf_free(&b);
}

/* Four tries, each twice as long, so that DNS gives up before we do. */
static void
dns_limits(void)
{
	o.dns.tries = 4;
	o.dns.timeout = o.scope.timeout < 0.8 * 16 ? o.scope.timeout / 16 : 0.8;
}

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "findings", .only = "" },
	{ .name = "nagios", .stops = "json show-caps show-chain explain" },
	{ .name = "json", .stops = "show-caps show-chain" },
	{ .name = NULL }
};

static int
one_list(struct err *e)
{
	size_t i, n = 0;

	for (i = 0; i < o.operands.n; i++)
		n += strcmp(o.operands.v[i], "-") == 0;
	return n < 2 ? 0 : fail(e, EX_USAGE, "standard input cannot be both - and -");
}

static int
configure(int argc, char **argv, struct err *e)
{
	if (opt_parse(&set, argc, argv, &o.operands, e) < 0 ||
	    opt_rules(&set, rules, e) < 0 || one_list(e) < 0 || choices(e) < 0 ||
	    limits(e) < 0 || words(e) < 0)
		return -1;
	join_servers();
	dns_limits();
	trace_set(verbose);
	r.now = clock_wall();
	return kinds ? 0 : feed_check(&r, e);
}

/* ---- the run */

static int
list_kinds(void)
{
	struct buf b = { 0 };

	judge_kinds(&b);
	if (b.n > 0)
		fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
	return 0;
}

static void
show_stats(double s)
{
	fprintf(stderr, "%llu probes in %.2f s, %.0f/s; %llu well, %llu with warnings, %llu critical, %llu unknown; %llu connections\n",
	    (unsigned long long)r.tally.probes, s, (double)r.tally.probes / s,
	    (unsigned long long)r.tally.count[SEV_HINT],
	    (unsigned long long)r.tally.count[SEV_WARN],
	    (unsigned long long)r.tally.count[SEV_CRIT],
	    (unsigned long long)r.tally.unknown, (unsigned long long)r.tally.connections);
}

/* Before strangers are talked to: what is written, and certificates. */
static void
confine(void)
{
	if (o.limit.no_sandbox) {
		sandbox_warn();
		return;
	}
	dns_box(r.dns, &r.box);
	tls_ctx_reads(r.tls, &r.box);
	if (o.show.save_chain != NULL)
		sandbox_path(&r.box, o.show.save_chain, SANDBOX_PUT);
	if (o.show.prom != NULL)
		sandbox_beside(&r.box, o.show.prom, SANDBOX_PUT);
	r.box.source = o.scope.source != NULL;
	sandbox_enter(&r.box);
}

static int
run(int argc, char **argv, struct err *e)
{
	int64_t start = clock_us();

	if (configure(argc, argv, e) < 0)
		return e->code;
	if (kinds)
		return list_kinds();
	r.dns = dns_open(&o.dns, e);
	if (r.dns == NULL)
		return e->code;
	if (probe_conn_tls(&r, e) < 0 || policy_ready(&r, e) < 0)
		return e->code;
	resolve_hosts(&r.hosts);
	confine();
	output_start(&r);
	if (loop_run(&r, e) == 0) {
		output_end(&r, e);
		feed_over(&r, e);
	}
	if (o.limit.stats)
		show_stats((double)(clock_us() - start + 1) / 1e6);
	if (o.show.nagios && e->code == 0)
		return nagios_end(&r);
	return fail_worse(e->code, r.tally.status);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int status;

	program_begin(argv[0]);
	status = run(argc, argv, &e);
	fail_tell(&e, NULL);
	status = program_end(status);
	if (e.code != 0 && o.show.nagios)
		status = 3;
	if (!sts_close(&r.sts))
		_exit(status);
	dns_close(r.dns);
	loop_free(&r);
	targets_free(&r);
	feed_free(&r);
	tls_ctx_free(r.tls);
	output_free(&r);
	buf_free(&r.hosts);
	arena_free(&arena);
	return status;
}
