/*
 * account.c: URLs, the configuration file, and where a password comes from
 *
 * Everything happens below a directory of its own, which is $HOME as well.
 */
#include <fcntl.h>
#include <getopt.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "account_secret.h"
#include "clock.h"
#include "netrc.h"
#include "secret.h"
#include "stop.h"
#include "tap.h"

static char home[] = "/tmp/postbag-account.XXXXXX";

/* --- URLs --- */

static const struct {
	const char *url, *scheme;
	enum account_scheme want;
	const char *host;
	unsigned port;
	const char *user, *path;
} urls[] = {
	{ "smtps://h.example", "smtps", ACCOUNT_SMTPS, "h.example", 465, NULL,
	    NULL },
	{ "SMTP://h.example/", "smtps", ACCOUNT_SMTP, "h.example", 587, NULL,
	    NULL },
	{ "imap://h:1", "smtps", ACCOUNT_IMAP, "h", 1, NULL, NULL },
	{ "imaps://h", "smtps", ACCOUNT_IMAPS, "h", 993, NULL, NULL },
	{ "pop3://h", "smtps", ACCOUNT_POP3, "h", 110, NULL, NULL },
	{ "pop3s://h", "smtps", ACCOUNT_POP3S, "h", 995, NULL, NULL },
	{ "pop3s://h:65535", "smtps", ACCOUNT_POP3S, "h", 65535, NULL, NULL },
	{ "lmtp://h", "smtps", ACCOUNT_LMTP, "h", 24, NULL, NULL },
	{ "lmtp://h:2400", "smtps", ACCOUNT_LMTP, "h", 2400, NULL, NULL },
	{ "lmtp:///run/l", "smtps", ACCOUNT_LMTP_UNIX, NULL, 0, NULL,
	    "/run/l" },
	{ "lmtp:/run/l", "smtps", ACCOUNT_LMTP_UNIX, NULL, 0, NULL, "/run/l" },
	{ "/run/l", "lmtp", ACCOUNT_LMTP_UNIX, NULL, 0, NULL, "/run/l" },
	{ "host", "imaps", ACCOUNT_IMAPS, "host", 993, NULL, NULL },
	{ "host.", "imaps", ACCOUNT_IMAPS, "host.", 993, NULL, NULL },
	{ "host:25", "smtp", ACCOUNT_SMTP, "host", 25, NULL, NULL },
	{ "192.0.2.1:25", "smtp", ACCOUNT_SMTP, "192.0.2.1", 25, NULL, NULL },
	{ "[2001:db8::1]:25", "smtp", ACCOUNT_SMTP, "2001:db8::1", 25, NULL,
	    NULL },
	{ "[::1]", "smtps", ACCOUNT_SMTPS, "::1", 465, NULL, NULL },
	{ "::1", "smtps", ACCOUNT_SMTPS, "::1", 465, NULL, NULL },
	{ "smtp://[fe80::1%eth0]:26", "smtps", ACCOUNT_SMTP, "fe80::1%eth0",
	    26, NULL, NULL },
	{ "smtps://jo@h", "smtps", ACCOUNT_SMTPS, "h", 465, "jo", NULL },
	{ "smtps://jo@x.org@h", "smtps", ACCOUNT_SMTPS, "h", 465, "jo@x.org",
	    NULL },
	{ "smtps://jo%40x.org%3a%25@h:7", "smtps", ACCOUNT_SMTPS, "h", 7,
	    "jo@x.org:%", NULL },
	{ "jo@h:7", "smtps", ACCOUNT_SMTPS, "h", 7, "jo", NULL },
	{ "b\xc3\xbc" "cher.example", "smtps", ACCOUNT_SMTPS,
	    "b\xc3\xbc" "cher.example", 465, NULL, NULL },
};

static const char *const bad_urls[] = {
	"", "http://h", "smtps:h", "smtps://", "smtps:///x", "/run/l",
	"smtps://h:", "smtps://h:0", "smtps://h:65536", "smtps://h:1x",
	"smtps://h/x", "smtps://h?x", "smtps://h#x", "smtps://-h",
	"smtps://h-", "smtps://.h", "smtps://a..b", "smtps://a b",
	"smtps://h\r\nQUIT", "smtps://h\x7f", "smtps://h;x", "smtps://h\xff",
	"smtps://h\xe2\x80\xaeg", "smtps://[::1", "smtps://[::1]x",
	"smtps://[1.2.3.4]", "smtps://[]", "smtps://[::1%e th]", "lmtp:///",
	"smtps://@h", "smtps://a%0d@h", "smtps://a%00@h", "smtps://a%zz@h",
	"smtps://a%4@h", "smtps://a%@h", "1:2:3", "lmtp:///run/\n", "://h",
};

static void
url(void)
{
	struct arena a = { 0 };
	struct account_server s;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		fail_clear(&e);
		ok(account_url(&s, &a, urls[i].url, urls[i].scheme, &e) == 0 &&
		    s.scheme == urls[i].want && s.port == urls[i].port,
		    "%s %s", urls[i].url, e.msg);
		is_str(s.host, urls[i].host, "its host");
		is_str(s.user, urls[i].user, "its user");
		is_str(s.path, urls[i].path, "its path");
	}
	for (i = 0; i < sizeof bad_urls / sizeof bad_urls[0]; i++) {
		fail_clear(&e);
		ok(account_url(&s, &a, bad_urls[i], "smtps", &e) < 0 &&
		    e.code == EX_USAGE, "bad URL %zu", i);
	}
	arena_free(&a);
}

/* A password in a URL is refused, and not repeated. */
static void
url_password(void)
{
	static const char *const u[] = {
		"smtps://jo:hunter2@h", "jo:hunter2@h:25",
		"smtps://jo:hunter2/@h", "smtps://jo:hun@hunter2@h",
	};
	struct arena a = { 0 };
	struct account_server s;
	size_t i;

	for (i = 0; i < sizeof u / sizeof u[0]; i++) {
		struct err e = { 0 };

		ok(account_url(&s, &a, u[i], "smtps", &e) < 0 &&
		    e.code == EX_USAGE && strstr(e.msg, "hunter2") == NULL &&
		    strstr(e.msg, "--password-command") != NULL,
		    "password in URL %zu: %s", i, e.msg);
	}
	arena_free(&a);
}

/* --- the file --- */

static const char *
put(const char *name, const char *text, size_t n, mode_t mode)
{
	static char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", home, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n || fchmod(fd, mode) < 0)
		abort();
	close(fd);
	return path;
}

static const char *
puts_to(const char *name, const char *text, mode_t mode)
{
	return put(name, text, strlen(text), mode);
}

/* A tool: its own options beside the shared ones. */
struct tool {
	struct account a;
	struct opt_set set;
	struct opt_list operands, to;
	const char *from;
	bool save;
	struct opt own[4];
	struct err e;
};

static int
parse(struct tool *t, int argc, const char *const *argv)
{
	char *copy[16];
	int i;

	*t = (struct tool){ .e = { 0 } };
	t->own[0] = (struct opt){ .letter = 'f', .name = "from", .arg = "ADDR",
	    .kind = OPT_TEXT, .to = &t->from, .help = "" };
	t->own[1] = (struct opt){ .name = "to", .arg = "ADDR",
	    .kind = OPT_LIST, .to = &t->to, .help = "" };
	t->own[2] = (struct opt){ .name = "save", .kind = OPT_FLAG,
	    .to = &t->save, .help = "" };
	t->set.arena = &t->a.arena;
	t->set.tables[0] = t->own;
	t->set.tables[1] = account_options(&t->a);
	for (i = 0; i < argc; i++)
		copy[i] = arena_dup(&t->a.arena, str_of(argv[i]));
	copy[argc] = NULL;
	optind = 0;
	return opt_parse(&t->set, argc, copy, &t->operands, &t->e);
}

#define LOAD(t, keys, sender, ...) \
	load(t, keys, sender, (const char *[]){ "tool", __VA_ARGS__ }, \
	sizeof (const char *[]){ "tool", __VA_ARGS__ } / sizeof (char *))

static int
load(struct tool *t, const char *keys, const char *from,
    const char *const *argv, size_t argc)
{
	if (parse(t, (int)argc, argv) < 0)
		return -1;
	return account_load(&t->a, &t->set, keys, from, &t->e);
}

static const char usual[] =
    "# a comment\n"
    "defaults\n"
    "timeout 30\n"
    "ca ~/ca.pem\n"
    "\n"
    "account base\r\n"
    "  from base@example.org\n"
    "  smtp smtps://smtp.example.org\n"
    "  imap imap.example.org:1993   \n"
    "  pin sha256//one\n"
    "  pin sha256//two\n"
    "  to a@x\n"
    "  password-file ~/base\n"
    "account work : base        # takes after base\n"
    "\tuser jo@example.org\n"
    "\tfrom \"Jo \\\"J\\\" \\\\ <jo@example.org>\"   # quoted\n"
    "\tpin sha256//three\n"
    "\tpassword-command pass show mail#1 # no comment\n"
    "\tsave\n"
    "\tpatterns * !Spam\n"
    "account default:base\n"
    "timeout 1m\n"
    "save off\n"
    "tls starttls\n"
    "lmtp /run/lmtp\n"
    "fetch work\n"
    "deliver maildir:~/Mail\n"
    "to b@x\n"
    "sync other : work\n"
    "near ~/Mail/work\n";

static void
choosing(void)
{
	struct tool t;

	puts_to(".config/postbag/config", usual, 0644);
	is_int(LOAD(&t, "smtp lmtp", NULL, "-v"), 0, "no -A: %s", t.e.msg);
	is_str(t.a.name, "default", "the account default");
	is_int(t.a.timeout, 60, "its timeout, over defaults'");
	is_str(t.a.server.host, "smtp.example.org", "its parent's server");
	is_int(t.a.server.port, 465, "and port");
	is_int(t.a.tls, ACCOUNT_TLS_STARTTLS, "its tls");
	is_str(t.from, "base@example.org", "its parent's from");
	is_int(t.a.trust.pins.n, 2, "its parent's pins");
	is_str(t.a.login.password_file, "~/base", "its parent's password file");
	is_int(t.save, 0, "a flag that is off");
	is_int(t.a.verbose, 1, "and the command line");
	account_wipe(&t.a);

	LOAD(&t, "lmtp smtp", NULL, "-A", "default");
	is_str(t.a.server.path, "/run/lmtp", "lmtp before smtp");
	account_wipe(&t.a);

	is_int(LOAD(&t, "smtp", NULL, "-Awork", "--timeout=5"), 0, "-A work");
	is_int(t.a.timeout, 5, "the command line's timeout");
	is_str(t.from, "Jo \"J\" \\ <jo@example.org>", "a quoted value");
	is_str(t.a.login.user, "jo@example.org", "user");
	is_int(t.a.trust.pins.n, 1, "a list replaces the parent's");
	is_str(t.a.login.password_command, "pass show mail#1 # no comment", "the "
	    "rest of the line");
	is_str(t.a.login.password_file, NULL, "one way to the password, not two");
	is_str(t.a.trust.ca, "~/ca.pem", "defaults");
	is_int(t.save, 1, "a flag");
	is_int(t.a.tls, ACCOUNT_TLS_IMPLICIT, "TLS by the scheme");
	account_wipe(&t.a);

	LOAD(&t, "smtp", NULL, "-Awork", "--netrc", "x");
	is_str(t.a.login.password_command, NULL, "a way on the command line alone");
	account_wipe(&t.a);

	LOAD(&t, "smtp", "JO@example.org", "-q");
	is_str(t.a.name, "work", "the account of the sender");
	account_wipe(&t.a);
	LOAD(&t, "smtp", "nobody@example.org", "-q");
	is_str(t.a.name, "default", "no account has the sender");
	account_wipe(&t.a);

	LOAD(&t, "imap", NULL, "-A", "work");
	is_str(t.a.server.host, "imap.example.org", "imap's server");
	is_int(t.a.server.port, 1993, "and port");
	is_int(t.a.server.scheme, ACCOUNT_IMAPS, "a bare host has TLS");
	account_wipe(&t.a);

	LOAD(&t, "pop3", NULL, "-A", "work");
	is_int(t.a.has_server, 0, "no pop3 server");
	account_wipe(&t.a);

	LOAD(&t, "smtp", NULL, "-S", "joe@other");
	is_str(t.a.name, NULL, "-S: no account");
	is_str(t.a.server.host, "other", "but this server");
	is_str(t.a.login.user, "joe", "and user");
	is_int(t.a.timeout, 30, "and the defaults");
	is_str(t.from, NULL, "and no more");
	account_wipe(&t.a);

	LOAD(&t, "smtp", NULL, "-S", "smtp://joe@other", "-A", "work", "-u",
	    "jim");
	is_str(t.a.server.host, "other", "-S and -A: that server");
	is_str(t.from, "Jo \"J\" \\ <jo@example.org>", "that account");
	is_str(t.a.login.user, "jim", "-u over the URL's");
	account_wipe(&t.a);
}

/* One account's way to its secret is not another's, nor is its server. */
static void
own(void)
{
	static const char text[] = "account reads\nimap h\nuser r\n"
	    "account sends\nsmtp s\ntoken-command get\n"
	    "account word : sends\npassword-command pass\n"
	    "account again : word\ntoken-command mine\n"
	    "account url : sends\nsmtp joe@s\nuser jim\n"
	    "account here\nlmtp /run/l\n";
	const char *path = puts_to("own", text, 0644), *name;
	char deep[2000] = "account a0\nsmtp h\n";
	struct tool t;
	size_t i, n = strlen(deep);

	LOAD(&t, "smtp", NULL, "--config", path);
	is_str(t.a.name, "sends", "the first account with a server");
	account_wipe(&t.a);
	LOAD(&t, "pop3", NULL, "--config", path);
	is_str(t.a.name, "reads", "none has one: the first");
	is_int(t.a.has_server, 0, "without a server");
	account_wipe(&t.a);

	LOAD(&t, "smtp", NULL, "--config", path, "-A", "word");
	is_str(t.a.login.password_command, "pass", "a password");
	is_str(t.a.login.token_command, NULL, "in place of a token");
	account_wipe(&t.a);
	LOAD(&t, "smtp", NULL, "--config", path, "-A", "again");
	is_str(t.a.login.token_command, "mine", "a token");
	is_str(t.a.login.password_command, NULL, "in place of a password");
	account_wipe(&t.a);
	LOAD(&t, "smtp", NULL, "--config", path, "-A", "again", "--netrc",
	    "x");
	is_str(t.a.login.token_command, NULL, "--netrc in place of both");
	account_wipe(&t.a);

	LOAD(&t, "smtp", NULL, "--config", path, "-A", "url");
	is_str(t.a.login.user, "joe", "the URL's user, not the key's");
	account_wipe(&t.a);
	LOAD(&t, "lmtp", NULL, "--config", path, "-A", "here");
	is_int(t.a.tls, ACCOUNT_TLS_OFF, "a socket of this machine has no TLS");
	account_wipe(&t.a);

	for (i = 1; i <= 31; i++)
		n += (size_t)snprintf(deep + n, sizeof deep - n,
		    "account a%zu : a%zu\n", i, i - 1);
	path = puts_to("deep", deep, 0644);
	for (i = 30; i <= 31; i++) {
		name = i == 30 ? "a30" : "a31";
		is_int(LOAD(&t, "smtp", NULL, "--config", path, "-A", name),
		    i == 30 ? 0 : -1, "%zu parents %s", i, t.e.msg);
		account_wipe(&t.a);
	}
}

static void
sections(void)
{
	struct tool t;
	const char *argv[] = { "tool" };

	parse(&t, 1, argv);
	is_int(account_section(&t.a, "fetch", "work", &t.e), 1, "fetch work");
	is_int(account_load(&t.a, &t.set, "imap", NULL, &t.e), 0, "loads");
	is_str(t.a.login.user, "jo@example.org", "its account");
	ok(t.to.n == 1 && strcmp(t.to.v[0], "b@x") == 0, "over its account's");
	account_wipe(&t.a);

	parse(&t, 1, argv);
	is_int(account_section(&t.a, "sync", "other", &t.e), 1, "sync other");
	is_int(account_load(&t.a, &t.set, "imap", NULL, &t.e), 0, "loads");
	is_str(t.a.name, "work", "its parent is the account");
	account_wipe(&t.a);

	parse(&t, 1, argv);
	is_int(account_section(&t.a, "fetch", "base", &t.e), 0, "none");
	is_int(account_load(&t.a, &t.set, "imap", NULL, &t.e), 0, "loads");
	is_str(t.a.name, "base", "then it is the account's name");
	account_wipe(&t.a);

	parse(&t, 1, argv);
	is_int(account_section(&t.a, "fetch", "nix", &t.e), 0, "none");
	is_int(account_load(&t.a, &t.set, "imap", NULL, &t.e), -1, "%s",
	    t.e.msg);
	is_int(t.e.code, EX_CONFIG, "status");
	account_wipe(&t.a);

	puts_to("alone", "fetch solo\nimap h\nuser me\n", 0644);
	parse(&t, 1, argv);
	t.a.config = "~/alone";
	is_int(account_section(&t.a, "fetch", "solo", &t.e), 1, "fetch solo");
	is_int(account_load(&t.a, &t.set, "imap", NULL, &t.e), 0, "loads "
	    "without an account %s", t.e.msg);
	is_str(t.a.server.host, "h", "its server");
	account_wipe(&t.a);
}

static const struct {
	const char *text, *want;	/* in the message */
} broken[] = {
	{ "timeout 3\n", ":1: \"timeout\" stands before" },
	{ "account\n", ":1: the section needs a name" },
	{ "\n\naccount a b\n", ":3: \"a b\": a name is one word" },
	{ "account ../x\n", "not fit" },
	{ "account a :\n", "no name behind" },
	{ "account a : b c\n", "no name behind" },
	{ "defaults x\n", "stands alone" },
	{ "account a\naccount a\n", ":2: account a is there already, in "
	    "line 1" },
	{ "defaults\ndefaults\n", "already" },
	{ "account a\nnonsense 1\n", ":2: unknown key \"nonsense\"" },
	{ "account a\nTimeout 1\n", "\"Timeout\" is no key" },
	{ "account a\n--timeout 1\n", "is no key" },
	{ "account a\nhelp\n", "unknown key" },
	{ "account a\nconfig x\n", "unknown key" },
	{ "account a\npassword-fd 0\n", "unknown key" },
	{ "account a\ntimeout = 5\n", "without an =" },
	{ "account a\ntimeout soon\n", ":2: --timeout: \"soon\"" },
	{ "account a\ntimeout\n", ":2: timeout needs a value" },
	{ "account a\nsave maybe\n", ":2: save: \"maybe\"" },
	{ "account a\nuser \"x\n", "closing quote is missing" },
	{ "account a\nuser \"x\\\n", "a \\ stands before" },
	{ "account a\nuser \"\\n\"\n", "a \\ stands before" },
	{ "account a\nuser \"a\" b\n", "text behind the closing quote" },
	{ "account a\nuser a\33[2J\n", ":2: a control character (0x1b)" },
	{ "account a : b\naccount b : a\n", "its own ancestor" },
	{ "account a : a\n", "its own ancestor" },
	{ "account a : zz\n", ":1: account a: there is no account zz" },
	{ "account a\nsmtp http://x\n", ":2: smtp: \"http\" is none of" },
	{ "account a\nsmtp imaps://x\n", ":2: smtp: a server for imap where" },
	{ "account a\nsmtp smtps://u:pw@x\n", ":2: smtp: a password in" },
	{ "account a\ntls maybe\n", ":2: --tls is implicit" },
};

static void
errors(void)
{
	static const char *const logins[][2] = {
		{ "-u", "jo:hunter2" }, { "--user", "jo:hunter2" },
		{ "-S", "smtps://jo:hunter2@h" }, { "-S", "jo:hunter2@h" },
		{ "-u", ":hunter2" }, { "-u", "jo@x:hunter2" },
	};
	struct tool t;
	size_t i;

	for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		const char *path = puts_to("c", broken[i].text, 0600);

		ok(LOAD(&t, "smtp", NULL, "--config", path) < 0 &&
		    t.e.code == EX_CONFIG &&
		    strncmp(t.e.msg, path, strlen(path)) == 0 &&
		    strstr(t.e.msg, broken[i].want) != NULL, "%s", t.e.msg);
		account_wipe(&t.a);
	}
	is_int(LOAD(&t, "smtp", NULL, "--config", "/nonexistent"), -1, "%s",
	    t.e.msg);
	is_int(t.e.code, EX_NOINPUT, "status");
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "--config", home), -1, "%s", t.e.msg);
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "-A", "zz"), -1, "%s", t.e.msg);
	is_int(t.e.code, EX_CONFIG, "status");
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "-S", "imaps://x"), -1, "%s", t.e.msg);
	is_int(t.e.code, EX_USAGE, "status");
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "--password=hunter2"), -1, "--password");
	ok(t.e.code == EX_USAGE && strstr(t.e.msg, "hunter2") == NULL &&
	    strstr(t.e.msg, "--password-command") != NULL, "%s", t.e.msg);
	account_wipe(&t.a);
	for (i = 0; i < sizeof logins / sizeof logins[0]; i++) {
		is_int(LOAD(&t, "smtp", NULL, logins[i][0], logins[i][1]), -1,
		    "%s", t.e.msg);
		ok(t.e.code == EX_USAGE && strstr(t.e.msg, "hunter2") == NULL
		    && strstr(t.e.msg, "--password-command") != NULL,
		    "%s %s: 64, not shown", logins[i][0], logins[i][1]);
		account_wipe(&t.a);
	}
	is_int(LOAD(&t, "smtp", NULL, "-S", "smtps://jo%3Ax@h"), 0, "%s",
	    t.e.msg);
	is_str(t.a.login.user, "jo:x", "a name with a colon can be given");
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "--config", puts_to("c", "account a\n",
	    0600)), 0, "%s", t.e.msg);
	is_int(t.a.file.text.cap, 11, "no more will be wiped than was read");
	account_wipe(&t.a);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	is_int(LOAD(&t, "smtp", NULL, "-v"), 0, "the usual file may miss");
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "-A", "work"), -1, "%s", t.e.msg);
	account_wipe(&t.a);
	unsetenv("XDG_CONFIG_HOME");
}

static void
garbage(void)
{
	size_t i, n = 1 << 20;
	char *text = mem_new(n + 1, 1);
	struct tool t;
	int64_t began = clock_ms();
	unsigned seed = 1;

	for (i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = (char)(seed >> 16);
	}
	is_int(LOAD(&t, "smtp", NULL, "--config", put("g", text, n, 0600)),
	    -1, "1 MiB: %s", t.e.msg);
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "--config", put("g", text, n - 9,
	    0600)), -1, "1 MiB of garbage, nearly: %s", t.e.msg);
	account_wipe(&t.a);
	for (i = 0; i + 20 < n;)
		i += (size_t)sprintf(text + i, "account a%zu\n", i);
	is_int(LOAD(&t, "smtp", NULL, "--config", put("g", text, i, 0600)),
	    -1, "1 MiB of sections: %s", t.e.msg);
	account_wipe(&t.a);
	for (i = 0; i + 20 < n;)
		i += (size_t)sprintf(text + i, i == 0 ? "account a\n" :
		    "to b\n");
	is_int(LOAD(&t, "smtp", NULL, "--config", put("g", text, i, 0600)),
	    -1, "1 MiB of lines: %s", t.e.msg);
	account_wipe(&t.a);
	memset(text, 'x', 100000);
	memcpy(text, "account a\nuser ", 15);
	is_int(LOAD(&t, "smtp", NULL, "--config", put("g", text, 100000,
	    0600)), -1, "a line of 100 kB: %s", t.e.msg);
	is_int(t.e.code, EX_CONFIG, "status");
	account_wipe(&t.a);
	memcpy(text, "account a\nuser x\0y\n", 19);
	is_int(LOAD(&t, "smtp", NULL, "--config", put("g", text, 19, 0600)),
	    -1, "a NUL: %s", t.e.msg);
	account_wipe(&t.a);
	memcpy(text, "\xef\xbb\xbf" "account a\nuser y", 19);
	is_int(LOAD(&t, "smtp", NULL, "--config", put("g", text, 19, 0600)),
	    0, "a byte order mark, no last newline %s", t.e.msg);
	is_str(t.a.login.user, "y", "its value");
	account_wipe(&t.a);
	ok(clock_ms() - began < 100000, "in good time: %d ms",
	    (int)(clock_ms() - began));
	free(text);
}

static void
file_modes(void)
{
	static const char with[] = "account a\nuser u\npassword hunter2\n";
	struct tool t;
	char target[256], link[256];
	struct secret *s = mem_new(1, sizeof *s);

	/* root has chosen that group, and here we may be root */
	is_int(LOAD(&t, "smtp", NULL, "--config", puts_to("m", with, 0640)),
	    geteuid() == 0 ? 0 : -1, "a secret that the group can read");
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "--config", puts_to("m", with, 0660)),
	    -1, "a secret that the group can write");
	ok(t.e.code == EX_CONFIG && strstr(t.e.msg, "chmod 600") != NULL,
	    "%s", t.e.msg);
	account_wipe(&t.a);
	LOAD(&t, "smtp", NULL, "--config", puts_to("m", "account a\n"
	    "proxy socks5://u:p@h\n", 0644));
	is_int(t.e.code, EX_CONFIG, "%s", t.e.msg);
	account_wipe(&t.a);
	LOAD(&t, "smtp", NULL, "--config", puts_to("m", "account a\n"
	    "proxy socks5://u:p@h\n", 0600));
	is_str(t.a.way.proxy, "socks5://u:p@h", "a proxy's password in the file");
	account_wipe(&t.a);
	LOAD(&t, "smtp", NULL, "--proxy", "http://u:hunter2@h:1");
	ok(t.e.code == EX_USAGE && strstr(t.e.msg, "configuration") != NULL &&
	    strstr(t.e.msg, "hunter2") == NULL, "on the command line: %s",
	    t.e.msg);
	account_wipe(&t.a);
	is_int(LOAD(&t, "smtp", NULL, "--proxy", "http://u@h:1"), 0,
	    "a proxy's user may stand there");
	account_wipe(&t.a);
	LOAD(&t, "smtp", NULL, "--config", puts_to("m", "account a\n", 0666));
	is_int(t.e.code, EX_CONFIG, "%s", t.e.msg);
	account_wipe(&t.a);

	snprintf(target, sizeof target, "%s", puts_to("m", with, 0600));
	is_int(LOAD(&t, "smtp", NULL, "--config", target), 0, "mode 600");
	is_int(account_password(&t.a, s, &t.e), 0, "the file's password");
	is_str(s->p, "hunter2", "is it");
	account_wipe(&t.a);
	mem_secret_wipe(s);

	snprintf(link, sizeof link, "%s/l", home);
	if (symlink(target, link) < 0)
		abort();
	is_int(LOAD(&t, "smtp", NULL, "--config", link), 0, "by a link");
	account_wipe(&t.a);
	if (geteuid() == 0 && chown(target, 12345, 12345) == 0) {
		is_int(LOAD(&t, "smtp", NULL, "--config", target), -1, "%s",
		    t.e.msg);
		account_wipe(&t.a);
	}
	free(s);
}

/* --- netrc --- */

static const struct {
	const char *text, *machine, *user;
	int want;
	const char *password;
} netrcs[] = {
	{ "machine h login u password p", "h", "u", 1, "p" },
	{ "machine h login u password p", "H", NULL, 1, "p" },
	{ "machine h login u password p", "h", "U", 0, NULL },
	{ "machine h login u password p", "x", "u", 0, NULL },
	{ "machine h\n\tlogin u\n\tpassword p\n", "h", "u", 1, "p" },
	{ "machine h password p login u", "h", "u", 1, "p" },
	{ "machine h login a password x\nmachine h login u password p", "h",
	    "u", 1, "p" },
	{ "machine x login u password x\ndefault login u password p", "h",
	    "u", 1, "p" },
	{ "default password p", "h", "u", 1, "p" },
	{ "machine h login u password \"a \\\"b\\\\ c\"", "h", "u", 1,
	    "a \"b\\ c" },
	{ "machine \"h\" login \"u v\" password p", "h", "u v", 1, "p" },
	{ "machine h login u account z password p", "h", "u", 1, "p" },
	{ "machine x macdef init\nmachine h password no\n\n"
	    "machine h login u password p", "h", "u", 1, "p" },
	{ "macdef init\nmachine h password no\n", "h", "u", 0, NULL },
	{ "macdef init\r\nmachine h password no\r\n\r\n"
	    "machine h login u password p", "h", "u", 1, "p" },
	{ "machine h user u password p", "h", "u", 1, "p" },
	{ "machine h user a password x", "h", "u", 0, NULL },
	{ "machine x login u password no\nmachine h login u", "h", "u", 0,
	    NULL },
	{ "machine x login u password no\nmachine h password p", "h", "v", 1,
	    "p" },
	{ "# machine h login u password no\nmachine h login u password p",
	    "h", "u", 1, "p" },
	{ "#machine h\n#\nmachine h login u password #p", "h", "u", 1, "#p" },
	{ "machine h login u", "h", "u", 0, NULL },
	{ "machine h login u password", "h", "u", 0, NULL },
	{ "machine h login machine password p", "h", "machine", 1, "p" },
	{ "", "h", "u", 0, NULL },
	{ "machine", "h", "u", 0, NULL },
	{ "machine h login u password a secret", "h", "u", -1, NULL },
	{ "\n\nh login", "h", "u", -1, NULL },
	{ "machine h password \"open", "h", "u", 1, "open" },
};

static void
netrc(void)
{
	struct secret *s = mem_new(1, sizeof *s);
	size_t i, cut, bad = 0;

	for (i = 0; i < sizeof netrcs / sizeof netrcs[0]; i++) {
		struct err e = { 0 };
		char login[256];
		int got = netrc_find(str_of(netrcs[i].text),
		    netrcs[i].machine, netrcs[i].user, s, login, &e);

		is_int(got, netrcs[i].want, "netrc %zu %s", i, e.msg);
		if (got == 1)
			is_str(s->p, netrcs[i].password, "its password");
		ok(strstr(e.msg, "secret") == NULL, "nothing is shown");
		for (cut = 0; cut < strlen(netrcs[i].text); cut++) {
			char *c = memcpy(mem_new(cut, 1), netrcs[i].text, cut);

			got = netrc_find((struct str){ c, cut }, "h", "u", s,
			    login, &e);
			bad += got < -1 || got > 1;
			free(c);
		}
	}
	is_int(bad, 0, "cut at every byte");
	free(s);
}

/* --- a command --- */

static const struct {
	const char *command, *want, *message;
	int code;
} commands[] = {
	{ "echo secret", "secret", NULL, 0 },
	{ "printf 'a b\\r\\nsecond\\n'", "a b", NULL, 0 },
	{ "printf 'no newline'", "no newline", NULL, 0 },
	{ "printf 'one\\ntwo' | head -1", "one", NULL, 0 },
	{ "readlink /proc/$$/fd/0", "/dev/null", NULL, 0 },
	{ "echo x; head -c 100000 /dev/zero", "x", NULL, 0 },
	{ "echo x; sleep 1 & ", "x", NULL, 0 },
	{ "exit 3", NULL, "cmd: exit status 3", EX_CONFIG },
	{ "echo x; exit 1", NULL, "cmd: exit status 1", EX_CONFIG },
	{ "kill -9 $$", NULL, "cmd: ended by signal 9", EX_CONFIG },
	{ "true", NULL, "cmd printed nothing", EX_CONFIG },
	{ "echo", NULL, "cmd printed nothing", EX_CONFIG },
	{ "head -c 20000 /dev/zero | tr '\\0' x", NULL,
	    "cmd: the first line is over 16384 bytes", EX_CONFIG },
	{ "exec sleep 30", NULL, "cmd takes too long", EX_TEMPFAIL },
	{ "exec >&-; exec sleep 30", NULL, "cmd takes too long", EX_TEMPFAIL },
	{ "while :; do echo x; sleep 0.1; done", NULL, "cmd takes too long",
	    EX_TEMPFAIL },
};

static void
command(void)
{
	struct secret *s = mem_new(1, sizeof *s);
	size_t i;

	for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		struct err e = { 0 };
		int64_t began = clock_ms();

		secret_command("cmd", commands[i].command, commands[i].code ==
		    EX_TEMPFAIL ? 0.5 : 30, s, &e);
		is_int(e.code, commands[i].code, "%s", commands[i].command);
		if (commands[i].want != NULL)
			ok(str_eq((struct str){ s->p, s->n },
			    str_of(commands[i].want)), "prints %s",
			    commands[i].want);
		else
			is_str(e.msg, commands[i].message, "fails");
		ok(clock_ms() - began < 20000, "in time");
	}
	/* Rule S6: it sees no descriptor of ours. */
	struct err e = { 0 };
	int leak = open("/dev/null", O_RDONLY);

	secret_command("cmd", "for i in 3 4 5 6 7 8 9 10 11 12 13 14; do "
	    "[ -e /proc/$$/fd/$i ] && echo open $i; done; echo none", 5, s,
	    &e);
	ok(str_eq((struct str){ s->p, s->n }, STR("none")), "descriptors: "
	    "%.*s", (int)s->n, s->p);
	close(leak);
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no child is left behind");
	free(s);
}

/* --- what is left after the login --- */

static bool
has(struct account *a, const char *secret)
{
	return memmem(a->file.text.p, a->file.text.n, secret, strlen(secret)) != NULL;
}

static void
forgotten(void)
{
	struct secret *s = mem_new(1, sizeof *s);
	struct tool t;
	const char *path = puts_to("c", "account a\nsmtp h\nuser u\n"
	    "password \"hunt \\\" two\"  # hint\nproxy http://p:hunt3@x\n"
	    "tls off\naccount b\npassword hunt4\n", 0600);

	is_int(LOAD(&t, "smtp", NULL, "--config", path, "-A", "a"), 0, "%s",
	    t.e.msg);
	ok(!has(&t.a, "hunt"), "no password is left in the text");
	ok(has(&t.a, "off"), "what is none is");
	t.a.again = true;
	account_forget(&t.a);
	is_int(account_password(&t.a, s, &t.e), 0, "for another login");
	ok(str_eq((struct str){ s->p, s->n }, STR("hunt \" two")), "the "
	    "password is known");
	is_str(t.a.way.proxy, "http://p:hunt3@x", "the proxy's, too");
	t.a.again = false;
	account_forget(&t.a);
	ok(t.a.password == NULL, "after the last one it is not");
	is_str(t.a.way.proxy, "", "nor the proxy's");
	is_str(t.a.login.user, "u", "what is no secret stays");
	account_wipe(&t.a);
	free(s);
}

/* --- where a password is looked for --- */

static void
order(void)
{
	struct secret *s = mem_new(1, sizeof *s);
	char env[256], away[256], fdtext[16];
	struct tool t;
	int fd;

	setenv("CREDENTIALS_DIRECTORY", home, 1);
	puts_to("postbag.password", "from credential\n", 0440);
	puts_to("postbag.work", "work credential\n", 0400);
	snprintf(env, sizeof env, "%s/postbag.sub", home);
	mkdir(env, 0700);
	puts_to("postbag.sub/x", "stray\n", 0400);
	snprintf(env, sizeof env, "%s/postbag.link", home);
	if (symlink("postbag.work", env) < 0)
		abort();
	puts_to(".netrc", "machine other login joe password netrc\n", 0600);
	snprintf(env, sizeof env, "%s", puts_to("env", "from env\n", 0600));
	setenv("POSTBAG_PASSWORD_FILE", env, 1);
	puts_to("file", "from file\n", 0600);

	LOAD(&t, "smtp", NULL, "-Sjoe@other", "--password-command",
	    "echo cmd", "--password-file", "~/file");
	is_int(account_password(&t.a, s, &t.e), 0, "command");
	ok(str_eq((struct str){ s->p, s->n }, STR("cmd")), "goes first");
	t.a.login.password_command = NULL;
	account_password(&t.a, s, &t.e);
	ok(str_eq((struct str){ s->p, s->n }, STR("from file")), "file");
	t.a.login.password_file = NULL;
	account_password(&t.a, s, &t.e);
	ok(str_eq((struct str){ s->p, s->n }, STR("from env")), "env");
	t.a.password = mem_new(1, sizeof *t.a.password);
	memcpy(t.a.password->p, "conf", t.a.password->n = 4);
	account_password(&t.a, s, &t.e);
	ok(str_eq((struct str){ s->p, s->n }, STR("conf")), "the "
	    "configuration's goes before env");
	free(t.a.password);
	t.a.password = NULL;
	setenv("POSTBAG_PASSWORD_FILE", "", 1);
	is_int(account_password(&t.a, s, &t.e), 0, "an empty variable: %s",
	    t.e.msg);
	ok(str_eq((struct str){ s->p, s->n }, STR("from credential")),
	    "credential");
	unsetenv("POSTBAG_PASSWORD_FILE");
	t.a.name = "work";
	account_password(&t.a, s, &t.e);
	ok(str_eq((struct str){ s->p, s->n }, STR("work credential")),
	    "the account's credential");
	t.a.name = "sub/x";
	account_password(&t.a, s, &t.e);
	ok(str_eq((struct str){ s->p, s->n }, STR("netrc")), "netrc, for no "
	    "credential has a slash");
	t.a.name = "work";
	snprintf(away, sizeof away, "../../../../../../../../..%s", home);
	setenv("CREDENTIALS_DIRECTORY", away, 1);
	account_password(&t.a, s, &t.e);
	ok(str_eq((struct str){ s->p, s->n }, STR("netrc")), "nor is it "
	    "below the current directory");
	setenv("CREDENTIALS_DIRECTORY", home, 1);
	t.a.name = "link";
	is_int(account_password(&t.a, s, &t.e), -1, "%s", t.e.msg);
	fail_clear(&t.e);
	t.a.name = "other";
	t.a.login.user = NULL;
	is_int(account_password(&t.a, s, &t.e), 0, "netrc without a user");
	is_str(t.a.login.user, "joe", "says who");
	is_int(t.e.code, 0, "all well %s", t.e.msg);

	fd = open(env, O_RDONLY | O_CLOEXEC);
	snprintf(fdtext, sizeof fdtext, "%d", fd);
	t.a.login.password_fd = fdtext;
	is_int(account_password(&t.a, s, &t.e), 0, "a descriptor");
	ok(str_eq((struct str){ s->p, s->n }, STR("from env")), "is read");
	is_int(fcntl(fd, F_GETFD), -1, "and closed");
	mem_secret_wipe(s);
	is_int(account_password(&t.a, s, &t.e), 0, "for a second login");
	ok(str_eq((struct str){ s->p, s->n }, STR("from env")), "it is known");
	account_wipe(&t.a);
	t.a.login.password_fd = fdtext;
	is_int(account_password(&t.a, s, &t.e), -1, "%s", t.e.msg);
	is_int(t.e.code, EX_USAGE, "status");
	fail_clear(&t.e);
	t.a.login.password_fd = "-1";
	is_int(account_password(&t.a, s, &t.e), -1, "%s", t.e.msg);
	account_wipe(&t.a);
	free(s);
}

static void
none(void)
{
	struct secret *s = mem_new(1, sizeof *s);
	char env[256];
	struct tool t;

	puts_to(".netrc", "machine other login joe password netrc\n", 0644);
	setenv("CREDENTIALS_DIRECTORY", "/nonexistent", 1);
	LOAD(&t, "smtp", NULL, "-Sjoe@other");
	is_int(account_password(&t.a, s, &t.e), -1, "nothing anywhere");
	ok(t.e.code == EX_NOPERM && strstr(t.e.msg, "chmod 600") != NULL &&
	    strstr(t.e.msg, "terminal") != NULL, "%s", t.e.msg);
	fail_clear(&t.e);
	t.a.login.netrc = "~/.netrc";
	is_int(account_password(&t.a, s, &t.e), -1, "--netrc must be right");
	is_int(t.e.code, EX_CONFIG, "%s", t.e.msg);
	fail_clear(&t.e);
	puts_to(".netrc", "machine other login joe password \"\"\n", 0600);
	is_int(account_password(&t.a, s, &t.e), -1, "an empty password");
	is_int(t.e.code, EX_CONFIG, "%s", t.e.msg);
	fail_clear(&t.e);
	t.a.login.netrc = NULL;
	t.a.login.password_file = "~/file";
	puts_to("file", "x\n", 0604);
	is_int(account_password(&t.a, s, &t.e), -1, "a file others can read");
	is_int(t.e.code, EX_CONFIG, "%s", t.e.msg);
	fail_clear(&t.e);
	puts_to("file", "\n", 0600);
	is_int(account_password(&t.a, s, &t.e), -1, "%s", t.e.msg);
	fail_clear(&t.e);
	t.a.login.password_file = NULL;
	snprintf(env, sizeof env, "%s", puts_to("env", "x\n", 0666));
	setenv("POSTBAG_PASSWORD_FILE", env, 1);
	is_int(account_password(&t.a, s, &t.e), -1, "%s", t.e.msg);
	unsetenv("POSTBAG_PASSWORD_FILE");
	fail_clear(&t.e);
	is_int(account_token(&t.a, s, &t.e), 0, "no token");
	t.a.login.token_command = "echo t0k3n";
	is_int(account_token(&t.a, s, &t.e), 1, "a token");
	t.a.login.token_command = "false";
	is_int(account_token(&t.a, s, &t.e), -1, "%s", t.e.msg);
	account_wipe(&t.a);
	free(s);
}

/* --- a prompt --- */

/* Reads the terminal until want was seen, or two seconds are over. */
static bool
await(int fd, const char *want, char *seen, size_t cap)
{
	int64_t until = clock_in(60);
	size_t n = strlen(seen);
	ssize_t got;

	while (strstr(seen, want) == NULL && clock_left(until) > 0) {
		got = read(fd, seen + n, cap - n - 1);
		if (got <= 0)
			usleep(5000);
		n += got > 0 ? (size_t)got : 0;
		seen[n] = '\0';
	}
	return strstr(seen, want) != NULL;
}

/* In a child with a terminal of its own: asks, and exits with the outcome. */
static void
asking(void)
{
	static struct secret s;
	struct err e = { 0 };
	int got;

	stop_guard();
	got = secret_prompt("Pass\33word: ", CLOCK_NEVER, &s, &e);
	if (stop_signal() == SIGINT && got < 0 && e.code == EX_TEMPFAIL)
		_exit(15);
	if (got == 1 && s.n == 7 && memcmp(s.p, "hunter2", 7) == 0)
		_exit(11);
	_exit(got == 1 ? 12 : got == 0 ? 13 : 14);
}

static int
prompt_with(const char *typed, const char *what)
{
	char seen[4096] = "";
	struct termios tio;
	int fd, status = 0;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	if (pid == 0)
		asking();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ok(await(fd, "Pass\\x1bword: ", seen, sizeof seen), "%s: asks", what);
	tcgetattr(fd, &tio);
	ok((tio.c_lflag & ECHO) == 0, "%s: echo is off", what);
	if (write(fd, typed, strlen(typed)) < 0)
		abort();
	/* The kernel drops the terminal's far end with the child: look first. */
	await(fd, "\n", seen, sizeof seen);
	ok(tcgetattr(fd, &tio) < 0 || (tio.c_lflag & ECHO) != 0,
	    "%s: echo is on again", what);
	ok(strstr(seen, "hunter2") == NULL, "%s: nothing was shown", what);
	waitpid(pid, &status, 0);
	close(fd);
	return status;
}

/* Nobody types: the time allowed for all of the run ends it. */
static void
nobody_types(void)
{
	static struct secret s;
	struct err e = { 0 };
	int fd, status = 0, got;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	if (pid == 0) {
		got = secret_prompt("?", clock_in(0.05), &s, &e);
		_exit(got == -1 && e.code == EX_TEMPFAIL && s.n == 0 ? 30 : 31);
	}
	waitpid(pid, &status, 0);
	close(fd);
	is_int(WEXITSTATUS(status), 30, "nobody types");
}

static void
prompt(void)
{
	int status = prompt_with("hunter2\n", "answer");

	is_int(WEXITSTATUS(status), 11, "the answer came");
	status = prompt_with("\n", "empty");
	is_int(WEXITSTATUS(status), 14, "nothing is no answer");
	status = prompt_with("hun\003", "interrupt");
	is_int(WEXITSTATUS(status), 15, "a ^C stops it");
	nobody_types();
}

/* Without a terminal nobody is asked. */
static void
no_terminal(void)
{
	static struct secret s;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = { 0 };

		setsid();
		_exit(secret_prompt("?", CLOCK_NEVER, &s, &e) + 20);
	}
	waitpid(pid, &status, 0);
	is_int(WEXITSTATUS(status), 20, "no terminal");
}

static void
clean(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", home, (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* In a session of its own, so that it never asks at our terminal. */
int
main(void)
{
	char path[256];
	int status = 0;
	pid_t pid = fork();

	if (pid != 0) {
		waitpid(pid, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	setsid();
	if (mkdtemp(home) == NULL)
		return 1;
	atexit(clean);
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("POSTBAG_PASSWORD_FILE");
	unsetenv("CREDENTIALS_DIRECTORY");
	snprintf(path, sizeof path, "%s/.config", home);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/.config/postbag", home);
	mkdir(path, 0700);
	url();
	url_password();
	choosing();
	own();
	sections();
	errors();
	garbage();
	file_modes();
	netrc();
	command();
	forgotten();
	order();
	none();
	prompt();
	no_terminal();
	return done();
}
