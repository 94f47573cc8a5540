/*
 * mailsend: composes a message and submits it
 *
 * The command is a straight line: options, letter, submission, report.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account_file.h"
#include "batch.h"
#include "direct.h"
#include "fallback.h"
#include "aliases.h"
#include "file.h"
#include "foreign.h"
#include "import.h"
#include "keys.h"
#include "letter.h"
#include "local.h"
#include "post.h"
#include "program.h"
#include "queue.h"
#include "queue_accounts.h"
#include "queue_flush.h"
#include "queue_list.h"
#include "report.h"
#include "run.h"
#include "sandbox.h"
#include "save.h"
#include "seal.h"
#include "sendlog.h"
#include "sendmail.h"
#include "submit.h"
#include "talk.h"
#include "trace.h"
#include "version.h"

static struct options o;
static struct run run = { .options = &o };

/* The parts of a message. */
#define CONTENT "subject body html attach inline header reply-to"

/* And what else says something of one, or of its recipients. */
#define MESSAGE CONTENT " to cc bcc message read-recipients recode dry-run quit-after mail-from"

/* What a message in the queue has with it, or what makes several. */
#define NOT_QUEUED MESSAGE " set-from daemon-input ignore-dots sendmail-option skip-empty as-is full-name dsn dsn-ret envid mail-param rcpt-param all-or-nothing unsubscribe batch queue-only"

/* --direct: as -S mx: */
static int
take_direct(void *to, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	*(const char **)to = "mx:";
	return 0;
}

static const struct opt_choice batches[] = {
	{ "mboxrd", OPTION_BATCH_MBOXRD },
	{ "ndjson", OPTION_BATCH_NDJSON },
	{ "files", OPTION_BATCH_FILES },
	{ .name = NULL }
};

/* "10/s", "0.5/s", "10" */
static int
take_rate(void *to, const char *arg, struct err *e)
{
	char *end;
	double n = strtod(arg, &end);

	if (end == arg || !(n > 0) || n > 1e6 ||
	    (*end != '\0' && strcmp(end, "/s") != 0))
		return fail(e, EX_USAGE, "--rate is a number of messages a second, 10/s, not \"%s\"",
		    arg);
	*(double *)to = n;
	return 0;
}

static const struct opt_choice steps[] = {
	{ "connect", OPTION_STEP_CONNECT },
	{ "ehlo", OPTION_STEP_EHLO },
	{ "auth", OPTION_STEP_AUTH },
	{ "rcpt", OPTION_STEP_RCPT },
	{ .name = NULL }
};

/* Programs that know sendmail(8) say -oi and -oem, whatever it is called. */
static int
take_old(void *to, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	*(bool *)to = true;
	return 0;
}

static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "The message" },
	{ .letter = 's', .name = "subject", .arg = "TEXT", .kind = OPT_TEXT,
	    .to = &o.message.subject, .help = "subject", .flags = OPT_NOCONF },
	{ .letter = 'f', .name = "from", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &o.message.from, .help = "sender: 'Name <a@b>' or a@b" },
	{ .name = "to", .arg = "ADDR", .kind = OPT_LIST, .to = &o.message.to,
	    .help = "recipients, as operands are", .flags = OPT_NOCONF },
	{ .letter = 'c', .name = "cc", .arg = "ADDR", .kind = OPT_LIST,
	    .to = &o.message.cc, .help = "copies to", .flags = OPT_NOCONF },
	{ .letter = 'b', .name = "bcc", .arg = "ADDR", .kind = OPT_LIST,
	    .to = &o.message.bcc, .help = "copies nobody sees" },
	{ .name = "reply-to", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &o.message.reply_to, .help = "where answers go" },
	{ .letter = 'a', .name = "attach", .arg = "FILE[:TYPE[:NAME]]",
	    .kind = OPT_LIST, .to = &o.message.attach, .help = "attach a file",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "body", .arg = "TEXT", .kind = OPT_TEXT,
	    .to = &o.message.body, .help = "the text (-, or else: stdin)",
	    .flags = OPT_NOCONF | OPT_STDIN_DASH },
	{ .name = "html", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.message.html, .help = "the text as HTML, too",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "inline", .arg = "FILE[:TYPE[:NAME]]", .kind = OPT_LIST,
	    .to = &o.message.embed, .help = "a file the HTML shows as cid:FILE",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .letter = 'H', .name = "header", .arg = "'NAME: VALUE'",
	    .kind = OPT_LIST, .to = &o.message.header,
	    .help = "one more header field" },
	{ .name = "message", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.message.file, .help = "a finished message (-: stdin)",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .letter = 't', .name = "read-recipients", .kind = OPT_FLAG,
	    .to = &o.message.read_recipients,
	    .help = "recipients from the message's To, Cc, Bcc",
	    .flags = OPT_NOCONF },
	{ .name = "recode", .kind = OPT_FLAG, .to = &o.message.recode,
	    .help = "encode odd lines of a finished message, do not refuse it" },
	{ .name = "set-from", .kind = OPT_FLAG, .to = &o.message.set_from,
	    .help = "--from replaces a finished message's From" },
	{ .name = "daemon-input", .kind = OPT_FLAG, .to = &o.message.daemon,
	    .help = "a daemon's text: mend it, skip broken addresses",
	    .flags = OPT_NOCONF },
	{ .name = "aliases", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.message.aliases,
	    .help = "who root and other bare names of a daemon's are" },
	{ .name = "as-is", .kind = OPT_FLAG, .to = &o.message.as_is,
	    .help = "send a finished message byte for byte",
	    .flags = OPT_NOCONF },
	{ .letter = 'i', .name = "ignore-dots", .kind = OPT_FLAG,
	    .to = &o.message.daemon,
	    .help = "as sendmail -i: --daemon-input, where a dot is a line",
	    .flags = OPT_NOCONF },
	{ .letter = 'o', .name = "sendmail-option", .arg = "X",
	    .kind = OPT_CALL, .to = &o.message.daemon, .call = take_old,
	    .help = "as sendmail -oi, -oem: likewise", .flags = OPT_NOCONF },
	{ .letter = 'E', .name = "skip-empty", .kind = OPT_FLAG,
	    .to = &o.message.skip_empty,
	    .help = "send nothing if there is no text and no file" },
	{ .name = "", .kind = OPT_HEAD, .help = "The envelope" },
	{ .name = "mail-from", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &o.envelope.mail_from,
	    .help = "reverse-path; <> is the null one" },
	{ .letter = 'r', .name = "sender", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &o.sendmail.sender,
	    .help = "as sendmail -r: who sends, over --from",
	    .flags = OPT_NOCONF },
	{ .letter = 'F', .name = "full-name", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &o.sendmail.full_name,
	    .help = "as sendmail -F: his name, if a From is made",
	    .flags = OPT_NOCONF },
	{ .letter = 'N', .name = "dsn", .arg = "WHEN", .kind = OPT_CALL,
	    .to = &o.envelope.dsn, .call = option_dsn_set,
	    .help = "never, or some of success,failure,delay" },
	{ .letter = 'R', .name = "dsn-ret", .arg = "WHAT", .kind = OPT_CHOICE,
	    .to = &o.envelope.dsn_ret, .choices = option_ret_words,
	    .help = "full or hdrs comes back" },
	{ .name = "envid", .arg = "TEXT", .kind = OPT_TEXT,
	    .to = &o.envelope.envid, .help = "envelope id for reports",
	    .flags = OPT_NOCONF },
	{ .name = "mail-param", .arg = "PARAM", .kind = OPT_LIST,
	    .to = &o.envelope.mail_param,
	    .help = "one more parameter of MAIL" },
	{ .name = "rcpt-param", .arg = "PARAM", .kind = OPT_LIST,
	    .to = &o.envelope.rcpt_param,
	    .help = "one more parameter of each RCPT" },
	{ .name = "require-tls", .kind = OPT_FLAG,
	    .to = &o.envelope.require_tls,
	    .help = "TLS on every hop, or not at all (RFC 8689)" },
	{ .name = "all-or-nothing", .kind = OPT_FLAG, .to = &o.envelope.whole,
	    .help = "send only if every recipient is taken" },
	{ .name = "", .kind = OPT_HEAD, .help = "Sending" },
	{ .letter = 'n', .name = "dry-run", .kind = OPT_FLAG,
	    .to = &o.sending.dry_run,
	    .help = "compose and print, connect to nobody",
	    .flags = OPT_NOCONF },
	{ .name = "ehlo", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &o.sending.ehlo, .help = "our name (else found out)" },
	{ .name = "no-chunking", .kind = OPT_FLAG, .to = &o.sending.no_chunking,
	    .help = "DATA even where BDAT is offered" },
	{ .name = "no-pipelining", .kind = OPT_FLAG,
	    .to = &o.sending.no_pipelining, .help = "one command at a time" },
	{ .name = "quit-after", .arg = "STEP", .kind = OPT_CHOICE,
	    .to = &o.sending.quit_after, .choices = steps,
	    .help = "connect, ehlo, auth or rcpt: ask, send nothing",
	    .flags = OPT_NOCONF },
	{ .name = "direct", .kind = OPT_CALL, .to = &run.account.url,
	    .call = take_direct, .help = "by MX to each domain: as -S mx:",
	    .flags = OPT_NOCONF },
	{ .name = "fallback", .arg = "URL", .kind = OPT_LIST,
	    .to = &o.sending.fallback,
	    .help = "the next server, if one is not reached or says 4yz" },
	{ .name = "mx-port", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.direct.port, .help = "of mail hosts, not 25, in a lab",
	    .flags = OPT_NOCONF },
	{ .name = "sts-port", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.direct.sts_port, .help = "not 443, for tests",
	    .flags = OPT_NOCONF | OPT_HIDDEN },
	{ .name = "save", .arg = "WHERE", .kind = OPT_TEXT,
	    .to = &o.sending.save, .help = "maildir:DIR, imap:ACCOUNT/FOLDER: keep a copy there" },
	{ .name = "dkim", .arg = "SELECTOR:DOMAIN:KEYFILE", .kind = OPT_LIST,
	    .to = &o.sending.dkim,
	    .help = "sign with this key (DKIM) what is from the domain" },
	{ .name = "dkim-new", .arg = "SELECTOR:DOMAIN[:TYPE]",
	    .kind = OPT_TEXT, .to = &o.sending.dkim_new,
	    .help = "make a key (rsa2048, or ed25519), print its DNS record",
	    .flags = OPT_NOCONF },
	{ .name = "log", .arg = "FILE|syslog|journal", .kind = OPT_TEXT,
	    .to = &o.sending.log,
	    .help = "a line there for each message" },
	{ .name = "", .kind = OPT_HEAD, .help = "The queue" },
	{ .name = "queue", .arg = "WHERE", .kind = OPT_TEXT,
	    .to = &o.queue.where,
	    .help = "on, off, a directory: what cannot be sent waits" },
	{ .name = "queue-only", .kind = OPT_FLAG, .to = &o.queue.only,
	    .help = "accept it there, send it later" },
	{ .name = "queue-in-doubt", .arg = "WHAT", .kind = OPT_CHOICE,
	    .to = &o.queue.doubt, .choices = option_doubt_words,
	    .help = "send again or hold what may have arrived" },
	{ .name = "flush", .kind = OPT_FLAG, .to = &o.queue.flush,
	    .help = "send what is due", .flags = OPT_NOCONF },
	{ .name = "flush-now", .kind = OPT_FLAG, .to = &o.queue.now,
	    .help = "send all that waits, due or not", .flags = OPT_NOCONF },
	{ .name = "queue-list", .kind = OPT_FLAG, .to = &o.queue.list,
	    .help = "show what waits", .flags = OPT_NOCONF },
	{ .name = "queue-remove", .arg = "ID", .kind = OPT_LIST,
	    .to = &o.queue.remove, .help = "take a message out of it",
	    .flags = OPT_NOCONF },
	{ .name = "queue-handed-on", .kind = OPT_FLAG,
	    .to = &o.queue.handed_on,
	    .help = "options come from the flush of another account",
	    .flags = OPT_NOCONF | OPT_HIDDEN },
	{ .name = "", .kind = OPT_HEAD, .help = "Other things" },
	{ .name = "check-address", .kind = OPT_FLAG,
	    .to = &o.sending.check_address,
	    .help = "only say whether each operand is an address",
	    .flags = OPT_NOCONF },
	{ .name = "import", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.sending.import,
	    .help = "print an .msmtprc as our configuration",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = "", .kind = OPT_HEAD, .help = "Many messages, and lists" },
	{ .name = "batch", .arg = "KIND", .kind = OPT_CHOICE,
	    .to = &o.batch.kind, .choices = batches,
	    .help = "send all of stdin: mboxrd, ndjson, or names of files",
	    .flags = OPT_NOCONF },
	{ .name = "jobs", .arg = "N", .kind = OPT_NUMBER, .to = &o.batch.jobs,
	    .help = "over so many connections (1)", .flags = OPT_NOCONF },
	{ .name = "rate", .arg = "N/s", .kind = OPT_CALL, .to = &o.batch.rate,
	    .call = take_rate, .help = "so many messages a second at most",
	    .flags = OPT_NOCONF },
	{ .name = "resume", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.batch.resume,
	    .help = "the output of before: who has got it gets it not again",
	    .flags = OPT_NOCONF },
	{ .name = "suppress", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &o.batch.suppress,
	    .help = "addresses, or @domains, that are sent nothing",
	    .flags = OPT_NOCONF },
	{ .name = "max-refused", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.batch.max_refused,
	    .help = "stop when so many were refused (20 in a row, or a tenth)",
	    .flags = OPT_NOCONF },
	{ .name = "unsubscribe", .arg = "URL[,mailto:]", .kind = OPT_TEXT,
	    .to = &o.batch.unsubscribe,
	    .help = "List-Unsubscribe by one click (RFC 8058)",
	    .flags = OPT_NOCONF },
	{ .name = NULL }
};

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "check-address", .only = "json" },
	{ .name = "import", .only = "" },
	{ .name = "dkim-new", .only = "quiet" },
	{ .name = "dry-run", .stops = "json" },
	{ .name = "quit-after", .stops = CONTENT " recode save" },
	{ .name = "flush", .stops = NOT_QUEUED " flush-now queue-list queue-remove" },
	{ .name = "flush-now", .stops = NOT_QUEUED " queue-list queue-remove" },
	{ .name = "queue-list", .stops = NOT_QUEUED " queue-remove" },
	{ .name = "queue-remove", .stops = NOT_QUEUED },
	{ .name = "batch", .stops = CONTENT " to cc bcc message quit-after dry-run all-or-nothing queue queue-only fallback" },
	{ .name = "jobs", .with = "batch" },
	{ .name = "rate", .with = "batch" },
	{ .name = "resume", .with = "batch" },
	{ .name = "suppress", .with = "batch" },
	{ .name = "max-refused", .with = "batch" },
	{ .name = "recode", .without = CONTENT },
	{ .name = "set-from", .without = CONTENT },
	{ .name = "daemon-input", .without = CONTENT },
	{ .name = "as-is", .without = CONTENT,
	    .stops = "recode set-from daemon-input ignore-dots sendmail-option full-name dkim unsubscribe batch queue-only" },
	{ .name = NULL }
};

/* The names of muquit's mailsend, and ours. */
static const struct {
	const char *theirs, *ours;
} foreign[] = {
	{ "-smtp", "-S smtps://HOST" }, { "-port", "-S smtps://HOST:PORT" },
	{ "-sub", "-s TEXT" }, { "-subject", "-s TEXT" },
	{ "-from", "-f ADDR" }, { "-to", "--to ADDR" },
	{ "+cc", "-c ADDR" }, { "-cc", "-c ADDR" },
	{ "+bc", "-b ADDR" }, { "-bcc", "-b ADDR" }, { "-bc", "-b ADDR" },
	{ "-attach", "-a FILE[:TYPE[:NAME]]" },
	{ "-attachment", "-a FILE[:TYPE[:NAME]]" },
	{ "-domain", "--ehlo NAME" }, { "-user", "-u USER" },
	{ "-pass", "--password-command CMD" }, { "-auth", "-u USER" },
	{ "-auth-plain", "--auth plain" }, { "-auth-login", "--auth login" },
	{ "-auth-cram-md5", "--auth cram-md5" },
	{ "-starttls", "-S smtp://HOST" }, { "-ssl", "-S smtps://HOST" },
	{ "-msg-body", "--message FILE or stdin" }, { "-M", "--body TEXT" },
	{ "-name", "-f 'Name <a@b>'" }, { "-rt", "--reply-to ADDR" },
	{ "-list_address", "the addresses as operands" },
	{ "-header", "-H 'Name: value'" }, { "-sig", "--body TEXT" },
};

static int
muscle_memory(int argc, char **argv, struct err *e)
{
	size_t k;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		for (k = 0; k < sizeof foreign / sizeof *foreign; k++)
			if (strcmp(argv[i], foreign[k].theirs) == 0)
				return fail(e, EX_USAGE, "%s belongs to another mailsend; here it is %s",
				    argv[i], foreign[k].ours);
	return 0;
}

/* Was anything of a message given, before the file adds its own? */
static bool
composing(void)
{
	const struct option_message *m = &o.message;

	return m->subject != NULL || m->body != NULL || m->html != NULL ||
	    m->reply_to != NULL || m->cc.n + m->attach.n + m->embed.n +
	    m->header.n > 0;
}

/* The bare address of -f, by which an account may be chosen; or NULL. */
static const char *
chosen_sender(void)
{
	const char *from = o.sendmail.sender;
	struct err quiet = { 0 };
	struct addr a;

	if (from == NULL && !o.sendmail.called)
		from = o.message.from;
	if (from == NULL || addr_from(&a, &run.account.arena, str_of(from),
	    &quiet) < 0)
		return NULL;
	return addr_wire(&run.account.arena, &a, false, &quiet);
}

static void
send_version(struct buf *b)
{
	version_libraries(b);
	version_path(b, "configuration", account_path(&run.account),
	    "none, for $HOME is not set");
	version_path(b, "state", NULL, "none");
}

/* Of an account, also for -S: the servers behind its own go with that one. */
static int
send_account(struct opt_set *set, struct err *e)
{
	if (account_load(&run.account, set, "smtp lmtp", chosen_sender(),
	    e) < 0)
		return -1;
	if (opt_given(set, "server") && !opt_given(set, "fallback"))
		o.sending.fallback.n = 0;
	if (run.account.has_server) {
		o.envelope.here = account_here(run.account.server.scheme);
		o.envelope.bare = strcmp(account_protocol(
		    run.account.server.scheme), "lmtp") == 0;
	}
	return local_check(&run.account, &o, e) < 0 ? -1 :
	    fallback_check(&run, e);
}

/* Before the sandbox; of who means to have some, and has not, it is an error. */
static int
read_aliases(struct err *e)
{
	struct arena *a = &run.account.arena;

	if (o.message.aliases == NULL || o.sendmail.no_aliases ||
	    (!o.message.daemon && !o.envelope.here))
		return 0;
	o.aliases = arena_new(a, 1, sizeof *o.aliases);
	o.aliases->arena = a;
	return aliases_read(o.aliases, file_path(a, o.message.aliases), e) < 0 ?
	    fail_in(e, "--aliases") : 0;
}

/* What waits is shown, sent or taken out; nothing is read. */
static int
queue_configure(struct opt_set *set, struct err *e)
{
	if (o.operands.n > 0)
		return fail(e, EX_USAGE, "%s: nothing is sent to anybody by --flush, --queue-list and their like",
		    o.operands.v[0]);
	if (opt_stdin(set, NULL, e) < 0)
		return -1;
	o.message.daemon = true;	/* of reports, whose users have aliases */
	run.queue.picked = run.account.name != NULL;
	queue_accounts_options(&run, set);
	set->handed_on = o.queue.handed_on;
	if (send_account(set, e) < 0)
		return -1;
	sendlog_open(&run);
	if (read_aliases(e) < 0 || submit_check(&o, e) < 0 ||
	    queue_open(&run, e) < 0)
		return -1;
	if ((o.queue.flush || o.queue.now) && save_open(&run, e) == 0)
		o.seal = seal_open(&o.sending.dkim, &run.account.arena, e);
	return e->code != 0 ? -1 : 0;
}

static int
send_configure(int argc, char **argv, struct letter_source *from, struct err *e)
{
	struct opt_set set = { .tables = { options,
	    account_options(&run.account) }, .arena = &run.account.arena,
	    .version = send_version,
	    .keys = send_keys,
	    .usage = "mailsend [options] [recipient ...]",
	    .about = "Composes a message, or takes a finished one, and submits it to a mail server." };
	int got;

	if (o.sendmail.called) {
		got = sendmail_parse(&o, &set, argc, argv, e);
		if (got != 0)
			return got;
	} else if (muscle_memory(argc, argv, e) < 0 ||
	    opt_parse(&set, argc, argv, &o.operands, e) < 0) {
		return -1;
	}
	if (opt_rules(&set, rules, e) < 0)
		return -1;
	if (o.sending.check_address || o.sending.dkim_new != NULL)
		return 0;
	if (o.sending.import != NULL)
		return opt_stdin(&set, NULL, e);
	if (option_queue_asks(&o.queue))
		return queue_configure(&set, e);
	if (opt_stdin(&set, letter_reads(&o), e) < 0)
		return -1;
	from->composing = composing();
	o.message.daemon |= o.sendmail.called;
	if (from->composing &&
	    (o.message.file != NULL || o.message.read_recipients ||
	    o.message.daemon || o.message.as_is))
		return fail(e, EX_USAGE, "a finished message is sent as it is: no -s, -c, --body, --html, -a, --inline, -H, --reply-to with it");
	if (send_account(&set, e) < 0)
		return -1;
	sendlog_open(&run);
	if (read_aliases(e) < 0)
		return -1;
	if (!o.sending.dry_run && queue_open(&run, e) < 0)
		return -1;
	if (!queue_others(&run))
		o.seal = seal_open(&o.sending.dkim, &run.account.arena, e);
	if (e->code != 0)
		return -1;
	if (o.message.set_from && o.message.from == NULL)
		return fail(e, EX_USAGE, "--set-from has nothing to set: --from, or the key from, says it");
	if (direct_check(&run.account, &o, e) < 0 ||
	    batch_check(&run.account, &o, e) < 0 || submit_check(&o, e) < 0)
		return -1;
	return save_open(&run, e);
}

/* An account of a text, loaded as if it were the configuration. */
static int
account_try(const char *name, struct str text, struct err *e)
{
	struct account a = { .name = name };
	struct opt_set set = { .tables = { options, account_options(&a) },
	    .arena = &a.arena };
	struct options kept = o;
	int got;

	o = (struct options){ 0 };
	got = account_text(&a, text, e) < 0 ||
	    account_load(&a, &set, "smtp lmtp", NULL, e) < 0 ||
	    submit_check(&o, e) < 0 ? -1 : 0;
	account_wipe(&a);
	o = kept;
	return got;
}

static const struct foreign_tool import = { .kind = "account",
	.import = import_run, .load = account_try };

/* The one message of this command line. */
static int
post_operands(struct letter_source *from, struct err *e)
{
	from->mail_from = o.envelope.mail_from;
	from->to = o.operands;
	from->fd = -1;
	return post(&run, from, e);
}

static int
queue_do(const char *argv0, struct err *e)
{
	if (o.queue.list)
		return queue_list(&run, e);
	if (o.queue.remove.n > 0)
		return queue_remove(&run, e);
	return queue_flush(&run, argv0, e);
}

static int
send_mail(int argc, char **argv, struct err *e)
{
	struct letter_source from = { 0 };
	int got = send_configure(argc, argv, &from, e);

	if (got != 0)
		return got < 0 ? e->code : 0;
	trace_set(run.account.verbose);
	if (o.sending.check_address)
		return report_addresses(&o.operands, &run.account.arena,
		    run.account.json);
	if (o.sending.dkim_new != NULL)
		return seal_new(o.sending.dkim_new, run.account.quiet,
		    &run.account.arena, e) < 0 ? e->code : 0;
	if (o.sending.import != NULL)
		return foreign_convert(&import, o.sending.import, stdout,
		    e) < 0 ? e->code : 0;
	if (option_queue_asks(&o.queue))
		return queue_do(argv[0], e);
	if (o.batch.kind != OPTION_BATCH_NONE)
		return batch_run(&run, e);
	return o.sendmail.talk ? talk_serve(&run) : post_operands(&from, e);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	const char *base = strrchr(argv[0], '/');
	int status;

	program_begin(argv[0]);
	program_private();
	base = base != NULL ? base + 1 : argv[0];
	o.sendmail.called = strcmp(base, "sendmail") == 0 ||
	    strcmp(base, "mailq") == 0 || strcmp(base, "newaliases") == 0;
	status = send_mail(argc, argv, &e);
	fail_tell(&e, NULL);
	status = program_end(status);
	if (!direct_close(&run))
		_exit(status);
	fallback_close(&run);
	save_close(&run);
	session_close(&run.session);
	if (o.aliases != NULL)
		aliases_free(o.aliases);
	seal_close(o.seal);
	if (run.account.box != NULL)	/* nobody had to be listened to */
		sandbox_forget(run.account.box);
	account_wipe(&run.account);
	return status;
}
