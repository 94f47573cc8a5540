/*
 * account.c: the options all tools share, and which account is meant
 *
 * What a section says is applied key by key through opt_conf, so the command
 * line always wins.  Of the sections that have a key, the most particular
 * one gives it, with all its lines: a list is replaced, not added to.
 */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "account_file.h"

enum { CHAIN_MAX = 33 };		/* parents of parents */

/*
 * Keys of all the tools, for accounts are shared and a tool must not stumble
 * over another's.  A key that no table has is a typing error.  The keys
 * in account_keys.h are those of the tools' options: scripts/dev/account-keys.
 *
 * A key that is renamed goes on meaning the same under its old name, or
 * apply_line refuses it with EX_CONFIG and the new name: tests/server/old.t
 * reads each key that there ever was.
 */
static const char *const known[] = {
	"smtp", "lmtp", "imap", "pop3",		/* servers: see account_load */
#include "account_keys.h"
};

/* The ways to a secret: one section's choice replaces another's whole. */
static const char *const ways[] = {
	"password", "password-command", "password-file", "password-fd",
	"netrc", "token-command",
};

static bool
word_among(const char *const *list, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}
#define AMONG(list, word) word_among(list, sizeof list / sizeof list[0], word)

/* --- options --- */

static int
no_password(void *to, const char *arg, struct err *e)
{
	(void)to;
	(void)arg;
	return fail(e, EX_USAGE, "there is no --password: everybody can read a command line. Use --password-command, --password-file, --password-fd, --netrc or the prompt");
}

/* curl's habit.  It is not shown: cron would mail it. */
static int
set_user(void *to, const char *arg, struct err *e)
{
	if (str_control(str_of(arg)))
		return fail(e, EX_USAGE, "the user name has a control byte");
	if (strchr(arg, ':') != NULL)
		return fail(e, EX_USAGE, "a password behind the \":\" of --user can be read by others. Use --password-command, --password-file, --password-fd or --netrc (a name with a colon: -S with %%3A for it)");
	*(const char **)to = arg;
	return 0;
}

static const struct opt_choice tls_modes[] = {
	{ "implicit", ACCOUNT_TLS_IMPLICIT },
	{ "starttls", ACCOUNT_TLS_STARTTLS },
	{ "may", ACCOUNT_TLS_MAY },
	{ "off", ACCOUNT_TLS_OFF },
	{ .name = NULL }
};

const struct opt *
account_options(struct account *a)
{
	const struct opt table[] = {
	{ .name = "", .kind = OPT_HEAD, .help = "Output" },
	{ .letter = 'v', .name = "verbose", .kind = OPT_COUNT,
	    .to = &a->verbose,
	    .help = "say what is done; -vv: the dialogue; -vvv: TLS too" },
	{ .letter = 'q', .name = "quiet", .kind = OPT_FLAG, .to = &a->quiet,
	    .help = "errors only" },
	{ .letter = 'j', .name = "json", .kind = OPT_FLAG, .to = &a->json,
	    .help = "JSON, one object a line" },
	{ .name = "", .kind = OPT_HEAD, .help = "Server" },
	{ .letter = 'A', .name = "account", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &a->name, .help = "an account of the configuration file",
	    .flags = OPT_NOCONF },
	{ .name = "config", .arg = "FILE", .kind = OPT_TEXT, .to = &a->config,
	    .help = "instead of ~/.config/postbag/config",
	    .flags = OPT_NOCONF | OPT_STDIN },
	{ .letter = 'S', .name = "server", .arg = "URL", .kind = OPT_TEXT,
	    .to = &a->url, .help = "scheme://[user@]host[:port]" },
	{ .name = "timeout", .arg = "SECONDS", .kind = OPT_SECONDS,
	    .to = &a->timeout, .help = "for the whole run" },
	{ .letter = '4', .name = "ipv4", .kind = OPT_FLAG, .to = &a->way.only4,
	    .help = "IPv4 only" },
	{ .letter = '6', .name = "ipv6", .kind = OPT_FLAG, .to = &a->way.only6,
	    .help = "IPv6 only" },
	{ .name = "source", .arg = "ADDR", .kind = OPT_TEXT,
	    .to = &a->way.source, .help = "local address to connect from" },
	{ .name = "proxy", .arg = "URL", .kind = OPT_TEXT, .to = &a->way.proxy,
	    .help = "socks5://host[:port], http://host[:port], off" },
	{ .name = "connect-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &a->way.connect_command,
	    .help = "talk to this command (ssh -W ...)" },
	{ .name = "connect-to", .arg = "HOST:PORT", .kind = OPT_TEXT,
	    .to = &a->way.connect_to,
	    .help = "connect there, verify the server's name" },
	{ .name = "no-sandbox", .kind = OPT_FLAG, .to = &a->no_sandbox,
	    .help = "do not give up what is not needed" },
	{ .name = "", .kind = OPT_HEAD, .help = "TLS" },
	{ .name = "tls", .arg = "MODE", .kind = OPT_CHOICE,
	    .to = &a->tls_option, .choices = tls_modes,
	    .help = "implicit, starttls or off; for mx: may, starttls, off" },
	{ .name = "tls-min", .arg = "VERSION", .kind = OPT_CHOICE,
	    .to = &a->trust.min, .choices = tls_version_choices,
	    .help = "1.0, 1.1, 1.2 (the default) or 1.3, and nothing older" },
	{ .name = "tls-groups", .arg = "LIST", .kind = OPT_TEXT,
	    .to = &a->trust.groups,
	    .help = "of key exchange, as OpenSSL has it (X25519:P-256)" },
	{ .name = "ca", .arg = "FILE|DIR", .kind = OPT_TEXT, .to = &a->trust.ca,
	    .help = "trust these certificates, not the system's" },
	{ .name = "crl", .arg = "FILE", .kind = OPT_TEXT, .to = &a->trust.crl,
	    .help = "certificates that their issuers have revoked" },
	{ .name = "tls-strict", .kind = OPT_FLAG, .to = &a->trust.strict,
	    .help = "chains must follow RFC 5280 to the letter" },
	{ .name = "pin", .arg = "PIN", .kind = OPT_LIST, .to = &a->trust.pins,
	    .help = "sha256//BASE64 of the server's key" },
	{ .name = "cert", .arg = "FILE", .kind = OPT_TEXT, .to = &a->trust.cert,
	    .help = "client certificate" },
	{ .name = "key", .arg = "FILE", .kind = OPT_TEXT, .to = &a->trust.key,
	    .help = "and its key" },
	{ .name = "key-password-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &a->trust.key_command,
	    .help = "its first line is the key's passphrase" },
	{ .name = "insecure-no-verify", .kind = OPT_FLAG,
	    .to = &a->trust.insecure,
	    .help = "take any certificate, and send it no password" },
	{ .name = "", .kind = OPT_HEAD, .help = "Login" },
	{ .letter = 'u', .name = "user", .arg = "NAME", .kind = OPT_CALL,
	    .to = &a->login.user, .call = set_user, .help = "log in as" },
	{ .name = "authzid", .arg = "NAME", .kind = OPT_TEXT,
	    .to = &a->login.authzid,
	    .help = "act for this user, if the server lets us" },
	{ .name = "auth", .arg = "MECHS", .kind = OPT_TEXT,
	    .to = &a->login.auth,
	    .help = "only these mechanisms (scram-sha-256,plain)" },
	{ .name = "password-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &a->login.password_command,
	    .help = "its first line is the password" },
	{ .name = "password-file", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &a->login.password_file, .help = "nobody else may read it" },
	{ .name = "password-fd", .arg = "N", .kind = OPT_TEXT,
	    .to = &a->login.password_fd, .help = "read it from this descriptor",
	    .flags = OPT_NOCONF | OPT_STDIN_FD },
	{ .name = "netrc", .arg = "FILE", .kind = OPT_TEXT,
	    .to = &a->login.netrc, .help = "instead of ~/.netrc" },
	{ .name = "token-command", .arg = "CMD", .kind = OPT_TEXT,
	    .to = &a->login.token_command,
	    .help = "its first line is an OAuth token" },
	{ .name = "password", .arg = "VALUE", .kind = OPT_CALL,
	    .call = no_password, .help = "does not exist",
	    .flags = OPT_HIDDEN | OPT_NOCONF },
	{ .name = NULL }
	};
	struct opt *copy = arena_new(&a->arena, sizeof table / sizeof *table,
	    sizeof *table);

	return memcpy(copy, table, sizeof table);
}

/* --- which account --- */

/* Sections in the order of weight: the most particular one first. */
struct chain {
	const struct conf_section *s[CHAIN_MAX];
	size_t n;
};

static int
add_parents(const struct account *a, struct chain *c,
    const struct conf_section *s, struct err *e)
{
	const struct conf_section *up;
	size_t i, start = c->n;

	while (s != NULL) {
		for (i = start; i < c->n; i++)
			if (c->s[i] == s)
				return fail(e, EX_CONFIG, "%s:%u: account %s is its own ancestor",
				    s->file, s->line, s->name);
		if (c->n == CHAIN_MAX - 2)
			return fail(e, EX_CONFIG, "%s:%u: over %d parents",
			    s->file, s->line, CHAIN_MAX - 3);
		c->s[c->n++] = s;
		if (s->parent == NULL)
			return 0;
		up = conf_find(&a->file.conf, "account", s->parent);
		if (up == NULL)
			return fail(e, EX_CONFIG, "%s:%u: account %s: there is no account %s to take after",
			    s->file, s->line, s->name, s->parent);
		s = up;
	}
	return 0;
}

/* The last value among the chain's sections, most particular first. */
static const struct conf_line *
effective(const struct chain *c, const char *key)
{
	const struct conf_line *l, *found = NULL;
	size_t i;

	for (i = 0; i < c->n && found == NULL; i++)
		for (l = c->s[i]->lines; l != NULL; l = l->next)
			if (strcmp(l->key, key) == 0)
				found = l;
	return found;
}

/* "Jo <jo@example.org>" or the address alone */
static bool
same_address(const char *value, const char *from)
{
	struct str v = str_of(value), inside;

	if (str_has(v, '<')) {
		inside = v;
		str_cut(&inside, '<');
		v = str_cut(&inside, '>');
	}
	return str_is(str_trim(v), from);
}

static const struct conf_section *
by_sender(const struct account *a, const char *from, struct err *e)
{
	const struct conf_section *s;
	const struct conf_line *l;

	for (s = a->file.conf.sections; s != NULL; s = s->next) {
		struct chain c = { .n = 0 };

		if (strcmp(s->kind, "account") != 0)
			continue;
		if (add_parents(a, &c, s, e) < 0)
			return NULL;
		l = effective(&c, "from");
		if (l != NULL && same_address(l->value, from))
			return s;
	}
	return NULL;
}

/* The line with the server: the first key in keys that there is. */
static const struct conf_line *
server_line(const struct chain *c, const char *keys, struct str *protocol)
{
	const struct conf_line *l = NULL;
	struct str list = str_of(keys), w;
	char key[16];

	while (l == NULL && (w = str_word(&list)).n > 0) {
		if (w.n >= sizeof key)
			continue;
		str_copy(key, w);
		key[w.n] = '\0';
		l = effective(c, key);
		*protocol = w;
	}
	return l;
}

/* The user's, and behind them the system's. */
static void
add_defaults(const struct account *a, struct chain *c)
{
	const struct conf_section *s;

	for (s = a->file.conf.sections; s != NULL; s = s->next)
		if (strcmp(s->kind, "defaults") == 0 && c->n < CHAIN_MAX)
			c->s[c->n++] = s;
}

static bool
names_server(const struct account *a, const struct conf_section *s,
    const char *keys)
{
	struct chain c = { .n = 0 };
	struct err quiet = { 0 };
	struct str protocol;

	if (add_parents(a, &c, s, &quiet) < 0)
		return false;
	add_defaults(a, &c);
	return server_line(&c, keys, &protocol) != NULL ||
	    effective(&c, "server") != NULL;
}

/* The first account that has a server; if none has one, the first. */
static const struct conf_section *
first_account(const struct account *a, const char *keys)
{
	const struct conf_section *s, *first = NULL;

	for (s = a->file.conf.sections; s != NULL; s = s->next) {
		if (strcmp(s->kind, "account") != 0)
			continue;
		if (names_server(a, s, keys))
			return s;
		if (first == NULL)
			first = s;
	}
	return first;
}

static int
unknown_account(const struct account *a, struct err *e)
{
	const struct conf_section *s;
	struct buf names = { .max = 300 };

	if (a->file.text.p == NULL && a->file.system.p == NULL)
		return fail(e, EX_CONFIG, "no account \"%s\": there is no configuration file (%s)",
		    a->name, a->file.looked);
	for (s = a->file.conf.sections; s != NULL; s = s->next)
		if (strcmp(s->kind, "account") == 0)
			buf_printf(&names, " %s", s->name);
	fail(e, EX_CONFIG, "%s: no account \"%s\" in there%s%s",
	    a->file.conf.file, a->name, names.n > 0 ? ", but" : "",
	    names.n > 0 ? names.p : "");
	buf_free(&names);
	return -1;
}

/* A "fetch work" says all itself when there is no "account work". */
static bool
stands_alone(const struct account *a)
{
	return a->file.section != NULL && a->file.section->parent == NULL &&
	    strcmp(a->file.section->name, a->name) == 0;
}

/* NULL is no account, which is well unless e says otherwise. */
static const struct conf_section *
account_choose(const struct account *a, const char *from, const char *keys,
    struct err *e)
{
	const struct conf_section *s = NULL;

	if (a->name != NULL) {
		s = conf_find(&a->file.conf, "account", a->name);
		if (s == NULL && !stands_alone(a))
			unknown_account(a, e);
		return s;
	}
	if (a->url != NULL)
		return NULL;
	if (from != NULL)
		s = by_sender(a, from, e);
	if (s == NULL && e->code == 0)
		s = conf_find(&a->file.conf, "account", "default");
	if (s == NULL && e->code == 0)
		s = first_account(a, keys);
	return s;
}

/* --- applying it --- */

static const struct opt *
option(const struct opt_set *set, const char *key)
{
	const struct opt *o;
	size_t t;

	for (t = 0; set->tables[t] != NULL; t++)
		for (o = set->tables[t]; o->name != NULL; o++)
			if (o->kind != OPT_HEAD &&
			    (o->flags & OPT_NOCONF) == 0 &&
			    strcmp(o->name, key) == 0)
				return o;
	return NULL;
}

static int
keep_password(struct account *a, const char *value, struct err *e)
{
	size_t n = strlen(value);

	if (a->password == NULL)
		a->password = mem_new(1, sizeof *a->password);
	if (n == 0 || n > sizeof a->password->p)
		return fail(e, EX_CONFIG, "password: %s", n == 0 ?
		    "needs a value" : "too long");
	memcpy(a->password->p, value, n);
	a->password->n = n;
	return 0;
}

static int
apply_line(struct account *a, struct opt_set *set, const struct conf_line *l,
    struct err *e)
{
	char shown[CONF_KEY_SHOWN];
	struct err why = { 0 };
	int got;

	if (strcmp(l->key, "password") == 0)
		got = keep_password(a, l->value, &why);
	else if (option(set, l->key) != NULL)
		got = opt_conf(set, l->key, l->value, &why);
	else if (AMONG(known, l->key))
		return 0;
	else
		got = fail(&why, EX_CONFIG, "unknown key \"%s\"",
		    conf_key_shown(shown, sizeof shown, str_of(l->key)));
	return got == 0 ? 0 : fail(e, EX_CONFIG, "%s:%u: %s", l->file, l->line,
	    why.msg);
}

/* Did the command line choose a way to the secret? */
static bool
way_given(const struct opt_set *set)
{
	size_t i;

	for (i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (opt_given(set, ways[i]))
			return true;
	return false;
}

static bool
has_way(const struct conf_section *s)
{
	size_t i;

	for (i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (conf_value(s, ways[i]) != NULL)
			return true;
	return false;
}

/* Does a more particular section, or the command line, say it instead? */
static bool
hidden(const struct chain *c, size_t rank, const struct conf_line *l,
    const struct opt_set *set)
{
	bool way = AMONG(ways, l->key);
	size_t i;

	if (way && way_given(set))
		return true;
	for (i = 0; i < rank; i++)
		if (way ? has_way(c->s[i]) :
		    conf_value(c->s[i], l->key) != NULL)
			return true;
	return false;
}

static int
apply_chain(struct account *a, struct opt_set *set, const struct chain *c,
    struct err *e)
{
	const struct conf_line *l;
	size_t i;

	for (i = c->n; i-- > 0;)
		for (l = c->s[i]->lines; l != NULL; l = l->next)
			if (!hidden(c, i, l, set) &&
			    apply_line(a, set, l, e) < 0)
				return -1;
	return 0;
}

/* --- the server --- */

/* Is it one of the protocols in keys? */
static bool
speaks(const char *keys, enum account_scheme scheme)
{
	struct str list = str_of(keys), w;

	while ((w = str_word(&list)).n > 0)
		if (str_is(w, account_protocol(scheme)))
			return true;
	return false;
}


static int
set_server(struct account *a, const char *url, struct str protocol,
    const char *keys, struct err *e)
{
	if (account_url(&a->server, &a->arena, url, account_bare_scheme(protocol),
	    e) < 0)
		return -1;
	if (!speaks(keys, a->server.scheme))
		return fail(e, EX_USAGE, "a server for %s where one for %s is needed",
		    account_protocol(a->server.scheme), keys);
	a->has_server = true;
	return 0;
}

/* From -S, a protocol's key, or the key "server", in this order. */
static int
find_server(struct account *a, const struct chain *c, const char *cmd_url,
    const char *keys, struct err *e)
{
	struct str protocol, list = str_of(keys), best = str_word(&list);
	const struct conf_line *l;
	struct err why = { 0 };

	if (cmd_url != NULL)
		return set_server(a, cmd_url, best, keys, e) < 0 ?
		    fail_in(e, "--server") : 0;
	l = server_line(c, keys, &protocol);
	if (l == NULL) {
		protocol = best;
		l = effective(c, "server");
	}
	if (l == NULL)
		return 0;
	if (set_server(a, l->value, protocol, keys, &why) < 0)
		return fail(e, EX_CONFIG, "%s:%u: %s: %s", l->file, l->line,
		    l->key, why.msg);
	return 0;
}

/*
 * What leads elsewhere, or asks for a certain key, would be passed over in silence
 * where each recipient's own hosts are asked.
 */
static int
check_mx(const struct account *a, const struct opt_set *set,
    const struct chain *c, struct err *e)
{
	static const char *const idle[] = { "proxy", "connect-command",
	    "connect-to", "pin" };
	const struct conf_line *l;
	size_t i;

	if (!a->has_server || a->server.scheme != ACCOUNT_MX)
		return 0;
	for (i = 0; i < sizeof idle / sizeof *idle; i++) {
		l = effective(c, idle[i]);
		if (l == NULL || opt_given(set, idle[i]) ||
		    (i == 0 && a->way.proxy == NULL))
			continue;
		return fail(e, EX_CONFIG, "%s:%u: %s has no effect with mx:, whose hosts are asked without it%s",
		    l->file, l->line, l->key, i == 0 ?
		    " (an account's own \"proxy off\" says that this is meant)" : "");
	}
	return 0;
}

static void
settle_tls(struct account *a)
{
	enum account_scheme s = a->server.scheme;

	if (a->tls_option != ACCOUNT_TLS_UNSET)
		a->tls = a->tls_option;
	else if (s == ACCOUNT_LMTP_UNIX || account_here(s))
		a->tls = ACCOUNT_TLS_OFF;
	else if (s == ACCOUNT_MX)
		a->tls = ACCOUNT_TLS_MAY;
	else if (s == ACCOUNT_SMTPS || s == ACCOUNT_IMAPS ||
	    s == ACCOUNT_POP3S)
		a->tls = ACCOUNT_TLS_IMPLICIT;
	else
		a->tls = ACCOUNT_TLS_STARTTLS;
}

int
account_load(struct account *a, struct opt_set *set, const char *keys,
    const char *from, struct err *e)
{
	const struct conf_section *s;
	const char *cmd_url = a->url, *cmd_user = a->login.user;
	struct chain c = { .n = 0 };

	if (opt_given(set, "proxy") && account_file_proxy(a->way.proxy))
		return fail(e, EX_USAGE, "--proxy with a password: everybody can read a command line. Write it into the configuration file, as key proxy");
	if (account_read(a, e) < 0)
		return -1;
	s = account_choose(a, from, keys, e);
	if (e->code != 0)
		return -1;
	if (a->file.section != NULL)
		c.s[c.n++] = a->file.section;
	if (s != NULL && add_parents(a, &c, s, e) < 0)
		return -1;
	add_defaults(a, &c);
	if (apply_chain(a, set, &c, e) < 0 ||
	    find_server(a, &c, cmd_url, keys, e) < 0)
		return -1;
	if (a->way.proxy != NULL && str_is(str_of(a->way.proxy), "off"))
		a->way.proxy = NULL;
	if (check_mx(a, set, &c, e) < 0)
		return -1;
	if (s != NULL)
		a->name = s->name;
	if (a->server.user != NULL && cmd_user == NULL)
		a->login.user = a->server.user;
	settle_tls(a);
	account_file_forget(a);
	return account_effects(a, set, e);
}

int
account_section(struct account *a, const char *kind, const char *name,
    struct err *e)
{
	const struct conf_section *s;

	if (account_read(a, e) < 0)
		return -1;
	s = a->file.section = conf_find(&a->file.conf, kind, name);
	if (a->name == NULL)
		a->name = s != NULL && s->parent != NULL ? s->parent :
		    arena_dup(&a->arena, str_of(name));
	return s != NULL;
}

int
account_sections(struct account *a, const char *kind, struct opt_list *names,
    struct err *e)
{
	const struct conf_section *s;

	if (account_read(a, e) < 0)
		return -1;
	for (s = a->file.conf.sections; s != NULL; s = s->next)
		if (strcmp(s->kind, kind) == 0)
			opt_list_add(&a->arena, names, s->name);
	return names->n > 0 ? 0 : fail(e, EX_CONFIG, "%s: no %s section in there",
	    a->file.conf.file, kind);
}

static void
drop_secret(struct secret **s)
{
	if (*s != NULL)
		mem_secret_wipe(*s);
	free(*s);
	*s = NULL;
}

void
account_forget(struct account *a)
{
	if (a->again)
		return;
	account_file_forget(a);
	if (a->way.proxy != NULL && account_file_proxy(a->way.proxy))
		mem_wipe((char *)a->way.proxy,	/* our copy */
		    strlen(a->way.proxy));
	drop_secret(&a->password);
	drop_secret(&a->from_fd);
}

void
account_wipe(struct account *a)
{
	drop_secret(&a->password);
	drop_secret(&a->from_fd);
	buf_wipe(&a->file.text);
	buf_wipe(&a->file.system);
	arena_free(&a->arena);
	*a = (struct account){ 0 };
}
