/*
 * import_getmail.c: a getmailrc (getmail6) as our configuration
 *
 * Lists are Python's tuples of strings.  Values that are True to getmail are
 * "1", "yes", "true" and "on".
 */
#include <stdlib.h>
#include <string.h>

#include "foreign_server.h"
#include "import_private.h"
#include "utf7.h"

enum { DEPTH = 4 };		/* destinations in destinations */

struct getmail {
	struct foreign *f;
	struct conf_out *o;
	struct foreign_section *retriever, *options;
	const char *name;
	bool imap;
};

/* A number over 0; else there is none of it. */
static const char *
number(const char *value)
{
	uint64_t n;

	return value != NULL && str_num(str_of(value), 1000000000000, &n) ==
	    0 && n > 0 ? value : NULL;
}

static const char *
some_value(const char *value)
{
	return value == NULL || value[0] == '\0' ? NULL : value;
}

/* ---- a tuple ---- */

/* At most so many digits of a number. */
static uint32_t
digits(struct str *s, unsigned base, size_t most)
{
	static const char all[] = "0123456789abcdef";
	uint32_t n = 0;
	const char *at;

	for (; most > 0 && s->n > 0; most--, *s = str_from(*s, 1)) {
		at = memchr(all, str_lower(s->p[0]), base);
		if (at == NULL)
			break;
		n = n * base + (uint32_t)(at - all);
	}
	return n;
}

/* As Python has it, from behind the backslash on; false: it is no text. */
static bool
escaped(struct str *s, struct buf *to)
{
	static const char from[] = "\\'\"abfnrtv", is[] = "\\'\"\a\b\f\n\r\t\v";
	const char *at = strchr(from, s->p[0]);
	struct str rest = str_from(*s, 1);
	size_t most = s->p[0] == 'x' ? 2 : s->p[0] == 'u' ? 4 : 8;
	uint32_t c;

	if (s->p[0] >= '0' && s->p[0] <= '7') {
		c = digits(s, 8, 3);
	} else if (s->p[0] == 'x' || s->p[0] == 'u' || s->p[0] == 'U') {
		c = digits(&rest, 16, most);
		if (s->n - rest.n != most + 1)
			return false;
		*s = rest;
	} else {
		if (at == NULL && s->p[0] != '\n')
			buf_c(to, '\\');
		if (s->p[0] != '\n')
			buf_c(to, at == NULL ? s->p[0] : is[at - from]);
		*s = rest;
		return true;
	}
	if (c == 0 || c >= 0x110000 || (c >= 0xd800 && c < 0xe000))
		return false;
	utf7_put_utf8(to, c);
	return true;
}

/* Up to the quote, and over it; false: there is none, or it is no text. */
static bool
python_text(struct str *s, char quote, bool raw, struct buf *to)
{
	while (s->n > 0 && s->p[0] != quote) {
		bool escape = s->p[0] == '\\' && s->n > 1;

		if (!escape || raw)
			buf_c(to, s->p[0]);
		*s = str_from(*s, 1);
		if (!escape)
			continue;
		if (!raw && !escaped(s, to))
			return false;
		if (raw) {
			buf_c(to, s->p[0]);
			*s = str_from(*s, 1);
		}
	}
	if (s->n == 0)
		return false;
	*s = str_from(*s, 1);
	return true;
}

/*
 * The next string of it, 'a' "a" u'a' r'a'; strings side by side are one.  0
 * at the end, -1 if it is no tuple of strings.
 */
static int
tuple_string(struct arena *a, struct str *s, const char **to)
{
	struct buf b = { .max = 1 << 16 };
	bool raw, some_of_it = false;
	char quote;

	for (;;) {
		raw = false;		/* each has a prefix of its own */
		while (s->n > 0 && strchr(" \t\n\r", s->p[0]) != NULL)
			*s = str_from(*s, 1);
		while (s->n > 1 && strchr("uUrRbB", s->p[0]) != NULL) {
			raw |= str_lower(s->p[0]) == 'r';
			*s = str_from(*s, 1);
		}
		if (s->n == 0 || (s->p[0] != '"' && s->p[0] != '\''))
			break;
		some_of_it = true;
		quote = s->p[0];
		*s = str_from(*s, 1);
		if (!python_text(s, quote, raw, &b)) {
			buf_free(&b);
			return -1;
		}
	}
	*to = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	if (s->n > 0 && s->p[0] == ',')
		*s = str_from(*s, 1);
	else if (s->n > 0)
		return -1;
	return some_of_it ? 1 : 0;
}

/* All of them; false if it is no tuple of strings. */
static bool
tuple(struct arena *a, const char *value, struct opt_list *to)
{
	struct str s = str_trim(str_of(value));
	const char *one;
	int got;

	if (s.n < 2 || s.p[0] != '(' || s.p[s.n - 1] != ')')
		return false;
	s = str_to(str_from(s, 1), s.n - 2);
	while ((got = tuple_string(a, &s, &one)) > 0)
		opt_list_add(a, to, one);
	return got == 0;
}

/* Words as a command line. */
static const char *
command_line(struct arena *a, const char *program, const struct opt_list *words)
{
	struct buf b = { .max = 1 << 16 };
	const char *text;
	size_t i;

	if (program != NULL)
		buf_s(&b, foreign_quote(a, program));
	for (i = 0; i < words->n; i++)
		buf_printf(&b, "%s%s", b.n > 0 ? " " : "",
		    foreign_quote(a, words->v[i]));
	text = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return text;
}

/* ---- [retriever], [options] ---- */

static void
getmail_login(struct getmail *g)
{
	struct arena *a = &g->o->arena;
	const char *words = some_value(foreign_take(g->retriever,
	    "password_command"));
	const char *netrc = some_value(foreign_take(g->options, "netrc_file"));
	bool token = foreign_yes(foreign_take(g->retriever, "use_xoauth2"));
	struct opt_list list = { 0 };

	if (token)
		conf_out_key(g->o, "auth", "xoauth2");
	if (some_value(foreign_take(g->retriever, "password")) != NULL)
		foreign_secret(g->o);
	else if (words != NULL && tuple(a, words, &list) && list.n > 0)
		conf_out_key(g->o, token ? "token-command" :
		    "password-command", command_line(a, NULL, &list));
	else if (words != NULL)
		conf_out_note(g->o, "not taken over: password_command");
	if (foreign_yes(foreign_take(g->options, "use_netrc")))
		conf_out_key(g->o, "netrc", netrc);
}

static bool
getmail_account(struct getmail *g)
{
	const char *type = foreign_take(g->retriever, "type");
	struct foreign_server s = { .tls = FOREIGN_PLAIN };

	if (type == NULL)
		type = "";
	g->imap = strstr(type, "IMAP") != NULL;
	s.protocol = g->imap ? "imap" : "pop3";
	if (strstr(type, "SSL") != NULL)
		s.tls = FOREIGN_TLS;
	if (strstr(type, "IMAP") != NULL || strstr(type, "POP3") != NULL)
		s.host = foreign_take(g->retriever, "server");
	s.verify = some_value(foreign_take(g->retriever, "ssl_cert_hostname"));
	s.port = some_value(foreign_take(g->retriever, "port"));
	s.user = some_value(foreign_take(g->retriever, "username"));
	g->name = conf_out_name(g->o, "account", s.user != NULL && strchr(s.user, '@') !=
	    NULL ? s.user : arena_printf(&g->o->arena, "%s%s%s",
	    s.user != NULL ? s.user : "", s.user != NULL ? "@" : "",
	    s.host != NULL ? s.host : ""));
	if (!foreign_account(g->o, g->name, &s))
		return false;
	if (str_starts(str_of(type), "Multidrop"))
		conf_out_note(g->o, "%s: here all of it goes to one place",
		    type);
	getmail_login(g);
	conf_out_key(g->o, "ca", some_value(foreign_take(g->retriever,
	    "ca_certs")));
	conf_out_key(g->o, "cert", some_value(foreign_take(g->retriever,
	    "certfile")));
	conf_out_key(g->o, "key", some_value(foreign_take(g->retriever,
	    "keyfile")));
	foreign_take(g->retriever, "timeout");
	return true;
}

/* "(UNSEEN)"; of "ALL" there is no need, and POP3 has none. */
static void
search(struct getmail *g)
{
	struct str s = str_trim(str_of(foreign_take(g->retriever,
	    "imap_search")));

	if (s.n >= 2 && s.p[0] == '(' && s.p[s.n - 1] == ')')
		s = str_to(str_from(s, 1), s.n - 2);
	if (g->imap && s.n > 0 && !str_is(s, "ALL"))
		conf_out_key(g->o, "search", arena_dup(&g->o->arena, s));
}

static void
getmail_folders(struct getmail *g)
{
	const char *list = some_value(foreign_take(g->retriever, "mailboxes"));
	struct opt_list names = { 0 };
	size_t i;

	if (!g->imap || list == NULL)
		return;
	if (strcmp(list, "ALL") == 0) {
		conf_out_key(g->o, "folder", "*");
	} else if (tuple(&g->o->arena, list, &names)) {
		for (i = 0; i < names.n; i++)
			conf_out_folder(g->o, names.v[i]);
	} else
		conf_out_note(g->o, "not taken over: mailboxes");
}

/*
 * Nothing is deleted here that would stay there: not what is moved, and not
 * what only gets another flag.
 */
static void
afterwards(struct getmail *g)
{
	bool now = foreign_yes(foreign_take(g->options, "delete"));
	const char *days = number(foreign_take(g->options, "delete_after"));
	const char *to = some_value(foreign_take(g->retriever,
	    "move_on_delete"));
	const char *flags = some_value(foreign_take(g->retriever,
	    "imap_on_delete"));

	if (flags != NULL && strstr(flags, "Deleted") == NULL) {
		if (now && strstr(flags, "Seen") != NULL && g->imap)
			conf_out_key(g->o, "mark-seen", "yes");
		else if (now || days != NULL)
			conf_out_note(g->o, "imap_on_delete: nothing is deleted, and no flag is set here");
		conf_out_key(g->o, "delete", "never");
	} else if (now && to != NULL && g->imap) {
		conf_out_key(g->o, "move-to", to);
	} else if (days != NULL && to != NULL && g->imap) {
		conf_out_note(g->o, "not taken over: move_on_delete some days later");
		conf_out_key(g->o, "delete", "never");
	} else if (now) {
		conf_out_key(g->o, "delete", "now");
	} else if (days != NULL) {
		conf_out_key(g->o, "delete", arena_printf(&g->o->arena,
		    "after:%s", days));
	} else
		conf_out_key(g->o, "delete", "never");
}

/* ---- destinations ---- */

static void destination(struct getmail *, struct foreign_section *, int depth);

static void
mda(struct getmail *g, struct foreign_section *s)
{
	const char *path = some_value(foreign_take(s, "path"));
	const char *list = some_value(foreign_take(s, "arguments"));
	struct opt_list words = { 0 };

	if (path == NULL || (list != NULL && !tuple(&g->o->arena, list,
	    &words))) {
		conf_out_note(g->o, "not taken over: arguments");
		return;
	}
	conf_out_key(g->o, "deliver", arena_printf(&g->o->arena, "exec:%s",
	    command_line(&g->o->arena, path, &words)));
	if (list != NULL && strstr(list, "%(") != NULL)
		conf_out_note(g->o, "deliver: %%(sender) and its like are not filled in here");
}

static void
lmtp(struct getmail *g, struct foreign_section *s)
{
	const char *host = foreign_take(s, "host");
	const char *port = some_value(foreign_take(s, "port"));
	const char *rcpt = some_value(foreign_take(s, "override"));

	conf_out_key(g->o, "deliver", arena_printf(&g->o->arena,
	    "lmtp:%s%s%s", host != NULL ? host : "",
	    port != NULL ? ":" : "", port != NULL ? port : ""));
	conf_out_key(g->o, "rcpt", rcpt);
	if (rcpt == NULL)
		conf_out_note(g->o, "rcpt ADDRESS: whom it is for");
}

/* A place as a list of destinations names it. */
static void
element(struct getmail *g, const char *what, int depth)
{
	struct foreign_section *s;
	struct str name = str_of(what), kind;
	size_t n = name.n;

	if (n > 2 && what[0] == '[' && what[n - 1] == ']') {
		name = str_to(str_from(name, 1), n - 2);
		kind = str_word(&name);
		s = foreign_find(g->f, arena_dup(&g->o->arena, kind),
		    arena_dup(&g->o->arena, str_trim(name)));
		if (s != NULL && depth < DEPTH)
			destination(g, s, depth + 1);
		else
			conf_out_note(g->o, "not taken over: the destination %.60s",
			    what);
	} else if (n > 0 && what[0] == '|')
		conf_out_key(g->o, "deliver", arena_printf(&g->o->arena,
		    "exec:%s", foreign_command(&g->o->arena, what + 1)));
	else if (n > 0 && (what[0] == '/' || what[0] == '~' ||
	    what[0] == '.'))
		conf_out_key(g->o, "deliver", arena_printf(&g->o->arena,
		    "%s:%s", what[n - 1] == '/' ? "maildir" : "mbox", what));
	else
		conf_out_note(g->o, "not taken over: one of the destinations");
}

static void
several_places(struct getmail *g, struct foreign_section *s, int depth)
{
	const char *list = some_value(foreign_take(s, "destinations"));
	struct opt_list names = { 0 };
	size_t i;

	if (list == NULL || !tuple(&g->o->arena, list, &names)) {
		conf_out_note(g->o, "not taken over: destinations");
		return;
	}
	for (i = 0; i < names.n; i++)
		element(g, names.v[i], depth);
}

static void
destination(struct getmail *g, struct foreign_section *s, int depth)
{
	const char *type = foreign_take(s, "type");

	if (foreign_is(type, "Maildir") || foreign_is(type, "Mboxrd")) {
		const char *path = some_value(foreign_take(s, "path"));

		if (path != NULL)
			conf_out_key(g->o, "deliver", arena_printf(
			    &g->o->arena, "%s:%s", foreign_is(type, "Mboxrd") ?
			    "mbox" : "maildir", path));
	} else if (foreign_is(type, "MDA_external"))
		mda(g, s);
	else if (foreign_is(type, "MDA_lmtp"))
		lmtp(g, s);
	else if (foreign_is(type, "MultiDestination"))
		several_places(g, s, depth);
	else
		conf_out_note(g->o, "a destination that is not here: use deliver maildir:DIR or the like");
	foreign_left(s, g->o);
}

/* Its keys, under its name. */
static void
left_of(struct getmail *g, struct foreign_section *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!s->v[i].taken) {
			conf_out_note(g->o, "a filter, [%.60s]:", s->kind);
			break;
		}
	foreign_left(s, g->o);
}

/*
 * One that is a command is ours, which drops for 99 as it does there.  Of
 * several, or with other meanings of an exit status, none is.
 */
static void
filters(struct getmail *g)
{
	struct foreign_section *s = NULL;
	const char *path, *list;
	struct opt_list words = { 0 };
	size_t i, n = 0;

	for (i = 0; i < g->f->n; i++)
		if (str_starts(str_of(g->f->v[i].kind), "filter")) {
			s = &g->f->v[i];
			n++;
		}
	if (n == 1 && foreign_is(foreign_take(s, "type"), "Filter_external") &&
	    !foreign_has(s, "exitcodes_keep") &&
	    !foreign_has(s, "exitcodes_drop")) {
		path = some_value(foreign_take(s, "path"));
		list = some_value(foreign_take(s, "arguments"));
		if (path != NULL && (list == NULL || tuple(&g->o->arena, list,
		    &words)))
			conf_out_key(g->o, "filter", command_line(&g->o->arena,
			    path, &words));
		if (list != NULL && strstr(list, "%(") != NULL)
			conf_out_note(g->o, "filter: %%(sender) and its like are not filled in here");
	}
	for (i = 0; i < g->f->n; i++)
		if (str_starts(str_of(g->f->v[i].kind), "filter"))
			left_of(g, &g->f->v[i]);
}

static void
getmail_fetch(struct getmail *g)
{
	conf_out_section(g->o, "fetch", g->name, NULL);
	destination(g, foreign_find(g->f, "destination", ""), 0);
	afterwards(g);
	getmail_folders(g);
	search(g);
	conf_out_key(g->o, "max-size", number(foreign_take(g->options,
	    "max_message_size")));
	conf_out_key(g->o, "limit", number(foreign_take(g->options,
	    "max_messages_per_session")));
	foreign_take(g->options, "verbose");
	if (foreign_yes(foreign_take(g->options, "read_all")))
		conf_out_note(g->o, "read_all: here each message comes once");
	foreign_left(g->retriever, g->o);
	foreign_left(g->options, g->o);
	filters(g);
}

int
import_getmail(struct foreign *f, struct conf_out *o, struct err *e)
{
	struct getmail g = { .f = f, .o = o };

	if (foreign_ini(f, e) < 0)
		return -1;
	g.retriever = foreign_find(f, "retriever", "");
	g.options = foreign_find(f, "options", "");
	if (g.retriever == NULL)
		return fail(e, EX_DATAERR, "there is no [retriever]");
	if (getmail_account(&g))
		getmail_fetch(&g);
	return 0;
}
