/*
 * import.c: other programs' configuration as ours
 *
 * What they say about servers, logins, places and deletion; the rest becomes
 * a comment, so that nothing is lost without a word.  Passwords stay where
 * they are: a line says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "import.h"

/* One account under way. */
struct found {
	struct arena *a;
	const char *name, *host, *user, *port, *proto, *command;
	const char *place, *delete, *auth, *ca;
	const char *folder[16];
	size_t folders;
	bool starttls, plain, defaults, secret, skip;
};

/* Those that were said before, for accounts that stand on others. */
static struct found *all;
static size_t n_all, cap_all, unnamed;

/* What holds where nothing is said, and what "defaults" says then. */
static struct found base;

static void
left_out(struct str s)
{
	char safe[400];

	str_escape(safe, sizeof safe, s);
	printf("# not taken over: %s\n", safe);
}

static void
line(const char *key, const char *value)
{
	if (value != NULL && str_control(str_of(value)))
		left_out(str_of(value));
	else if (value != NULL)
		printf("  %s %s\n", key, value);
}

/* What makes up a name must be harmless. */
static bool
harmless(const char *text)
{
	return text == NULL || !str_control(str_of(text));
}

static const char *
scheme(const struct found *f)
{
	bool imap = f->proto != NULL && str_starts(str_of(f->proto), "imap");
	bool tls = !f->starttls && !f->plain;

	return imap ? tls ? "imaps" : "imap" : tls ? "pop3s" : "pop3";
}

static void
remember(const struct found *f)
{
	if (n_all == cap_all) {
		cap_all = cap_all > 0 ? 2 * cap_all : 16;
		all = mem_grow(all, cap_all, sizeof *all);
	}
	all[n_all++] = *f;
}

static void
print_server(const struct found *f, const char *name)
{
	const char *s = scheme(f);

	printf("account %s\n  %s %s://%s%s%s\n", name,
	    str_starts(str_of(s), "imap") ? "imap" : "pop3", s,
	    f->host, f->port != NULL ? ":" : "",
	    f->port != NULL ? f->port : "");
	if (f->plain)
		printf("  # without TLS there; add \"tls off\" if it must "
		    "be\n");
	line("user", f->user);
	line("auth", f->auth);
	line("ca", f->ca);
	line("password-command", f->command);
	if (f->secret && f->command == NULL)
		printf("  # password: not copied; use password-command"
		    " or password-file\n");
}

static void
print_fetch(const struct found *f, const char *name)
{
	size_t i;

	printf("fetch %s\n", name);
	line("deliver", f->place);
	if (f->place == NULL)
		printf("  # deliver maildir:DIR\n");
	else if (strchr(f->place, '%') != NULL)
		printf("  # %%T and its like are not filled in here\n");
	line("delete", f->delete);
	for (i = 0; i < f->folders; i++)
		line("folder", f->folder[i]);
}

static void
flush(struct found *f)
{
	const char *name = f->name;

	if (f->defaults)
		base = *f;
	else if (f->host != NULL || f->name != NULL)
		remember(f);
	if (!harmless(f->host) || !harmless(f->port) || !harmless(name)) {
		left_out(STR("an account whose name is none"));
	} else if (f->host != NULL && !f->defaults) {
		if (name == NULL)
			name = arena_printf(f->a, "account%zu", ++unnamed);
		print_server(f, name);
		if (!f->skip)
			print_fetch(f, name);
	}
	base.defaults = false;
	*f = base;
}

static void
add_folder(struct found *f, struct str name)
{
	if (name.n > 0 && f->folders < sizeof f->folder / sizeof *f->folder)
		f->folder[f->folders++] = arena_dup(f->a, name);
}

/* "a 'b c' "d"" cut into words, quotes off. */
static struct str
word(struct str *s)
{
	struct str w;
	char q;

	*s = str_trim(*s);
	if (s->n == 0 || (s->p[0] != '"' && s->p[0] != '\''))
		return str_word(s);
	q = s->p[0];
	*s = str_from(*s, 1);
	w = str_cut(s, q);
	return w;
}

/* ---- mpop: "key value" ---- */

static void
mpop_place(struct found *f, struct str v)
{
	struct str kind = str_word(&v), rest = str_trim(v);

	rest = word(&rest);
	f->place = arena_printf(f->a, "%s:%.*s", str_is(kind, "mbox") ?
	    "mbox" : str_is(kind, "mda") ? "exec" : "maildir",
	    STR_ARG(rest));
}

/* "NAME", "NAME : PARENT,PARENT"; "" for the defaults. */
static void
mpop_account(struct found *f, struct str s)
{
	struct str name = str_trim(str_cut(&s, ':')), parent;
	size_t i;

	flush(f);
	f->defaults = name.n == 0;
	if (f->defaults)
		return;
	while (s.p != NULL && s.n > 0) {
		parent = str_trim(str_cut(&s, ','));
		for (i = 0; i < n_all; i++)
			if (all[i].name != NULL &&
			    str_is(parent, all[i].name))
				*f = all[i];
	}
	f->name = arena_dup(f->a, name);
}

static void
mpop_line(struct found *f, struct str l)
{
	struct str all_of_it = l, key = str_word(&l), v = str_trim(l);
	struct str value;
	const char *text;

	value = word(&v);
	text = arena_dup(f->a, value);
	if (str_is(key, "account") || str_is(key, "defaults"))
		mpop_account(f, str_is(key, "defaults") ? STR("") :
		    str_trim(str_from(all_of_it, key.n)));
	else if (str_is(key, "host"))
		f->host = text;
	else if (str_is(key, "port"))
		f->port = text;
	else if (str_is(key, "user"))
		f->user = text;
	else if (str_is(key, "passwordeval"))
		f->command = text;
	else if (str_is(key, "password"))
		f->secret = true;
	else if (str_is(key, "tls"))
		f->plain = str_is(value, "off");
	else if (str_is(key, "tls_starttls"))
		f->starttls = !str_is(value, "off");
	else if (str_is(key, "tls_trust_file"))
		f->ca = str_is(value, "system") ? NULL : text;
	else if (str_is(key, "auth"))
		f->auth = str_is(value, "on") ? NULL : text;
	else if (str_is(key, "keep"))
		f->delete = str_is(value, "off") ? "now" : "never";
	else if (str_is(key, "delivery"))
		mpop_place(f, str_trim(str_from(all_of_it, key.n)));
	else
		left_out(all_of_it);
}

/* ---- getmail: an INI file ---- */

/* ("INBOX", "Lists/a b",) */
static void
getmail_folders(struct found *f, struct str v)
{
	struct str name, before;
	char q;

	for (;;) {
		while (v.n > 0 && v.p[0] != '"' && v.p[0] != '\'')
			v = str_from(v, 1);
		if (v.n == 0)
			return;
		q = v.p[0];
		before = str_from(v, 1);
		name = str_cut(&before, q);
		add_folder(f, name);
		v = before;
	}
}

static void
getmail_line(struct found *f, struct str l)
{
	struct str whole = l, key = str_trim(str_cut(&l, '=')),
	    v = str_trim(l);
	const char *text = arena_dup(f->a, v);

	if (key.n > 0 && key.p[0] == '[')
		return;
	if (str_is(key, "type")) {
		struct str t = v;

		if (str_starts(t, "Simple") || str_starts(t, "Multidrop")) {
			f->proto = strstr(text, "IMAP") ? "imap" : "pop3";
			f->plain = strstr(text, "SSL") == NULL;
		}
		if (str_is(t, "Mboxrd"))
			f->place = "mbox:";
		else if (str_is(t, "MDA_external"))
			f->place = "exec:";
		else if (str_is(t, "Maildir"))
			f->place = "maildir:";
	} else if (str_is(key, "server"))
		f->host = text;
	else if (str_is(key, "port"))
		f->port = text;
	else if (str_is(key, "username"))
		f->user = text;
	else if (str_is(key, "password"))
		f->secret = true;
	else if (str_is(key, "ca_certs"))
		f->ca = text;
	else if (str_is(key, "path"))
		f->place = arena_printf(f->a, "%s%s", f->place != NULL ?
		    f->place : "maildir:", text);
	else if (str_is(key, "delete"))
		f->delete = str_is(v, "true") || str_is(v, "1") ? "now" :
		    "never";
	else if (str_is(key, "delete_after"))
		f->delete = arena_printf(f->a, "after:%s", text);
	else if (str_is(key, "mailboxes"))
		getmail_folders(f, v);
	else
		left_out(whole);
}

/* ---- fetchmail: words, and most of them are noise ---- */

static bool
one_of(struct str w, const char *list)
{
	struct str words = str_of(list), x;

	while ((x = str_word(&words)).n > 0)
		if (str_eqi(x, w))
			return true;
	return false;
}

/* Punctuation means nothing to fetchmail. */
static struct str
plain_word(struct str *s)
{
	struct str w;

	do {
		w = word(s);
		while (w.n > 0 && strchr(",;:", w.p[w.n - 1]) != NULL)
			w.n--;
	} while (w.n == 0 && s->n > 0);
	return w;
}

static const char *
next_text(struct found *f, struct str *s)
{
	struct str w = word(s);

	if (w.n > 0 && w.p[w.n - 1] == ',')
		w.n--;
	return arena_dup(f->a, w);
}

/* "INBOX,Lists", with or without blanks */
static void
fetchmail_folders(struct found *f, struct str *s)
{
	struct str w;
	bool more = true;

	while (more && (w = word(s)).n > 0) {
		more = w.p[w.n - 1] == ',' || (s->n > 0 && s->p[0] == ',');
		if (s->n > 0 && s->p[0] == ',')
			*s = str_from(*s, 1);
		while (w.n > 0)
			add_folder(f, str_cut(&w, ','));
	}
}

/* "set daemon 300" is nobody's account. */
static struct str
left_out_line(struct found *f, struct str first, struct str rest)
{
	left_out(str_of(arena_printf(f->a, "%.*s %.*s", STR_ARG(first),
	    STR_ARG(str_trim(rest)))));
	return STR("");
}

/* The server's words are kept while its users change. */
static void
fetchmail_user(struct found *f, const char *user)
{
	struct found kept = *f;

	if (f->user != NULL && f->host != NULL) {
		flush(f);
		f->host = kept.host;
		f->proto = kept.proto;
		f->port = kept.port;
	}
	f->user = user;
}

static void
fetchmail_word(struct found *f, struct str w, struct str *rest)
{
	if (one_of(w, "poll skip server defaults")) {
		flush(f);
		f->defaults = str_is(w, "defaults");
		f->skip = str_is(w, "skip");
		f->host = f->defaults ? NULL : next_text(f, rest);
	} else if (one_of(w, "proto protocol"))
		f->proto = next_text(f, rest);
	else if (one_of(w, "port service"))
		f->port = next_text(f, rest);
	else if (one_of(w, "is to"))
		next_text(f, rest);	/* a local user: not ours to ask */
	else if (one_of(w, "via"))
		f->host = next_text(f, rest);
	else if (one_of(w, "user username"))
		fetchmail_user(f, next_text(f, rest));
	else if (one_of(w, "password pass")) {
		next_text(f, rest);
		f->secret = true;
	} else if (one_of(w, "ssl"))
		f->plain = f->starttls = false;
	else if (one_of(w, "sslproto")) {	/* "" is none at all */
		if (next_text(f, rest)[0] != '\0' && f->plain) {
			f->plain = false;
			f->starttls = true;
		}
	}
	else if (one_of(w, "sslcertfile sslcertpath"))
		f->ca = next_text(f, rest);
	else if (one_of(w, "keep nokeep"))
		f->delete = str_is(w, "keep") ? "never" : "now";
	else if (one_of(w, "mda"))
		f->place = arena_printf(f->a, "exec:%s", next_text(f, rest));
	else if (one_of(w, "folder folders mailbox"))
		fetchmail_folders(f, rest);
	else if (one_of(w, "set"))
		*rest = left_out_line(f, w, *rest);
	else if (!one_of(w, "with and has wants options here there "
	    "sslcertck fetchall rewrite"))
		left_out(w);
}

/* "no ssl", "no keep"; other noes are of what we do not know. */
static void
fetchmail_no(struct found *f, struct str *rest)
{
	struct str was = *rest, w = plain_word(rest);

	if (str_is(w, "ssl"))
		f->plain = true;
	else if (str_is(w, "keep"))
		f->delete = "now";
	else if (!one_of(w, "rewrite fetchall"))
		*rest = was;
}

static void
fetchmail_line(struct found *f, struct str l)
{
	struct str w;

	while ((w = plain_word(&l)).n > 0)
		if (str_is(w, "no"))
			fetchmail_no(f, &l);
		else
			fetchmail_word(f, w, &l);
}

/* ---- which of them ---- */

typedef void each_line(struct found *, struct str);

/* What each of the programs does where nothing is said. */
static const struct found unsaid[] = {
	{ .plain = true, .starttls = true, .delete = "now" },	/* mpop */
	{ .delete = NULL },					/* getmail */
	{ .plain = true, .delete = "now" },			/* fetchmail */
};

static each_line *
kind(const char *path, struct str text)
{
	char *copy = mem_new(text.n + 1, 1);
	each_line *to = mpop_line;

	base = unsaid[0];

	str_copy(copy, text);
	if (strstr(copy, "[retriever]") != NULL) {
		base = unsaid[1];
		to = getmail_line;
	} else if (strstr(path, "fetchmail") != NULL ||
	    strstr(copy, "poll ") != NULL) {
		base = unsaid[2];
		to = fetchmail_line;
	}
	mem_wipe(copy, text.n);		/* there may be a password in it */
	free(copy);
	return to;
}

int
import_run(const char *path, struct err *e)
{
	struct arena a = { 0 };
	struct found f = { .a = &a };
	struct buf b = { .max = 1 << 20 };
	struct str text, l;
	each_line *each;
	int fd, got = -1;

	if ((fd = file_open(file_path(&a, path), e)) >= 0) {
		got = file_slurp(fd, &b, e);
		close(fd);
	}
	if (got == 0) {
		text = BUF_STR(b);
		each = kind(path, text);
		base.a = &a;
		f = base;
		printf("# from %s\n", path);
		while (text.n > 0) {
			l = str_trim(str_cut(&text, '\n'));
			if (l.n > 0 && l.p[0] != '#')
				each(&f, l);
		}
		flush(&f);
	}
	buf_wipe(&b);
	free(all);
	all = NULL;
	n_all = cap_all = unnamed = 0;
	base = (struct found){ 0 };
	arena_free(&a);
	return got;
}
