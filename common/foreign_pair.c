/*
 * foreign_pair.c: mpop's and msmtp's configuration
 *
 * A word and the rest of the line; a value in double quotes is what stands
 * between them.
 */
#include <string.h>

#include "foreign_pair.h"
#include "foreign_server.h"

/* ---- the lexer ---- */

/* The text between two double quotes, if they are its ends. */
static struct str
unquoted(struct str s)
{
	s = str_trim(s);
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return str_to(str_from(s, 1), s.n - 2);
	return s;
}

/* All that another section has, without what was said for it before. */
static int
inherit(struct foreign *f, struct foreign_section *to, size_t from,
    struct err *e)
{
	struct foreign_item item;
	size_t i, n = f->v[from].n;

	for (i = 0; i < n; i++) {
		item = f->v[from].v[i];
		item.inherited = true;
		item.taken = false;
		if (foreign_add(f, to, item, e) < 0)
			return -1;
	}
	return 0;
}

/* The parents of "account NAME : A,B": what B says counts before A's. */
static int
parents(struct foreign *f, struct foreign_section *to, struct str list,
    struct err *e)
{
	const struct foreign_section *p;
	struct str name;

	while (list.p != NULL && str_trim(list).n > 0) {
		name = unquoted(str_cut(&list, ','));
		p = foreign_find(f, "account", arena_dup(&f->arena, name));
		if (p == NULL || p == to)
			return fail(e, EX_DATAERR, "line %u: an account to take after that is not there",
			    to->line);
		if (inherit(f, to, (size_t)(p - f->v), e) < 0)
			return -1;
	}
	return 0;
}

/* "defaults" may come again and counts for the accounts behind it. */
static struct foreign_section *
pair_section(struct foreign *f, struct str key, struct str rest,
    unsigned line, struct err *e)
{
	struct foreign_section *s;
	struct str name;

	if (str_is(key, "defaults"))
		return &f->v[0];
	name = unquoted(str_cut(&rest, ':'));
	if (name.n == 0) {
		fail(e, EX_DATAERR, "line %u: an account without a name", line);
		return NULL;
	}
	s = foreign_open(f, "account", arena_dup(&f->arena, name), line, e);
	if (s == NULL || inherit(f, s, 0, e) < 0 ||
	    parents(f, s, rest, e) < 0)
		return NULL;
	if (rest.n > 0 && !str_has(rest, ','))
		s->parent = arena_dup(&f->arena, unquoted(rest));
	return s;
}

/*
 * Words that stand before any section are of an account called default, as
 * these programs have it.
 */
int
foreign_pair_read(struct foreign *f, struct err *e)
{
	struct str text = BUF_STR(f->text), l, key;
	struct foreign_section *at = NULL;
	unsigned line = 0;

	if (foreign_open(f, "defaults", "", 0, e) == NULL)
		return -1;
	while (text.n > 0) {
		l = str_cut(&text, '\n');
		line++;
		key = str_word(&l);
		if (key.n == 0 || key.p[0] == '#')
			continue;
		if (str_is(key, "account") || str_is(key, "defaults")) {
			at = pair_section(f, key, l, line, e);
			if (at == NULL)
				return -1;
			continue;
		}
		if (at == NULL)
			at = foreign_open(f, "account", "default", line, e);
		if (at == NULL || foreign_add(f, at, (struct foreign_item){
		    .key = arena_dup(&f->arena, key),
		    .value = arena_dup(&f->arena, unquoted(l)),
		    .line = line }, e) < 0)
			return -1;
	}
	return 0;
}

bool
foreign_pair_alias(const struct foreign_section *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!s->v[i].inherited)
			return false;
	return true;
}

/* ---- values ---- */

bool
foreign_pair_is(const char *value, const char *word)
{
	return value != NULL && strcmp(value, word) == 0;
}

bool
foreign_pair_on(const char *value, bool unsaid)
{
	return value == NULL ? unsaid : !foreign_pair_is(value, "off");
}

const char *
foreign_pair_some(const char *value)
{
	return value == NULL || value[0] == '\0' ||
	    foreign_pair_is(value, "off") ? NULL : value;
}

static const char *
pair_some(struct foreign_section *s, const char *key)
{
	return foreign_pair_some(foreign_take(s, key));
}

/* ---- what they have in common ---- */

static void
pair_login(struct foreign_section *s, struct conf_out *o)
{
	const char *auth = pair_some(s, "auth");
	const char *command = pair_some(s, "passwordeval");
	bool secret = pair_some(s, "password") != NULL;

	if (auth != NULL && !foreign_pair_is(auth, "on"))
		foreign_auth(o, auth);
	conf_out_key(o, foreign_token(auth) ? "token-command" :
	    "password-command", command);
	if (secret && command == NULL)
		foreign_secret(o);
}

static void
pair_trust(struct foreign_section *s, struct conf_out *o)
{
	const char *ca = pair_some(s, "tls_trust_file");

	conf_out_key(o, "ca", foreign_pair_is(ca, "system") ? NULL : ca);
	conf_out_key(o, "crl", pair_some(s, "tls_crl_file"));
	conf_out_key(o, "cert", pair_some(s, "tls_cert_file"));
	conf_out_key(o, "key", pair_some(s, "tls_key_file"));
}

static void
way(struct foreign_section *s, struct conf_out *o)
{
	const char *host = pair_some(s, "proxy_host");
	const char *port = pair_some(s, "proxy_port");

	if (host != NULL)
		conf_out_key(o, "proxy", arena_printf(&o->arena,
		    "socks5://%s%s%s", host, port != NULL ? ":" : "",
		    port != NULL ? port : ""));
	conf_out_key(o, "source", pair_some(s, "source_ip"));
}

static enum foreign_tls
pair_tls(struct foreign_section *s)
{
	bool starttls = foreign_pair_on(foreign_take(s, "tls_starttls"),
	    true);

	if (!foreign_pair_on(foreign_take(s, "tls"), false))
		return FOREIGN_PLAIN;
	return starttls ? FOREIGN_STARTTLS : FOREIGN_TLS;
}

bool
foreign_pair_account(struct foreign_section *s, struct conf_out *o,
    const char *name, const char *protocol, const char *port, bool logs_in)
{
	struct foreign_server server = { .protocol = protocol,
	    .host = foreign_take(s, "host"), .tls = pair_tls(s),
	    .verify = pair_some(s, "tls_host_override"),
	    .port = pair_some(s, "port") };

	if (foreign_has(s, "socket"))
		server.host = NULL;	/* it is reached by that alone */
	if (server.port == NULL)
		server.port = port;
	if (logs_in)
		server.user = pair_some(s, "user");
	if (!foreign_account(o, name, &server))
		return false;
	if (logs_in)
		pair_login(s, o);
	pair_trust(s, o);
	way(s, o);
	return true;
}
