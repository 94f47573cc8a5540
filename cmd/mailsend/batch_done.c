/* batch_done.c: who has got it already, and who is never to get anything */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch_done.h"
#include "addr.h"
#include "file.h"
#include "json.h"

enum { NAME_MAX_BYTES = 1024 };

static uint64_t
mark_hash(const void *of, size_t at)
{
	return ((const struct batch_set *)of)->v[at].hash;
}

/* Of both in lower case; the first may be empty. */
static uint64_t
hash_pair(const char *key, struct str text)
{
	char b[NAME_MAX_BYTES];
	size_t n = 0, i;

	for (; *key != '\0' && n < sizeof b; key++)
		b[n++] = *key;
	if (n < sizeof b)
		b[n++] = ' ';
	for (i = 0; i < text.n && n < sizeof b; i++)
		b[n++] = str_lower(text.p[i]);
	return table_hash((struct str){ b, n });
}

static void
set_add(struct batch_set *s, uint64_t hash)
{
	size_t at;

	s->table.number = mark_hash;
	at = table_number(&s->table, s, hash);
	if (at != TABLE_NONE) {
		s->v[at].left++;
		return;
	}
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap + s->cap / 2 : 1024;
		s->v = mem_grow(s->v, s->cap, sizeof *s->v);
	}
	s->v[s->n] = (struct batch_mark){ hash, 1 };
	table_add(&s->table, s, s->n++);
}

/* ---- lines of a file ---- */

/* 1 one, without its LF; 0 the end.  *ended: there was one. */
static int
next_line(FILE *f, char **line, size_t *cap, struct str *s, bool *ended)
{
	ssize_t n = getline(line, cap, f);

	if (n <= 0)
		return 0;
	*ended = (*line)[n - 1] == '\n';
	*s = str_trim((struct str){ *line, (size_t)n });
	return 1;
}

static FILE *
open_lines(const char *path, struct err *e)
{
	int fd = file_open(path, e);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd >= 0 && f == NULL)
		close(fd);
	return f;
}

/* ---- --resume ---- */

static void
take_result(struct batch_set *s, struct str line)
{
	struct buf key = { .max = 64 }, addr = { .max = 512 }, how = { .max =
	    32 };

	if (json_member(line, "status", &how) == 0 &&
	    str_is(BUF_STR(how), "sent") &&
	    json_member(line, "key", &key) == 0 &&
	    json_member(line, "addr", &addr) == 0 && !addr.over)
		set_add(s, hash_pair(key.p != NULL ? key.p : "",
		    BUF_STR(addr)));
	buf_free(&key);
	buf_free(&addr);
	buf_free(&how);
}

int
batch_done_load(struct batch_set *s, const char *path, bool *torn,
    struct err *e)
{
	struct str line;
	char *p = NULL;
	size_t cap = 0;
	bool ended = true;
	int got = 0;
	FILE *f;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	f = open_lines(path, e);
	if (f == NULL)
		return fail_in(e, "--resume");
	while (next_line(f, &p, &cap, &line, &ended) > 0)
		if (line.n > 0)		/* be it cut: who was sent to is before */
			take_result(s, line);
	*torn = !ended;
	if (ferror(f))
		got = fail_sys(e, EX_NOINPUT, "--resume %s", path);
	free(p);
	fclose(f);
	return got;
}

bool
batch_done_take(struct batch_set *s, const char *key, const char *addr)
{
	size_t at = s->n == 0 ? TABLE_NONE : table_number(&s->table, s,
	    hash_pair(key, str_of(addr)));

	if (at == TABLE_NONE || s->v[at].left == 0)
		return false;
	s->v[at].left--;
	return true;
}

/* ---- --suppress ---- */

/* Is it an address, or @domain, and nothing beside it? */
static bool
suppressible(struct str line)
{
	return str_has(line, '@') && (line.p[0] == '"' ||
	    (!str_has(line, ' ') && !str_has(line, '<') &&
	    !str_has(line, ',')));
}

/* As it would stand in RCPT: the domain in A-labels. */
static struct str
on_wire(struct arena *a, struct str line)
{
	struct str domain = line, ascii;
	struct err quiet = { 0 };

	while (str_has(domain, '@'))
		str_cut(&domain, '@');
	if (str_ascii(domain) || addr_ascii(a, domain, &ascii, &quiet) < 0)
		return line;
	return str_of(arena_printf(a, "%.*s%.*s", (int)(domain.p - line.p),
	    line.p, STR_ARG(ascii)));
}

int
batch_suppress_load(struct batch_set *s, const char *path, struct err *e)
{
	FILE *f = open_lines(path, e);
	struct arena mem = { 0 };
	struct str line;
	char *p = NULL;
	size_t cap = 0;
	bool ended;
	int got = 0;

	if (f == NULL)
		return fail_in(e, "--suppress");
	while (next_line(f, &p, &cap, &line, &ended) > 0) {
		line = str_trim(str_cut(&line, '#'));
		if (line.n > 0 && got == 0 && !suppressible(line))
			got = fail(e, EX_DATAERR, "--suppress %s: \"%.*s\" is neither an address nor @domain",
			    path, STR_ARG(str_to(line, 100)));
		else if (line.n > 0)
			set_add(s, hash_pair("", on_wire(&mem, line)));
	}
	if (ferror(f))
		got = fail_sys(e, EX_NOINPUT, "--suppress %s", path);
	arena_free(&mem);
	free(p);
	fclose(f);
	return got;
}

static bool
set_has(const struct batch_set *s, const char *text)
{
	return table_number(&s->table, s, hash_pair("", str_of(text))) !=
	    TABLE_NONE;
}

bool
batch_suppressed(const struct batch_set *s, const char *addr)
{
	const char *at = strrchr(addr, '@');

	return s->n > 0 && (set_has(s, addr) || (at != NULL &&
	    set_has(s, at)));
}

void
batch_set_free(struct batch_set *s)
{
	table_free(&s->table);
	free(s->v);
	*s = (struct batch_set){ 0 };
}
