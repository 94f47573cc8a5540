/* main.c: two-way IMAP <-> Maildir, at the cost of what changed */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "account_file.h"
#include "account_run.h"
#include "bodies.h"
#include "body.h"
#include "file.h"
#include "foreign.h"
#include "import.h"
#include "keys.h"
#include "maildir.h"
#include "map.h"
#include "migrate.h"
#include "net.h"
#include "options.h"
#include "program.h"
#include "service.h"
#include "settings.h"
#include "several.h"
#include "stop.h"
#include "trace.h"
#include "version.h"
#include "watch.h"

#define UNSAID { .is = { .account = &o.account, .connections = 3 }, \
    .watching.poll = 60 }
static struct options o = UNSAID;

static int
set_allow(void *to, const char *arg, struct err *e)
{
	struct settings *at = to;

	if (str_num(str_of(arg), UINT32_MAX, &at->allow) < 0)
		return fail(e, EX_USAGE, "--allow-deletes: how many, not \"%s\"",
		    arg);
	return 0;
}

static const struct opt_choice layouts[] = {
	{ "verbatim", LAYOUT_VERBATIM },
	{ "maildir++", LAYOUT_MAILDIRPP },
	{ "legacy", LAYOUT_LEGACY },
	{ .name = NULL }
};

static const struct opt_choice codes[] = {
	{ "utf-8", CODE_UTF8 },
	{ "utf-7", CODE_UTF7 },
	{ .name = NULL }
};

static const struct opt_choice far_deletes[] = {
	{ "trash", FAR_TRASH },
	{ "expunge", FAR_EXPUNGE },
	{ "mark", FAR_MARK },
	{ "never", FAR_NEVER },
	{ .name = NULL }
};

static const struct opt_choice near_deletes[] = {
	{ "attic", NEAR_ATTIC },
	{ "expunge", NEAR_EXPUNGE },
	{ "mark", NEAR_MARK },
	{ "never", NEAR_NEVER },
	{ .name = NULL }
};

static const struct opt_choice purges[] = {
	{ "near", PURGE_NEAR },
	{ "far", PURGE_FAR },
	{ "both", PURGE_BOTH },
	{ .name = NULL }
};

static const struct opt_choice creates[] = {
	{ "both", CREATE_BOTH },
	{ "near", CREATE_NEAR },
	{ "far", CREATE_FAR },
	{ "none", CREATE_NONE },
	{ .name = NULL }
};

static const struct opt_choice folder_policies[] = {
	{ "keep", FOLDERS_KEEP },
	{ "delete", FOLDERS_DELETE },
	{ .name = NULL }
};

static const struct opt_choice deltas[] = {
	{ "auto", DELTA_AUTO },
	{ "qresync", DELTA_QRESYNC },
	{ "condstore", DELTA_CONDSTORE },
	{ "search", DELTA_SEARCH },
	{ "fetch", DELTA_FETCH },
	{ .name = NULL }
};

static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "What is kept the same" },
	{ .name = "near", .arg = "DIR", .kind = OPT_TEXT, .to = &o.is.near,
	    .help = "where the Maildirs are" },
	{ .name = "inbox", .arg = "DIR", .kind = OPT_TEXT, .to = &o.inbox,
	    .help = "the Maildir of the inbox (else INBOX in near)" },
	{ .name = "layout", .arg = "LAYOUT", .kind = OPT_CHOICE,
	    .to = &o.layout, .choices = layouts,
	    .help = "verbatim (DIR/a/b), maildir++ (DIR/.a.b), legacy (DIR/a/.b)" },
	{ .name = "flatten", .arg = "CHAR", .kind = OPT_TEXT, .to = &o.flatten,
	    .help = "with verbatim: a/b is DIR/aCHARb" },
	{ .name = "near-names", .arg = "CODE", .kind = OPT_CHOICE,
	    .to = &o.code, .choices = codes,
	    .help = "utf-8, or utf-7 as on old servers" },
	{ .name = "info-delimiter", .arg = "CHAR", .kind = OPT_TEXT,
	    .to = &o.delimiter,
	    .help = "before the flags of a file, where it cannot be a colon" },
	{ .name = "map", .arg = "RULE", .kind = OPT_LIST, .to = &o.is.map,
	    .help = "another name here: 'Sent -> [Gmail]/Sent Mail'" },
	{ .name = "patterns", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &o.is.patterns, .help = "which folders: '* !Spam !Lists/%'" },
	{ .name = "subscribed", .kind = OPT_FLAG, .to = &o.subscribed,
	    .help = "subscribed folders alone" },
	{ .name = "local-only", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &o.is.local_only,
	    .help = "folders that stay here alone: 'Archive Old/*'" },
	{ .name = "follow", .arg = "NAME", .kind = OPT_LIST,
	    .to = &o.is.follow,
	    .help = "a Maildir that is a symbolic link, below near" },
	{ .name = "bodies", .arg = "RULE", .kind = OPT_LIST, .to = &o.bodies,
	    .help = "full or headers, and of which: 'headers:size>1M'" },
	{ .name = "last", .arg = "N", .kind = OPT_NUMBER, .to = &o.is.here.last,
	    .help = "of each mailbox the newest, the unread and the flagged" },
	{ .name = "since", .arg = "DATE", .kind = OPT_TEXT, .to = &o.since,
	    .help = "2026-07-01 or 14d; the unread and the flagged, too" },
	{ .name = "id", .arg = "MESSAGE-ID", .kind = OPT_TEXT,
	    .to = &o.want.id, .help = "with body: of the message that has it",
	    .flags = OPT_NOCONF },
	{ .name = "folder", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &o.want.folder, .help = "with body: of this mailbox alone",
	    .flags = OPT_NOCONF },
	{ .name = "uid", .arg = "SET", .kind = OPT_TEXT, .to = &o.want.uids,
	    .help = "with body: of these in --folder", .flags = OPT_NOCONF },
	{ .name = "search", .arg = "KEYS", .kind = OPT_TEXT,
	    .to = &o.want.keys, .help = "with body: of what the server finds",
	    .flags = OPT_NOCONF },
	{ .name = "print", .kind = OPT_FLAG, .to = &o.want.print,
	    .help = "with body: to standard output, not into the file",
	    .flags = OPT_NOCONF },
	{ .name = "pull", .kind = OPT_FLAG, .to = &o.pull,
	    .help = "only from the server to here" },
	{ .name = "push", .kind = OPT_FLAG, .to = &o.push,
	    .help = "only from here to the server" },
	{ .name = "near-gets", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &o.near_gets,
	    .help = "of what changed there: new flags gone, or some of them" },
	{ .name = "far-gets", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &o.far_gets, .help = "of what changed here, likewise" },
	{ .name = "mirror-near", .kind = OPT_FLAG, .to = &o.mirror,
	    .help = "only to here, and what was changed here is undone" },
	{ .name = "", .kind = OPT_HEAD, .help = "What may be deleted" },
	{ .name = "delete-far", .arg = "HOW", .kind = OPT_CHOICE,
	    .to = &o.is.policy.far_delete, .choices = far_deletes,
	    .help = "trash, expunge, mark or never" },
	{ .name = "trash", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &o.is.trash, .help = "the server's mailbox for the trash" },
	{ .name = "delete-near", .arg = "HOW", .kind = OPT_CHOICE,
	    .to = &o.is.policy.near_delete, .choices = near_deletes,
	    .help = "attic, expunge, mark or never" },
	{ .name = "purge-marked", .arg = "SIDE", .kind = OPT_CHOICE,
	    .to = &o.is.policy.purge, .choices = purges,
	    .help = "near, far or both: what is marked since an earlier run" },
	{ .name = "allow-deletes", .arg = "N", .kind = OPT_CALL, .to = &o.is,
	    .call = set_allow, .help = "so many in a mailbox are no accident" },
	{ .name = "unsafe-expunge", .kind = OPT_FLAG,
	    .to = &o.is.unsafe_expunge,
	    .help = "EXPUNGE on servers without UIDPLUS" },
	{ .name = "reupload-orphans", .kind = OPT_FLAG,
	    .to = &o.is.policy.reupload,
	    .help = "upload what is here alone since the UIDs changed" },
	{ .name = "", .kind = OPT_HEAD, .help = "Whole folders" },
	{ .name = "create", .arg = "WHERE", .kind = OPT_CHOICE, .to = &o.create,
	    .choices = creates, .help = "both, near, far or none" },
	{ .name = "folders", .arg = "POLICY", .kind = OPT_CHOICE,
	    .to = &o.folders, .choices = folder_policies,
	    .help = "keep, or delete what is gone on the other side" },
	{ .name = "", .kind = OPT_HEAD, .help = "Migrating from one server to another" },
	{ .name = "automap", .kind = OPT_FLAG, .to = &o.migrate.automap,
	    .help = "folders for the same use are the same", .flags = OPT_NOCONF },
	{ .name = "check", .kind = OPT_FLAG, .to = &o.migrate.check,
	    .help = "what there is to do, and whether it can be done",
	    .flags = OPT_NOCONF },
	{ .name = "verify", .kind = OPT_FLAG, .to = &o.migrate.verify,
	    .help = "compare what was copied, byte for byte",
	    .flags = OPT_NOCONF },
	{ .name = "delete-extra", .kind = OPT_FLAG,
	    .to = &o.migrate.delete_extra,
	    .help = "delete in TO what is not in FROM", .flags = OPT_NOCONF },
	{ .name = "failed", .kind = OPT_FLAG, .to = &o.migrate.failed,
	    .help = "list the messages that were refused",
	    .flags = OPT_NOCONF },
	{ .name = "retry-failed", .kind = OPT_FLAG, .to = &o.migrate.retry,
	    .help = "try those again", .flags = OPT_NOCONF },
	{ .name = "ignore", .arg = "ID", .kind = OPT_LIST,
	    .to = &o.migrate.ignore,
	    .help = "one of those: the migration is complete without it",
	    .flags = OPT_NOCONF },
	{ .name = "rate", .arg = "BYTES", .kind = OPT_NUMBER,
	    .to = &o.migrate.rate, .help = "at most so many a second",
	    .flags = OPT_NOCONF },
	{ .name = "bytes-a-day", .arg = "BYTES", .kind = OPT_NUMBER,
	    .to = &o.migrate.day, .help = "at most so many a day, of all runs",
	    .flags = OPT_NOCONF },
	{ .name = "from-password-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &o.migrate.from_password,
	    .help = "prints the password of a FROM that is a URL",
	    .flags = OPT_NOCONF },
	{ .name = "to-password-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &o.migrate.to_password, .help = "the same of TO",
	    .flags = OPT_NOCONF },
	{ .name = "", .kind = OPT_HEAD, .help = "Running" },
	{ .letter = 'n', .name = "dry-run", .kind = OPT_FLAG,
	    .to = &o.is.dry_run, .help = "print what would be done",
	    .flags = OPT_NOCONF },
	{ .letter = 'a', .name = "all", .kind = OPT_FLAG, .to = &o.all,
	    .help = "every sync section of the configuration",
	    .flags = OPT_NOCONF },
	{ .name = "jobs", .arg = "N", .kind = OPT_NUMBER, .to = &o.jobs,
	    .help = "accounts at a time (1)" },
	{ .name = "watch", .kind = OPT_FLAG, .to = &o.watch,
	    .help = "stay, and sync whenever something changes",
	    .flags = OPT_NOCONF },
	{ .name = "poll", .arg = "TIME", .kind = OPT_SECONDS,
	    .to = &o.watching.poll,
	    .help = "so often if the server does not tell (1m)" },
	{ .name = "complain-after", .arg = "TIME", .kind = OPT_SECONDS,
	    .to = &o.watching.complain_after,
	    .help = "what passes by itself is said if it lasts so long" },
	{ .name = "connections", .arg = "N", .kind = OPT_NUMBER,
	    .to = &o.is.connections, .help = "for downloads and migrations (3)" },
	{ .name = "on-change", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &o.is.on_change,
	    .help = "a command that is told what was done, as JSON" },
	{ .name = "accept-mode", .kind = OPT_FLAG, .to = &o.is.accept_mode,
	    .help = "this account, this way, whatever the last run was",
	    .flags = OPT_NOCONF },
	{ .name = "delta", .arg = "HOW", .kind = OPT_CHOICE, .to = &o.is.rung,
	    .choices = deltas,
	    .help = "auto, or at most qresync, condstore, search, fetch" },
	{ .name = "state", .arg = "DIR", .kind = OPT_TEXT, .to = &o.is.state,
	    .help = "what was agreed (else in ~/.file/state/postbag)" },
	{ .name = "former-state", .arg = "DIR", .kind = OPT_TEXT,
	    .to = &o.is.former_state,
	    .help = "what mbsync or offlineimap knew (else ~/.mbsync, ...)" },
	{ .name = "import", .arg = "FILE", .kind = OPT_TEXT, .to = &o.import,
	    .help = "print a .mbsyncrc as our configuration",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .name = NULL }
};

static void
version_text(struct buf *b)
{
	version_all(b, "imapsync", &o.account.arena, account_path(&o.account),
	    o.is.state);
}

static struct opt_set set = { .version = version_text,
    .keys = sync_keys,
    .usage = "imapsync [options] [NAME ...]\n"
    "       imapsync [options] list [NAME]\n"
    "       imapsync [options] body [NAME] FILE ...\n"
    "       imapsync [options] body [NAME] --id ID|--search KEYS|--uid SET\n"
    "       imapsync [options] trim [NAME]\n"
    "       imapsync [options] migrate FROM TO\n"
    "       imapsync [options] state dump|check|rebuild [NAME]",
    .about = "Keeps Maildirs and an IMAP server the same." };

/* ---- what the options say ---- */

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "import", .only = "" },
	{ .name = "pull", .stops = "delete-far trash unsafe-expunge "
	    "reupload-orphans far-gets" },
	{ .name = "push", .stops = "delete-near connections bodies near-gets "
	    "last since" },
	{ .name = "watch", .stops = "dry-run accept-mode jobs" },
	{ .name = "poll", .with = "watch" },
	{ .name = "complain-after", .with = "watch" },
	{ .name = "mirror-near", .stops = "delete-far trash unsafe-expunge "
	    "reupload-orphans purge-marked near-gets far-gets" },
	{ .name = NULL }
};

/* ---- accounts ---- */

static int
load_account(const char *name, struct err *e)
{
	if (name != NULL && (strcmp(name, "state") == 0 ||
	    strcmp(name, "list") == 0 || strcmp(name, "body") == 0 ||
	    strcmp(name, "trim") == 0 ||
	    strcmp(name, "migrate") == 0))
		return fail(e, EX_CONFIG, "sync %s: no section can have the name of a command",
		    name);
	if (name != NULL && account_section(&o.account, "sync", name, e) < 0)
		return -1;
	if (account_load(&o.account, &set, "imap", NULL, e) < 0)
		return -1;
	o.is.title = name != NULL ? name : o.account.name;
	if (o.is.title == NULL)
		o.is.title = o.account.has_server ? o.account.server.host : "";
	trace_set(o.account.verbose);
	if (!(o.watching.poll >= 1))
		return fail(e, EX_USAGE, "--poll: a second is the least");
	return options_settle(&o, &set, e);
}

static void begin_service(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Of a watch, if it is one of systemd's: ready is who knows what to do. */
static void
begin_service(const char *fmt, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct err ignored = { 0 };
	char text[256];
	va_list ap;

	if (path == NULL)
		return;
	service_begin(net_unix_datagrams(path, &ignored));
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	service_say("STATUS=%s", text);
}

static int
watch_or_run(const struct body_want *want, struct err *e)
{
	if (!o.watch)
		return account_run(&o.is, want, e);
	begin_service("%s", o.is.title);
	return watch_account(&o.is, &o.watching, e);
}

static int
sync_account(const char *name, const struct body_want *want, struct err *e)
{
	int status = EX_USAGE;

	if (load_account(name, e) < 0)
		status = e->code;
	else if (!o.account.has_server)
		fail(e, EX_USAGE, "which server? Name a sync section, or use -S imaps://HOST");
	else if (o.is.near == NULL)
		fail(e, EX_USAGE, "where to? --near DIR");
	else if (want != NULL && want->trim && o.is.here.bodies.n == 0)
		fail(e, EX_USAGE, "trim: of which messages? --bodies says it, headers:age>90d for example");
	else {
		o.is.near = file_path(&o.account.arena, o.is.near);
		options_place_inbox(&o);
		status = watch_or_run(want, e);
	}
	fail_tell(e, name);
	return status;
}

/* Of several, whose lines are whole as long as none is longer than that. */
static char lines[65536];

static void
child(const char *name, struct err *e)
{
	int status;

	service_leave();
	setvbuf(stdout, lines, _IOLBF, sizeof lines);
	status = sync_account(name, NULL, e);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = fail_worse(status, EX_IOERR);
	account_wipe(&o.account);
	_exit(status);
}

/* Each in a process of its own: none can stop the others. */
static int
sync_several(struct opt_list names, struct err *e)
{
	struct several all;
	int worst = 0, got = 0;
	size_t i;

	several_begin(&all, names.n);
	if (o.watch)
		begin_service("%zu accounts", names.n);
	for (i = 0; i < names.n && !stop_asked(); i++) {
		/* who watches does not end: all of them at once */
		if (!o.watch && all.running >= (o.jobs > 0 ? o.jobs : 1))
			worst = fail_worse(worst, several_next(&all));
		if ((got = several_fork(&all, e)) == 0)
			child(names.v[i], e);
		if (got < 0)
			break;
	}
	account_forget(&o.account);	/* each has its own by now */
	while (all.running > 0)
		worst = fail_worse(worst, several_next(&all));
	several_free(&all);
	if (got < 0)
		return -1;
	return i < names.n && !o.watch ? fail_worse(worst, EX_TEMPFAIL) :
	    worst;
}

/* "state VERB [NAME]" */
static int
state_command(struct err *e)
{
	const struct opt_list *v = &o.operands;

	if (o.is.dry_run || o.watch)
		return fail(e, EX_USAGE, "%s has no effect with state",
		    o.watch ? "--watch" : "-n");
	if (v->n < 2 || v->n > 3)
		return fail(e, EX_USAGE, "state dump, check or rebuild, and a NAME");
	if (load_account(v->n == 3 ? v->v[2] : NULL, e) < 0)
		return -1;
	return account_state(&o.is, v->v[1], e);
}

/* "list [NAME]" */
static int
list_command(struct err *e)
{
	const struct opt_list *v = &o.operands;
	int status;

	if (o.watch)
		return fail(e, EX_USAGE, "--watch has no effect with list");
	if (v->n > 2)
		return fail(e, EX_USAGE, "list, and a NAME");
	if (load_account(v->n == 2 ? v->v[1] : NULL, e) < 0)
		return -1;
	if (!o.account.has_server)
		return fail(e, EX_USAGE, "which server? Name a sync section, or use -S imaps://HOST");
	if (o.is.near != NULL)
		o.is.near = file_path(&o.account.arena, o.is.near);
	status = account_list(&o.is, e);
	fail_tell(e, NULL);
	return status;
}

/* "body [NAME] FILE ...": a file has a slash, a NAME has none. */
static int
body_command(struct err *e)
{
	struct opt_list v = o.operands;
	const char *name = NULL;

	v.v++;
	v.n--;
	if (v.n > 0 && strchr(v.v[0], '/') == NULL) {
		name = v.v[0];
		v.v++;
		v.n--;
	}
	o.want.files = v;
	if (body_check(&o.want, e) < 0)
		return -1;
	if (o.is.dry_run || o.watch)
		return fail(e, EX_USAGE, "%s has no effect with body",
		    o.watch ? "--watch" : "-n");
	return sync_account(name, &o.want, e);
}

/* "trim [NAME]" */
static int
trim_command(struct err *e)
{
	const struct opt_list *v = &o.operands;

	if (v->n > 2)
		return fail(e, EX_USAGE, "trim, and a NAME");
	if (o.watch)
		return fail(e, EX_USAGE, "--watch has no effect with trim");
	o.want.trim = true;
	return sync_account(v->n == 2 ? v->v[1] : NULL, &o.want, e);
}

/* Options that say which bodies. */
static int
body_none(struct err *e)
{
	static const char *const its[] = { "id", "folder", "uid", "search",
	    "print" };
	size_t i;

	for (i = 0; i < sizeof its / sizeof *its; i++)
		if (opt_given(&set, its[i]))
			return fail(e, EX_USAGE, "--%s has no effect without body",
			    its[i]);
	return 0;
}

/* "migrate FROM TO" */
static int
migrate_command(struct err *e)
{
	const struct opt_list *v = &o.operands;
	int status;

	if (v->n != 3)
		return fail(e, EX_USAGE, "migrate FROM TO: two accounts, or imaps://USER@HOST");
	if (map_check(&o.is.map, e) < 0 || options_connections(&o, e) < 0)
		return -1;
	trace_set(o.account.verbose);
	o.migrate.like = &o.account;
	o.migrate.from = v->v[1];
	o.migrate.to = v->v[2];
	o.migrate.state = o.is.state;
	o.migrate.patterns = o.is.patterns;
	o.migrate.map = &o.is.map;
	o.migrate.allow = o.is.allow;
	o.migrate.connections = o.is.connections;
	if (o.migrate.check)
		o.migrate.verb = MIGRATE_CHECK;
	else if (o.migrate.verify)
		o.migrate.verb = MIGRATE_VERIFY;
	else if (o.migrate.failed)
		o.migrate.verb = MIGRATE_FAILS;
	status = migrate_run(&o.migrate, e);
	fail_tell(e, NULL);
	return status;
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
	    load_account(name, e) < 0 ? -1 : 0;
	account_wipe(&o.account);
	o = kept;
	set = given;
	return got;
}

static const struct foreign_tool import = { .kind = "sync",
	.import = import_run, .load = try_section };

/* A descriptor can be read once: not by several processes. */
static int
refuse_shared(struct err *e)
{
	if (o.account.login.password_fd != NULL)
		return fail(e, EX_USAGE, "--password-fd can be read once, and here are several accounts");
	return account_read(&o.account, e);
}

/* ---- the program ---- */

static int
sync_start(int argc, char **argv, struct err *e)
{
	set.tables[0] = options;
	set.tables[1] = account_options(&o.account);
	set.arena = &o.account.arena;
	if (opt_parse(&set, argc, argv, &o.operands, e) < 0 ||
	    opt_rules(&set, rules, e) < 0 || opt_stdin(&set, NULL, e) < 0)
		return -1;
	if (o.all && o.operands.n > 0)
		return fail(e, EX_USAGE, "--all has no effect with names of sections");
	if (migrate_options_check(&set, o.operands.n > 0 &&
	    strcmp(o.operands.v[0], "migrate") == 0, e) < 0)
		return -1;
	if (o.import != NULL)
		return foreign_convert(&import, o.import, stdout, e);
	if (o.operands.n > 0 && strcmp(o.operands.v[0], "state") == 0)
		return state_command(e);
	if (o.operands.n > 0 && strcmp(o.operands.v[0], "list") == 0)
		return list_command(e);
	if (o.operands.n > 0 && strcmp(o.operands.v[0], "body") == 0)
		return body_command(e);
	if (body_none(e) < 0)
		return -1;
	if (o.operands.n > 0 && strcmp(o.operands.v[0], "trim") == 0)
		return trim_command(e);
	if (o.operands.n > 0 && strcmp(o.operands.v[0], "migrate") == 0)
		return migrate_command(e);
	if (o.all && o.operands.n == 0 && account_sections(&o.account,
	    "sync", &o.operands, e) < 0)
		return -1;
	if (o.operands.n <= 1 && !o.all && opt_given(&set, "jobs"))
		return fail(e, EX_USAGE, "--jobs has no effect with one account");
	if (o.operands.n > 1)
		return refuse_shared(e) < 0 ? -1 : sync_several(o.operands, e);
	return sync_account(o.operands.n == 1 ? o.operands.v[0] : NULL, NULL,
	    e);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int status;

	program_begin(argv[0]);
	program_private();
	program_files();
	status = sync_start(argc, argv, &e);
	if (status < 0) {
		fail_tell(&e, NULL);
		status = e.code;
	}
	account_wipe(&o.account);
	return program_end(status);
}
