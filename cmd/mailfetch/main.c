/*
 * mailfetch: new mail, here, exactly once
 *
 * One account is one process: several are forked, so that none can stop the
 * others.  once() below is one pass; the order of things in it:
 *
 *	run.c		the state is opened, then the places; then the sandbox
 *	pop.c, imap.c	login, what is there, what of it is new
 *	deliver.c	each message to its places; a batch is durable, then visible,
 *			then known
 *	pop.c, imapbox.c	and only then deleted or moved on the server
 *	run.c		the report
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account_file.h"
#include "added.h"
#include "addr.h"
#include "clock.h"
#include "dest.h"
#include "errand.h"
#include "foreign.h"
#include "import.h"
#include "import_state.h"
#include "keys.h"
#include "net.h"
#include "outage.h"
#include "program.h"
#include "protocols.h"
#include "several.h"
#include "spawn.h"
#include "stop.h"
#include "trace.h"
#include "turn.h"
#include "version.h"
#include "words.h"

#define UNSAID { .jobs = 4, .to.deliver_timeout = 300, \
    .refused = { .times = 10, .lasting = 1800 } }
static struct options o = UNSAID;
static struct process p = { .turn = -1 };

static const struct opt_choice formats[] = {
	{ "mboxrd", FORMAT_MBOXRD },
	{ "raw", FORMAT_RAW },
	{ "json", FORMAT_JSON },
	{ .name = NULL }
};

static const struct opt_choice deliver_tls[] = {
	{ "starttls", DELIVER_TLS_STARTTLS },
	{ "off", DELIVER_TLS_OFF },
	{ .name = NULL }
};

static const struct opt_choice doubts[] = {
	{ "retry", DOUBT_RETRY },
	{ "skip", DOUBT_SKIP },
	{ .name = NULL }
};

/* "never", "now", "after:30", "after:30d" */
static int
set_delete(void *to, const char *arg, struct err *e)
{
	struct option_after *after = to;
	struct str s = str_of(arg), days;
	uint64_t n = 0;

	if (str_is(s, "never")) {
		after->when = DELETE_NEVER;
	} else if (str_is(s, "now")) {
		after->when = DELETE_NOW;
	} else if (str_starts(s, "after:")) {
		days = str_of(arg + 6);
		if (days.n > 0 && days.p[days.n - 1] == 'd')
			days.n--;
		if (str_num(days, 100000, &n) < 0)
			return fail(e, EX_USAGE, "--delete after:DAYS, not \"%s\"",
			    arg);
		after->when = DELETE_AFTER;
	} else {
		return fail(e, EX_USAGE, "--delete is never, now or after:DAYS, not \"%s\"",
		    arg);
	}
	after->days = (unsigned)n;
	return 0;
}

static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "Where it goes" },
	{ .letter = 'd', .name = "deliver", .arg = "PLACE", .kind = OPT_LIST,
	    .to = &o.to.deliver,
	    .help = "maildir:DIR, mbox:FILE (with %f: one per folder), exec:CMD, lmtp:HOST:PORT, smtp://127.0.0.1, imaps://USER@HOST/FOLDER, stdout; several at once" },
	{ .name = "filter", .arg = "CMD", .kind = OPT_TEXT, .to = &o.to.filter,
	    .help = "what a command makes of each message is delivered" },
	{ .name = "add-header", .arg = "FIELD", .kind = OPT_LIST,
	    .to = &o.to.add_header,
	    .help = "Delivered-To or Received is put in front" },
	{ .name = "create", .kind = OPT_FLAG, .to = &o.to.create,
	    .help = "make the Maildir, or the folder, if it is not there" },
	{ .name = "format", .arg = "FORMAT", .kind = OPT_CHOICE,
	    .to = &o.to.format, .choices = formats,
	    .help = "of stdout: mboxrd, raw or json" },
	{ .name = "rcpt", .arg = "ADDR", .kind = OPT_LIST, .to = &o.to.rcpt,
	    .help = "recipients for lmtp and smtp" },
	{ .name = "rcpt-from", .arg = "HEADER", .kind = OPT_TEXT,
	    .to = &o.to.rcpt_field,
	    .help = "recipient for lmtp and smtp: of that field, if in --rcpt-domain" },
	{ .name = "rcpt-domain", .arg = "DOMAIN", .kind = OPT_TEXT,
	    .to = &o.to.rcpt_domain,
	    .help = "where --rcpt-from may send to" },
	{ .name = "envelope-from", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &o.to.rcpt_from,
	    .help = "sender for lmtp (else the null one)" },
	{ .name = "deliver-tls", .arg = "HOW", .kind = OPT_CHOICE,
	    .to = &o.to.deliver_tls, .choices = deliver_tls,
	    .help = "of lmtp by TCP, smtp: starttls (required), or off" },
	{ .name = "deliver-password-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &o.to.deliver_password,
	    .help = "its first line is the password for imaps://USER@HOST" },
	{ .name = "label", .arg = "NAME", .kind = OPT_LIST,
	    .to = &o.to.labels,
	    .help = "label of Gmail for what is stored by IMAP" },
	{ .name = "on-change", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &o.to.on_change,
	    .help = "a command that is told what was delivered, as JSON" },
	{ .name = "deliver-timeout", .arg = "SECONDS", .kind = OPT_SECONDS,
	    .to = &o.to.deliver_timeout,
	    .help = "for each command of exec, filter, on-change, pre, post (300)" },
	{ .name = "in-doubt", .arg = "POLICY", .kind = OPT_CHOICE,
	    .to = &o.to.in_doubt, .choices = doubts,
	    .help = "retry or skip what exec, lmtp or smtp may have taken" },
	{ .name = "redeliver", .kind = OPT_FLAG, .to = &o.to.redeliver,
	    .help = "give each place all that it has not got, be it old",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "Which messages" },
	{ .letter = 'f', .name = "folder", .arg = "NAME", .kind = OPT_LIST,
	    .to = &o.which.folder,
	    .help = "IMAP: a folder, a pattern, !exclusion, or \\Junk (INBOX)" },
	{ .name = "search", .arg = "KEYS", .kind = OPT_TEXT,
	    .to = &o.which.search, .help = "IMAP: only what SEARCH finds" },
	{ .name = "since", .arg = "DATE", .kind = OPT_TEXT,
	    .to = &o.which.since,
	    .help = "not older (2026-07-01, or 14d)" },
	{ .name = "unseen", .kind = OPT_FLAG, .to = &o.which.unseen,
	    .help = "IMAP: only what nobody has read" },
	{ .name = "headers-only", .kind = OPT_FLAG, .to = &o.which.headers_only,
	    .help = "no bodies" },
	{ .name = "max-size", .arg = "BYTES", .kind = OPT_NUMBER,
	    .to = &o.which.max_size, .help = "leave larger ones there" },
	{ .name = "limit", .arg = "N", .kind = OPT_NUMBER, .to = &o.which.limit,
	    .help = "at most so many in one run" },
	{ .name = "", .kind = OPT_HEAD, .help = "Afterwards" },
	{ .name = "delete", .arg = "WHEN", .kind = OPT_CALL, .to = &o.after,
	    .call = set_delete, .help = "never, now or after:DAYS" },
	{ .name = "move-to", .arg = "FOLDER", .kind = OPT_TEXT,
	    .to = &o.after.move_to,
	    .help = "IMAP: move what was fetched there" },
	{ .name = "mark-seen", .kind = OPT_FLAG, .to = &o.after.mark_seen,
	    .help = "IMAP: mark what was fetched as read" },
	{ .name = "", .kind = OPT_HEAD, .help = "Looking" },
	{ .letter = 'l', .name = "list", .kind = OPT_FLAG, .to = &o.look.list,
	    .help = "what is on the server; * is new", .flags = OPT_NOCONF },
	{ .name = "check", .kind = OPT_FLAG, .to = &o.look.check,
	    .help = "is there new mail? exit 0 yes, 1 no",
	    .flags = OPT_NOCONF },
	{ .letter = 'n', .name = "dry-run", .kind = OPT_FLAG,
	    .to = &o.look.dry_run, .help = "list what would be fetched",
	    .flags = OPT_NOCONF },
	{ .name = "peek", .kind = OPT_FLAG, .to = &o.look.peek,
	    .help = "deliver, and keep no record of it",
	    .flags = OPT_NOCONF },
	{ .name = "probe", .kind = OPT_FLAG, .to = &o.look.probe,
	    .help = "what the server can", .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "Running" },
	{ .letter = 'a', .name = "all", .kind = OPT_FLAG, .to = &o.all,
	    .help = "every fetch section of the configuration",
	    .flags = OPT_NOCONF },
	{ .name = "jobs", .arg = "N", .kind = OPT_NUMBER, .to = &o.jobs,
	    .help = "accounts at a time (4)" },
	{ .name = "watch", .kind = OPT_FLAG, .to = &o.watch,
	    .help = "stay, and fetch when mail comes", .flags = OPT_NOCONF },
	{ .name = "poll", .arg = "TIME", .kind = OPT_SECONDS, .to = &o.poll,
	    .help = "so often if the server does not tell (1m, POP3 5m)" },
	{ .name = "refusals", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.refused.times,
	    .help = "so many logins refused in a row end --watch (10)" },
	{ .name = "refused-for", .arg = "SECONDS", .kind = OPT_SECONDS,
	    .to = &o.refused.lasting,
	    .help = "if they go on for so long (30m)" },
	{ .name = "complain-after", .arg = "TIME", .kind = OPT_SECONDS,
	    .to = &o.complain_after,
	    .help = "what passes by itself is said if it lasts so long" },
	{ .name = "pre", .arg = "CMD", .kind = OPT_TEXT, .to = &o.pre,
	    .help = "a command before the connection; if it fails there is none" },
	{ .name = "post", .arg = "CMD", .kind = OPT_TEXT, .to = &o.post,
	    .help = "a command afterwards, told $POSTBAG_STATUS" },
	{ .name = "state", .arg = "FILE", .kind = OPT_TEXT, .to = &o.state,
	    .help = "what was fetched (else in ~/.local/state/postbag)" },
	{ .name = "import-state", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.seen.import,
	    .help = "what fetchmail, mpop or getmail fetched counts as fetched",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "catch-up", .kind = OPT_FLAG, .to = &o.seen.catch_up,
	    .help = "all that is there now counts as fetched",
	    .flags = OPT_NOCONF },
	{ .name = "import", .arg = "FILE", .kind = OPT_TEXT, .to = &o.import,
	    .help = "print a .fetchmailrc, .mpoprc or getmailrc as our configuration",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = NULL }
};

/* Options for after a message is chosen; options that choose it. */
#define DELIVERY "filter add-header on-change format rcpt rcpt-from rcpt-domain envelope-from " \
    "deliver-tls " \
    "deliver-password-command label deliver-timeout in-doubt delete move-to " \
    "mark-seen redeliver peek"
#define NO_FOLDER "search since unseen headers-only max-size limit"
#define CHOICE "folder " NO_FOLDER

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "import", .only = "" },
	{ .name = "import-state", .stops = "pre post catch-up watch list check dry-run "
	    "probe " DELIVERY " " NO_FOLDER },
	{ .name = "catch-up", .stops = "watch list check dry-run probe "
	    DELIVERY " " NO_FOLDER },
	{ .name = "probe", .stops = "list check dry-run " DELIVERY " "
	    CHOICE },
	{ .name = "check", .stops = "list dry-run limit headers-only "
	    DELIVERY },
	{ .name = "list", .stops = "dry-run limit headers-only " DELIVERY },
	{ .name = "peek", .stops = "dry-run delete move-to mark-seen" },
	{ .name = "complain-after", .without = "list check dry-run probe peek "
	    "import-state catch-up" },
	{ .name = "headers-only", .stops = "mark-seen" },
	{ .name = "watch", .stops = "jobs peek redeliver" },
	{ .name = NULL }
};

static void
version_more(struct buf *b)
{
	version_all(b, "mailfetch", &o.account.arena, account_path(&o.account),
	    o.state);
}

static struct opt_set set = { .version = version_more,
    .keys = fetch_keys,
    .usage = "mailfetch [options] [NAME ...]",
    .about = "Brings new mail here, exactly once." };

static bool
delivers(const char *kind)
{
	size_t i;

	for (i = 0; i < o.to.deliver.n; i++)
		if (str_starts(str_of(o.to.deliver.v[i]), kind))
			return true;
	return false;
}

/* Some place is one per folder. */
static bool
by_folder(void)
{
	size_t i;

	for (i = 0; i < o.to.deliver.n; i++)
		if (strstr(o.to.deliver.v[i], "%f") != NULL)
			return true;
	return false;
}

/* Whose mail it is may be told by a field, for one's own domain alone. */
static int
rcpt_field(struct err *e)
{
	struct str f = str_of(o.to.rcpt_field);
	size_t i;

	if ((o.to.rcpt_field == NULL) != (o.to.rcpt_domain == NULL))
		return fail(e, EX_USAGE, "--rcpt-from and --rcpt-domain go together");
	for (i = 0; i < f.n; i++)
		if (f.p[i] <= ' ' || f.p[i] > '~' || f.p[i] == ':')
			return fail(e, EX_USAGE, "--rcpt-from: this cannot be the name of a field");
	return o.to.rcpt_domain == NULL ? 0 :
	    addr_domain(str_of(o.to.rcpt_domain), e);
}

/* Each option about a kind of place needs one of that kind. */
static int
for_places(struct err *e)
{
	static const struct {
		const char *option, *kind[5];
	} v[] = {
		{ "create", { "maildir:", "imap:", "imaps:" } },
		{ "format", { "stdout" } }, { "rcpt", { "lmtp:", "smtp:" } },
		{ "rcpt-from", { "lmtp:", "smtp:" } },
		{ "rcpt-domain", { "lmtp:", "smtp:" } },
		{ "envelope-from", { "lmtp:" } },
		{ "deliver-tls", { "lmtp:", "smtp:", "imap:" } },
		{ "deliver-password-command", { "imap:", "imaps:" } },
		{ "label", { "imap:", "imaps:" } },
		{ "deliver-timeout", { "exec:", "mda:" } },
		{ "in-doubt", { "exec:", "mda:", "lmtp:", "smtp:" } },
	};
	size_t i, k;
	bool some;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		for (k = 0, some = false; v[i].kind[k] != NULL; k++)
			some |= delivers(v[i].kind[k]);
		some |= delivers("mbox:") && by_folder() &&
		    strcmp(v[i].option, "create") == 0;
		some |= (o.to.filter != NULL || o.to.on_change != NULL ||
		    o.pre != NULL || o.post != NULL) &&
		    strcmp(v[i].option,
		    "deliver-timeout") == 0;
		if (!some && opt_given(&set, v[i].option))
			return fail(e, EX_USAGE, "--%s has an effect with --deliver %s only",
			    v[i].option, v[i].kind[0]);
	}
	return 0;
}

/* Whose places they are: what that means ledger.h says. */
static void
whose_places(void)
{
	bool given = opt_given(&set, "deliver");

	o.to.of = given ? LEDGER_EXTRA : LEDGER_SECTION;
	if (o.which.headers_only)
		o.to.of = LEDGER_HEADERS;
	o.to.aside = given && opt_configured(&set, "deliver");
}

/* Places beside the section's are no reason to change anything there. */
static int
for_section(struct err *e)
{
	static const char *const v[] = { "delete", "move-to", "mark-seen" };
	size_t i;

	for (i = 0; o.to.aside && i < sizeof v / sizeof *v; i++)
		if (opt_given(&set, v[i]) &&
		    (i > 0 || o.after.when != DELETE_NEVER))
			return fail(e, EX_USAGE, "--%s has no effect with --deliver: such places stand beside those of the section, and nothing is changed on the server for them",
			    v[i]);
	return 0;
}

static int
policies(struct err *e)
{
	static const char *const watched[] = { "poll", "refusals",
	    "refused-for" };
	size_t i;

	if (o.watch && (o.look.list || o.look.check || o.look.dry_run ||
	    o.look.probe))
		return fail(e, EX_USAGE, "--watch fetches: it does not go with --list, --check, --dry-run and --probe");
	for (i = 0; !o.watch && i < sizeof watched / sizeof *watched; i++)
		if (opt_given(&set, watched[i]))
			return fail(e, EX_USAGE, "--%s has an effect with --watch only",
			    watched[i]);
	if (o.poll != 0 && !(o.poll >= 1))
		return fail(e, EX_USAGE, "--poll: a second is the least");
	/* A look at what a section deletes deletes nothing, see permit(). */
	if (o.after.when != DELETE_NEVER && (o.after.move_to != NULL ||
	    (o.which.headers_only && (opt_given(&set, "delete") ||
	    !opt_given(&set, "headers-only")))))
		return fail(e, EX_USAGE, "--delete does not go with %s",
		    o.after.move_to != NULL ? "--move-to" : "--headers-only");
	whose_places();
	return for_section(e) < 0 || for_places(e) < 0 ||
	    added_check(&o, e) < 0 ? -1 : rcpt_field(e);
}

/* Behind the sandbox it is the helper that starts it. */
static int
parse_around(struct hook_command *c, const char *option, const char *text,
    struct err *e)
{
	*c = (struct hook_command){ .option = option,
	    .seconds = o.to.deliver_timeout };
	if (text == NULL)
		return 0;
	c->argv = words_of(&o.account.arena, text, option, e);
	errand_argv(c->argv);
	return c->argv != NULL ? 0 : -1;
}

static int
load_account(struct err *e)
{
	if (account_load(&o.account, &set, "imap pop3", NULL, e) < 0)
		return -1;
	if (!o.account.has_server)
		return fail(e, EX_USAGE, "which server? Name a fetch section, or use -S imaps://HOST or -S pop3s://HOST");
	o.title = o.operands.n > 0 ? o.operands.v[0] : o.account.name;
	if (o.title == NULL)
		o.title = o.account.server.host;
	trace_set(o.account.verbose);
	return policies(e) < 0 || parse_around(&p.pre, "--pre", o.pre, e) < 0 ||
	    parse_around(&p.post, "--post", o.post, e) < 0 ? -1 : 0;
}

/* Before a connection, and after it; status < 0: it is not known yet. */
static int
around(const struct hook_command *c, int status, struct err *e)
{
	struct spawn_env env = { .n = 0 };
	char text[16];

	if (c->argv == NULL)
		return 0;
	spawn_env_put(&env, SPAWN_ACCOUNT, o.title);
	snprintf(text, sizeof text, "%d", status);
	spawn_env_put(&env, SPAWN_STATUS, status >= 0 ? text : NULL);
	fflush(stdout);
	return hook_command(c, SPAWN_NULL, &env, e);
}

/* It was the turn of --pre, whatever became of it. */
static int
after(int status)
{
	struct err e = { 0 };

	if (around(&p.post, status, &e) == 0)
		return status;
	complain_say(&p.complain, e.code, "--post", "%s: %s", o.title, e.msg);
	return status == 1 ? e.code : fail_worse(status, e.code);
}

static int
once(struct err *e)
{
	bool opened, none;
	struct run r;
	int status;

	opened = run_open(&r, &o, &p, e) == 0;
	if (opened && around(&p.pre, -1, e) == 0) {
		if (o.seen.import != NULL)
			import_state_run(&r, o.seen.import);
		else if (o.account.server.scheme >= ACCOUNT_POP3)
			pop_run(&r);
		else
			imap_run(&r);
	}
	status = run_close(&r);
	none = o.look.check && status == 0 && r.count.total == 0;
	status = none ? 1 : status;
	return opened ? after(status) : status;
}

/* A server that counts logins refuses the one that comes too early. */
static double
until_next(double poll)
{
	double pause = clock_about(poll);

	return pause > p.delay ? pause : p.delay;
}

/* Why a pass ended before its end. */
static void
tell_pass(const struct err *e)
{
	if (!stop_asked())
		complain_say(&p.complain, e->code, COMPLAIN_RUN, "%s: %s; trying again",
		    o.title, e->msg);
}

/*
 * POP3 cannot say that something has come; IMAP waits within imap_run, and
 * this is for its connections that are lost.
 */
static int
watch(struct err *e)
{
	struct outage out = { .poll = o.poll, .refusals = o.refused.times,
	    .refused_for = o.refused.lasting };
	struct outage_pass pass;
	enum outage_next next;
	int64_t slept;

	while (!stop_asked()) {
		slept = clock_slept();
		pass = (struct outage_pass){ .began = clock_ms() };
		p.reached = false;
		o.account.deadline = 0;
		pass.status = once(e);
		pass.code = e->code;
		pass.reached = p.reached;
		pass.busy = p.busy;
		pass.ended = clock_ms();
		next = outage_after(&out, &pass);
		if (next == OUTAGE_END)
			return pass.status;
		if (next == OUTAGE_SAY || (p.complain.after > 0 &&
		    pass.code == EX_TEMPFAIL && !p.reached))
			tell_pass(e);
		complain_end(&p.complain, e->code == 0, clock_wall());
		fail_clear(e);
		fflush(stdout);
		outage_rest(pass.status == 0 ? until_next(out.pause) :
		    outage_pause(&out), slept);
	}
	return EX_TEMPFAIL;
}

/* What ended it is said, or held back. */
static void
tell_end(const struct err *e, const char *name)
{
	if (e->code == EX_TEMPFAIL && p.complain.after > 0)
		complain_say(&p.complain, e->code, COMPLAIN_RUN, "%s%s%s",
		    name != NULL ? name : "", name != NULL ? ": " : "",
		    e->msg);
	else
		fail_tell(e, name);
	complain_end(&p.complain, e->code == 0, clock_wall());
	complain_close(&p.complain);
}

static int
run_account(const char *name, struct err *e)
{
	int status = -1;

	if ((name == NULL || account_section(&o.account, "fetch", name,
	    e) >= 0) && load_account(e) == 0)
		status = o.watch ? watch(e) : once(e);
	session_close(&p.session);
	tls_ctx_free(p.lmtp_tls);
	dest_free(p.dest);
	tell_end(e, name);
	return status < 0 ? e->code : status;
}

/* ---- several ---- */

/* In its own process, where nothing else is open yet. */
static void
child(const char *name, struct err *e)
{
	int status;

	o.operands = (struct opt_list){ &name, 1 };
	status = run_account(name, e);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = fail_worse(status, EX_IOERR);
	account_wipe(&o.account);
	_exit(status);
}

/* The outcome of all: the worst of it; of --check, whether there is any. */
struct sum {
	struct several all;
	int worst;
	bool news;
};

/* The next one to end. */
static void
await_child(struct sum *s)
{
	int code = several_next(&s->all);

	if (code < 0)
		return;
	s->news |= code == 0;
	if (code != 1 || !o.look.check)	/* 1: nothing new there */
		s->worst = fail_worse(s->worst, code);
}

static int
run_several(struct opt_list names)
{
	struct sum s = { .worst = 0 };
	struct err e = { 0 };
	size_t i;
	int got;

	several_begin(&s.all, names.n);
	p.turn = turn_open(&e);
	fail_clear(&e);			/* then their lines may be mixed */
	for (i = 0; i < names.n; i++) {
		/* who watches does not end: all of them at once */
		if (!o.watch && s.all.running >= (o.jobs > 0 ? o.jobs : 1))
			await_child(&s);
		if (stop_asked())
			break;
		if ((got = several_fork(&s.all, &e)) == 0)
			child(names.v[i], &e);
		if (got < 0) {
			fail_print("%s", e.msg);
			fail_clear(&e);
			s.worst = fail_worse(s.worst, EX_OSERR);
		}
	}
	account_forget(&o.account);	/* each has its own by now */
	while (s.all.running > 0)
		await_child(&s);
	if (stop_asked() && i < names.n)
		s.worst = fail_worse(s.worst, EX_TEMPFAIL);
	several_free(&s.all);
	return s.worst == 0 && o.look.check && !s.news ? 1 : s.worst;
}

/* A section of a text, loaded as if it were the configuration. */
static int
try_section(const char *name, struct str text, struct err *e)
{
	struct options kept = o;
	struct opt_set given = set;
	int got;

	o = (struct options)UNSAID;
	set.tables[1] = account_options(&o.account);
	set.arena = &o.account.arena;
	memset(set.seen, 0, sizeof set.seen);
	got = account_text(&o.account, text, e) < 0 ||
	    account_section(&o.account, "fetch", name, e) < 0 ||
	    load_account(e) < 0 ? -1 : 0;
	account_wipe(&o.account);
	o = kept;
	set = given;
	return got;
}

static const struct foreign_tool import = { .kind = "fetch",
	.import = import_run, .load = try_section };

/* Two runs of one section would be in each other's way. */
static int
refuse_again(const struct opt_list *names, struct err *e)
{
	size_t i, k;

	for (i = 0; i < names->n; i++)
		for (k = 0; k < i; k++)
			if (strcmp(names->v[i], names->v[k]) == 0)
				return fail(e, EX_USAGE, "%s is named twice",
				    names->v[i]);
	return 0;
}

/* A descriptor can be read once: not by several processes. */
static int
read_shared(struct err *e)
{
	if (o.account.login.password_fd != NULL)
		return fail(e, EX_USAGE, "--password-fd can be read once, and here are several accounts");
	return account_read(&o.account, e);
}

static int
run_command(int argc, char **argv, struct err *e)
{
	set.tables[0] = options;
	set.tables[1] = account_options(&o.account);
	set.arena = &o.account.arena;
	if (opt_parse(&set, argc, argv, &o.operands, e) < 0 ||
	    opt_rules(&set, rules, e) < 0 || opt_stdin(&set, NULL, e) < 0)
		return -1;
	if (o.operands.n > 0 && (o.all || (o.operands.n == 1 &&
	    opt_given(&set, "jobs"))))
		return fail(e, EX_USAGE, "--%s has no effect with names of sections", o.all ? "all" :
		    "jobs");
	if (o.import != NULL)
		return foreign_convert(&import, o.import, stdout, e);
	if (o.all && o.operands.n == 0 && account_sections(&o.account,
	    "fetch", &o.operands, e) < 0)
		return -1;
	if (refuse_again(&o.operands, e) < 0)
		return -1;
	if (o.operands.n > 1)
		return read_shared(e) < 0 ? -1 : run_several(o.operands);
	return run_account(o.operands.n == 1 ? o.operands.v[0] : NULL, e);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int status;

	program_begin(argv[0]);
	program_private();
	status = run_command(argc, argv, &e);
	if (status < 0) {
		fail_tell(&e, NULL);
		status = e.code;
	}
	account_wipe(&o.account);
	return program_end(status);
}
