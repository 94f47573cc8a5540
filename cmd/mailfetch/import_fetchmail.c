/*
 * import_fetchmail.c: a .fetchmailrc (fetchmail 6) as our configuration
 *
 * A server's words come first, then each user with his; what "defaults" says
 * counts where they say nothing.
 *
 * A file that has words fetchmail does not know is read once more with \" as
 * a quote within quotes: that was meant then.
 */
#include <stddef.h>
#include <string.h>

#include "fetchmail_lex.h"
#include "foreign_server.h"
#include "import_private.h"

/* ---- what is said ---- */

enum said { UNSAID, NO, YES };

/* One user at one server.  NULL, and UNSAID, is what defaults may say. */
struct one {
	struct {
		const char *poll, *via, *proto, *port, *auth, *plugin;
		bool skip;
	} server;
	struct {
		const char *name, *sslproto, *ca, *cert, *key, *verify;
		const char *mda, *smtphost, *domain, *rcpt, *bsmtp;
		const char *limit, *fetchlimit;
		struct opt_list folders, locals;
		enum said keep, ssl, lmtp;
		bool secret, wildcard;
		bool any;		/* something was said of him */
	} user;
};

struct left {
	const char *key;
	unsigned line;
};

struct fetchmail {
	struct fetchmail_lex x;
	struct conf_out *o;
	struct one base, now;	/* base: what defaults said */
	struct one shared;	/* what stood before the server's first user */
	bool defaults;		/* it is defaults that now is about */
	bool open;		/* there is a server */
	struct left left[64];	/* what is to be said with this user */
	size_t n;
	unsigned strange;	/* words that fetchmail does not know either */
	unsigned where;		/* the first one's line */
};

/* ---- the words ---- */

enum key {
	NOISE,			/* means nothing to us, and nothing is lost */
	LEFT,			/* is said in a comment */
	POLL, SKIP, DEFAULTS, SET, ADVERB,
	TEXT,			/* a value that goes to a member */
	FIRST,			/* of a list, only the first */
	FLAG,
	USER, PASS, IS, FOLDER,
	SECRET
};

enum { NOTHING, VALUE, LIST };

#define SERVER(member) offsetof(struct one, server.member)
#define OF_USER(member) offsetof(struct one, user.member)

static const struct word {
	const char *word;
	enum key key;
	int values;
	size_t to;		/* of TEXT, FIRST and FLAG, in struct one */
} words[] = {
	{ "poll", POLL, VALUE, 0 }, { "server", POLL, VALUE, 0 },
	{ "skip", SKIP, VALUE, 0 }, { "defaults", DEFAULTS, NOTHING, 0 },
	{ "set", SET, NOTHING, 0 },
	{ "with", NOISE, NOTHING, 0 }, { "and", NOISE, NOTHING, 0 },
	{ "has", NOISE, NOTHING, 0 }, { "wants", NOISE, NOTHING, 0 },
	{ "options", NOISE, NOTHING, 0 },
	/* of the server */
	{ "via", TEXT, VALUE, SERVER(via) },
	{ "proto", TEXT, VALUE, SERVER(proto) },
	{ "protocol", TEXT, VALUE, SERVER(proto) },
	{ "port", TEXT, VALUE, SERVER(port) },
	{ "service", TEXT, VALUE, SERVER(port) },
	{ "auth", TEXT, VALUE, SERVER(auth) },
	{ "authenticate", TEXT, VALUE, SERVER(auth) },
	{ "preauth", TEXT, VALUE, SERVER(auth) },
	{ "preauthenticate", TEXT, VALUE, SERVER(auth) },
	{ "plugin", TEXT, VALUE, SERVER(plugin) },
	{ "plugout", LEFT, VALUE, 0 }, { "timeout", LEFT, VALUE, 0 },
	{ "envelope", LEFT, LIST, 0 }, { "qvirtual", LEFT, VALUE, 0 },
	{ "aka", LEFT, LIST, 0 }, { "local", LEFT, LIST, 0 },
	{ "localdomains", LEFT, LIST, 0 }, { "interface", LEFT, VALUE, 0 },
	{ "monitor", LEFT, VALUE, 0 }, { "interval", LEFT, VALUE, 0 },
	{ "dns", LEFT, NOTHING, 0 }, { "checkalias", LEFT, NOTHING, 0 },
	{ "uidl", NOISE, NOTHING, 0 }, { "tracepolls", LEFT, NOTHING, 0 },
	{ "principal", LEFT, VALUE, 0 }, { "esmtpname", LEFT, VALUE, 0 },
	{ "esmtppassword", SECRET, VALUE, 0 },
	{ "bad-header", LEFT, VALUE, 0 },
	/* of the user */
	{ "user", USER, VALUE, 0 }, { "username", USER, VALUE, 0 },
	{ "pass", PASS, VALUE, 0 }, { "password", PASS, VALUE, 0 },
	{ "passwordfile", LEFT, VALUE, 0 }, { "passwordfd", LEFT, VALUE, 0 },
	{ "is", IS, LIST, 0 }, { "to", IS, LIST, 0 },
	{ "here", ADVERB, NOTHING, 0 }, { "there", ADVERB, NOTHING, 0 },
	{ "folder", FOLDER, LIST, 0 }, { "folders", FOLDER, LIST, 0 },
	{ "keep", FLAG, NOTHING, OF_USER(keep) },
	{ "flush", LEFT, NOTHING, 0 }, { "limitflush", LEFT, NOTHING, 0 },
	{ "fetchall", NOISE, NOTHING, 0 }, { "rewrite", LEFT, NOTHING, 0 },
	{ "stripcr", LEFT, NOTHING, 0 }, { "forcecr", LEFT, NOTHING, 0 },
	{ "pass8", LEFT, NOTHING, 0 }, { "pass8bits", LEFT, NOTHING, 0 },
	{ "dropstatus", LEFT, NOTHING, 0 },
	{ "dropdelivered", LEFT, NOTHING, 0 },
	{ "mimedec", LEFT, NOTHING, 0 }, { "mimedecode", LEFT, NOTHING, 0 },
	{ "idle", LEFT, NOTHING, 0 }, { "forceidle", LEFT, NOTHING, 0 },
	{ "ssl", FLAG, NOTHING, OF_USER(ssl) },
	{ "sslproto", TEXT, VALUE, OF_USER(sslproto) },
	{ "sslcertfile", TEXT, VALUE, OF_USER(ca) },
	{ "sslcertpath", TEXT, VALUE, OF_USER(ca) },
	{ "sslcert", TEXT, VALUE, OF_USER(cert) },
	{ "sslkey", TEXT, VALUE, OF_USER(key) },
	{ "sslcertck", NOISE, NOTHING, 0 },
	{ "sslcommonname", TEXT, VALUE, OF_USER(verify) },
	{ "sslfingerprint", LEFT, VALUE, 0 },
	{ "mda", TEXT, VALUE, OF_USER(mda) },
	{ "lmtp", FLAG, NOTHING, OF_USER(lmtp) },
	{ "smtp", FIRST, LIST, OF_USER(smtphost) },
	{ "smtphost", FIRST, LIST, OF_USER(smtphost) },
	{ "smtpaddress", TEXT, VALUE, OF_USER(domain) },
	{ "smtpname", TEXT, VALUE, OF_USER(rcpt) },
	{ "fetchdomains", LEFT, LIST, 0 },
	{ "antispam", LEFT, LIST, 0 }, { "bsmtp", TEXT, VALUE, OF_USER(bsmtp) },
	{ "pre", LEFT, VALUE, 0 }, { "preconnect", LEFT, VALUE, 0 },
	{ "post", LEFT, VALUE, 0 }, { "postconnect", LEFT, VALUE, 0 },
	{ "limit", TEXT, VALUE, OF_USER(limit) },
	{ "warnings", LEFT, VALUE, 0 }, { "batchlimit", LEFT, VALUE, 0 },
	{ "fetchlimit", TEXT, VALUE, OF_USER(fetchlimit) },
	{ "fetchsizelimit", LEFT, VALUE, 0 }, { "fastuidl", LEFT, VALUE, 0 },
	{ "expunge", LEFT, VALUE, 0 }, { "properties", LEFT, VALUE, 0 },
	/* behind "set" */
	{ "daemon", LEFT, VALUE, 0 }, { "postmaster", LEFT, VALUE, 0 },
	{ "bouncemail", LEFT, NOTHING, 0 }, { "spambounce", LEFT, NOTHING, 0 },
	{ "softbounce", LEFT, NOTHING, 0 }, { "logfile", LEFT, VALUE, 0 },
	{ "idfile", LEFT, VALUE, 0 }, { "pidfile", LEFT, VALUE, 0 },
	{ "syslog", LEFT, NOTHING, 0 }, { "invisible", LEFT, NOTHING, 0 },
	{ "showdots", LEFT, NOTHING, 0 },
};
#define WORDS (sizeof words / sizeof *words)

static const char **
text_at(struct one *u, const struct word *w)
{
	return (const char **)((char *)u + w->to);
}

static enum said *
flag_at(struct one *u, const struct word *w)
{
	return (enum said *)((char *)u + w->to);
}

static const struct word *
find_word(const char *text)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (strcmp(words[i].word, text) == 0)
			return &words[i];
	return NULL;
}

/* "nokeep" and "keep" */
static const struct word *
known_word(const struct fetchmail_lex *x, bool *no)
{
	const struct word *w;

	*no = false;
	if (x->quoted)
		return NULL;
	w = find_word(x->text);
	if (w == NULL && strncmp(x->text, "no", 2) == 0 &&
	    (w = find_word(x->text + 2)) != NULL)
		*no = true;
	return w;
}

/* ---- defaults ---- */

static void
leave_key(struct fetchmail *f, const char *key)
{
	if (f->n < sizeof f->left / sizeof *f->left)
		f->left[f->n++] = (struct left){ key, f->x.at };
}

static const char *
either(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

static void
merge(struct one *u, struct one *d)
{
	const struct word *w;

	for (w = words; w < words + WORDS; w++) {
		if (w->key == FLAG && *flag_at(u, w) == UNSAID)
			*flag_at(u, w) = *flag_at(d, w);
		if (w->key == TEXT || w->key == FIRST)
			*text_at(u, w) = either(*text_at(u, w),
			    *text_at(d, w));
	}
	u->user.name = either(u->user.name, d->user.name);
	if (u->user.folders.n == 0)
		u->user.folders = d->user.folders;
	if (u->user.locals.n == 0)
		u->user.locals = d->user.locals;
	u->user.secret |= d->user.secret;
	u->user.wildcard |= d->user.wildcard;
}

/* ---- written down ---- */

/* A count or a size; 0 is all of them. */
static const char *
positive(const char *text)
{
	uint64_t n;

	return text != NULL && str_num(str_of(text), 1000000000000, &n) == 0 &&
	    n > 0 ? text : NULL;
}

/* The protocol, as far as we have it; else NULL. */
static const char *
protocol(const struct one *u)
{
	if (u->server.proto == NULL || str_is(str_of(u->server.proto), "auto") ||
	    str_is(str_of(u->server.proto), "imap"))
		return "imap";
	if (str_is(str_of(u->server.proto), "pop3"))
		return "pop3";
	return NULL;
}

/* "": no TLS; without ssl anything else means STARTTLS. */
static enum foreign_tls
fetchmail_tls(const struct one *u)
{
	if (u->user.ssl == YES)
		return FOREIGN_TLS;
	if (u->user.sslproto == NULL || u->user.sslproto[0] != '\0')
		return FOREIGN_STARTTLS;
	return FOREIGN_PLAIN;
}

static void
fetchmail_login(struct fetchmail *f, const struct one *u)
{
	struct conf_out *o = f->o;
	struct str auth = str_of(u->server.auth);

	if (str_is(auth, "cram") || str_is(auth, "cram-md5"))
		conf_out_key(o, "auth", "cram-md5");
	else if (str_is(auth, "external"))
		conf_out_key(o, "auth", "external");
	else if (str_is(auth, "password"))
		conf_out_key(o, "auth", "plain,login");
	else if (auth.n > 0 && !str_is(auth, "any"))
		conf_out_note(o, "not taken over: a way to log in that is not here");
	if (u->user.secret)
		foreign_secret(o);
}

/* fetchmail's own floor is ours; a lower one has to be asked for here. */
static void
floor_of_tls(struct fetchmail *f, const char *proto)
{
	struct str s = str_of(proto);

	if (str_starts(s, "tls1.3"))
		conf_out_key(f->o, "tls-min", "1.3");
	else if (s.n > 0 && !str_starts(s, "tls1.2") && !str_is(s, "auto"))
		conf_out_note(f->o, "sslproto: here it is TLS 1.2 or newer; see tls-min");
}

static void
plugin(struct fetchmail *f, const struct one *u, const char *host)
{
	struct arena *a = &f->o->arena;

	if (u->server.plugin == NULL)
		return;
	if (strstr(u->server.plugin, "%p") != NULL && u->server.port == NULL)
		conf_out_note(f->o, "not taken over: plugin; use connect-command");
	else
		conf_out_key(f->o, "connect-command", foreign_fill(a,
		    foreign_fill(a, u->server.plugin, 'h', host), 'p', either(u->server.port, "")));
}

/* Mail for several people in one mailbox goes nowhere by guessing. */
static bool
multidrop(const struct one *u)
{
	return u->user.wildcard || u->user.locals.n > 1;
}

/* A user here, at smtpaddress; or smtpname alone. */
static void
recipient(struct fetchmail *f, const struct one *u)
{
	const char *name = u->user.locals.n > 0 ? u->user.locals.v[0] : u->user.name;

	name = either(u->user.rcpt, name);
	if (name != NULL)
		conf_out_key(f->o, "rcpt", strchr(name, '@') != NULL ? name :
		    arena_printf(&f->o->arena, "%s@%s", name,
		    either(u->user.domain, "localhost")));
}

static void
by_lmtp(struct fetchmail *f, const struct one *u)
{
	struct arena *a = &f->o->arena;
	const char *host = either(u->user.smtphost, "localhost");
	const char *slash = strchr(host, '/');

	if (slash != NULL && slash != host)
		host = arena_printf(a, "%.*s:%s", (int)(slash - host), host,
		    slash + 1);
	conf_out_key(f->o, "deliver", arena_printf(a, "lmtp:%s", host));
	recipient(f, u);
}

/*
 * Where nothing is said: the mail server of this machine, in plaintext.
 * "HOST/PORT"; a port may have a name.
 */
static void
by_smtp(struct fetchmail *f, const struct one *u)
{
	static const struct {
		const char *name, *host;
	} here[] = {
		{ "localhost", "127.0.0.1" }, { "127.0.0.1", "127.0.0.1" },
		{ "::1", "[::1]" }, { "ip6-localhost", "[::1]" },
	};
	struct str port = str_of(either(u->user.smtphost, "localhost"));
	struct str name = str_cut(&port, '/');
	const char *host = NULL;
	uint64_t number = 25;
	size_t i;

	for (i = 0; i < sizeof here / sizeof *here; i++)
		if (str_is(name, here[i].name))
			host = here[i].host;
	if (host == NULL || (port.n > 0 && !str_is(port, "smtp") &&
	    str_num(port, 65535, &number) < 0)) {
		conf_out_note(f->o, "there it went to %s, by SMTP, which here is for this machine's own server; use deliver maildir:DIR or the like",
		    u->user.smtphost);
		return;
	}
	conf_out_key(f->o, "deliver", number == 25 ?
	    arena_printf(&f->o->arena, "smtp://%s", host) :
	    arena_printf(&f->o->arena, "smtp://%s:%u", host,
	    (unsigned)number));
	conf_out_key(f->o, "deliver-tls", "off");
	recipient(f, u);
}

static void
fetchmail_place(struct fetchmail *f, const struct one *u)
{
	struct arena *a = &f->o->arena;
	const char *command = u->user.mda;

	if (multidrop(u)) {
		conf_out_note(f->o, "not taken over: one mailbox for several people; use deliver maildir:DIR or the like");
	} else if (command != NULL) {
		if (u->user.locals.n == 1)
			command = foreign_fill(a, command, 'T',
			    foreign_quote(a, u->user.locals.v[0]));
		command = foreign_fill(a, command, 'F',
		    "\"$POSTBAG_SENDER\"");
		conf_out_key(f->o, "deliver", arena_printf(a, "exec:%s",
		    foreign_command(a, command)));
		if (strchr(command, '%') != NULL)
			conf_out_note(f->o, "deliver: %%T and its like are not filled in here");
	} else if (u->user.bsmtp != NULL) {
		conf_out_note(f->o, "not taken over: bsmtp; use deliver mbox:FILE or the like");
	} else if (u->user.lmtp == YES) {
		by_lmtp(f, u);
	} else
		by_smtp(f, u);
}

static void
fetchmail_fetch(struct fetchmail *f, const struct one *u, const char *name)
{
	size_t i;

	conf_out_section(f->o, "fetch", name, NULL);
	fetchmail_place(f, u);
	conf_out_key(f->o, "delete", u->user.keep == YES ? "never" : "now");
	if (u->user.folders.n > 0 && strcmp(protocol(u), "pop3") == 0)
		conf_out_note(f->o, "not taken over: folder, of which POP3 knows nothing");
	else
		for (i = 0; i < u->user.folders.n; i++)
			conf_out_folder(f->o, u->user.folders.v[i]);
	conf_out_key(f->o, "max-size", positive(u->user.limit));
	conf_out_key(f->o, "limit", positive(u->user.fetchlimit));
}

static void
say_left(struct fetchmail *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		conf_out_note(f->o, "not taken over: %s (line %u)",
		    f->left[i].key, f->left[i].line);
	f->n = 0;
}

static const char *
section_name(struct fetchmail *f, const struct one *u)
{
	if (u->user.name != NULL && strchr(u->user.name, '@') != NULL)
		return conf_out_name(f->o, "account", u->user.name);
	return conf_out_name(f->o, "account", arena_printf(&f->o->arena, "%s%s%s",
	    either(u->user.name, ""), u->user.name != NULL ? "@" : "", u->server.poll));
}

static void
write_one(struct fetchmail *f, struct one *u)
{
	struct foreign_server s = { .protocol = protocol(u),
	    .host = either(u->server.via, u->server.poll), .verify = u->user.verify,
	    .port = u->server.port, .user = u->user.name,
	    .tls = fetchmail_tls(u) };
	const char *name = section_name(f, u);

	if (s.protocol == NULL)
		s.host = NULL;		/* one that we do not speak */
	if (!foreign_account(f->o, name, &s)) {
		say_left(f);
		return;
	}
	if (s.tls == FOREIGN_STARTTLS && u->user.sslproto == NULL)
		conf_out_note(f->o, "with TLS if it could be had there; here it must");
	fetchmail_login(f, u);
	floor_of_tls(f, u->user.sslproto);
	conf_out_key(f->o, "ca", u->user.ca);
	conf_out_key(f->o, "cert", u->user.cert);
	conf_out_key(f->o, "key", u->user.key);
	plugin(f, u, s.host);
	if (u->server.skip)
		conf_out_note(f->o, "not taken over: skip, nor what it leaves out (folder, keep, limit, where to)");
	else
		fetchmail_fetch(f, u, name);
	say_left(f);
}

/* ---- the grammar ---- */

/* A user is complete; the server's words are kept for the next one. */
static void
end_user(struct fetchmail *f)
{
	struct one next = { .server = f->now.server };

	if (f->defaults) {
		f->base = f->now;
		f->base.server.poll = NULL;
		if (f->n > 0)
			conf_out_remark(f->o, "defaults");
		say_left(f);
	} else {
		merge(&f->now, &f->shared);
		merge(&f->now, &f->base);
		write_one(f, &f->now);
	}
	f->now = next;
}

static void
end_server(struct fetchmail *f)
{
	if (f->open)
		end_user(f);
	f->open = f->defaults = false;
	f->now = f->shared = (struct one){ 0 };
}

static void
strange(struct fetchmail *f)
{
	if (f->strange++ == 0)
		f->where = f->x.at;
}

/* A word's value.  It is a string, whatever it looks like. */
static const char *
value(struct fetchmail *f)
{
	if (!fetchmail_lex_next(&f->x)) {
		strange(f);
		return "";
	}
	return f->x.text;
}

/* Strings up to the next word that is known; at is where to read it again. */
static void
take_strings(struct fetchmail *f, struct opt_list *to)
{
	struct fetchmail_lex before = f->x;
	bool no, first = true;

	for (; fetchmail_lex_next(&f->x); before = f->x, first = false) {
		/* what comes first is a name, even if it is called keep */
		if (!first && known_word(&f->x, &no) != NULL)
			break;
		if (to != NULL)
			opt_list_add(&f->o->arena, to, f->x.text);
	}
	f->x = before;
}

/* "is joe here", "is joe there", "is joe = jim *" */
static void
user_names(struct fetchmail *f, struct one *u)
{
	struct fetchmail_lex before;
	struct opt_list l = { 0 };
	size_t i;

	take_strings(f, &l);
	before = f->x;
	if (fetchmail_lex_next(&f->x) && !f->x.quoted && strcmp(f->x.text, "there") == 0) {
		if (l.n > 0)
			u->user.name = l.v[l.n - 1];
		return;
	}
	f->x = before;
	for (i = 0; i < l.n; i++)
		if (strcmp(l.v[i], "*") == 0)
			u->user.wildcard = true;
		else
			opt_list_add(&f->o->arena, &u->user.locals, l.v[i]);
}

/* "user joe", "user joe there", "user joe here is jim there" */
static void
user(struct fetchmail *f)
{
	struct fetchmail_lex before;
	const char *name;

	if (f->now.user.name != NULL || f->now.user.locals.n > 0)
		end_user(f);
	else if (f->now.user.any && !f->defaults)
		f->shared = f->now;
	name = value(f);
	f->now.user.any = true;
	before = f->x;
	if (fetchmail_lex_next(&f->x) && !f->x.quoted && strcmp(f->x.text, "here") == 0) {
		opt_list_add(&f->o->arena, &f->now.user.locals, name);
		return;
	}
	f->x = before;
	f->now.user.name = name;
}

static void
server(struct fetchmail *f, const struct word *w)
{
	end_server(f);
	f->open = true;
	f->defaults = w->key == DEFAULTS;
	f->now.server.skip = w->key == SKIP;
	if (!f->defaults)
		f->now.server.poll = value(f);
}

/* "set no syslog", "set logfile = x" */
static void
set_statement(struct fetchmail *f)
{
	const struct word *w;
	bool no;

	end_server(f);
	if (fetchmail_lex_next(&f->x) && strcmp(f->x.text, "no") == 0)
		fetchmail_lex_next(&f->x);
	w = known_word(&f->x, &no);
	if (w == NULL) {
		strange(f);
		return;
	}
	conf_out_remark(f->o, "not taken over: set %s (line %u)", w->word,
	    f->x.at);
	if (w->values == VALUE)
		value(f);
}

static void
take_first(struct fetchmail *f, const char **to)
{
	struct opt_list l = { 0 };

	take_strings(f, &l);
	if (l.n > 0)
		*to = l.v[0];
}

/* A password goes with the arena: it is wiped before. */
static void
secret(struct fetchmail *f)
{
	if (fetchmail_lex_next(&f->x))
		mem_wipe(f->x.text, strlen(f->x.text));
	else
		strange(f);
}

static void
left_out(struct fetchmail *f, const struct word *w, bool no)
{
	if (!no)		/* what is off there is off here */
		leave_key(f, w->word);
	if (no)
		return;
	if (w->values == VALUE)
		value(f);
	else if (w->values == LIST)
		take_strings(f, NULL);
}

static void
word(struct fetchmail *f, const struct word *w, bool no)
{
	if (w->to >= offsetof(struct one, user) || w->key == PASS ||
	    w->key == IS || w->key == FOLDER)
		f->now.user.any = true;
	switch (w->key) {
	case NOISE:
		if (no && strcmp(w->word, "sslcertck") == 0)
			leave_key(f, "no sslcertck");
		break;
	case LEFT:
		left_out(f, w, no);
		break;
	case POLL:
	case SKIP:
	case DEFAULTS:
		server(f, w);
		break;
	case SET:
		set_statement(f);
		break;
	case ADVERB:
		break;
	case TEXT:
		*text_at(&f->now, w) = value(f);
		break;
	case FIRST:
		take_first(f, text_at(&f->now, w));
		break;
	case FLAG:
		*flag_at(&f->now, w) = no ? NO : YES;
		break;
	case USER:
		user(f);
		break;
	case PASS:
		secret(f);
		f->now.user.secret = true;
		break;
	case IS:
		user_names(f, &f->now);
		break;
	case FOLDER:
		take_strings(f, &f->now.user.folders);
		break;
	case SECRET:
		secret(f);
		leave_key(f, w->word);
		break;
	}
}

static void
whole_file(struct fetchmail *f)
{
	const struct word *w;
	bool no, also = false;

	for (; fetchmail_lex_next(&f->x); also = false) {
		w = known_word(&f->x, &no);
		if (w == NULL && !f->x.quoted &&
		    strcmp(f->x.text, "no") == 0 &&
		    fetchmail_lex_next(&f->x)) {
			w = known_word(&f->x, &no);
			also = true;
		}
		if (w == NULL)
			strange(f);
		else
			word(f, w, no || also);
	}
	end_server(f);
}

static void
read_it(struct fetchmail *f, struct foreign *text, struct conf_out *o,
    bool escaped)
{
	*f = (struct fetchmail){ .o = o, .x = { .a = &text->arena,
	    .rest = BUF_STR(text->text), .line = 1, .escaped = escaped } };
	whole_file(f);
}

int
import_fetchmail(struct foreign *text, struct conf_out *o, struct err *e)
{
	struct conf_out other = { 0 };
	struct fetchmail f, g;

	(void)e;
	read_it(&f, text, o, false);
	if (f.strange > 0) {
		read_it(&g, text, &other, true);
		if (g.strange < f.strange) {
			conf_out_free(o);
			*o = other;
			f = g;
			conf_out_remark(o, "\\\" is no quote within quotes to fetchmail: read as it was meant");
		} else
			conf_out_free(&other);
	}
	if (f.strange > 0)
		conf_out_remark(o, "%u words that fetchmail does not know either, the first one in line %u: check all of this",
		    f.strange, f.where);
	return 0;
}
