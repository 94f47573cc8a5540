/* account_url.c: a server as people name it */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "account_url.h"
#include "net.h"

static const struct scheme {
	const char *name, *protocol;
	unsigned port;
} schemes[] = {
	[ACCOUNT_SMTP] = { "smtp", "smtp", 587 },
	[ACCOUNT_SMTPS] = { "smtps", "smtp", 465 },
	[ACCOUNT_MX] = { "", "smtp", 25 },
	[ACCOUNT_LMTP] = { "lmtp", "lmtp", 24 },
	[ACCOUNT_LMTP_UNIX] = { "", "lmtp", 0 },
	[ACCOUNT_MAILDIR] = { "", "smtp", 0 },
	[ACCOUNT_MBOX] = { "", "smtp", 0 },
	[ACCOUNT_IMAP] = { "imap", "imap", 143 },
	[ACCOUNT_IMAPS] = { "imaps", "imap", 993 },
	[ACCOUNT_POP3] = { "pop3", "pop3", 110 },
	[ACCOUNT_POP3S] = { "pop3s", "pop3", 995 },
};
#define NSCHEME (sizeof schemes / sizeof schemes[0])

static int
find_scheme(struct str name, enum account_scheme *to, struct err *e)
{
	size_t i;

	for (i = 0; i < NSCHEME; i++)
		if (name.n > 0 && str_is(name, schemes[i].name)) {
			*to = (enum account_scheme)i;
			return 0;
		}
	return fail(e, EX_USAGE, "\"%.*s\" is none of smtps:// smtp:// lmtp:// imaps:// imap:// pop3s:// pop3://",
	    STR_ARG(str_to(name, 40)));
}

static int
hex_digit(char c)
{
	c = str_lower(c);
	if (str_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
set_user(struct account_server *s, struct arena *a, struct str raw,
    struct err *e)
{
	char *to = arena_new(a, raw.n + 1, 1);
	size_t i, n = 0;

	if (str_has(raw, ':'))
		return fail(e, EX_USAGE, "a password in a server's URL can be read by others. Use --password-command, --password-file, --password-fd or --netrc");
	for (i = 0; i < raw.n; i++) {
		to[n] = raw.p[i];
		if (raw.p[i] == '%') {
			if (i + 2 >= raw.n || hex_digit(raw.p[i + 1]) < 0 ||
			    hex_digit(raw.p[i + 2]) < 0)
				return fail(e, EX_USAGE, "the URL's user has a %% without two hex digits");
			to[n] = (char)(hex_digit(raw.p[i + 1]) << 4 |
			    hex_digit(raw.p[i + 2]));
			i += 2;
		}
		n++;
	}
	if (n == 0 || str_control((struct str){ to, n }))
		return fail(e, EX_USAGE, "the URL's user %s", n == 0 ?
		    "is empty" : "has a control character");
	s->user = to;
	return 0;
}

static bool
is_address(const char *host)
{
	struct in6_addr six;
	char addr[64];
	size_t n = strcspn(host, "%");	/* fe80::1%eth0 */
	size_t i;

	if (n >= sizeof addr)
		return false;
	memcpy(addr, host, n);
	addr[n] = '\0';
	for (i = n + 1; host[n] != '\0' && host[i] != '\0'; i++)
		if (!str_alpha(host[i]) && !str_digit(host[i]) &&
		    strchr("._-", host[i]) == NULL)
			return false;
	return inet_pton(AF_INET6, addr, &six) == 1;
}

/* Letters, digits, "-", "_", dots between labels; UTF-8 for an IDN. */
static bool
is_name(struct str h)
{
	char shown[1024];
	size_t i;

	if (h.n == 0 || h.n > 400 || h.p[0] == '.' || h.p[0] == '-')
		return false;
	for (i = 0; i < h.n; i++) {
		if (h.p[i] == '.' && i > 0 && h.p[i - 1] == '.')
			return false;
		if (!str_alpha(h.p[i]) && !str_digit(h.p[i]) &&
		    strchr("-._", h.p[i]) == NULL &&
		    (unsigned char)h.p[i] < 0x80)
			return false;
	}
	str_escape(shown, sizeof shown, h);
	return h.p[i - 1] != '-' && str_eq(str_of(shown), h);
}

static int
set_host(struct account_server *s, struct arena *a, struct str at,
    struct err *e)
{
	struct str host;
	unsigned port;

	if (net_hostport(at, &host, &port, e) < 0)
		return -1;
	s->host = arena_dup(a, host);
	s->port = port != 0 ? port : schemes[s->scheme].port;
	if (strlen(s->host) != host.n || (!is_address(s->host) &&
	    (at.p[0] == '[' || !is_name(host))))
		return fail(e, EX_USAGE, "\"%.*s\" is neither a host name nor an address",
		    STR_ARG(str_to(host, 300)));
	return 0;
}

static int
set_path(struct account_server *s, struct arena *a, struct str path,
    struct err *e)
{
	if (s->scheme != ACCOUNT_LMTP)
		return fail(e, EX_USAGE, "a path instead of a host: only lmtp has sockets in the file system");
	if (str_control(path) || path.n > 100 || path.n < 2)
		return fail(e, EX_USAGE, "\"%.*s\" is no path to a socket",
		    STR_ARG(str_to(path, 100)));
	s->scheme = ACCOUNT_LMTP_UNIX;
	s->path = arena_dup(a, path);
	return 0;
}

static size_t
last_at(struct str s)
{
	size_t i = s.n;

	while (i > 0 && s.p[i - 1] != '@')
		i--;
	return i;			/* where the host begins; 0: no @ */
}

/* "[user@]host[:port]", perhaps a / behind it */
static int
set_authority(struct account_server *s, struct arena *a, struct str rest,
    struct err *e)
{
	size_t at = last_at(rest);

	if (at > 0 && set_user(s, a, str_to(rest, at - 1), e) < 0)
		return -1;
	rest = str_from(rest, at);
	if (rest.n > 0 && rest.p[rest.n - 1] == '/')
		rest.n--;
	if (str_has(rest, '/') || str_has(rest, '?') || str_has(rest, '#'))
		return fail(e, EX_USAGE, "nothing may stand behind the host and port of a server's URL");
	return set_host(s, a, rest, e);
}

/* Each user must have a place of his own: %u, or ~ for his home. */
static int
set_place(struct account_server *s, struct arena *a, struct str path,
    struct err *e)
{
	bool own = path.n > 1 && path.p[0] == '~' && path.p[1] == '/';
	size_t i;

	if (!own && (path.n == 0 || path.p[0] != '/'))
		return fail(e, EX_USAGE, "a mailbox is maildir:/PATH or mbox:/PATH, or begins with ~/ for the user's home");
	for (i = 0; i < path.n; i++) {
		if (path.p[i] != '%')
			continue;
		if (++i == path.n || (path.p[i] != 'u' && path.p[i] != '%'))
			return fail(e, EX_USAGE, "\"%.*s\": %%u is the user, %%%% a %%, and there is no other %%",
			    STR_ARG(str_to(path, 100)));
		own |= path.p[i] == 'u';
	}
	if (str_control(path) || path.n > 1000)
		return fail(e, EX_USAGE, "no path to a mailbox");
	if (!own)
		return fail(e, EX_USAGE, "\"%.*s\" would be one mailbox for all: %%u in it is the user, ~/ his home",
		    STR_ARG(str_to(path, 100)));
	s->path = arena_dup(a, path);
	return 0;
}

int
account_url(struct account_server *s, struct arena *a, const char *url,
    const char *default_scheme, struct err *e)
{
	struct str rest = str_of(url), name = str_of(default_scheme);
	const char *sep = strstr(url, "://");

	*s = (struct account_server){ 0 };
	if (strcmp(url, "mx:") == 0) {
		s->scheme = ACCOUNT_MX;
		s->port = schemes[ACCOUNT_MX].port;
		return 0;
	}
	if (str_starts(rest, "maildir:") || str_starts(rest, "mbox:")) {
		s->scheme = rest.p[1] == 'a' ? ACCOUNT_MAILDIR : ACCOUNT_MBOX;
		str_cut(&rest, ':');
		return set_place(s, a, rest, e);
	}
	if (sep != NULL) {
		name = str_to(rest, (size_t)(sep - url));
		rest = str_of(sep + 3);
	} else if (str_starts(rest, "lmtp:/")) {
		name = STR("lmtp");
		rest = str_from(rest, 5);
	}
	if (find_scheme(name, &s->scheme, e) < 0)
		return -1;
	if (rest.n > 0 && rest.p[0] == '/')
		return set_path(s, a, rest, e);
	return set_authority(s, a, rest, e);
}

struct str
account_scheme_name(enum account_scheme s)
{
	return str_of(schemes[s].name);
}

const char *
account_protocol(enum account_scheme scheme)
{
	return schemes[scheme].protocol;
}

const char *
account_bare_scheme(struct str protocol)
{
	size_t i;

	for (i = NSCHEME; i-- > 0;)
		if (str_is(protocol, schemes[i].protocol) &&
		    schemes[i].name[0] != '\0' &&
		    (i == ACCOUNT_LMTP || schemes[i].name[
		    strlen(schemes[i].name) - 1] == 's'))
			return schemes[i].name;
	return "";
}
