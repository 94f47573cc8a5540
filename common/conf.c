/* conf.c: the configuration file's text: sections with keys and values */
#include <stdio.h>
#include <string.h>

#include "conf.h"

/* The counts keep searches, which are linear, from getting out of hand. */
enum { LINE_LEN = 16384, NAME_LEN = 64, NSECTION = 4096, NLINE = 4096 };

static const char *const kinds[] = { "defaults", "account", "fetch", "sync" };

struct parser {
	struct conf *conf;
	struct arena *arena;
	struct conf_section *section;	/* the current one, or NULL */
	struct conf_section **section_end;
	struct conf_line **line_end;
	unsigned line, nsection, nline;
};

static bool
is_name(struct str s)
{
	size_t i;

	if (s.n == 0 || s.n > NAME_LEN || s.p[0] == '.' || s.p[0] == '-' ||
	    !str_utf8(s) || str_control(s))
		return false;
	for (i = 0; i < s.n; i++)
		if (strchr("/ :#\"\\", s.p[i]) != NULL)
			return false;
	return true;
}

static bool
is_key(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !str_digit(s.p[i]) &&
		    s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= NAME_LEN && s.p[0] != '-';
}

/* The view as a C string: the byte behind it, a blank or the end, goes. */
static const char *
end_word(char *text, struct str s)
{
	text[(size_t)(s.p - text) + s.n] = '\0';
	return s.p;
}

/* Is there nothing more, or a comment? */
static bool
rest_empty(struct str s)
{
	s = str_trim(s);
	return s.n == 0 || s.p[0] == '#';
}

static const char *
section_kind(struct str word)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (str_eq(word, str_of(kinds[i])))
			return kinds[i];
	return NULL;
}

/* " NAME [: PARENT] [# comment]" */
static int
section_names(struct str s, struct str *name, struct str *parent, struct err *e)
{
	struct str w;

	s = str_to(s, strcspn(s.p, "#"));
	*name = str_trim(str_cut(&s, ':'));
	*parent = (struct str){ NULL, 0 };
	if (s.p != NULL) {
		*parent = str_trim(s);
		if (!is_name(*parent))
			return fail(e, EX_CONFIG, "no name behind the \":\"");
	}
	w = *name;
	if (str_word(&w).n != name->n)
		return fail(e, EX_CONFIG, "\"%.*s\": a name is one word",
		    STR_ARG(*name));
	if (name->n == 0)
		return fail(e, EX_CONFIG, "the section needs a name");
	if (!is_name(*name))
		return fail(e, EX_CONFIG, "\"%.*s\" is not fit for a name",
		    STR_ARG(str_to(*name, 80)));
	return 0;
}

static int
open_section(struct parser *p, const char *kind, char *text, struct str rest,
    struct err *e)
{
	struct str name = STR(""), parent = { NULL, 0 };
	const struct conf_section *old;
	struct conf_section *s;

	if (kind == kinds[0] && !rest_empty(rest))
		return fail(e, EX_CONFIG, "\"defaults\" stands alone");
	if (kind != kinds[0] && section_names(rest, &name, &parent, e) < 0)
		return -1;
	s = arena_new(p->arena, 1, sizeof *s);
	s->file = p->conf->file;
	s->kind = kind;
	s->name = name.n > 0 ? end_word(text, name) : "";
	s->parent = parent.n > 0 ? end_word(text, parent) : NULL;
	s->line = p->line;
	old = conf_find(p->conf, kind, s->name);
	if (old != NULL)
		return fail(e, EX_CONFIG, "%s%s%s is there already, in line %u%s",
		    kind, name.n > 0 ? " " : "", s->name, old->line,
		    name.n > 0 ? ": one of them needs another name" : "");
	if (p->nsection++ == NSECTION)
		return fail(e, EX_CONFIG, "over %d sections", NSECTION);
	p->nline = 0;
	*p->section_end = p->section = s;
	p->section_end = &s->next;
	p->line_end = &s->lines;
	return 0;
}

/* "quoted \" value", unescaped where it stands; the opening quote is at s */
static int
unquote(char *text, struct str s, const char **value, struct err *e)
{
	char *from = text + (s.p - text) + 1, *to = from;

	*value = to;
	for (; *from != '"'; *to++ = *from++) {
		if (*from == '\0')
			return fail(e, EX_CONFIG, "the closing quote is missing");
		if (*from != '\\')
			continue;
		if (from[1] != '"' && from[1] != '\\')
			return fail(e, EX_CONFIG, "in quotes a \\ stands before \" or another \\ only");
		from++;
	}
	*to = '\0';
	if (!rest_empty(str_of(from + 1)))
		return fail(e, EX_CONFIG, "text behind the closing quote; quote the whole value, and \\\" inside it");
	return 0;
}

char *
conf_key_shown(char *dst, size_t cap, struct str key)
{
	static const char secret[] = "password";
	size_t n = 0;

	while (n < key.n && n < 80 && key.p[n] != '=' && key.p[n] != ':')
		n++;
	if (n > strlen(secret) && str_is(str_to(key, strlen(secret)), secret))
		n = strlen(secret);
	snprintf(dst, cap, "%.*s%s", STR_ARG(str_to(key, n)), n < key.n ?
	    "..." : "");
	return dst;
}

static int
add_line(struct parser *p, char *text, struct str key, struct str value,
    struct err *e)
{
	struct conf_line *l;
	char shown[CONF_KEY_SHOWN];

	if (!is_key(key))
		return fail(e, EX_CONFIG, "\"%s\" is no key",
		    conf_key_shown(shown, sizeof shown, key));
	if (p->section == NULL)
		return fail(e, EX_CONFIG, "\"%.*s\" stands before the first section (defaults or account NAME)",
		    STR_ARG(key));
	if (value.n > 0 && value.p[0] == '=')
		return fail(e, EX_CONFIG, "write \"%.*s VALUE\", without an =",
		    STR_ARG(key));
	if (p->nline++ == NLINE)
		return fail(e, EX_CONFIG, "over %d lines in a section",
		    NLINE);
	l = arena_new(p->arena, 1, sizeof *l);
	l->key = end_word(text, key);
	l->file = p->conf->file;
	l->line = p->line;
	l->raw = text + (value.p - text);
	l->room = value.n;
	if (value.n == 0)
		l->value = "";
	else if (value.p[0] != '"')
		l->value = value.p;
	else if (unquote(text, value, &l->value, e) < 0)
		return -1;
	*p->line_end = l;
	p->line_end = &l->next;
	return 0;
}

/* One line, NUL-terminated and trimmed. */
static int
parse_line(struct parser *p, char *text, size_t n, struct err *e)
{
	struct str s = { text, n }, word;
	const char *kind;
	size_t i;

	if (n > LINE_LEN)
		return fail(e, EX_CONFIG, "a line over %d bytes", LINE_LEN);
	s = str_trim(s);
	if (s.n == 0 || s.p[0] == '#')
		return 0;
	for (i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') ||
		    s.p[i] == 0x7f)
			return fail(e, EX_CONFIG, "a control character (0x%02x)",
			    (unsigned char)s.p[i]);
	text[(size_t)(s.p - text) + s.n] = '\0';
	word = str_word(&s);
	kind = section_kind(word);
	s = str_trim(s);
	if (kind != NULL)
		return open_section(p, kind, text, s, e);
	return add_line(p, text, word, s, e);
}

int
conf_parse(struct conf *c, struct arena *a, char *text, size_t n,
    struct err *e)
{
	struct parser p = { .conf = c, .arena = a,
	    .section_end = &c->sections };
	struct err why = { 0 };
	char *eol;
	size_t len;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;		/* a byte order mark of some editor */
		n -= 3;
	}
	for (; n > 0; text += len, n -= len) {
		p.line++;
		eol = memchr(text, '\n', n);
		len = eol != NULL ? (size_t)(eol - text) : n;
		if (parse_line(&p, text, len, &why) < 0)
			return fail(e, EX_CONFIG, "%s:%u: %s", c->file,
			    p.line, why.msg);
		len += eol != NULL;
	}
	return 0;
}

void
conf_append(struct conf *c, struct conf_section *less)
{
	struct conf_section **end = &c->sections, *next;

	for (; less != NULL; less = next) {
		next = less->next;
		if (strcmp(less->kind, kinds[0]) != 0 &&
		    conf_find(c, less->kind, less->name) != NULL)
			continue;
		while (*end != NULL)
			end = &(*end)->next;
		less->next = NULL;
		*end = less;
	}
}

const struct conf_section *
conf_find(const struct conf *c, const char *kind, const char *name)
{
	const struct conf_section *s;

	for (s = c->sections; s != NULL; s = s->next)
		if (strcmp(s->kind, kind) == 0 && strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const char *
conf_value(const struct conf_section *s, const char *key)
{
	const struct conf_line *l;
	const char *value = NULL;

	for (l = s->lines; l != NULL; l = l->next)
		if (strcmp(l->key, key) == 0)
			value = l->value;
	return value;
}

void
conf_forget(struct conf_line *l)
{
	if (l->room > 0)
		mem_wipe(l->raw, l->room);
}
