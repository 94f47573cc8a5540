/* main.c: two-way IMAP <-> Maildir, at the cost of what changed */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "lock.h"
#include "program.h"
#include "run.h"
#include "spawn.h"
#include "statedir.h"
#include "trace.h"
#include "version.h"

enum { LINES = 16 };

static struct options o = { .connections = 3 };

static int
set_allow(void *to, const char *arg, struct err *e)
{
	struct options *at = to;

	if (str_num(str_of(arg), UINT32_MAX, &at->allow) < 0)
		return fail(e, EX_USAGE, "--allow-deletes: how many, not "
		    "\"%s\"", arg);
	at->allow_given = true;
	return 0;
}

static const struct opt options[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "What is kept the same" },
	{ 0, "near", "DIR", OPT_TEXT, &o.near, "where the Maildirs are",
	    NULL, 0 },
	{ 0, "layout", "LAYOUT", OPT_TEXT, &o.layout, "verbatim (a/b is "
	    "DIR/a/b) or maildir++ (DIR/.a.b)", NULL, 0 },
	{ 0, "patterns", "LIST", OPT_TEXT, &o.patterns, "which folders: "
	    "'* !Spam !Lists/%'", NULL, 0 },
	{ 0, "pull", NULL, OPT_FLAG, &o.pull, "only from the server to here",
	    NULL, 0 },
	{ 0, "push", NULL, OPT_FLAG, &o.push, "only from here to the server",
	    NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "What may be deleted" },
	{ 0, "delete-far", "HOW", OPT_TEXT, &o.delete_far, "trash, expunge, "
	    "mark or never", NULL, 0 },
	{ 0, "delete-near", "HOW", OPT_TEXT, &o.delete_near, "attic, "
	    "expunge, mark or never", NULL, 0 },
	{ 0, "allow-deletes", "N", OPT_CALL, &o, "so many in a mailbox are "
	    "no accident", set_allow, 0 },
	{ 0, "unsafe-expunge", NULL, OPT_FLAG, &o.unsafe_expunge, "EXPUNGE "
	    "on servers without UIDPLUS", NULL, 0 },
	{ 0, "reupload-orphans", NULL, OPT_FLAG, &o.reupload, "upload what "
	    "is here alone since the UIDs changed", NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "Whole folders" },
	{ 0, "create", "WHERE", OPT_TEXT, &o.create, "both, near, far or "
	    "none", NULL, 0 },
	{ 0, "folders", "POLICY", OPT_TEXT, &o.folders, "keep, or delete "
	    "what is gone on the other side", NULL, 0 },
	{ .name = "", .kind = OPT_HEAD, .help = "Running" },
	{ 'n', "dry-run", NULL, OPT_FLAG, &o.dry_run, "print what would be "
	    "done", NULL, OPT_NOCONF },
	{ 'a', "all", NULL, OPT_FLAG, &o.all, "every sync section of the "
	    "configuration", NULL, OPT_NOCONF },
	{ 0, "connections", "N", OPT_NUMBER, &o.connections, "for downloads "
	    "(3)", NULL, 0 },
	{ 0, "delta", "HOW", OPT_TEXT, &o.delta, "auto, or at most qresync, "
	    "condstore, search, fetch", NULL, 0 },
	{ 0, "state", "DIR", OPT_TEXT, &o.state, "what was agreed (else in "
	    "~/.local/state/postbag)", NULL, 0 },
	{ 0, "import", "FILE", OPT_TEXT, &o.import, "print a .mbsyncrc as "
	    "our configuration", NULL, OPT_NOCONF | OPT_STDIN },
	{ .name = NULL }
};

static void
version(struct buf *b)
{
	struct err e = { 0 };
	const char *state = o.state != NULL ? o.state : statedir_path(
	    &o.account.arena, "imapsync", "--state", &e);

	version_libraries(b);
	version_path(b, "configuration", account_path(&o.account),
	    "none, for $HOME is not set");
	version_path(b, "state", state, e.msg);
}

static struct opt_set set = { .version = version, .usage = "imapsync [options] [NAME ...]\n"
    "       imapsync [options] state dump|check|rebuild [NAME]",
    .about = "Keeps Maildirs and an IMAP server the same." };

/* ---- what the options say ---- */

/* Options that others make idle. */
static const struct opt_rule rules[] = {
	{ .name = "import", .only = "" },
	{ .name = "pull", .stops = "delete-far unsafe-expunge "
	    "reupload-orphans" },
	{ .name = "push", .stops = "delete-near connections" },
	{ .name = NULL }
};

struct choice {
	const char *word;
	int value;
};

/* The value of a word, the first one's if there is none; -1. */
static int
choose(const char *option, const char *word, const struct choice *c,
    struct err *e)
{
	struct buf all = { .max = 200 };
	size_t i;

	if (word == NULL)
		return c[0].value;
	for (i = 0; c[i].word != NULL; i++) {
		if (strcmp(word, c[i].word) == 0) {
			buf_free(&all);
			return c[i].value;
		}
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", c[i].word);
	}
	fail(e, EX_USAGE, "--%s is one of %s, not \"%s\"", option, all.p,
	    word);
	buf_free(&all);
	return -1;
}

static int
policies(struct err *e)
{
	static const struct choice far[] = { { "trash", FAR_TRASH },
	    { "expunge", FAR_EXPUNGE }, { "mark", FAR_MARK },
	    { "never", FAR_NEVER }, { NULL, 0 } };
	static const struct choice near[] = { { "attic", NEAR_ATTIC },
	    { "expunge", NEAR_EXPUNGE }, { "mark", NEAR_MARK },
	    { "never", NEAR_NEVER }, { NULL, 0 } };
	static const struct choice layouts[] = { { "verbatim",
	    LAYOUT_VERBATIM }, { "maildir++", LAYOUT_MAILDIRPP },
	    { NULL, 0 } };
	static const struct choice create[] = { { "both", 3 }, { "near", 1 },
	    { "far", 2 }, { "none", 0 }, { NULL, 0 } };
	static const struct choice folders[] = { { "keep", 0 },
	    { "delete", 1 }, { NULL, 0 } };
	static const struct choice deltas[] = { { "auto", DELTA_AUTO },
	    { "qresync", DELTA_QRESYNC }, { "condstore", DELTA_CONDSTORE },
	    { "search", DELTA_SEARCH }, { "fetch", DELTA_FETCH },
	    { NULL, 0 } };
	int f = choose("delete-far", o.delete_far, far, e);
	int n = choose("delete-near", o.delete_near, near, e);
	int how = choose("layout", o.layout, layouts, e);
	int make = choose("create", o.create, create, e);
	int gone = choose("folders", o.folders, folders, e);
	int rung = choose("delta", o.delta, deltas, e);

	if (f < 0 || n < 0 || how < 0 || make < 0 || gone < 0 || rung < 0)
		return -1;
	if (o.pull && o.push)
		return fail(e, EX_USAGE, "--pull and --push: one of them, or "
		    "neither for both ways");
	if (o.connections < 1 || o.connections > LINES)
		return fail(e, EX_USAGE, "--connections is 1 to %d", LINES);
	if (o.patterns == NULL)
		o.patterns = "*";
	if (str_control(str_of(o.patterns)))
		return fail(e, EX_USAGE, "--patterns: a control byte");
	o.how = (enum layout)how;
	o.create_near = (make & 1) != 0 && !o.push;
	o.create_far = (make & 2) != 0 && !o.pull;
	o.folders_delete = gone != 0;
	o.rung = (enum delta)rung;
	o.policy.pull_new = o.policy.pull_flags = !o.push;
	o.policy.push_new = o.policy.push_flags = !o.pull;
	o.policy.far_delete = (unsigned)f;
	o.policy.near_delete = (unsigned)n;
	o.policy.reupload = o.reupload;
	return 0;
}

/* ---- one account ---- */

static const char *
state_dir(struct run *r)
{
	struct buf name = { .max = 4096 };
	const char *dir, *path = NULL;

	if (r->o->state != NULL)
		return file_path(&r->arena, r->o->state);
	if (names_to_path(&name, str_of(r->o->title), '\0',
	    LAYOUT_VERBATIM) < 0)
		fail(r->e, EX_USAGE, "%s cannot be a file name: use --state",
		    r->o->title);
	else if ((dir = statedir_path(&r->arena, "imapsync", "--state DIR",
	    r->e)) != NULL)
		path = arena_printf(&r->arena, "%s/%s", dir, name.p);
	buf_free(&name);
	return path;
}

static int
make_dirs(const char *path, struct err *e)
{
	char *copy = mem_dup(path), *at;
	int got = 0;

	for (at = strchr(copy + 1, '/'); at != NULL; at = strchr(at + 1,
	    '/')) {
		*at = '\0';
		mkdir(copy, 0700);
		*at = '/';
	}
	if (mkdir(copy, 0700) < 0 && errno != EEXIST)
		got = fail_sys(e, EX_CANTCREAT, "%s", path);
	free(copy);
	return got;
}

static int
lock(struct run *r)
{
	r->lock = lock_take(arena_printf(&r->arena, "%s/lock", r->dir), r->e);
	return r->lock < 0 ? -1 : 0;
}

/* A root that was there and is gone is a disk that is not mounted. */
static int
open_root(struct run *r)
{
	const char *path = file_path(&r->arena, r->o->near);

	r->o->near = path;
	if (r->index.n == 0 && !r->o->dry_run && make_dirs(path, r->e) < 0)
		return -1;
	r->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->root >= 0 || (errno == ENOENT && r->index.n == 0 &&
	    r->o->dry_run))
		return 0;
	if (errno == ENOENT && r->index.n > 0)
		return fail(r->e, EX_TEMPFAIL, "%s was there and is gone: "
		    "nothing is done (to begin anew: imapsync state rebuild)",
		    path);
	return fail_sys(r->e, EX_CANTCREAT, "%s", path);
}

static int
open_run(struct run *r)
{
	size_t i;

	if ((r->dir = state_dir(r)) == NULL || make_dirs(r->dir, r->e) < 0 ||
	    lock(r) < 0 || index_open(&r->index, r->dir, r->e) < 0 ||
	    open_root(r) < 0)
		return -1;
	if (!r->o->dry_run && folders_resume(r) < 0)
		return -1;
	r->lines = r->o->dry_run ? 1 : (size_t)r->o->connections;
	r->line = mem_new(r->lines, sizeof *r->line);
	for (i = 0; i < r->lines; i++)
		r->line[i].run = r;
	return 0;
}

static void
close_run(struct run *r)
{
	size_t i;

	for (i = r->lines; i-- > 0; ) {
		if (r->line[i].open)
			imap_quit(&r->line[i].imap);
		imap_free(&r->line[i].imap);
		session_close(&r->line[i].session);
	}
	free(r->line);
	free(r->boxes);
	index_close(&r->index);
	if (r->root >= 0)
		close(r->root);
	if (r->lock >= 0)
		close(r->lock);
	pthread_mutex_destroy(&r->talk);
	arena_free(&r->arena);
}

static int
run(struct err *e)
{
	struct run r = { .o = &o, .e = e, .root = -1, .lock = -1,
	    .started = clock_ms(), .draws = isatty(2) == 1 &&
	    !o.account.quiet };
	struct sandbox box = { 0 };
	struct err late = { 0 };
	struct line *l;
	int status;

	pthread_mutex_init(&r.talk, NULL);
	if (open_run(&r) == 0) {
		l = &r.line[0];
		sandbox_path(&box, o.near, SANDBOX_WRITE);
		sandbox_path(&box, r.dir, SANDBOX_WRITE);
		o.account.box = &box;
		if (session_ready(&l->session, &o.account, &l->err) == 0 &&
		    link_connect(&r, l) == 0)
			sync_run(&r);
		fail_join(e, &l->err);
		if (!o.dry_run && e->code != EX_SOFTWARE)
			index_save(&r.index, &late);
		fail_join(e, &late);
	}
	report_end(&r);
	status = report_status(&r);
	close_run(&r);
	sandbox_forget(&box);
	return status;
}

/* ---- the program ---- */

static int
load(const char *name, struct err *e)
{
	if (name != NULL && account_section(&o.account, "sync", name, e) < 0)
		return -1;
	if (account_load(&o.account, &set, "imap", NULL, e) < 0)
		return -1;
	o.title = name != NULL ? name : o.account.name != NULL ?
	    o.account.name : o.account.has_server ? o.account.server.host :
	    "";
	trace_set(o.account.verbose);
	return policies(e);
}

static int
account(const char *name, struct err *e)
{
	int status = EX_USAGE;

	if (load(name, e) < 0)
		status = e->code;
	else if (!o.account.has_server)
		fail(e, EX_USAGE, "which server? Name a sync section, or use "
		    "-S imaps://HOST");
	else if (o.near == NULL)
		fail(e, EX_USAGE, "where to? --near DIR");
	else
		status = run(e);
	fail_tell(e, name);
	return status;
}

static void
child(const char *name, struct err *e)
{
	int status = account(name, e);

	if (fflush(stdout) != 0 || ferror(stdout))
		status = fail_worse(status, EX_IOERR);
	account_wipe(&o.account);
	_exit(status);
}

/* Each in a process of its own: none can stop the others. */
static int
several(struct opt_list names, struct err *e)
{
	struct spawn_child c;
	int worst = 0, got;
	size_t i;

	for (i = 0; i < names.n && !stop_asked(); i++) {
		fflush(stdout);
		if ((got = spawn_fork(&c, e)) < 0)
			return -1;
		if (got == 0)
			child(names.v[i], e);
		if (i == names.n - 1)
			account_forget(&o.account);
		if (!spawn_wait(&c, CLOCK_NEVER))
			spawn_stop(&c, 1);
		worst = fail_worse(worst, c.how == SPAWN_EXITED ? c.code :
		    EX_SOFTWARE);
	}
	return i < names.n ? fail_worse(worst, EX_TEMPFAIL) : worst;
}

/* "state VERB [NAME]" */
static int
state_command(struct err *e)
{
	struct run r = { .o = &o, .e = e, .lock = -1 };
	int got = -1;

	if (o.operands.n < 2 || o.operands.n > 3)
		return fail(e, EX_USAGE, "state dump, check or rebuild, and "
		    "a NAME");
	if (load(o.operands.n == 3 ? o.operands.v[2] : NULL, e) == 0 &&
	    (r.dir = state_dir(&r)) != NULL && lock(&r) == 0)
		got = statecmd_run(o.operands.v[1], r.dir, o.account.json,
		    e);
	if (r.lock >= 0)
		close(r.lock);
	arena_free(&r.arena);
	return got;
}

/* What can be read once is not for several processes. */
static int
alone(struct err *e)
{
	if (o.account.password_fd != NULL)
		return fail(e, EX_USAGE, "--password-fd can be read once, and here are several accounts");
	return account_read(&o.account, e);
}

static int
start(int argc, char **argv, struct err *e)
{
	set.tables[0] = options;
	set.tables[1] = account_options(&o.account);
	set.arena = &o.account.arena;
	if (opt_parse(&set, argc, argv, &o.operands, e) < 0 ||
	    opt_rules(&set, rules, e) < 0 || opt_stdin(&set, NULL, e) < 0)
		return -1;
	if (o.all && o.operands.n > 0)
		return fail(e, EX_USAGE, "--all has no effect with names of sections");
	if (o.import != NULL)
		return import_run(o.import, e);
	if (o.operands.n > 0 && strcmp(o.operands.v[0], "state") == 0)
		return state_command(e);
	if (o.all && o.operands.n == 0 && account_sections(&o.account,
	    "sync", &o.operands, e) < 0)
		return -1;
	if (o.operands.n > 1)
		return alone(e) < 0 ? -1 : several(o.operands, e);
	return account(o.operands.n == 1 ? o.operands.v[0] : NULL, e);
}

int
main(int argc, char **argv)
{
	struct err e = { 0 };
	int status;

	program_begin(argv[0]);
	program_private();
	program_files();
	status = start(argc, argv, &e);
	if (status < 0) {
		fail_tell(&e, NULL);
		status = e.code;
	}
	account_wipe(&o.account);
	return program_end(status);
}
