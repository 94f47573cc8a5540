/*
 * import_offlineimap.c: an .offlineimaprc (offlineimap 7 and 8) as our
 * configuration
 *
 * An [Account] is between two [Repository]s.  Values may refer to others as
 * %(KEY)s, of their section or of [DEFAULT], and %% is a percent sign.  Python
 * code there (nametrans, folderfilter) is taken over where it is one of the
 * common forms.
 */
#include <string.h>

#include "foreign_server.h"
#include "import_private.h"
#include "names.h"

struct offlineimap {
	struct foreign *f;
	struct conf_out *o;
	struct arena *a;
};

/* The value that %(KEY)s stands for; one level of it, as nobody has more. */
static const char *
referred(struct offlineimap *m, struct foreign_section *s, struct str key)
{
	const char *name = arena_dup(m->a, key);
	const char *v = foreign_has(s, name) ? foreign_take(s, name) :
	    foreign_take(foreign_find(m->f, "DEFAULT", ""), name);

	return v != NULL ? v : "";
}

/* A key's value with its references filled in; NULL if there is none. */
static const char *
take_value(struct offlineimap *m, struct foreign_section *s, const char *key)
{
	struct str v = str_of(foreign_take(s, key)), name;
	struct buf b = { .max = 1 << 16, .secret = true };
	const char *text;

	if (v.n == 0)
		return NULL;
	while (v.n > 0) {
		buf_str(&b, str_cut(&v, '%'));
		if (v.n == 0)
			break;
		if (v.p[0] == '(') {
			v = str_from(v, 1);
			name = str_cut(&v, ')');
			buf_s(&b, referred(m, s, name));
		} else
			buf_c(&b, v.p[0]);
		v = str_from(v, v.n > 0);
	}
	text = b.n > 0 ? arena_dup(m->a, BUF_STR(b)) : NULL;
	buf_wipe(&b);
	return text;
}

/* A password is not even filled in. */
static bool
has_password(struct foreign_section *s)
{
	return foreign_take(s, "remotepass") != NULL;
}

/* ---- the server ---- */

static void
offlineimap_login(struct offlineimap *m, struct foreign_section *r)
{
	const char *file = take_value(m, r, "remotepassfile");
	const char *mechs = take_value(m, r, "auth_mechanisms");
	const char *token = take_value(m, r, "oauth2_access_token_eval");

	/* theirs is an order of preference, with plain last, like ours */
	if (mechs != NULL)
		foreign_auth(m->o, mechs);
	conf_out_key(m->o, "password-file", file);
	if (has_password(r) && file == NULL)
		foreign_secret(m->o);
	if (foreign_take(r, "remotepasseval") != NULL)
		conf_out_note(m->o, "not taken over: remotepasseval: it is Python code; a command that prints the password goes into password-command");
	if (token != NULL)
		conf_out_note(m->o, "not taken over: oauth2_access_token_eval: it is Python code; a command that prints the token goes into token-command");
}

static const char *
offlineimap_account(struct offlineimap *m, struct foreign_section *r,
    const char *name)
{
	bool gmail = foreign_is(foreign_take(r, "type"), "Gmail");
	const char *ssl = take_value(m, r, "ssl");
	const char *tunnel = take_value(m, r, "preauthtunnel");
	const char *raw = take_value(m, r, "transporttunnel");
	struct foreign_server s = { .protocol = "imap",
	    .host = take_value(m, r, "remotehost"),
	    .port = take_value(m, r, "remoteport"),
	    .user = take_value(m, r, "remoteuser"), .tls = FOREIGN_TLS };

	if (gmail && s.host == NULL)
		s.host = "imap.gmail.com";
	if (s.host == NULL && (tunnel != NULL || raw != NULL))
		s.host = "localhost";
	if (ssl != NULL && !foreign_yes(ssl))
		s.tls = foreign_is(take_value(m, r, "starttls"), "no") ?
		    FOREIGN_PLAIN : FOREIGN_STARTTLS;
	if (tunnel != NULL || raw != NULL)
		s.tls = FOREIGN_PLAIN;
	name = conf_out_name(m->o, "account", name);
	if (!foreign_account(m->o, name, &s))
		return NULL;
	conf_out_key(m->o, "connect-command", tunnel != NULL ? tunnel : raw);
	if (tunnel != NULL || raw != NULL)
		conf_out_key(m->o, "tls", "off");
	offlineimap_login(m, r);
	if (!foreign_is(foreign_has(r, "sslcacertfile") ? take_value(m, r,
	    "sslcacertfile") : NULL, "OS-DEFAULT"))
		conf_out_key(m->o, "ca", take_value(m, r, "sslcacertfile"));
	conf_out_key(m->o, "cert", take_value(m, r, "sslclientcert"));
	conf_out_key(m->o, "key", take_value(m, r, "sslclientkey"));
	if (foreign_is(take_value(m, r, "ssl_version"), "tls1_3"))
		conf_out_key(m->o, "tls-min", "1.3");
	return name;
}

/* ---- which folders ---- */

/* 'a', "b" of a list in brackets; false if there is anything else. */
static bool
take_strings(struct offlineimap *m, struct str s, struct opt_list *to)
{
	char quote;
	struct str one;

	s = str_trim(s);
	if (s.n < 2 || (s.p[0] != '[' && s.p[0] != '('))
		return false;
	s = str_trim(str_to(str_from(s, 1), s.n - 2));
	while (s.n > 0) {
		quote = s.p[0];
		if (quote != '\'' && quote != '"')
			return false;
		s = str_from(s, 1);
		one = str_cut(&s, quote);
		if (s.p == NULL || str_has(one, '\\'))
			return false;
		opt_list_add(m->a, to, arena_dup(m->a, one));
		s = str_trim(s);
		if (s.n > 0 && s.p[0] != ',')
			return false;
		s = str_trim(str_from(s, s.n > 0));
	}
	return true;
}

/* The words of an expression up to one that is wanted. */
static bool
skip_to(struct str *s, const char *word)
{
	struct str before = *s, w = str_word(s);

	if (str_eq(w, str_of(word)))
		return true;
	*s = before;
	return false;
}

/* "lambda x: x in [...]", "lambda x: x not in [...]" */
static bool
filter(struct offlineimap *m, const char *text, struct opt_list *to)
{
	struct str s = str_of(text), name, again;
	struct opt_list names = { 0 };
	bool no;
	size_t i;

	if (!skip_to(&s, "lambda"))
		return false;
	name = str_trim(str_cut(&s, ':'));
	again = str_word(&s);
	no = skip_to(&s, "not");
	if (name.n == 0 || !str_eq(name, again) || !skip_to(&s, "in") ||
	    !take_strings(m, s, &names))
		return false;
	for (i = 0; i < names.n; i++)
		opt_list_add(m->a, to, arena_printf(m->a, "%s%s", no ? "!" :
		    "", names.v[i]));
	return true;
}

static void
offlineimap_folders(struct offlineimap *m, struct foreign_section *r)
{
	const char *text = take_value(m, r, "folderfilter");
	const char *more = take_value(m, r, "folderincludes");
	struct opt_list to = { 0 }, names = { 0 };

	if (foreign_yes(take_value(m, r, "subscribedonly")))
		conf_out_key(m->o, "subscribed", "on");
	if (text != NULL && !filter(m, text, &to)) {
		conf_out_note(m->o, "not taken over: folderfilter: say it with patterns");
		return;
	}
	if (more != NULL && take_strings(m, str_of(more), &names)) {
		if (to.n > 0)
			for (size_t i = 0; i < names.n; i++)
				opt_list_add(m->a, &to, names.v[i]);
	} else if (more != NULL)
		conf_out_note(m->o, "not taken over: folderincludes: say it with patterns");
	import_patterns(m->o, &to);
}

/* ---- names ---- */

/* The text between quotes at the front, r"..." too; false: there is none. */
static bool
take_string(struct str *s, struct str *to)
{
	char quote;

	*s = str_trim(*s);
	if (s->n > 0 && (s->p[0] == 'r' || s->p[0] == 'u'))
		*s = str_from(*s, 1);
	if (s->n == 0 || (s->p[0] != '\'' && s->p[0] != '"'))
		return false;
	quote = s->p[0];
	*s = str_from(*s, 1);
	*to = str_cut(s, quote);
	*s = str_trim(*s);
	return s->p != NULL;
}

static bool
take_char(struct str *s, char c)
{
	*s = str_trim(*s);
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

/* What a regular expression of mere letters stands for, or NULL. */
static const char *
literal(struct offlineimap *m, struct str s)
{
	struct buf b = { .max = 1000 };
	const char *text = NULL;
	size_t i;
	bool is = true;

	for (i = 0; is && i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n && !str_alpha(s.p[i + 1]) &&
		    !str_digit(s.p[i + 1]))
			i++;
		else
			is = strchr("\\^$.|?*+()[]{}", s.p[i]) == NULL;
		buf_c(&b, s.p[i]);
	}
	if (is && !b.over)
		text = b.p != NULL ? arena_dup(m->a, BUF_STR(b)) : "";
	buf_free(&b);
	return text;
}

static void
rule(struct offlineimap *m, const char *near, const char *far,
    const char *star)
{
	if (strcmp(near, far) != 0)
		conf_out_key(m->o, "map", arena_printf(m->a,
		    "%s%s -> %s%s", near, star, far, star));
}

/*
 * A string as its backslashes have it, which in r"..." are themselves; false:
 * it is none, or has an escape that is another character.
 */
static bool
take_raw(struct offlineimap *m, struct str *s, struct str *to)
{
	struct buf b = { .max = 1000 };
	bool raw, is;
	size_t i;

	*s = str_trim(*s);
	raw = s->n > 0 && s->p[0] == 'r';
	if (!take_string(s, to))
		return false;
	is = true;
	for (i = 0; is && !raw && i < to->n; i++) {
		buf_c(&b, to->p[i]);
		if (to->p[i] != '\\' || i + 1 == to->n)
			continue;
		is = !str_digit(to->p[i + 1]);
		if (to->p[i + 1] == '\\')
			i++;
	}
	is = is && !b.over;
	if (is && !raw && b.n > 0)
		*to = str_of(arena_dup(m->a, BUF_STR(b)));
	buf_free(&b);
	return is;
}

/*
 * "re.sub('^INBOX\.', '', x)": another beginning; or an expression with groups,
 * "re.sub(r'^\[Gmail\]/(.*)$', r'g/\1', x)".
 */
static bool
take_sub(struct offlineimap *m, struct str s, struct str x)
{
	struct str from, to;
	const char *far, *text;

	s = str_from(s, 6);
	if (!take_char(&s, '(') || !take_raw(m, &s, &from) ||
	    !take_char(&s, ',') || !take_raw(m, &s, &to) ||
	    !take_char(&s, ',') || from.n == 0 || from.p[0] != '^')
		return false;
	if (!str_eq(str_trim(str_cut(&s, ')')), x) || str_trim(s).n > 0)
		return false;
	far = literal(m, str_from(from, 1));
	if (far != NULL && !str_has(to, '\\')) {
		rule(m, arena_dup(m->a, to), far, "*");
		return true;
	}
	if ((text = import_regex(m->a, from, to)) == NULL)
		return false;
	conf_out_key(m->o, "map", text);
	return true;
}

/* "{'a': 'b', ...}.get(x, x)"; first looked at, then with put written */
static bool
take_dict(struct offlineimap *m, struct str s, struct str x, bool put)
{
	struct str far, near;

	s = str_from(s, 1);
	while (!take_char(&s, '}')) {
		if (!take_string(&s, &far) || !take_char(&s, ':') ||
		    !take_string(&s, &near) || far.n == 0 || near.n == 0 ||
		    str_has(far, '\\') || str_has(near, '\\'))
			return false;
		if (put)
			rule(m, arena_dup(m->a, near), arena_dup(m->a, far), "");
		take_char(&s, ',');
	}
	if (!str_starts(s, ".get("))
		return false;
	s = str_from(s, 5);
	return str_eq(str_trim(str_cut(&s, ',')), x) &&
	    str_eq(str_trim(str_cut(&s, ')')), x) && str_trim(s).n == 0;
}

/* Of the server's names; the near side's is its reverse. */
static bool
nametrans(struct offlineimap *m, const char *text)
{
	struct str s = str_of(text), x;

	if (!skip_to(&s, "lambda"))
		return false;
	x = str_trim(str_cut(&s, ':'));
	s = str_trim(s);
	if (x.n == 0 || str_eq(s, x))
		return x.n > 0;
	if (str_starts(s, "re.sub"))
		return take_sub(m, s, x);
	return s.n > 0 && s.p[0] == '{' && take_dict(m, s, x, false) &&
	    take_dict(m, s, x, true);
}

/* ---- what is done ---- */

/* sync_deletes is of the side on which something was deleted. */
static struct import_ways
both_ways(struct offlineimap *m, struct foreign_section *far,
    struct foreign_section *near)
{
	bool far_fixed = foreign_yes(take_value(m, far, "readonly"));
	bool near_fixed = foreign_yes(take_value(m, near, "readonly"));
	const char *far_gone = take_value(m, far, "sync_deletes");
	const char *near_gone = take_value(m, near, "sync_deletes");
	const char *expunge = take_value(m, far, "expunge");

	return (struct import_ways){
		.near = { .new = !near_fixed, .flags = !near_fixed,
		    .gone = !near_fixed && (far_gone == NULL ||
		    foreign_yes(far_gone)), .expunge = true },
		.far = { .new = !far_fixed, .flags = !far_fixed,
		    .gone = !far_fixed && (near_gone == NULL ||
		    foreign_yes(near_gone)), .expunge = expunge == NULL ||
		    foreign_yes(expunge) },
	};
}

static const char *
creation(struct offlineimap *m, struct foreign_section *far,
    struct foreign_section *near)
{
	const char *there = take_value(m, far, "createfolders");
	const char *here = take_value(m, near, "createfolders");
	bool no_far = there != NULL && !foreign_yes(there);
	bool no_near = here != NULL && !foreign_yes(here);

	if (no_far)
		return no_near ? "none" : "near";
	return no_near ? "far" : "both";
}

/* Theirs is a dot, unless they say otherwise: a/b is a.b. */
static void
place_near(struct offlineimap *m, struct foreign_section *near)
{
	const char *sep = take_value(m, near, "sep");
	const char *meta = take_value(m, foreign_find(m->f, "general", ""),
	    "metadata");

	conf_out_key(m->o, "near", take_value(m, near, "localfolders"));
	if (sep == NULL)
		sep = ".";
	if (sep[1] == '\0' && names_flat(sep[0]))
		conf_out_key(m->o, "flatten", sep);
	else if (strcmp(sep, "/") != 0)
		conf_out_note(m->o, "not taken over: sep: here it is one character that separates");
	conf_out_key(m->o, "former-state", meta);
}

static void
sync(struct offlineimap *m, struct foreign_section *s,
    struct foreign_section *far, struct foreign_section *near)
{
	struct import_ways w = both_ways(m, far, near);
	const char *name, *names;

	if (import_idle(&w)) {
		conf_out_remark(m->o, "Account %s: not taken over: both sides are readonly",
		    s->name);
		return;
	}
	name = offlineimap_account(m, far, s->name);
	if (name == NULL)
		return;
	conf_out_section(m->o, "sync", name, NULL);
	place_near(m, near);
	offlineimap_folders(m, far);
	conf_out_key(m->o, "create", creation(m, far, near));
	import_directions(m->o, &w);
	names = take_value(m, far, "nametrans");
	if ((names != NULL && !nametrans(m, names)) ||
	    (names == NULL && foreign_has(near, "nametrans")))
		conf_out_note(m->o, "not taken over: nametrans: say it with map");
	foreign_take(near, "nametrans");
	foreign_take(far, "usecompression");
	foreign_take(near, "type");
	foreign_take(s, "name");
	foreign_left(s, m->o);
	foreign_left(far, m->o);
	foreign_left(near, m->o);
}

/* The accounts that [general] names are those that are synced. */
static bool
wanted(struct offlineimap *m, const char *name)
{
	struct str list = str_of(take_value(m,
	    foreign_find(m->f, "general", ""), "accounts")), one;

	while (list.n > 0) {
		one = str_trim(str_cut(&list, ','));
		if (str_eq(one, str_of(name)))
			return true;
		if (list.p == NULL)
			break;
	}
	return false;
}

static void
one_account(struct offlineimap *m, struct foreign_section *s)
{
	const char *local = take_value(m, s, "localrepository");
	const char *remote = take_value(m, s, "remoterepository");
	struct foreign_section *near, *far;

	near = foreign_find(m->f, "Repository", local != NULL ? local : "");
	far = foreign_find(m->f, "Repository", remote != NULL ? remote : "");
	if (!wanted(m, s->name))
		conf_out_remark(m->o, "Account %s: not taken over: it is none of those in general", s->name);
	else if (near == NULL || far == NULL || near == far ||
	    !(foreign_is(foreign_take(near, "type"), "Maildir") ||
	    foreign_is(foreign_take(near, "type"), "GmailMaildir")) ||
	    !(foreign_is(foreign_take(far, "type"), "IMAP") ||
	    foreign_is(foreign_take(far, "type"), "Gmail")))
		conf_out_remark(m->o, "Account %s: not taken over: it is not between a server and Maildirs",
		    s->name);
	else
		sync(m, s, far, near);
}

int
import_offlineimap(struct foreign *f, struct conf_out *o, struct err *e)
{
	struct offlineimap m = { .f = f, .o = o, .a = &o->arena };
	struct foreign_section *s;
	size_t i;

	if (foreign_ini(f, e) < 0)
		return -1;
	for (i = 0; i < f->n; i++)
		if (foreign_is(f->v[i].kind, "Account"))
			one_account(&m, &f->v[i]);
	s = foreign_find(f, "general", "");
	foreign_take(s, "ui");
	foreign_left(s, o);
	for (i = 0; i < f->n; i++)
		if (foreign_is(f->v[i].kind, "mbnames"))
			conf_out_remark(o, "mbnames: not taken over");
	return 0;
}
