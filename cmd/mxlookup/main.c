/*
 * mxlookup: where and how a domain's mail is delivered, for one or a million
 *
 * The command is a straight line: options, names, verdict.  A name becomes a
 * task, which runs the checks that are wanted; when they are done it is shown
 * and counted.
 *
 *	bulk		reads names, runs tasks, writes in order; --skip-done
 *	task		one name and its checks
 *	checks		the table of checks: route (mx and addr), check_NAME
 *	show_text, show_json	a task as it is told
 *	outcome		a task in one word, and the worst of all
 *	expect, resolver	--expect, --resolver-info
 *	message		--message and --mbox, which is a command of its own
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bulk.h"
#include "checks.h"
#include "clock.h"
#include "dns.h"
#include "expect.h"
#include "keys.h"
#include "message.h"
#include "opt.h"
#include "plugin.h"
#include "program.h"
#include "resolver.h"
#include "run.h"
#include "settings.h"
#include "stop.h"
#include "sts.h"
#include "task.h"
#include "trace.h"
#include "version.h"

static struct settings o = { .want.fail_on = FINDING_ERROR };
static struct run r = { .set = &o, .checks = checks_all };
static struct message_set messages;
static struct arena arena;

/* Options with which more is to be done. */
static struct {
	const char *checks;
	bool all;
	const char *expect;
	bool findings;
	bool info;
	struct opt_list servers;
	uint64_t window, qps, tries, bufsize;
	bool no_ad;
	int verbose;
} raw;

static const struct opt_choice severities[] = {
	{ "warn", FINDING_WARN },
	{ "error", FINDING_ERROR },
	{ .name = NULL }
};

static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "What is looked up" },
	{ .letter = 'C', .name = "checks", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &raw.checks,
	    .help = "mx,addr (the default),spf,dkim,dmarc,bimi,mtasts,tlsrpt,dane,dnssec,srv,ptr,dnsbl,caa",
	    .flags = OPT_NOCONF },
	{ .letter = 'a', .name = "all", .kind = OPT_FLAG, .to = &raw.all,
	    .help = "all checks", .flags = OPT_NOCONF },
	{ .letter = '4', .name = "ipv4", .kind = OPT_FLAG, .to = &o.want.four,
	    .help = "only IPv4 addresses of hosts", .flags = OPT_NOCONF },
	{ .letter = '6', .name = "ipv6", .kind = OPT_FLAG, .to = &o.want.six,
	    .help = "only IPv6 addresses", .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "How it is shown" },
	{ .letter = 'q', .name = "quiet", .kind = OPT_FLAG, .to = &o.show.quiet,
	    .help = "only the hosts to try, one per line",
	    .flags = OPT_NOCONF },
	{ .letter = 'j', .name = "json", .kind = OPT_FLAG, .to = &o.show.json,
	    .help = "one JSON object per name", .flags = OPT_NOCONF },
	{ .name = "explain", .kind = OPT_FLAG, .to = &o.show.explain,
	    .help = "with each finding, what to do about it",
	    .flags = OPT_NOCONF },
	{ .name = "fix", .kind = OPT_FLAG, .to = &o.show.fix,
	    .help = "with findings, a line for the zone that mends it, where one can be told",
	    .flags = OPT_NOCONF },
	{ .name = "expect", .arg = "FILE", .kind = OPT_TEXT, .to = &raw.expect,
	    .help = "compare records with those in a file, tell what differs",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "diff", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.many.diff,
	    .help = "tell only what has changed since this earlier output of -j",
	    .flags = OPT_NOCONF },
	{ .name = "findings", .kind = OPT_FLAG, .to = &raw.findings,
	    .help = "list all kinds of findings", .flags = OPT_NOCONF },
	{ .name = "fail-on", .arg = "warn|error", .kind = OPT_CHOICE,
	    .to = &o.want.fail_on, .choices = severities,
	    .help = "findings that make the exit status 65 (error)",
	    .flags = OPT_NOCONF },
	{ .name = "nagios", .kind = OPT_FLAG, .to = &o.show.nagios,
	    .help = "a monitoring plugin's line and exit status",
	    .flags = OPT_NOCONF },
	{ .letter = 'v', .name = "verbose", .kind = OPT_COUNT,
	    .to = &raw.verbose,
	    .help = "say what is done; -vv: the questions and replies; -vvv: details",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD,
	    .help = "Why a message was believed, or was not" },
	{ .name = "message", .arg = "FILE", .kind = OPT_LIST,
	    .to = &messages.files,
	    .help = "verify DKIM, SPF, DMARC and ARC of a message, show its way",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "mbox", .arg = "FILE", .kind = OPT_LIST,
	    .to = &messages.mboxes, .help = "of all messages of a mailbox",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "trust", .arg = "HOST", .kind = OPT_LIST,
	    .to = &messages.trust,
	    .help = "whose Received fields are believed: so SPF is known",
	    .flags = OPT_NOCONF },
	{ .name = "ip", .arg = "IP[,FROM[,HELO]]", .kind = OPT_TEXT,
	    .to = &messages.border, .help = "or this: who brought the message",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD,
	    .help = "Many names (without operands: from stdin)" },
	{ .letter = 'c', .name = "window", .arg = "N", .kind = OPT_NUMBER,
	    .to = &raw.window, .help = "most questions in flight (1024)",
	    .flags = OPT_NOCONF },
	{ .name = "qps", .arg = "N", .kind = OPT_NUMBER, .to = &raw.qps,
	    .help = "most queries a second", .flags = OPT_NOCONF },
	{ .name = "ordered", .kind = OPT_FLAG, .to = &o.many.ordered,
	    .help = "output in the order of the input", .flags = OPT_NOCONF },
	{ .name = "skip-done", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.many.skip_done,
	    .help = "pass over names in this earlier output",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "stats", .kind = OPT_FLAG, .to = &o.many.stats,
	    .help = "numbers on stderr at the end", .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "Whom to ask" },
	{ .letter = 's', .name = "nameserver", .arg = "ADDR[:PORT]",
	    .kind = OPT_LIST, .to = &raw.servers,
	    .help = "instead of $POSTBAG_DNS and resolv.conf",
	    .flags = OPT_NOCONF },
	{ .name = "timeout", .arg = "SECONDS", .kind = OPT_SECONDS,
	    .to = &o.dns.timeout,
	    .help = "for the first reply, doubled each time (0.8)",
	    .flags = OPT_NOCONF },
	{ .name = "tries", .arg = "N", .kind = OPT_NUMBER, .to = &raw.tries,
	    .help = "queries for a question (4)", .flags = OPT_NOCONF },
	{ .name = "tcp", .kind = OPT_FLAG, .to = &o.dns.tcp,
	    .help = "TCP only", .flags = OPT_NOCONF },
	{ .name = "no-edns", .kind = OPT_FLAG, .to = &o.dns.no_edns,
	    .help = "without EDNS", .flags = OPT_NOCONF },
	{ .name = "bufsize", .arg = "N", .kind = OPT_NUMBER, .to = &raw.bufsize,
	    .help = "EDNS UDP size (1232)", .flags = OPT_NOCONF },
	{ .name = "trust-ad", .kind = OPT_FLAG, .to = &o.dns.trust_ad,
	    .help = "believe the server's DNSSEC verdict",
	    .flags = OPT_NOCONF },
	{ .name = "no-trust-ad", .kind = OPT_FLAG, .to = &raw.no_ad,
	    .help = "never believe it", .flags = OPT_NOCONF },
	{ .name = "no-sandbox", .kind = OPT_FLAG, .to = &o.no_sandbox,
	    .help = "do not give up what is not needed", .flags = OPT_NOCONF },
	{ .name = "resolver-info", .kind = OPT_FLAG, .to = &raw.info,
	    .help = "who answers, and whether AD can be believed",
	    .flags = OPT_NOCONF },
	{ .name = NULL }
};

static void
lookup_version(struct buf *b)
{
	version_libraries(b);
	version_path(b, "configuration", NULL, "none");
	version_path(b, "state", NULL, "none");
}

static struct opt_set set = {
	.tables = { options },
	.version = lookup_version,
	.keys = lookup_keys,
	.usage = "mxlookup [options] [domain | user@domain | address ...]",
	.about = "Shows where and how a domain's mail is delivered.",
	.arena = &arena,
};

/* ---- options */

/* What has an effect beside --message and --mbox. */
#define MESSAGE_ONLY "trust ip json quiet verbose nameserver timeout tries tcp no-edns bufsize trust-ad no-trust-ad no-sandbox window qps"

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "findings", .only = "" },
	{ .name = "resolver-info", .only = "json verbose nameserver timeout "
	    "tries tcp no-edns bufsize trust-ad no-trust-ad no-sandbox" },
	{ .name = "message", .only = "mbox " MESSAGE_ONLY },
	{ .name = "mbox", .only = "message " MESSAGE_ONLY },
	{ .name = "trust", .with = "message mbox" },
	{ .name = "ip", .with = "message mbox" },
	{ .name = "expect", .only = "json quiet verbose nameserver timeout "
	    "tries tcp no-edns bufsize trust-ad no-trust-ad no-sandbox window qps" },
	{ .name = "quiet", .without = "json explain fix" },
	{ .name = "diff", .without = "quiet explain fix nagios skip-done fail-on findings" },
	{ .name = "bufsize", .without = "no-edns tcp" },
	{ .name = "fetch-timeout", .with = "fetch" },
	{ .name = "only-public", .with = "fetch" },
	{ .name = "ca", .with = "fetch" },
	{ .name = "crl", .with = "fetch" },
	{ .name = "tls-min", .with = "fetch" },
	{ .name = "tls-strict", .with = "fetch" },
	{ .name = NULL }
};

/* The options of the checks stand behind ours. */
static int
plug(struct err *e)
{
	size_t at = 1, max = sizeof set.tables / sizeof *set.tables - 1;
	int c;

	for (c = 0; c < CHECK_MAX; c++) {
		if (checks_all[c]->options == NULL)
			continue;
		if (at == max)
			return fail(e, EX_SOFTWARE,
			    "over %zu tables of options", max);
		set.tables[at++] = checks_all[c]->options;
	}
	return 0;
}

static int
check_named(struct str name)
{
	int c;

	for (c = 0; c < CHECK_MAX; c++)
		if (str_is(name, checks_all[c]->name))
			return c;
	return -1;
}

/* An option about a check asks for it. */
static bool
implied(const struct check *c)
{
	const struct opt *row;

	for (row = c->options; row != NULL && row->name != NULL; row++)
		if (opt_given(&set, row->name))
			return true;
	return false;
}

static int
choose(struct err *e)
{
	struct str rest = raw.checks != NULL ? str_of(raw.checks) :
	    STR("mx,addr"), one;
	int c;

	for (c = 0; raw.all && c < CHECK_MAX; c++)
		o.want.asked |= CHECK_BIT(c);
	if (o.show.quiet)
		o.want.asked |= CHECK_BIT(CHECK_MX);
	for (c = 0; c < CHECK_MAX; c++)
		if (implied(checks_all[c]))
			o.want.asked |= CHECK_BIT(c);
	while (rest.p != NULL) {
		one = str_trim(str_cut(&rest, ','));
		c = check_named(one);
		if (c < 0)
			return fail(e, EX_USAGE,
			    "--checks: there is no \"%.*s\"", STR_ARG(one));
		o.want.asked |= CHECK_BIT(c);
	}
	return 0;
}

/*
 * mx and addr are run for whoever needs them; mx always, because its question
 * tells whether the name exists.
 */
static void
close_needs(void)
{
	unsigned needs = 0;
	int c;

	o.want.checks = o.want.asked | CHECK_BIT(CHECK_MX);
	for (c = CHECK_MAX - 1; c >= 0; c--)
		if ((o.want.checks & CHECK_BIT(c)) != 0) {
			needs = checks_all[c]->needs;
			o.want.checks |= needs &
			    (CHECK_BIT(CHECK_MX) | CHECK_BIT(CHECK_ADDR));
		}
}

static void
join_servers(void)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < raw.servers.n; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "", raw.servers.v[i]);
	if (raw.servers.n > 0)
		o.dns.servers = arena_dup(&arena, BUF_STR(b));
	o.dns.rotate = raw.servers.n > 1;
	buf_free(&b);
}

static int
check_limits(struct err *e)
{
	if ((opt_given(&set, "window") && raw.window == 0) ||
	    (opt_given(&set, "qps") && raw.qps == 0) ||
	    (opt_given(&set, "tries") && raw.tries == 0) ||
	    (opt_given(&set, "timeout") && o.dns.timeout <= 0))
		return fail(e, EX_USAGE,
		    "--window, --qps, --tries and --timeout are more than 0");
	if (raw.window > 32768 || raw.qps > 10000000 || raw.tries > 16 ||
	    (raw.bufsize != 0 && (raw.bufsize < 512 || raw.bufsize > 65535)))
		return fail(e, EX_USAGE,
		    "--window is at most 32768, --tries 16, --bufsize 512 to 65535");
	if (o.dns.trust_ad && raw.no_ad)
		return fail(e, EX_USAGE, "--trust-ad or --no-trust-ad?");
	if (o.want.four && o.want.six)
		return fail(e, EX_USAGE, "-4 or -6?");
	return 0;
}

/* Are messages read, and no names? */
static bool
reading(void)
{
	return messages.files.n + messages.mboxes.n > 0;
}

static int
effects(struct err *e)
{
	if (opt_rules(&set, rules, e) < 0)
		return -1;
	if ((o.want.four || o.want.six) &&
	    (o.want.checks & CHECK_BIT(CHECK_ADDR)) == 0)
		return fail(e, EX_USAGE, "-4 and -6 have no effect with these checks: they ask for no addresses of hosts");
	if (raw.expect != NULL && o.operands.n > 0)
		return fail(e, EX_USAGE, "the names are those of --expect: no operands");
	if (reading() && o.operands.n > 0)
		return fail(e, EX_USAGE, "\"%s\": names are not looked up with --message; each message has its own --message",
		    o.operands.v[0]);
	if (raw.findings && o.operands.n > 0)
		return fail(e, EX_USAGE, "\"%s\": nothing is looked up with --findings: no names",
		    o.operands.v[0]);
	if (raw.info && o.operands.n > 1)
		return fail(e, EX_USAGE, "--resolver-info asks for one name");
	return 0;
}

/* Is it shown on a terminal?  How wide is that, and does it have colours? */
static void
terminal(void)
{
	const char *columns = getenv("COLUMNS"), *term = getenv("TERM");
	struct winsize size;
	uint64_t n;

	if (!isatty(STDOUT_FILENO))
		return;
	o.show.columns = 80;
	if (columns != NULL && str_num(str_of(columns), 10000, &n) == 0 &&
	    n > 0)
		o.show.columns = (unsigned)n;
	else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col > 0)
		o.show.columns = size.ws_col;
	o.show.color = getenv("NO_COLOR") == NULL && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

/* "-" alone is standard input, as with the other tools. */
static void
take_dash(void)
{
	if (o.operands.n == 1 && strcmp(o.operands.v[0], "-") == 0 &&
	    raw.expect == NULL && o.many.diff == NULL && !raw.info &&
	    !reading())
		o.operands.n = 0;
}

static int
lookup_configure(int argc, char **argv, struct err *e)
{
	int c;

	if (plug(e) < 0 ||
	    opt_parse(&set, argc, argv, &o.operands, e) < 0)
		return -1;
	take_dash();
	if (opt_stdin(&set, o.operands.n > 0 || raw.findings || raw.info ||
	    raw.expect != NULL || o.many.diff != NULL || reading() ? NULL :
	    "the list of names", e) < 0 ||
	    check_limits(e) < 0 || choose(e) < 0 ||
	    message_check(&messages, &arena, e) < 0)
		return -1;
	close_needs();
	if (effects(e) < 0)
		return -1;
	join_servers();
	terminal();
	trace_set(raw.verbose);
	o.dns.window = raw.window > 0 ? (unsigned)raw.window : 1024;
	o.dns.qps = (unsigned)raw.qps;
	o.dns.tries = (unsigned)raw.tries;
	o.dns.bufsize = (unsigned)raw.bufsize;
	o.dns.distrust_ad = raw.no_ad;
	for (c = 0; c < CHECK_MAX; c++)
		if ((o.want.checks & CHECK_BIT(c)) != 0 &&
		    checks_all[c]->init != NULL &&
		    checks_all[c]->init(&r, e) < 0)
			return -1;
	return 0;
}

/* ---- verdict */

static int
lookup_verdict(void)
{
	if (o.many.diff != NULL)
		return fail_worse(r.tally.changed > 0 ? EX_DATAERR : 0,
		    r.tally.unsure > 0 ? EX_TEMPFAIL : 0);
	return fail_worse(r.tally.bad > 0 ? EX_DATAERR : 0,
	    fail_worse(r.tally.unrouted > 0 ? EX_NOHOST : 0,
	    r.tally.temporary > 0 ? EX_TEMPFAIL : 0));
}

/*
 * 0 well, 1 warning, 2 critical, 3 unknown.  Where nothing was looked up
 * nothing is known to be well.
 */
static int
nagios_state(void)
{
	static const int states[] = { [OUTCOME_WELL] = 0,
	    [OUTCOME_WARNED] = 1, [OUTCOME_TEMPORARY] = 3,
	    [OUTCOME_BAD] = 2, [OUTCOME_UNROUTED] = 2 };

	return r.tally.done > 0 ? states[r.worst.outcome] : 3;
}

/* "|" parts the line from its performance data: it is no text's. */
static void
no_bar(struct buf *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->p[i] == '|')
			b->p[i] = '/';
}

/* The plugin's line comes first, and in it what is worst: a pager shows that. */
static int
nagios(double s)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL",
	    "UNKNOWN" };
	const struct tally *t = &r.tally;
	int state = nagios_state();

	no_bar(&r.out);
	no_bar(&r.worst.why);
	printf("%s - ", words[state]);
	if (t->done == 0)
		printf("no name was given; ");
	else if (state != 0)
		printf("%.*s; ", (int)r.worst.why.n, r.worst.why.p);
	printf("%llu of %llu well, %llu without a route, %llu with errors, %llu with warnings, %llu unknown now|time=%.3fs errors=%llu;;0 warnings=%llu;0\n",
	    (unsigned long long)(t->done - t->bad - t->unrouted - t->temporary),
	    (unsigned long long)t->done, (unsigned long long)t->unrouted,
	    (unsigned long long)t->bad, (unsigned long long)t->warned,
	    (unsigned long long)t->temporary, s,
	    (unsigned long long)(t->bad + t->unrouted),
	    (unsigned long long)t->warned);
	if (r.out.n > 0)
		fwrite(r.out.p, 1, r.out.n, stdout);
	return state;
}

static void
show_stats(double s)
{
	const struct tally *t = &r.tally;
	struct dns_stats d;

	dns_stats(r.dns, &d);
	fprintf(stderr, "%llu names in %.2f s, %.0f/s; %llu without a route, %llu with errors, %llu unknown now\n",
	    (unsigned long long)t->done, s, (double)t->done / s,
	    (unsigned long long)t->unrouted, (unsigned long long)t->bad,
	    (unsigned long long)t->temporary);
	fprintf(stderr, "%llu queries, %.0f/s; %llu from cache, %llu joined, %llu sent again, %llu without reply, %llu by TCP, window %u\n",
	    (unsigned long long)d.queries, (double)d.queries / s,
	    (unsigned long long)d.cached, (unsigned long long)d.joined,
	    (unsigned long long)d.retries, (unsigned long long)d.timeouts,
	    (unsigned long long)d.tcp, d.window);
}

static int
list_kinds(void)
{
	checks_findings(&r.out);
	if (r.out.n > 0)
		fwrite(r.out.p, 1, r.out.n, stdout);
	return 0;
}

static int
mxlookup(int argc, char **argv, struct err *e)
{
	int64_t start = clock_us();
	double s;

	if (lookup_configure(argc, argv, e) < 0)
		return e->code;
	if (raw.findings)
		return list_kinds();
	r.dns = dns_open(&o.dns, e);
	if (r.dns == NULL)
		return e->code;
	if (raw.info)
		return resolver_info(&r, e);
	if (reading())
		return message_run(&r, &messages, e);
	if (raw.expect != NULL)
		return expect_run(&r, raw.expect, e);
	if (bulk_run(&r, e) < 0)
		return fail_worse(e->code, lookup_verdict());
	s = (double)(clock_us() - start + 1) / 1e6;
	if (o.many.stats)
		show_stats(s);
	return o.show.nagios ? nagios(s) : lookup_verdict();
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	struct buf line = { .max = 2048 };
	int status;

	program_begin(argv[0]);
	status = mxlookup(argc, argv, &e);
	fail_tell(&e, NULL);
	status = program_end(status);
	if (e.code != 0 && (o.show.nagios || plugin_asked(argc, argv))) {
		plugin_unknown(&line, "", e.msg);
		fwrite(line.p, 1, line.n, stdout);
		fflush(stdout);			/* _exit does not */
		buf_free(&line);
		status = PLUGIN_UNKNOWN;
	}
	if (!sts_close(&r.sts) || stop_asked())	/* with names under way */
		_exit(status);
	dns_close(r.dns);
	task_end(&r);
	buf_free(&r.out);
	buf_free(&r.worst.why);
	arena_free(&arena);
	return status;
}
