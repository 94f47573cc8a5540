/* conf_out.c: a configuration file's text, written so that conf.h reads it */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf_out.h"

enum { NAME_LEN = 64, VALUE_LEN = 8000, NOTE_LEN = 600 };

/* No tab either: nobody would see the difference. */
static bool
fits(struct str value)
{
	return value.n > 0 && value.n <= VALUE_LEN && !str_control(value);
}

void
conf_out_section(struct conf_out *o, const char *kind, const char *name,
    const char *parent)
{
	buf_printf(&o->text, "%s %s%s%s\n", kind, name,
	    parent != NULL ? " : " : "", parent != NULL ? parent : "");
}

static void
conf_quoted(struct buf *to, struct str v)
{
	size_t i;

	buf_c(to, '"');
	for (i = 0; i < v.n; i++) {
		if (v.p[i] == '"' || v.p[i] == '\\')
			buf_c(to, '\\');
		buf_c(to, v.p[i]);
	}
	buf_c(to, '"');
}

bool
conf_out_key(struct conf_out *o, const char *key, const char *value)
{
	struct str v = str_of(value);

	if (value == NULL)
		return true;
	if (!fits(v)) {
		conf_out_note(o, "%s: not taken over: %s", key, v.n == 0 ?
		    "it is empty" : "a control byte in it, or too long");
		return false;
	}
	buf_printf(&o->text, "  %s ", key);
	if (v.p[0] == '"' || v.p[0] == '=' || str_trim(v).n != v.n)
		conf_quoted(&o->text, v);
	else
		buf_str(&o->text, v);
	buf_c(&o->text, '\n');
	return true;
}

static void comment(struct conf_out *, const char *before, const char *fmt,
    va_list) __attribute__((format(printf, 3, 0)));

static void
comment(struct conf_out *o, const char *before, const char *fmt, va_list ap)
{
	char text[NOTE_LEN], safe[NOTE_LEN];

	vsnprintf(text, sizeof text, fmt, ap);
	str_escape(safe, sizeof safe, str_of(text));
	buf_printf(&o->text, "%s%s\n", before, safe);
}

void
conf_out_note(struct conf_out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	comment(o, "  # ", fmt, ap);
	va_end(ap);
}

void
conf_out_remark(struct conf_out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	comment(o, "# ", fmt, ap);
	va_end(ap);
}

/* Notes that it is given out; false if it was. */
static bool
give_out(struct conf_out *o, const char *kind, const char *name)
{
	const char *both = arena_printf(&o->arena, "%s %s", kind, name);
	size_t i;

	for (i = 0; i < o->names.n; i++)
		if (strcmp(o->names.v[i], both) == 0)
			return false;
	opt_list_add(&o->arena, &o->names, both);
	return true;
}

static bool
fits_name(struct str c, size_t len, bool first)
{
	return len > 0 && (unsigned char)c.p[0] > ' ' &&
	    strchr("/:#\"\\\x7f", c.p[0]) == NULL &&
	    !(first && (c.p[0] == '.' || c.p[0] == '-'));
}

const char *
conf_out_name(struct conf_out *o, const char *kind, const char *wanted)
{
	enum { ROOM = NAME_LEN - 6 };	/* for "-4096" */
	struct str s = str_of(wanted);
	char base[ROOM + 1];
	const char *name;
	size_t n = 0, len;
	unsigned i;

	for (; s.n > 0; s = str_from(s, len > 0 ? len : 1)) {
		len = str_char(s, NULL);
		if (n + (len > 0 ? len : 1) > ROOM)
			break;
		if (fits_name(s, len, n == 0)) {
			memcpy(base + n, s.p, len);
			n += len;
		} else if (n > 0)
			base[n++] = '-';
	}
	if (n == 0) {
		memcpy(base, "account", 7);
		n = 7;
	}
	name = arena_dup(&o->arena, (struct str){ base, n });
	for (i = 2; !give_out(o, kind, name); i++)
		name = arena_printf(&o->arena, "%.*s-%u", (int)n, base, i);
	return name;
}

void
conf_out_free(struct conf_out *o)
{
	buf_free(&o->text);
	arena_free(&o->arena);
	*o = (struct conf_out){ 0 };
}

void
conf_out_folder(struct conf_out *o, const char *name)
{
	conf_out_key(o, "folder", name);
	if (strpbrk(name, "*%") != NULL)
		conf_out_note(o, "folder: * and %% stand for any name here");
}
