/* aliases.c: who is meant by a bare name: aliases(5) */
#include <string.h>
#include <unistd.h>

#include "aliases.h"
#include "file.h"

enum { ALIASES_MAX = 1 << 20 };

static struct str
entry_name(const void *of, size_t at)
{
	return ((const struct aliases *)of)->v[at].name;
}

static void
add_entry(struct aliases *a, struct str name, struct str value)
{
	struct aliases_entry *v;

	if (a->n == a->cap) {
		a->cap = a->cap > 0 ? 2 * a->cap : 64;
		v = arena_new(a->arena, a->cap, sizeof *v);
		if (a->n > 0)
			memcpy(v, a->v, a->n * sizeof *v);
		a->v = v;
	}
	a->v[a->n] = (struct aliases_entry){ .name = name, .value = value };
	table_add(&a->names, a, a->n++);
}

static int
whole(struct aliases *a, const char *path, struct str *text, struct err *e)
{
	struct buf b = { .max = ALIASES_MAX };
	int fd = file_open(path, e), got;

	if (fd < 0)
		return -1;
	got = file_slurp(fd, &b, e);
	close(fd);
	*text = arena_str(a->arena, BUF_STR(b));
	buf_free(&b);
	return got < 0 ? fail_in(e, "%s", path) : 0;
}

/* The lines of a list, without comments, behind what there is already. */
static void
put_list(struct buf *b, struct str text)
{
	struct str line;

	while (text.n > 0) {
		line = str_trim(str_cut(&text, '\n'));
		if (line.n == 0 || line.p[0] == '#')
			continue;
		buf_s(b, b->n > 0 ? ", " : "");
		buf_str(b, line);
	}
}

/* ":include:/path" becomes what is in there. */
static int
include(struct aliases *a, struct str *value, struct err *e)
{
	struct buf b = { .max = ALIASES_MAX };
	struct str rest = *value, one, text;
	bool any = false;
	int got = 0;

	while (got == 0 && (one = aliases_member(&rest)).n > 0) {
		if (!str_starts(one, ":include:")) {
			put_list(&b, one);
			continue;
		}
		any = true;
		got = whole(a, arena_dup(a->arena, str_trim(str_from(one,
		    strlen(":include:")))), &text, e);
		if (got == 0)
			put_list(&b, text);
	}
	if (any && got == 0)
		*value = arena_str(a->arena, BUF_STR(b));
	buf_free(&b);
	return got;
}

/* "name: value" with the lines behind it that begin with a blank. */
static int
entry(struct aliases *a, struct str line, struct err *e)
{
	struct str name = str_trim(str_cut(&line, ':'));

	if (line.p == NULL || name.n == 0)
		return fail(e, EX_CONFIG, "an alias is \"name: who, who\"");
	if (name.n > 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		name = str_to(str_from(name, 1), name.n - 2);
	line = str_trim(line);
	if (include(a, &line, e) < 0)
		return -1;
	add_entry(a, name, line);
	return 0;
}

/* How long the first line is, with those that go on with it. */
static size_t
line_length(struct str text, unsigned *lines)
{
	size_t n = 0;

	do {
		while (n < text.n && text.p[n] != '\n')
			n++;
		n += n < text.n;
		++*lines;
	} while (n < text.n && str_blank(text.p[n]));
	return n;
}

int
aliases_read(struct aliases *a, const char *path, struct err *e)
{
	struct str text, line;
	unsigned at = 1, lines;

	a->names = (struct table){ .text = entry_name, .fold = true };
	if (whole(a, path, &text, e) < 0)
		return -1;
	for (; text.n > 0; text = str_from(text, line.n), at += lines) {
		lines = 0;
		line = str_to(text, line_length(text, &lines));
		if (str_trim(line).n == 0 || line.p[0] == '#')
			continue;
		if (entry(a, line, e) < 0)
			return fail_in(e, "%s:%u", path, at);
	}
	return 0;
}

struct aliases_entry *
aliases_find(const struct aliases *a, struct str name)
{
	size_t at = table_text(&a->names, a, name);

	return at != TABLE_NONE ? &a->v[at] : NULL;
}

struct str
aliases_member(struct str *value)
{
	struct str one = { 0 };
	bool quoted = false;
	size_t i;

	while (value->n > 0 && one.n == 0) {
		for (i = 0; i < value->n && (quoted || value->p[i] != ','); i++)
			if (value->p[i] == '\\' && quoted)
				i++;
			else if (value->p[i] == '"')
				quoted = !quoted;
		one = str_to(*value, i);
		*value = str_from(*value, one.n + 1);
		one = str_trim(one);
	}
	return one;
}

void
aliases_free(struct aliases *a)
{
	table_free(&a->names);
}
