/* foreign_server.c: another program's server, login and command, in our words */
#include <string.h>

#include "account.h"
#include "foreign_server.h"

/* The names that /etc/services has for these. */
static const struct {
	const char *name, *port;
} services[] = {
	{ "smtp", "25" }, { "submission", "587" }, { "smtps", "465" },
	{ "submissions", "465" }, { "ssmtp", "465" }, { "urd", "465" },
	{ "pop3", "110" }, { "pop-3", "110" }, { "pop3s", "995" },
	{ "imap", "143" }, { "imap2", "143" }, { "imaps", "993" },
	{ "lmtp", "24" },
};

static const char *
port_of(const char *port)
{
	size_t i;

	for (i = 0; port != NULL && i < sizeof services / sizeof *services;
	    i++)
		if (str_is(str_of(port), services[i].name))
			return services[i].port;
	return port;
}

/* An address of IPv6 stands in brackets. */
static const char *
authority(struct arena *a, const char *host, const char *port)
{
	bool six = strchr(host, ':') != NULL && host[0] != '[';

	return arena_printf(a, "%s%s%s%s%s", six ? "[" : "", host,
	    six ? "]" : "", port != NULL ? ":" : "",
	    port != NULL ? port : "");
}

/* A user with a colon has to stand in the URL: see --user. */
static const char *
in_url(struct arena *a, const char *user)
{
	struct buf b = { .max = 4096 };
	const char *text;

	if (user == NULL || strchr(user, ':') == NULL)
		return "";
	for (; *user != '\0'; user++)
		if (str_alpha(*user) || str_digit(*user) ||
		    strchr("._-", *user) != NULL)
			buf_c(&b, *user);
		else
			buf_printf(&b, "%%%02X", (unsigned char)*user);
	buf_c(&b, '@');
	text = b.over ? "" : arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return text;
}

static const char *
default_port(const struct foreign_server *s)
{
	static const struct {
		const char *protocol, *plain, *tls;
	} v[] = {
		{ "smtp", "587", "465" }, { "lmtp", "24", "24" },
		{ "imap", "143", "993" }, { "pop3", "110", "995" },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		if (str_is(str_of(s->protocol), v[i].protocol))
			return s->tls == FOREIGN_TLS ? v[i].tls : v[i].plain;
	return "";
}

static bool
readable(const char *url, struct arena *a)
{
	struct account_server server;
	struct err e = { 0 };

	return !str_control(str_of(url)) &&
	    account_url(&server, a, url, "imaps", &e) == 0;
}

bool
foreign_account(struct conf_out *o, const char *name,
    const struct foreign_server *s)
{
	struct arena *a = &o->arena;
	const char *port = port_of(s->port), *url, *to = NULL;
	const char *host = s->verify != NULL ? s->verify : s->host;
	const char *user = in_url(a, s->user);

	url = arena_printf(a, "%s%s://%s%s", s->protocol,
	    s->tls == FOREIGN_TLS ? "s" : "", user,
	    authority(a, host != NULL ? host : "", port));
	if (s->verify != NULL && s->host != NULL &&
	    strcmp(s->verify, s->host) != 0)
		to = authority(a, s->host, port != NULL ? port :
		    default_port(s));
	if (host == NULL || host[0] == '\0' || !readable(url, a)) {
		conf_out_remark(o, "account %s: not taken over: it has no server that can be used here",
		    name);
		return false;
	}
	conf_out_section(o, "account", name, NULL);
	conf_out_key(o, s->protocol, url);
	conf_out_key(o, "connect-to", to);
	if (s->tls == FOREIGN_PLAIN)
		conf_out_note(o, "without TLS there; here it must begin with STARTTLS, unless you add \"tls off\"");
	if (user[0] == '\0')
		conf_out_key(o, "user", s->user);
	return true;
}

/* ---- mechanisms ---- */

static const char *const mechanisms[] = {
	"plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256",
	"oauthbearer", "xoauth2", "external",
};

static const char *
mechanism(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		if (str_is(name, mechanisms[i]))
			return mechanisms[i];
	return NULL;
}

/* The next word of a list with blanks or commas. */
static struct str
next(struct str *list)
{
	struct str w;
	size_t n = 0;

	while (list->n > 0 && strchr(" \t,\n", list->p[0]) != NULL)
		*list = str_from(*list, 1);
	while (n < list->n && strchr(" \t,\n", list->p[n]) == NULL)
		n++;
	w = str_to(*list, n);
	*list = str_from(*list, n);
	return w;
}

void
foreign_auth(struct conf_out *o, const char *mechs)
{
	struct str list = str_of(mechs), w;
	struct buf b = { .max = 200 };
	bool lacking = false;

	while ((w = next(&list)).n > 0)
		if (mechanism(w) != NULL)
			buf_printf(&b, "%s%s", b.n > 0 ? "," : "",
			    mechanism(w));
		else
			lacking = true;
	if (b.n > 0 && !b.over)
		conf_out_key(o, "auth", b.p);
	if (lacking)
		conf_out_note(o, "not taken over: a way to log in that is not here");
	buf_free(&b);
}

void
foreign_secret(struct conf_out *o)
{
	conf_out_note(o, "password: not copied; use password-command or password-file");
}

bool
foreign_token(const char *mechs)
{
	struct str list = str_of(mechs), w = next(&list);

	return str_is(w, "xoauth2") || str_is(w, "oauthbearer");
}

/* ---- commands ---- */

const char *
foreign_quote(struct arena *a, const char *word)
{
	struct buf b = { .max = 1 << 16 };
	const char *text;
	size_t i;

	for (i = 0; word[i] != '\0' && (str_alpha(word[i]) ||
	    str_digit(word[i]) || strchr("_@%+=:,./-~", word[i]) != NULL);
	    i++)
		continue;
	if (i > 0 && word[i] == '\0')
		return word;
	buf_c(&b, '\'');
	for (i = 0; word[i] != '\0'; i++)
		if (word[i] == '\'')
			buf_s(&b, "'\\''");
		else
			buf_c(&b, word[i]);
	buf_c(&b, '\'');
	text = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return text;
}

const char *
foreign_fill(struct arena *a, const char *text, char c, const char *with)
{
	struct buf b = { .max = 1 << 16 };
	const char *done;
	size_t quote;

	while (*text != '\0') {
		quote = (text[0] == '"' || text[0] == '\'') &&
		    text[1] == '%' && text[2] == c && text[3] == text[0];
		if (text[quote] == '%' && text[quote + 1] == c) {
			buf_s(&b, with);
			text += 2 + 2 * quote;
		} else
			buf_c(&b, *text++);
	}
	done = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return done;
}

/* A tilde, a variable, a pipe: what only a shell understands. */
const char *
foreign_command(struct arena *a, const char *command)
{
	struct str all = str_of(command), first = str_word(&all);

	if (strpbrk(command, "|&;<>()$`*?[]#~!{}\n") == NULL &&
	    !str_has(first, '='))
		return command;
	return arena_printf(a, "/bin/sh -c %s", foreign_quote(a, command));
}
