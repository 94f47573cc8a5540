/*
 * mailsend: composes a message and submits it
 *
 * The command is a straight line: options, letter, submission, report.
 */
#include <string.h>

#include "letter.h"
#include "post.h"
#include "program.h"
#include "report.h"
#include "run.h"
#include "sendmail.h"
#include "submit.h"
#include "talk.h"
#include "trace.h"
#include "version.h"

static struct options o;
static struct run run = { .options = &o };

/* What a message is made of. */
#define CONTENT "subject body html attach inline header reply-to"

static int
last_step(void *to, const char *arg, struct err *e)
{
	static const char *const names[] = {
		[OPTION_STEP_CONNECT] = "connect",
		[OPTION_STEP_EHLO] = "ehlo",
		[OPTION_STEP_AUTH] = "auth",
		[OPTION_STEP_RCPT] = "rcpt",
	};
	enum option_step s;

	for (s = OPTION_STEP_CONNECT; s <= OPTION_STEP_RCPT; s++)
		if (strcmp(arg, names[s]) == 0) {
			*(enum option_step *)to = s;
			return 0;
		}
	return fail(e, EX_USAGE, "--quit-after: connect, ehlo, auth or rcpt");
}

static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "The message" },
	{ 's', "subject", "TEXT", OPT_TEXT, &o.message.subject,
	    "subject", NULL, OPT_NOCONF },
	{ 'f', "from", "ADDR", OPT_TEXT, &o.message.from,
	    "sender: 'Name <a@b>' or a@b", NULL, 0 },
	{ 0, "to", "ADDR", OPT_LIST, &o.message.to,
	    "recipients, as operands are", NULL, OPT_NOCONF },
	{ 'c', "cc", "ADDR", OPT_LIST, &o.message.cc,
	    "copies to", NULL, OPT_NOCONF },
	{ 'b', "bcc", "ADDR", OPT_LIST, &o.message.bcc,
	    "copies nobody sees", NULL, 0 },
	{ 0, "reply-to", "ADDR", OPT_TEXT, &o.message.reply_to,
	    "where answers go", NULL, 0 },
	{ 'a', "attach", "FILE[:TYPE]", OPT_LIST, &o.message.attach,
	    "attach a file", NULL, OPT_NOCONF | OPT_STDIN },
	{ 0, "body", "TEXT", OPT_TEXT, &o.message.body,
	    "the text (-, or else: stdin)", NULL, OPT_NOCONF | OPT_STDIN_DASH },
	{ 0, "html", "FILE", OPT_TEXT, &o.message.html,
	    "the text as HTML, too", NULL, OPT_NOCONF | OPT_STDIN },
	{ 0, "inline", "FILE[:TYPE]", OPT_LIST, &o.message.embed,
	    "a file the HTML shows as cid:FILE", NULL, OPT_NOCONF | OPT_STDIN },
	{ 'H', "header", "'NAME: VALUE'", OPT_LIST, &o.message.header,
	    "one more header field", NULL, 0 },
	{ 0, "message", "FILE", OPT_TEXT, &o.message.file,
	    "a finished message (-: stdin)", NULL, OPT_NOCONF | OPT_STDIN },
	{ 't', "read-recipients", NULL, OPT_FLAG, &o.message.read_recipients,
	    "recipients from the message's To, Cc, Bcc", NULL, OPT_NOCONF },
	{ 0, "recode", NULL, OPT_FLAG, &o.message.recode,
	    "encode odd lines of a finished message, do not refuse it",
	    NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "The envelope" },
	{ 0, "mail-from", "ADDR", OPT_TEXT, &o.envelope.mail_from,
	    "reverse-path; <> is the null one", NULL, 0 },
	{ 0, "dsn", "WHEN", OPT_TEXT, &o.envelope.dsn,
	    "never, or some of success,failure,delay", NULL, 0 },
	{ 0, "dsn-ret", "WHAT", OPT_TEXT, &o.envelope.dsn_ret,
	    "full or hdrs comes back", NULL, 0 },
	{ 0, "envid", "TEXT", OPT_TEXT, &o.envelope.envid,
	    "envelope id for reports", NULL, OPT_NOCONF },
	{ 0, "mail-param", "PARAM", OPT_LIST, &o.envelope.mail_param,
	    "one more parameter of MAIL", NULL, 0 },
	{ 0, "rcpt-param", "PARAM", OPT_LIST, &o.envelope.rcpt_param,
	    "one more parameter of each RCPT", NULL, 0 },
	{ 0, "require-tls", NULL, OPT_FLAG, &o.envelope.require_tls,
	    "TLS on every hop, or not at all (RFC 8689)", NULL, 0 },
	{ 0, "all-or-nothing", NULL, OPT_FLAG, &o.envelope.whole,
	    "send only if every recipient is taken", NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "Sending" },
	{ 'n', "dry-run", NULL, OPT_FLAG, &o.sending.dry_run,
	    "compose and print, connect to nobody", NULL, OPT_NOCONF },
	{ 0, "ehlo", "NAME", OPT_TEXT, &o.sending.ehlo,
	    "our name (else found out)", NULL, 0 },
	{ 0, "no-chunking", NULL, OPT_FLAG, &o.sending.no_chunking,
	    "DATA even where BDAT is offered", NULL, 0 },
	{ 0, "no-pipelining", NULL, OPT_FLAG, &o.sending.no_pipelining,
	    "one command at a time", NULL, 0 },
	{ 0, "quit-after", "STEP", OPT_CALL, &o.sending.quit_after,
	    "connect, ehlo, auth or rcpt: ask, send nothing",
	    last_step, OPT_NOCONF },
	{ 0, "save", "maildir:DIR", OPT_TEXT, &o.sending.save,
	    "keep a copy of what was accepted", NULL, 0 },
	{ 0, "check-address", NULL, OPT_FLAG, &o.sending.check_address,
	    "only say whether each operand is an address", NULL, OPT_NOCONF },
	{ .name = NULL }
};

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "check-address", .only = "json" },
	{ .name = "dry-run", .stops = "json" },
	{ .name = "quit-after", .stops = CONTENT " recode save" },
	{ .name = "recode", .without = CONTENT },
	{ .name = NULL }
};

/* What muquit's mailsend called things, and what we do. */
static const struct {
	const char *theirs, *ours;
} foreign[] = {
	{ "-smtp", "-S smtps://HOST" }, { "-port", "-S smtps://HOST:PORT" },
	{ "-sub", "-s TEXT" }, { "-subject", "-s TEXT" },
	{ "-from", "-f ADDR" }, { "-to", "--to ADDR" },
	{ "+cc", "-c ADDR" }, { "-cc", "-c ADDR" },
	{ "+bc", "-b ADDR" }, { "-bcc", "-b ADDR" }, { "-bc", "-b ADDR" },
	{ "-attach", "-a FILE[:TYPE]" }, { "-attachment", "-a FILE[:TYPE]" },
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
sender(void)
{
	const char *from = o.sendmail.called ? o.sendmail.sender :
	    o.message.from;
	struct err quiet = { 0 };
	struct addr a;

	if (from == NULL || addr_from(&a, &run.account.arena, str_of(from),
	    &quiet) < 0)
		return NULL;
	return addr_wire(&run.account.arena, &a, false, &quiet);
}

static void
version(struct buf *b)
{
	version_libraries(b);
	version_path(b, "configuration", account_path(&run.account),
	    "none, for $HOME is not set");
	version_path(b, "state", NULL, "none");
}

static int
configure(int argc, char **argv, struct letter_source *from, struct err *e)
{
	struct opt_set set = { .tables = { options,
	    account_options(&run.account) }, .arena = &run.account.arena,
	    .version = version,
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
	if (o.sending.check_address)
		return 0;
	if (opt_stdin(&set, letter_reads(&o), e) < 0)
		return -1;
	from->composing = composing();
	if (from->composing &&
	    (o.message.file != NULL || o.message.read_recipients))
		return fail(e, EX_USAGE, "a finished message is sent as it is: no -s, -c, --body, --html, -a, --inline, -H, --reply-to with it");
	if (account_load(&run.account, &set, "smtp lmtp", sender(), e) < 0)
		return -1;
	return submit_check(&o, e);
}

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
send_mail(int argc, char **argv, struct err *e)
{
	struct letter_source from = { 0 };
	int got = configure(argc, argv, &from, e);

	if (got != 0)
		return got < 0 ? e->code : 0;
	trace_set(run.account.verbose);
	if (o.sending.check_address)
		return report_addresses(&o.operands, &run.account.arena,
		    run.account.json);
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
	    strcmp(base, "mailq") == 0;
	status = send_mail(argc, argv, &e);
	fail_tell(&e, NULL);
	status = program_end(status);
	session_close(&run.session);
	account_wipe(&run.account);
	return status;
}
