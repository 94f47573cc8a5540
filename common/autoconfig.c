/*
 * autoconfig.c: the file by which mail clients find their servers
 *
 * Elements are taken one behind the other: each has a name and the text up to
 * the next one.  Who is in whom does not matter but for the server's own.
 */
#include <string.h>

#include "autoconfig.h"

const char *
autoconfig_tls(enum autoconfig_tls t)
{
	static const char *const names[] = { "plain", "starttls", "tls", NULL };

	return names[t];
}

/* One tag, and the text behind it. */
struct element {
	struct str name;
	struct str attributes;
	struct str text;		/* up to the next tag, trimmed */
	bool end;			/* </name> */
	bool empty;			/* <name/> */
};

/* Past a comment, an instruction or a declaration; false: it has no end. */
static bool
comment_over(struct str *s)
{
	const char *stop = str_starts(*s, "<!--") ? "-->" :
	    str_starts(*s, "<?") ? "?>" : ">";
	const char *at = memmem(s->p, s->n, stop, strlen(stop));

	if (at == NULL)
		return false;
	*s = str_from(*s, (size_t)(at - s->p) + strlen(stop));
	return true;
}

/* 1, 0 at the end, -1: a tag without an end. */
static int
element_next(struct str *s, struct element *e)
{
	struct str tag;

	*e = (struct element){ .end = false };
	for (;;) {
		str_cut(s, '<');
		if (s->p == NULL)
			return 0;
		if (s->n == 0 || (s->p[0] != '!' && s->p[0] != '?'))
			break;
		*s = (struct str){ s->p - 1, s->n + 1 };
		if (!comment_over(s))
			return -1;
	}
	tag = str_cut(s, '>');
	if (s->p == NULL)
		return -1;
	e->end = tag.n > 0 && tag.p[0] == '/';
	if (e->end)
		tag = str_from(tag, 1);
	e->empty = tag.n > 0 && tag.p[tag.n - 1] == '/';
	if (e->empty)
		tag.n--;
	e->name = tag;
	for (e->name.n = 0; e->name.n < tag.n &&
	    !str_blank(tag.p[e->name.n]) && tag.p[e->name.n] != '\n' &&
	    tag.p[e->name.n] != '\r'; e->name.n++)
		;
	e->attributes = str_from(tag, e->name.n);
	e->text = *s;
	for (e->text.n = 0; e->text.n < s->n && s->p[e->text.n] != '<';
	    e->text.n++)
		;
	e->text = str_trim(e->text);
	return 1;
}

/* The value of name="..." or name='...'. */
static struct str
attribute(struct str all, const char *name)
{
	struct str key, value = { NULL, 0 };
	char quote;

	while (all.p != NULL && all.n > 0) {
		key = str_trim(str_cut(&all, '='));
		all = str_trim(all);
		if (all.n == 0 || (all.p[0] != '"' && all.p[0] != '\''))
			break;
		quote = all.p[0];
		all = str_from(all, 1);
		value = str_cut(&all, quote);
		if (str_is(key, name))
			return value;
	}
	return (struct str){ NULL, 0 };
}

static void
put_words(struct buf *b, struct str s, const char *domain)
{
	static const struct {
		const char *from, *to;
	} words[] = {
		{ "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
		{ "&quot;", "\"" }, { "&apos;", "'" },
		{ "%EMAILDOMAIN%", NULL },	/* the domain */
	};
	size_t i;

	while (s.n > 0) {
		for (i = 0; i < sizeof words / sizeof *words &&
		    !str_starts(s, words[i].from); i++)
			;
		if (i < sizeof words / sizeof *words) {
			buf_s(b, words[i].to != NULL ? words[i].to : domain);
			s = str_from(s, strlen(words[i].from));
		} else {
			buf_c(b, s.p[0]);
			s = str_from(s, 1);
		}
	}
}

static const char *
text_of(struct arena *mem, struct str s, const char *domain)
{
	struct buf b = { .max = 2048 };
	const char *text;

	put_words(&b, str_to(s, 1000), domain);
	text = arena_dup(mem, BUF_STR(b));
	buf_free(&b);
	return text;
}

static enum autoconfig_tls
tls_of(struct str s)
{
	static const char *const names[] = { "plain", "STARTTLS", "SSL" };
	int i;

	for (i = 0; i < 3; i++)
		if (str_is(s, names[i]))
			return (enum autoconfig_tls)i;
	return AUTOCONFIG_UNSAID;
}

static struct autoconfig_server *
server_begin(struct autoconfig *a, struct arena *mem, const struct element *e)
{
	struct autoconfig_server *s;

	if (a->n == AUTOCONFIG_SERVERS) {
		a->more = true;
		return NULL;
	}
	s = &a->server[a->n++];
	*s = (struct autoconfig_server){ .host = "", .tls = AUTOCONFIG_UNSAID };
	s->type = arena_dup(mem, str_to(attribute(e->attributes, "type"), 100));
	return s;
}

static void
server_part(struct autoconfig_server *s, struct arena *mem,
    const struct element *e, const char *domain)
{
	uint64_t n;

	if (str_is(e->name, "hostname"))
		s->host = text_of(mem, e->text, domain);
	else if (str_is(e->name, "port"))
		s->port = str_num(e->text, 65535, &n) == 0 ? (unsigned)n : 0;
	else if (str_is(e->name, "socketType"))
		s->tls = tls_of(e->text);
}

static int
cannot(struct autoconfig *a, const char *why)
{
	a->why = why;
	return -1;
}

int
autoconfig_parse(struct autoconfig *a, struct arena *mem, struct str xml,
    const char *domain)
{
	struct autoconfig_server *in = NULL;
	bool config = false, server;
	struct element e;
	int got;

	*a = (struct autoconfig){ .n = 0 };
	while ((got = element_next(&xml, &e)) > 0) {
		server = str_is(e.name, "incomingServer") ||
		    str_is(e.name, "outgoingServer");
		if (!config && !str_is(e.name, "clientConfig"))
			return cannot(a, "it does not begin with clientConfig");
		config = true;
		if (server)
			in = e.end || e.empty ? NULL : server_begin(a, mem, &e);
		else if (in != NULL && !e.end)
			server_part(in, mem, &e, domain);
	}
	if (got < 0)
		return cannot(a, "a tag has no end");
	if (!config)
		return cannot(a, "it is no clientConfig");
	return a->n > 0 ? 0 : cannot(a, "it names no server");
}
