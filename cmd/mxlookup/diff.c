/*
 * diff.c: --diff: what has changed since an earlier output
 *
 * An object is taken apart into lines, "PATH VALUE", and the lines that only
 * one of the two has are told.  An element of an array that is an object goes
 * by its first string: a host, a selector, an address.  What changes with each
 * run (times, counts, TTLs) is left out, as is what was not asked for or not
 * known in one of the two.
 */
#include "diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checks.h"
#include "file.h"
#include "json.h"
#include "mem.h"
#include "show.h"
#include "table.h"

struct diff_object {
	off_t at;
	size_t n;
};

struct diff {
	int fd;
	struct arena arena;
	struct diff_object *object;	/* by number, as names */
	const char **name;
	size_t n, cap;
	struct table by_name;
	struct opt_list names;
	struct buf then;		/* an object of the file */
	struct err e;			/* it could not be read again */
};

/* ---- the file */

static struct str
diff_name(const void *of, size_t at)
{
	return str_of(((const struct diff *)of)->name[at]);
}

/* Of two objects of one name the later one counts. */
static void
diff_add(struct diff *d, struct str name, off_t at, size_t n)
{
	size_t old = table_text(&d->by_name, d, name);

	if (old != TABLE_NONE) {
		d->object[old] = (struct diff_object){ at, n };
		return;
	}
	if (d->n == d->cap) {
		d->cap = d->cap > 0 ? 2 * d->cap : 256;
		d->object = mem_grow(d->object, d->cap, sizeof *d->object);
		d->name = mem_grow(d->name, d->cap, sizeof *d->name);
	}
	d->object[d->n] = (struct diff_object){ at, n };
	d->name[d->n] = arena_dup(&d->arena, name);
	table_add(&d->by_name, d, d->n++);
}

/* A line without its end may be all of an object, or what a kill left. */
static bool
diff_whole(struct str line)
{
	struct json_in in = { .rest = line };
	struct buf text = { 0 };
	enum json_token t;

	do
		t = json_next(&in, &text);
	while (t > JSON_END);
	buf_free(&text);
	return t == JSON_END;
}

static int
diff_index(struct diff *d, FILE *f, struct err *e)
{
	struct buf name = { .max = 4096 };
	struct str s;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	off_t at;

	for (at = 0; (n = getline(&line, &cap, f)) > 0; at += n) {
		name.n = 0;
		s = (struct str){ line, (size_t)n };
		if (json_member(s, "in", &name) == 0 && !name.over &&
		    (line[n - 1] == '\n' || diff_whole(s)))
			diff_add(d, BUF_STR(name), at, (size_t)n);
	}
	free(line);
	buf_free(&name);
	if (ferror(f))
		return fail_sys(e, EX_NOINPUT, "it cannot be read");
	return d->n > 0 ? 0 : fail(e, EX_DATAERR,
	    "there is no object of -j in it");
}

struct diff *
diff_open(const char *path, struct err *e)
{
	struct diff *d = mem_new(1, sizeof *d);
	struct stat st;
	FILE *f = NULL;
	int got;

	d->by_name = (struct table){ .text = diff_name, .fold = true };
	d->fd = file_open(path, e);
	if (d->fd < 0)
		goto bad;
	if (fstat(d->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		fail(e, EX_USAGE, "--diff: %s is no regular file", path);
		goto bad;
	}
	f = fdopen(dup(d->fd), "r");
	if (f == NULL) {
		fail_sys(e, EX_OSERR, "%s", path);
		goto bad;
	}
	got = diff_index(d, f, e);
	fclose(f);
	if (got < 0) {
		fail_in(e, "%s", path);
		goto bad;
	}
	d->names = (struct opt_list){ d->name, d->n };
	return d;
bad:
	diff_close(d, e);
	return NULL;
}

int
diff_close(struct diff *d, struct err *e)
{
	int code;

	if (d == NULL)
		return 0;
	code = d->e.code;
	if (code != 0)
		fail(e, code, "--diff: %s", d->e.msg);
	if (d->fd >= 0)
		close(d->fd);
	table_free(&d->by_name);
	free(d->object);
	free(d->name);
	buf_free(&d->then);
	arena_free(&d->arena);
	free(d);
	return code != 0 ? -1 : 0;
}

const struct opt_list *
diff_names(const struct diff *d)
{
	return &d->names;
}

/* ---- an object as lines */

struct diff_line {
	struct str key;		/* the member at the top that it is of */
	struct str text;
};

struct diff_side {
	struct arena *mem;
	struct diff_line *v;
	size_t n, cap;
	struct str top;		/* the member at the top that is being read */
	struct str keys;	/* "\nKEY\n..." of members that are not null */
	struct str unknown;	/* "\nCHECK\n..." */
};

static bool
listed(struct str list, struct str one)
{
	size_t i;

	for (i = 0; i + one.n + 2 <= list.n; i++)
		if (list.p[i] == '\n' && list.p[i + one.n + 1] == '\n' &&
		    memcmp(list.p + i + 1, one.p, one.n) == 0)
			return true;
	return false;
}

static void
side_note(struct arena *mem, struct str *list, struct str word)
{
	*list = str_of(arena_printf(mem, "%.*s%.*s\n", STR_ARG(list->n > 0 ?
	    *list : STR("\n")), STR_ARG(word)));
}

static void
side_add(struct diff_side *s, struct str path, struct str value)
{
	struct diff_line *v;

	if (s->n == s->cap) {
		v = arena_new(s->mem, 2 * s->cap + 64, sizeof *v);
		if (s->n > 0)
			memcpy(v, s->v, s->n * sizeof *v);
		s->v = v;
		s->cap = 2 * s->cap + 64;
	}
	s->v[s->n++] = (struct diff_line){ s->top, str_of(arena_printf(s->mem,
	    "%.*s %.*s", STR_ARG(path), STR_ARG(value))) };
}

/* What is another one each time, or what says why something is not known. */
static bool
fleeting(struct str key)
{
	static const char *const names[] = { "ms", "dns", "ttl", "v", "in",
	    "unknown", "ede", "why" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(key, names[i]))
			return true;
	return false;
}

/* Over the rest of a value whose first token is t; -1: no JSON. */
static int
pass_over(struct json_in *in, enum json_token t, struct buf *text)
{
	int depth = in->depth - (t == JSON_OBJECT || t == JSON_ARRAY);

	while (t > JSON_END && in->depth > depth)
		t = json_next(in, text);
	return t > JSON_END ? 0 : -1;
}

/* The first string of the object that was just opened, or nothing. */
static void
identity(struct json_in in, struct buf *text)
{
	int depth = in.depth;
	enum json_token t;

	while ((t = json_next(&in, text)) > JSON_END && in.depth >= depth)
		if (t == JSON_STRING && in.depth == depth)
			return;
	text->n = 0;
}

static void
path_more(struct buf *path, struct str word)
{
	buf_printf(path, "%s%.*s", path->n > 0 ? " " : "", STR_ARG(word));
}

/* The member at the top that a check's findings go with. */
static struct str
owner(const char *id)
{
	const struct finding_kind *k;
	int c;

	for (c = 0; c < CHECK_MAX; c++)
		for (k = checks_all[c]->findings; k != NULL && k->id != NULL;
		    k++)
			if (strcmp(k->id, id) == 0)
				return str_of(checks_all[c]->name);
	return STR("findings");
}

/* A finding is one line; its object was just opened. */
static int
flat_finding(struct diff_side *s, struct json_in *in, struct buf *path)
{
	static const char *const members[] = { "id", "at", "text" };
	struct str object = { in->rest.p - 1, 0 }, top = { NULL, 0 };
	struct buf text = { 0 }, line = { 0 };
	size_t i;
	int got = pass_over(in, JSON_OBJECT, &text);

	object.n = (size_t)(in->rest.p - object.p);
	for (i = 0; i < 3; i++) {
		text.n = 0;
		buf_s(&text, "");
		json_member(object, members[i], &text);
		path_more(&line, BUF_STR(text));
		if (i == 0)
			top = owner(text.p);
	}
	side_add(s, BUF_STR(*path), BUF_STR(line));
	s->v[s->n - 1].key = top;
	buf_free(&text);
	buf_free(&line);
	return got;
}

static int flat(struct diff_side *, struct json_in *, enum json_token,
    struct buf *path, struct buf *text);

/*
 * What a host of "mx" has from a check of its own: only where that was asked
 * for in both can it be compared.
 */
static struct str
host_key(const struct diff_side *s, const struct json_in *in, struct str key)
{
	static const char *const members[][2] = { { "a", "addr" },
	    { "aaaa", "addr" }, { "addr_secure", "addr" },
	    { "status", "addr" }, { "cname", "addr" }, { "dane", "dane" },
	    { "sts", "mtasts" } };
	size_t i;

	for (i = 0; str_is(s->top, "mx") && in->depth == 3 &&
	    i < sizeof members / sizeof *members; i++)
		if (str_is(key, members[i][0]))
			return str_of(members[i][1]);
	return s->top;
}

static int
flat_object(struct diff_side *s, struct json_in *in, struct buf *path,
    struct buf *text)
{
	struct str top = s->top;
	size_t n = path->n;
	enum json_token t;

	while ((t = json_next(in, text)) == JSON_KEY) {
		bool skip = fleeting(BUF_STR(*text));
		bool addr = str_is(BUF_STR(*text), "addr_secure");

		s->top = host_key(s, in, BUF_STR(*text));
		path_more(path, BUF_STR(*text));
		t = json_next(in, text);
		if (addr && !str_is(BUF_STR(*text), "null") &&
		    !listed(s->keys, STR("addr")))
			side_note(s->mem, &s->keys, STR("addr"));
		if ((skip ? pass_over(in, t, text) :
		    flat(s, in, t, path, text)) < 0)
			return -1;
		path->n = n;
		s->top = top;
	}
	return t == JSON_CLOSE ? 0 : -1;
}

static int
flat_array(struct diff_side *s, struct json_in *in, struct buf *path,
    struct buf *text)
{
	bool findings = str_is(s->top, "findings");
	size_t n = path->n;
	enum json_token t;
	int got = 0;

	while (got == 0 && (t = json_next(in, text)) != JSON_CLOSE) {
		if (t == JSON_OBJECT && findings) {
			got = flat_finding(s, in, path);
			continue;
		}
		if (t == JSON_OBJECT) {
			identity(*in, text);
			path_more(path, BUF_STR(*text));
		}
		got = flat(s, in, t, path, text);
		path->n = n;
	}
	return got;
}

/* A value whose first token is t, as lines. */
static int
flat(struct diff_side *s, struct json_in *in, enum json_token t,
    struct buf *path, struct buf *text)
{
	switch (t) {
	case JSON_OBJECT:
		return flat_object(s, in, path, text);
	case JSON_ARRAY:
		return flat_array(s, in, path, text);
	case JSON_STRING:
		side_add(s, BUF_STR(*path), BUF_STR(*text));
		return 0;
	case JSON_OTHER:
		if (!str_is(BUF_STR(*text), "null"))
			side_add(s, BUF_STR(*path), BUF_STR(*text));
		return 0;
	case JSON_BAD: case JSON_END: case JSON_CLOSE: case JSON_KEY:
		break;
	}
	return -1;
}

static int
side_order(const void *p, const void *q)
{
	const struct diff_line *a = p, *b = q;

	return strcmp(a->text.p, b->text.p);
}

static int
take_unknown(struct diff_side *s, struct json_in *in, struct buf *text)
{
	enum json_token t = json_next(in, text);

	if (t != JSON_ARRAY)
		return -1;
	while ((t = json_next(in, text)) == JSON_STRING)
		side_note(s->mem, &s->unknown, BUF_STR(*text));
	return t == JSON_CLOSE ? 0 : -1;
}

/* The members at the top; -1: it is no object of ours. */
static int
take(struct diff_side *s, struct str object)
{
	struct json_in in = { .rest = object };
	struct buf text = { 0 }, path = { 0 };
	enum json_token t = json_next(&in, &text);
	int got = t == JSON_OBJECT ? 0 : -1;

	while (got == 0 && (t = json_next(&in, &text)) == JSON_KEY) {
		s->top = arena_str(s->mem, BUF_STR(text));
		if (str_is(s->top, "unknown")) {
			got = take_unknown(s, &in, &text);
			continue;
		}
		t = json_next(&in, &text);
		if (t != JSON_OTHER || !str_is(BUF_STR(text), "null"))
			side_note(s->mem, &s->keys, s->top);
		path.n = 0;
		path_more(&path, s->top);
		got = fleeting(s->top) ? pass_over(&in, t, &text) :
		    flat(s, &in, t, &path, &text);
	}
	buf_free(&text);
	buf_free(&path);
	if (s->n > 1)
		qsort(s->v, s->n, sizeof *s->v, side_order);
	return got < 0 || t != JSON_CLOSE ? -1 : 0;
}

/* ---- comparing */

struct diff_told {
	struct json j;
	struct buf *out;
	const char *in;
	bool json, changed;
};

/* Is the route among what is not known? */
static bool
side_unsure(const struct diff_side *s, struct str key)
{
	static const char *const route[] = { "mx", "route", "deliverable",
	    "secure", "status", "cname" };
	size_t i;

	if (listed(s->unknown, key))
		return true;
	for (i = 0; i < sizeof route / sizeof *route; i++)
		if (str_is(key, route[i]))
			return listed(s->unknown, STR("mx")) ||
			    listed(s->unknown, STR("addr"));
	return false;
}

/* Was it asked for, and known, in both? */
static bool
comparable(const struct diff_side *a, const struct diff_side *b, struct str key)
{
	return listed(a->keys, key) && listed(b->keys, key) &&
	    !side_unsure(a, key) && !side_unsure(b, key);
}

static void
say(struct buf *b, char mark, const char *in, const char *text)
{
	buf_printf(b, "%c ", mark);
	show_safe(b, str_of(in));
	buf_c(b, ' ');
	show_safe(b, str_of(text));
	buf_c(b, '\n');
}

static void
tell(struct diff_told *d, char mark, const char *text)
{
	d->changed = true;
	if (d->json)
		json_s(&d->j, NULL, text);
	else
		say(d->out, mark, d->in, text);
}

/* The lines of a that b has not. */
static void
lacking(struct diff_told *d, char mark, const char *key,
    const struct diff_side *a, const struct diff_side *b)
{
	const struct diff_line *l;
	size_t i;

	if (d->json)
		json_open(&d->j, key, '[');
	for (i = 0; i < a->n; i++) {
		l = &a->v[i];
		if (comparable(a, b, l->key) && (b->n == 0 || bsearch(l, b->v,
		    b->n, sizeof *l, side_order) == NULL))
			tell(d, mark, l->text.p);
	}
	if (d->json)
		json_close(&d->j, ']');
}

static int
diff_then(struct diff *d, const char *in, struct diff_side *s)
{
	size_t at = table_text(&d->by_name, d, str_of(in)), n;
	char *room;

	if (at == TABLE_NONE)
		return -1;
	n = d->object[at].n;
	d->then.n = 0;
	room = buf_room(&d->then, n);
	if (room == NULL || file_pread(d->fd, room, n, d->object[at].at,
	    &d->e) != (ssize_t)n) {
		fail(&d->e, EX_NOINPUT, "the file became shorter");
		return -1;
	}
	if (take(s, (struct str){ room, n }) == 0)
		return 0;
	*s = (struct diff_side){ .mem = s->mem };
	return -1;
}

enum diff_verdict
diff_tell(struct diff *d, const char *in, struct str now, bool json,
    struct buf *out)
{
	struct arena mem = { 0 };
	struct diff_side a = { .mem = &mem }, b = { .mem = &mem };
	struct diff_told t = { .out = out, .json = json, .in = in };
	bool there = diff_then(d, in, &a) == 0, known = take(&b, now) == 0;

	t.j.out = out;
	if (json) {
		json_open(&t.j, NULL, '{');
		json_int(&t.j, "v", 1);
		json_s(&t.j, "in", in);
		json_bool(&t.j, "new", !there);
	}
	if (!there)
		t.changed = true;
	if (!there && !json)
		say(out, '+', in, "was not looked up then");
	lacking(&t, '-', "missing", &a, &b);
	lacking(&t, '+', "unexpected", &b, &a);
	known = known && a.unknown.n + b.unknown.n == 0;
	if (there && !known && !json)
		say(out, '?', in, "not all was known both times");
	if (json) {
		json_bool(&t.j, "known", known);
		json_bool(&t.j, "same", !t.changed);
		json_close(&t.j, '}');
		buf_c(out, '\n');
	}
	arena_free(&mem);
	if (t.changed)
		return DIFF_CHANGED;
	return known ? DIFF_SAME : DIFF_UNKNOWN;
}
