/*
 * expect.c: --expect: records as they should be against those that are
 *
 * A line is NAME TYPE DATA, as in a zone file but without TTL and class; "-"
 * for the data says that there must be none.  The lines of one name and type
 * are all of its records, in any order.  TXT strings are joined, quoted or
 * not.  "#" begins a comment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "clock.h"
#include "expect.h"
#include "file.h"
#include "json.h"
#include "run.h"
#include "settings.h"
#include "show.h"
#include "stop.h"

/* What is expected of one name and type, and what came. */
struct set {
	struct set *next;
	const char *name;
	unsigned type;
	struct opt_list want, have;
	const struct dns_answer *answer;
};

struct list {
	struct arena arena;
	struct set *first, **end;
};

static void
set_answered(void *arg, const struct dns_answer *a)
{
	((struct set *)arg)->answer = dns_keep(a);
}

/* ---- records as text that can be compared */

static const char *
data_hex(struct arena *a, struct str s)
{
	char *p = arena_new(a, 2 * s.n + 1, 1);
	size_t i;

	for (i = 0; i < s.n; i++)
		snprintf(p + 2 * i, 3, "%02x", (unsigned char)s.p[i]);
	return p;
}

static const char *
record_text(struct arena *a, unsigned type, const struct dns_rr *rr)
{
	char ip[64];

	switch (type) {
	case DNS_A: case DNS_AAAA:
		dns_addr(rr->data, ip, sizeof ip);
		return arena_dup(a, str_of(ip));
	case DNS_MX:
		return arena_printf(a, "%u %s", rr->pref, rr->name);
	case DNS_SRV:
		return arena_printf(a, "%u %u %u %s", rr->pref, rr->weight,
		    rr->port, rr->name);
	case DNS_TLSA:
		return arena_printf(a, "%u %u %u %s", rr->usage,
		    rr->selector, rr->mtype, data_hex(a, rr->data));
	case DNS_TXT:
		return arena_dup(a, rr->data);
	default:
		return rr->name != NULL ? rr->name : data_hex(a, rr->data);
	}
}

/* "a" "b" to ab; what has no quotes stays. */
static const char *
unquoted(struct arena *a, struct str s)
{
	struct buf b = { 0 };
	const char *all;
	bool in = false;
	size_t i;

	if (s.n == 0 || s.p[0] != '"')
		return arena_dup(a, s);
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			in = !in;
		else if (in && s.p[i] == '\\' && i + 1 < s.n)
			buf_c(&b, s.p[++i]);
		else if (in)
			buf_c(&b, s.p[i]);
	}
	all = arena_dup(a, BUF_STR(b));
	buf_free(&b);
	return all;
}

/* Blanks single, lower case, no last dot, the hex of a TLSA in one piece. */
static const char *
normal(struct arena *a, unsigned type, struct str data)
{
	char *p = arena_new(a, data.n + 2, 1);
	struct str word;
	size_t n = 0, i, words = 0;

	if (type == DNS_TXT)
		return unquoted(a, data);
	while ((word = str_word(&data)).n > 0) {
		if (n > 0 && (type != DNS_TLSA || words < 4))
			p[n++] = ' ';
		for (i = 0; i < word.n; i++)
			p[n++] = str_lower(word.p[i]);
		words++;
	}
	if (n > 1 && p[n - 1] == '.' && p[n - 2] != ' ')
		p[n - 1] = '\0';
	return p;
}

/* ---- reading */

static unsigned
type_of(struct str word)
{
	unsigned i;

	for (i = 1; i < 256; i++)
		if (dns_type(i) != NULL && str_is(word, dns_type(i)))
			return i;
	return 0;
}

static struct set *
set_of(struct list *l, const char *name, unsigned type)
{
	struct set *s;

	for (s = l->first; s != NULL; s = s->next)
		if (s->type == type && strcmp(s->name, name) == 0)
			return s;
	s = arena_new(&l->arena, 1, sizeof *s);
	s->name = arena_dup(&l->arena, str_of(name));
	s->type = type;
	*l->end = s;
	l->end = &s->next;
	return s;
}

static int
take_line(struct list *l, struct str line, struct err *e)
{
	struct str name = str_word(&line), type = str_word(&line);
	char normal_name[DNS_NAMELEN];
	unsigned number = type_of(type);
	struct set *s;

	if (name.n == 0 || name.p[0] == '#')
		return 0;
	if (dns_name(arena_dup(&l->arena, name), normal_name) < 0)
		return fail(e, EX_DATAERR, "\"%.*s\" is no name",
		    STR_ARG(name));
	if (number == 0)
		return fail(e, EX_DATAERR, "\"%.*s\" is no type",
		    STR_ARG(type));
	line = str_trim(line);
	if (line.n == 0)
		return fail(e, EX_DATAERR, "no data (\"-\" for: no record)");
	s = set_of(l, normal_name, number);
	if (!str_is(line, "-"))
		opt_list_add(&l->arena, &s->want, normal(&l->arena, number,
		    line));
	return 0;
}

static int
list_read(struct list *l, const char *path, struct err *e)
{
	struct buf text = { .max = 16 << 20 };
	int fd = file_open(path, e), got, n = 0;
	struct str rest;

	if (fd < 0)
		return -1;
	got = file_slurp(fd, &text, e);
	close(fd);
	for (rest = BUF_STR(text); got == 0 && rest.p != NULL; ) {
		n++;
		got = take_line(l, str_cut(&rest, '\n'), e);
	}
	if (got < 0)
		fail_in(e, "%s:%d", path, n);
	buf_free(&text);
	return got;
}

/* ---- comparing */

static bool
list_has(const struct opt_list *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

static bool
set_same(const struct set *s)
{
	size_t i;

	for (i = 0; i < s->want.n; i++)
		if (!list_has(&s->have, s->want.v[i]))
			return false;
	for (i = 0; i < s->have.n; i++)
		if (!list_has(&s->want, s->have.v[i]))
			return false;
	return true;
}

static void
differences(const struct opt_list *a, const struct opt_list *b, char mark,
    const struct set *s, struct buf *out)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (list_has(b, a->v[i]))
			continue;
		buf_printf(out, "%c %s %s ", mark, s->name,
		    dns_type(s->type));
		show_safe(out, str_of(a->v[i]));
		buf_c(out, '\n');
	}
}

static void
text_expect(const struct set *s, struct buf *out)
{
	if (dns_temporary(s->answer->status)) {
		buf_printf(out, "? %s %s ", s->name, dns_type(s->type));
		show_status(out, s->answer);
		buf_c(out, '\n');
		return;
	}
	differences(&s->want, &s->have, '-', s, out);
	differences(&s->have, &s->want, '+', s, out);
}

static void
json_list(struct json *j, const char *key, const struct opt_list *a,
    const struct opt_list *b)
{
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < a->n; i++)
		if (!list_has(b, a->v[i]))
			json_s(j, NULL, a->v[i]);
	json_close(j, ']');
}

static void
json_expect(const struct set *s, struct buf *out)
{
	bool temp = dns_temporary(s->answer->status);
	struct json j = { .out = out };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "name", s->name);
	json_s(&j, "type", dns_type(s->type));
	show_answer(&j, s->answer);
	if (temp)
		json_null(&j, "same");
	else
		json_bool(&j, "same", set_same(s));
	json_list(&j, "missing", &s->want, temp ? &s->want : &s->have);
	json_list(&j, "unexpected", &s->have, &s->want);
	json_close(&j, '}');
	buf_c(out, '\n');
}

/* 65 if it differs, 75 if that cannot be told. */
static int
report(struct run *r, struct list *l, struct set *s)
{
	unsigned i;

	for (i = 0; i < s->answer->n; i++)
		opt_list_add(&l->arena, &s->have,
		    record_text(&l->arena, s->type, &s->answer->rr[i]));
	if (r->set->show.json)
		json_expect(s, &r->out);
	else if (!r->set->show.quiet)
		text_expect(s, &r->out);
	if (dns_temporary(s->answer->status))
		return EX_TEMPFAIL;
	return set_same(s) ? 0 : EX_DATAERR;
}

int
expect_run(struct run *r, const char *path, struct err *e)
{
	struct list l = { .first = NULL };
	int status = 0, one;
	struct set *s;

	l.end = &l.first;
	if (list_read(&l, path, e) < 0) {
		arena_free(&l.arena);
		return e->code;
	}
	box_enter(r);
	for (s = l.first; s != NULL; s = s->next)
		dns_want(r->dns, s->name, s->type, set_answered, s);
	while (dns_step(r->dns, CLOCK_NEVER) > 0 && !stop_asked())
		;
	for (s = l.first; s != NULL; s = s->next) {
		one = s->answer != NULL ? report(r, &l, s) : EX_TEMPFAIL;
		status = fail_worse(status, one);
		dns_drop(s->answer);
	}
	if (r->out.n > 0)
		fwrite(r->out.p, 1, r->out.n, stdout);
	arena_free(&l.arena);
	return status;
}
