/*
 * portprobe: what answers on the mail ports of a host, or of ten thousand
 *
 * The command is a straight line: options, targets, verdict.
 *
 * A target (an operand, a line) becomes hosts with addresses, and these with
 * the ports become jobs.  A job that may start gets a slot in the flat array
 * of probes; one epoll loop moves all of them, each through the stages of a
 * table.  The result is a report, which is judged and then told.  No file
 * calls one that stands below it here:
 *
 *	word	words for what was found
 *	due	deadlines
 *	jobs	which address and port is next
 *	share	a port that several targets lead to is probed once
 *	operand	a target as it is given
 *	server	the servers of accounts
 *	login	--login: once to each of them
 *	target	a target's questions, and that it has news
 *	policy	MTA-STS policies, got by threads
 *	crl	--deep: lists of revoked certificates
 *	slot	the flat array of probes
 *	kind	the kinds of findings
 *	note	findings of a report
 *	judge_cert	what is wrong with certificates
 *	judge	what was found: state, severity, findings
 *	plan	--tlsa: the records to publish
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
 * The words for servers are data in common/probe_talk.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "clock.h"
#include "feed.h"
#include "formats.h"
#include "keys.h"
#include "kind.h"
#include "login.h"
#include "loop.h"
#include "output.h"
#include "policy.h"
#include "probe_conn.h"
#include "plugin.h"
#include "program.h"
#include "resolve.h"
#include "run.h"
#include "server.h"
#include "sts.h"
#include "targets.h"
#include "trace.h"
#include "version.h"

static struct settings o = {
	.scope.timeout = 10,
	.want = { .warn = { SPAN_USUAL, 21, 25 }, .crit = { SPAN_USUAL, 7, 10 },
	    .min_tls = TLS_1_2 },
	.extra.sender = "",
	.limit = { .most = 256, .per_host = 2 },
};
static struct run r = { .set = &o, .watch = -1, .hosts = { .max = 1 << 20 } };
static struct arena arena;
static struct opt_list servers;
static const char *caps;
static bool no_ad, kinds;
static int verbose;

/* "21", "33%" */
static int
span(void *to, const char *arg, struct err *e)
{
	struct span *s = to;
	struct str n = str_of(arg);
	bool share = n.n > 0 && n.p[n.n - 1] == '%';

	if (share)
		n.n--;
	if (str_num(n, share ? 100 : 100000, &s->n) < 0)
		return fail(e, EX_USAGE, "--warn, --crit: \"%s\" is neither days nor a share as 33%%", arg);
	s->unit = share ? SPAN_SHARE : SPAN_DAYS;
	return 0;
}

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
		proto = probe_talk_named(number);	/* "imaps" */
		if (proto != NULL && proto->port != 0 && one.p == NULL) {
			one = number;
			n = proto->port;
		} else if (str_num(number, 65535, &n) < 0 || n == 0) {
			return fail(e, EX_USAGE, "--ports: \"%.*s\" is no port", STR_ARG(number));
		}
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

static const struct opt_choice tls_modes[] = {
	{ "auto", MODE_AUTO },
	{ "implicit", MODE_IMPLICIT },
	{ "starttls", MODE_STARTTLS },
	{ "off", MODE_OFF },
	{ .name = NULL }
};

static const struct opt_choice dane_modes[] = {
	{ "auto", DANE_AUTO },
	{ "off", DANE_NEVER },
	{ "require", DANE_REQUIRE },
	{ .name = NULL }
};

static const struct opt_choice sums[] = {
	{ "best", SUM_BEST },
	{ "worst", SUM_WORST },
	{ .name = NULL }
};

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
	{ .letter = 'p', .name = "ports", .arg = "LIST", .kind = OPT_CALL,
	    .to = &o, .call = ports,
	    .help = "25,465,587,110,995,143,993 by default; each PORT or PORT/PROTO",
	    .flags = OPT_NOCONF },
	{ .letter = '4', .name = "ipv4", .kind = OPT_FLAG, .to = &o.scope.four,
	    .help = "only IPv4 addresses", .flags = OPT_NOCONF },
	{ .letter = '6', .name = "ipv6", .kind = OPT_FLAG, .to = &o.scope.six,
	    .help = "only IPv6 addresses", .flags = OPT_NOCONF },
	{ .name = "first", .kind = OPT_FLAG, .to = &o.scope.first,
	    .help = "only the first address of a host", .flags = OPT_NOCONF },
	{ .name = "only-public", .kind = OPT_FLAG, .to = &o.scope.public,
	    .help = "no private or loopback address is connected to",
	    .flags = OPT_NOCONF },
	{ .name = "tls", .arg = "MODE", .kind = OPT_CHOICE,
	    .to = &o.scope.mode, .choices = tls_modes,
	    .help = "auto, implicit, starttls or off, whatever the port",
	    .flags = OPT_NOCONF },
	{ .name = "name", .arg = "NAME", .kind = OPT_TEXT, .to = &o.scope.name,
	    .help = "the name that certificates must have, and that is asked for",
	    .flags = OPT_NOCONF },
	{ .name = "ehlo", .arg = "NAME", .kind = OPT_TEXT, .to = &o.scope.ehlo,
	    .help = "our name in EHLO", .flags = OPT_NOCONF },
	{ .name = "source", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &o.scope.source, .help = "connect from this local address",
	    .flags = OPT_NOCONF },
	{ .name = "timeout", .arg = "SECONDS", .kind = OPT_SECONDS,
	    .to = &o.scope.timeout,
	    .help = "for a connection from DNS to its last answer (10)",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "What is demanded" },
	{ .letter = 'w', .name = "warn", .arg = "DAYS|N%", .kind = OPT_CALL,
	    .to = &o.want.warn, .call = span,
	    .help = "warn of a certificate with less left: days, or a share of its life (21, at most 25%)",
	    .flags = OPT_NOCONF },
	{ .letter = 'C', .name = "crit", .arg = "DAYS|N%", .kind = OPT_CALL,
	    .to = &o.want.crit, .call = span,
	    .help = "less is critical (7, at most 10%)",
	    .flags = OPT_NOCONF },
	{ .name = "lat-warn", .arg = "MS", .kind = OPT_NUMBER,
	    .to = &o.want.lat_warn, .help = "warn if a probe takes longer",
	    .flags = OPT_NOCONF },
	{ .name = "lat-crit", .arg = "MS", .kind = OPT_NUMBER,
	    .to = &o.want.lat_crit, .help = "longer is critical",
	    .flags = OPT_NOCONF },
	{ .name = "require-tls", .kind = OPT_FLAG, .to = &o.want.require_tls,
	    .help = "a server without TLS is critical on every port",
	    .flags = OPT_NOCONF },
	{ .name = "no-require-tls", .kind = OPT_FLAG, .to = &o.want.spare_tls,
	    .help = "it is a warning on every port", .flags = OPT_NOCONF },
	{ .name = "tls-min", .arg = "VERSION", .kind = OPT_CHOICE,
	    .to = &o.want.min_tls, .choices = tls_version_choices,
	    .help = "the oldest version of TLS that is accepted: 1.0 to 1.3 (1.2)",
	    .flags = OPT_NOCONF },
	{ .name = "min-tls", .arg = "VERSION", .kind = OPT_CALL,
	    .call = renamed, .help = "is --tls-min",
	    .flags = OPT_NOCONF | OPT_HIDDEN },
	{ .name = "dane", .arg = "auto|off|require", .kind = OPT_CHOICE,
	    .to = &o.want.dane, .choices = dane_modes,
	    .help = "if there are TLSA records (auto), never, or else critical",
	    .flags = OPT_NOCONF },
	{ .name = "no-sts", .kind = OPT_FLAG, .to = &o.want.no_sts,
	    .help = "do not get the MTA-STS policy of mx: targets",
	    .flags = OPT_NOCONF },
	{ .name = "no-auth-plaintext", .kind = OPT_FLAG, .to = &o.want.no_auth,
	    .help = "login offered before TLS is critical",
	    .flags = OPT_NOCONF },
	{ .name = "caps-expect", .arg = "LIST", .kind = OPT_TEXT, .to = &caps,
	    .help = "capabilities, parted by commas, that must be there",
	    .flags = OPT_NOCONF },
	{ .name = "ca", .arg = "FILE|DIR", .kind = OPT_TEXT, .to = &o.tls.ca,
	    .help = "trust these certificates", .flags = OPT_NOCONF },
	{ .name = "crl", .arg = "FILE", .kind = OPT_TEXT, .to = &o.tls.crl,
	    .help = "certificates that their issuers have revoked",
	    .flags = OPT_NOCONF },
	{ .name = "tls-strict", .kind = OPT_FLAG, .to = &o.tls.strict,
	    .help = "chains must follow RFC 5280 to the letter",
	    .flags = OPT_NOCONF },
	{ .name = "tls-groups", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &o.tls.groups,
	    .help = "offer these of key exchange, as OpenSSL has it (X25519:P-256)",
	    .flags = OPT_NOCONF },
	{ .name = "expect-cert", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.want.expect_cert,
	    .help = "critical where another certificate is served than the first of this file",
	    .flags = OPT_NOCONF },
	{ .name = "no-verify", .kind = OPT_FLAG, .to = &o.want.no_verify,
	    .help = "tell what is wrong with certificates, and count none of it",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "More connections" },
	{ .name = "tls-versions", .kind = OPT_FLAG, .to = &o.extra.versions,
	    .help = "try each version of TLS by itself", .flags = OPT_NOCONF },
	{ .name = "inject", .kind = OPT_FLAG, .to = &o.extra.inject,
	    .help = "send a command behind STARTTLS in one packet: is it taken into TLS?",
	    .flags = OPT_NOCONF },
	{ .name = "submit-test", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &o.extra.submit,
	    .help = "MAIL and RCPT to this address, and no message",
	    .flags = OPT_NOCONF },
	{ .name = "deep", .kind = OPT_FLAG, .to = &o.extra.deep,
	    .help = "for one target: versions, a post-quantum group, long and split first messages, mail before TLS",
	    .flags = OPT_NOCONF },
	{ .name = "relay-test", .arg = "FROM,TO", .kind = OPT_TEXT,
	    .to = &o.extra.relay,
	    .help = "MAIL and RCPT between these strangers, which must be refused",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "The servers of accounts" },
	{ .letter = 'A', .name = "account", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &o.login.account,
	    .help = "probe the servers of this account of the configuration",
	    .flags = OPT_NOCONF },
	{ .letter = 'a', .name = "all", .kind = OPT_FLAG, .to = &o.login.all,
	    .help = "those of every account", .flags = OPT_NOCONF },
	{ .name = "config", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.login.config, .help = "the configuration file",
	    .flags = OPT_NOCONF },
	{ .name = "login", .kind = OPT_FLAG, .to = &o.login.on,
	    .help = "log in to the servers of -A or -a, or to one URL",
	    .flags = OPT_NOCONF },
	{ .letter = 'u', .name = "user", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &o.login.user, .help = "who logs in", .flags = OPT_NOCONF },
	{ .name = "auth", .arg = "MECHS", .kind = OPT_TEXT,
	    .to = &o.login.auth, .help = "only by these mechanisms",
	    .flags = OPT_NOCONF },
	{ .name = "password-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &o.login.password_command,
	    .help = "a command that prints the password", .flags = OPT_NOCONF },
	{ .name = "password-file", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.login.password_file,
	    .help = "a file with the password", .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "How it is shown" },
	{ .letter = 'q', .name = "quiet", .kind = OPT_FLAG, .to = &o.show.quiet,
	    .help = "only what is not well", .flags = OPT_NOCONF },
	{ .letter = 'j', .name = "json", .kind = OPT_FLAG, .to = &o.show.json,
	    .help = "one JSON object per host, address and port",
	    .flags = OPT_NOCONF },
	{ .name = "show-caps", .kind = OPT_FLAG, .to = &o.show.caps,
	    .help = "the greeting, and the capabilities before and within TLS",
	    .flags = OPT_NOCONF },
	{ .name = "show-chain", .kind = OPT_FLAG, .to = &o.show.chain,
	    .help = "each certificate, as sent", .flags = OPT_NOCONF },
	{ .name = "save-chain", .arg = "DIR", .kind = OPT_TEXT,
	    .to = &o.show.save_chain,
	    .help = "write each chain to DIR/HOST_PORT_ADDRESS.pem",
	    .flags = OPT_NOCONF },
	{ .name = "tlsa", .kind = OPT_FLAG, .to = &o.show.tlsa,
	    .help = "the TLSA records to publish; an operand FILE.pem is the next certificate",
	    .flags = OPT_NOCONF },
	{ .name = "explain", .kind = OPT_FLAG, .to = &o.show.explain,
	    .help = "with each finding, what to do about it",
	    .flags = OPT_NOCONF },
	{ .name = "findings", .kind = OPT_FLAG, .to = &kinds,
	    .help = "list all kinds of findings", .flags = OPT_NOCONF },
	{ .name = "nagios", .kind = OPT_FLAG, .to = &o.show.nagios,
	    .help = "a monitoring plugin's line with perfdata, and its exit status",
	    .flags = OPT_NOCONF },
	{ .name = "prom", .arg = "FILE", .kind = OPT_TEXT, .to = &o.show.prom,
	    .help = "write metrics for node_exporter, the file as a whole",
	    .flags = OPT_NOCONF },
	{ .name = "aggregate", .arg = "best|worst", .kind = OPT_CHOICE,
	    .to = &o.want.sum, .choices = sums,
	    .help = "what counts of a target's hosts and addresses, per port (worst)",
	    .flags = OPT_NOCONF },
	{ .letter = 'v', .name = "verbose", .kind = OPT_COUNT, .to = &verbose,
	    .help = "say what is done; -vv: the dialogues; -vvv: details",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD,
	    .help = "Many targets (- for stdin), and manners" },
	{ .letter = 'c', .name = "connections", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.limit.most, .help = "most connections at once (256)",
	    .flags = OPT_NOCONF },
	{ .name = "per-host", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.limit.per_host,
	    .help = "most of them to one port of one address (2)",
	    .flags = OPT_NOCONF },
	{ .name = "rate", .arg = "N", .kind = OPT_NUMBER, .to = &o.limit.rate,
	    .help = "most new connections a second", .flags = OPT_NOCONF },
	{ .name = "stats", .kind = OPT_FLAG, .to = &o.limit.stats,
	    .help = "numbers on stderr at the end", .flags = OPT_NOCONF },
	{ .name = "no-sandbox", .kind = OPT_FLAG, .to = &o.limit.no_sandbox,
	    .help = "do not give up what is not needed", .flags = OPT_NOCONF },
	{ .letter = 's', .name = "nameserver", .arg = "ADDR[:PORT]",
	    .kind = OPT_LIST, .to = &servers,
	    .help = "instead of $POSTBAG_DNS and resolv.conf",
	    .flags = OPT_NOCONF },
	{ .name = "sts-port", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.limit.sts_port, .help = "not 443, for tests",
	    .flags = OPT_NOCONF | OPT_HIDDEN },
	{ .name = "trust-ad", .kind = OPT_FLAG, .to = &o.dns.trust_ad,
	    .help = "believe the server's DNSSEC verdict",
	    .flags = OPT_NOCONF },
	{ .name = "no-trust-ad", .kind = OPT_FLAG, .to = &no_ad,
	    .help = "never believe it", .flags = OPT_NOCONF },
	{ .name = NULL }
};

static void
probe_version(struct buf *b)
{
	version_libraries(b);
	version_path(b, "configuration", server_configuration(&arena,
	    o.login.config), "none, for $HOME is not set");
	version_path(b, "state", NULL, "none");
}

static struct opt_set set = {
	.tables = { options },
	.version = probe_version,
	.keys = probe_keys,
	.usage = "portprobe [options] host[:port[/protocol]] | mx:domain | srv:domain | - ...",
	.about = "Shows what answers on the mail ports.",
	.arena = &arena,
};

/* ---- options */

static int
without_tls(struct err *e)
{
	static const char *const idle[] = { "warn", "crit", "require-tls",
	    "no-require-tls",
	    "tls-min", "dane", "ca", "crl", "tls-strict", "no-verify",
	    "tls-versions", "inject", "deep", "show-chain", "save-chain", "name",
	    "expect-cert", "tlsa" };
	size_t i;

	for (i = 0; i < sizeof idle / sizeof *idle; i++)
		if (opt_given(&set, idle[i]))
			return fail(e, EX_USAGE, "--%s has no effect without TLS", idle[i]);
	return 0;
}

static int
check_limits(struct err *e)
{
	struct net_addr a;

	if (o.limit.most < 1 || o.limit.most > 100000 || o.limit.per_host < 1 ||
	    o.limit.rate > 1000000)
		return fail(e, EX_USAGE, "--connections is 1 to 100000, --per-host at least 1, --rate at most 1000000");
	if (o.scope.timeout < 0.1 || o.scope.timeout > 86400)
		return fail(e, EX_USAGE, "--timeout is 0.1 s to a day");
	if (o.dns.trust_ad && no_ad)
		return fail(e, EX_USAGE, "--trust-ad or --no-trust-ad?");
	if (o.scope.four && o.scope.six)
		return fail(e, EX_USAGE, "-4 or -6?");
	if (o.want.require_tls && o.want.spare_tls)
		return fail(e, EX_USAGE, "--require-tls or --no-require-tls?");
	if (o.show.nagios && !o.limit.list && opt_given(&set, "connections"))
		return fail(e, EX_USAGE, "--nagios: -c is the number of connections, for a list; the days for critical are -C");
	if (o.show.json && o.show.nagios)
		return fail(e, EX_USAGE, "-j or --nagios?");
	if (o.scope.source != NULL && net_pton(str_of(o.scope.source), 0, &a) < 0)
		return fail(e, EX_USAGE, "--source %s: no address", o.scope.source);
	return o.show.prom != NULL ? prom_check(o.show.prom, e) : 0;
}

static const char *
wire_address(struct str s, const char *what, struct err *e)
{
	struct addr a;
	const char *out;

	if (addr_mailbox(&a, s, e) < 0) {
		fail_in(e, "%s", what);
		return NULL;
	}
	out = addr_wire(&arena, &a, true, e);
	if (out == NULL)
		fail_in(e, "%s", what);
	return out;
}

/* --relay-test FROM,TO */
static int
relay(struct err *e)
{
	struct str to = str_of(o.extra.relay), from = str_cut(&to, ',');

	if (o.operands.n != 1 || o.limit.list)
		return fail(e, EX_USAGE, "--relay-test is for one target");
	if (to.p == NULL)
		return fail(e, EX_USAGE, "--relay-test wants two addresses: FROM,TO");
	o.extra.sender = wire_address(from, "--relay-test", e);
	o.extra.submit = o.extra.sender == NULL ? NULL :
	    wire_address(to, "--relay-test", e);
	return o.extra.submit != NULL ? 0 : -1;
}

/* A name or an address that is put into commands must be one. */
static int
words(struct err *e)
{
	struct str rest = str_of(caps), one, ascii;

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
	if (o.scope.name != NULL && !str_ascii(str_of(o.scope.name))) {
		if (addr_ascii(&arena, str_of(o.scope.name), &ascii, e) < 0)
			return fail_in(e, "--name");
		o.scope.name = arena_dup(&arena, ascii);
	}
	if (r.our_name[0] == '[' && o.scope.ehlo == NULL)
		r.our_name[0] = '\0';	/* the address of each connection */
	if (o.extra.deep && (o.operands.n != 1 || o.limit.list))
		return fail(e, EX_USAGE, "--deep is for one target");
	o.extra.versions |= o.extra.deep;
	if (o.extra.relay != NULL)
		return relay(e);
	if (o.extra.submit == NULL)
		return 0;
	o.extra.submit = wire_address(str_of(o.extra.submit), "--submit-test",
	    e);
	return o.extra.submit != NULL ? 0 : -1;
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
	o.dns.signatures = o.show.tlsa;
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
	{ .name = "user", .with = "login" },
	{ .name = "auth", .with = "login" },
	{ .name = "password-command", .with = "login" },
	{ .name = "password-file", .with = "login" },
	{ .name = "config", .with = "account all login" },
	{ .name = "account", .without = "all" },
	{ .name = "relay-test", .without = "submit-test" },
	{ .name = "nagios", .stops = "json show-caps show-chain explain tlsa" },
	{ .name = "json", .stops = "show-caps show-chain" },
	{ .name = NULL }
};

static int
one_list(struct err *e)
{
	size_t i, n = 0;

	for (i = 0; i < o.operands.n; i++)
		n += strcmp(o.operands.v[i], "-") == 0;
	o.limit.list = n > 0;
	return n < 2 ? 0 : fail(e, EX_USAGE, "standard input cannot be both - and -");
}

/* The first certificate of a file, or NULL. */
static const struct tls_cert *
certificate(const char *path, struct err *e)
{
	struct tls_cert *v;
	size_t n;

	return tls_look_file(path, &v, &n, &arena, e) == 0 ? v : NULL;
}

/* Is one of the operands a certificate?  No host is called so. */
static int
take_file(struct err *e)
{
	struct opt_list all = o.operands;
	struct str s;
	size_t i;

	o.operands.n = 0;
	for (i = 0; i < all.n; i++) {
		s = str_of(all.v[i]);
		if (s.n < 5 || !str_is(str_from(s, s.n - 4), ".pem"))
			o.operands.v[o.operands.n++] = all.v[i];
		else if (o.show.next != NULL)
			return fail(e, EX_USAGE, "--tlsa: %s or %s? There is one next certificate",
			    o.show.next, all.v[i]);
		else
			o.show.next = all.v[i];
	}
	o.show.next_cert = o.show.next != NULL ? certificate(o.show.next, e) : NULL;
	return o.show.next == NULL || o.show.next_cert != NULL ? 0 : -1;
}

static int
certificates(struct err *e)
{
	if (o.show.tlsa && take_file(e) < 0)
		return -1;
	if (o.want.expect_cert == NULL)
		return 0;
	o.want.expected = certificate(o.want.expect_cert, e);
	return o.want.expected != NULL ? 0 : -1;
}

static int
probe_configure(int argc, char **argv, struct err *e)
{
	if (opt_parse(&set, argc, argv, &o.operands, e) < 0 ||
	    opt_rules(&set, rules, e) < 0 || one_list(e) < 0 ||
	    (o.scope.mode == MODE_OFF && without_tls(e) < 0) ||
	    check_limits(e) < 0 || (!kinds &&
	    server_load(&o, &arena, e) < 0) || words(e) < 0)
		return -1;
	join_servers();
	dns_limits();
	trace_set(verbose);
	r.now = clock_wall();
	if (kinds)
		return 0;
	return certificates(e) < 0 ? -1 : feed_check(&r, e);
}

/* ---- the run */

static int
list_kinds(void)
{
	struct buf b = { 0 };

	kind_list(&b);
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
	    (unsigned long long)r.tally.count[FINDING_HINT],
	    (unsigned long long)r.tally.count[FINDING_WARN],
	    (unsigned long long)r.tally.count[FINDING_ERROR],
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
probe_run(int argc, char **argv, struct err *e)
{
	int64_t start = clock_us();

	if (probe_configure(argc, argv, e) < 0)
		return e->code;
	if (kinds)
		return list_kinds();
	if (o.login.on && login_all(&o, e) < 0)
		return e->code;
	server_forget(&o);
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
	if (server_untold(&o) != NULL && e->code == 0)
		fail(e, server_untold(&o)->login.status, "%s: login: %s",
		    server_untold(&o)->url, server_untold(&o)->login.text);
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
	struct buf line = { .max = 2048 };
	int status;

	program_begin(argv[0]);
	status = probe_run(argc, argv, &e);
	fail_tell(&e, NULL);
	status = program_end(status);
	if (e.code != 0 && (o.show.nagios || plugin_asked(argc, argv))) {
		plugin_unknown(&line, "PORTPROBE ", e.msg);
		fwrite(line.p, 1, line.n, stdout);
		fflush(stdout);			/* _exit does not */
		buf_free(&line);
		status = PLUGIN_UNKNOWN;
	}
	if (!sts_close(&r.sts))
		_exit(status);
	dns_close(r.dns);
	loop_free(&r);
	targets_free(&r);
	feed_free(&r);
	tls_ctx_free(r.tls);
	output_free(&r);
	server_free(&o);
	buf_free(&r.hosts);
	arena_free(&arena);
	return status;
}
