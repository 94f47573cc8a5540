/*
 * expect.c: --expect: records as they should be against those that are
 *
 * The lines are those of a zone file (zone.c); "-" for the data says that
 * there must be no such record.  The lines of one name and type are all of its
 * records, in any order.  The data is compared, not how it is written.
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
#include "table.h"
#include "zone.h"

/* Records of one name and type, sorted once they are all there. */
struct records {
	struct str *v;
	size_t n, cap;
};

/* The records expected of one name and type, and those that came. */
struct set {
	const char *name;
	unsigned type;
	bool none;		/* a line says that there is none */
	struct str key;		/* "NAME TYPE" */
	struct records want, have;
	const struct dns_answer *answer;
};

struct list {
	struct arena arena;
	struct set **set;
	size_t n, cap;
	struct table by_key;
};

static void
set_answered(void *arg, const struct dns_answer *a)
{
	((struct set *)arg)->answer = dns_keep(a);
}

static struct str
set_key(const void *of, size_t at)
{
	return ((const struct list *)of)->set[at]->key;
}

/* ---- records */

static int
data_order(const void *p, const void *q)
{
	const struct str *a = p, *b = q;
	size_t n = a->n < b->n ? a->n : b->n;
	int c = n > 0 ? memcmp(a->p, b->p, n) : 0;

	return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

static void
records_add(struct records *r, struct str data)
{
	if (r->n == r->cap) {
		r->cap = r->cap > 0 ? 2 * r->cap : 4;
		r->v = mem_grow(r->v, r->cap, sizeof *r->v);
	}
	r->v[r->n++] = data;
}

static void
records_sort(struct records *r)
{
	if (r->n > 1)
		qsort(r->v, r->n, sizeof *r->v, data_order);
}

static bool
records_have(const struct records *r, struct str data)
{
	return r->n > 0 &&
	    bsearch(&data, r->v, r->n, sizeof *r->v, data_order) != NULL;
}

/* ---- reading */

static struct set *
set_of(struct list *l, const struct zone_record *z)
{
	struct str key = str_of(arena_printf(&l->arena, "%s %s", z->name,
	    dns_type(z->type)));
	size_t at = table_text(&l->by_key, l, key);
	struct set *s;

	if (at != TABLE_NONE)
		return l->set[at];
	s = arena_new(&l->arena, 1, sizeof *s);
	s->name = z->name;
	s->type = z->type;
	s->key = key;
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 64;
		l->set = mem_grow(l->set, l->cap, sizeof *l->set);
	}
	l->set[l->n++] = s;
	table_add(&l->by_key, l, l->n - 1);
	return s;
}

static int
take_line(struct list *l, struct str line, struct err *e)
{
	struct zone_record z;
	int got = zone_read(&l->arena, line, &z, e);
	struct set *s;

	if (got <= 0)
		return got;
	s = set_of(l, &z);
	if (z.none)
		s->none = true;
	else
		records_add(&s->want, z.data);
	if (s->none && s->want.n > 0)
		return fail(e, EX_USAGE, "%s is to be there and not to be there",
		    s->key.p);
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
records_within(const struct records *a, const struct records *b)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!records_have(b, a->v[i]))
			return false;
	return true;
}

static bool
set_same(const struct set *s)
{
	return records_within(&s->want, &s->have) && records_within(&s->have, &s->want);
}

static void
differences(const struct records *a, const struct records *b, char mark,
    const struct set *s, struct buf *out)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (records_have(b, a->v[i]))
			continue;
		buf_printf(out, "%c %s ", mark, s->key.p);
		zone_put(out, s->type, a->v[i]);
		buf_c(out, '\n');
	}
}

static void
text_expect(const struct set *s, struct buf *out)
{
	if (dns_temporary(s->answer->status)) {
		buf_printf(out, "? %s ", s->key.p);
		show_status(out, s->answer);
		buf_c(out, '\n');
		return;
	}
	differences(&s->want, &s->have, '-', s, out);
	differences(&s->have, &s->want, '+', s, out);
}

static void
json_list(struct json *j, const char *key, const struct set *s,
    const struct records *a, const struct records *b)
{
	struct buf text = { 0 };
	size_t i;

	json_open(j, key, '[');
	for (i = 0; i < a->n; i++) {
		if (records_have(b, a->v[i]))
			continue;
		text.n = 0;
		zone_put(&text, s->type, a->v[i]);
		json_str(j, NULL, BUF_STR(text));
	}
	json_close(j, ']');
	buf_free(&text);
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
	json_list(&j, "missing", s, &s->want, temp ? &s->want : &s->have);
	json_list(&j, "unexpected", s, &s->have, &s->want);
	json_close(&j, '}');
	buf_c(out, '\n');
}

/* 65 if it differs, 75 if that cannot be told. */
static int
report(struct run *r, struct list *l, struct set *s)
{
	unsigned i;

	for (i = 0; i < s->answer->n; i++)
		records_add(&s->have, zone_data(&l->arena, s->type, &s->answer->rr[i]));
	records_sort(&s->want);
	records_sort(&s->have);
	if (r->set->show.json)
		json_expect(s, &r->out);
	else if (!r->set->show.quiet)
		text_expect(s, &r->out);
	if (dns_temporary(s->answer->status))
		return EX_TEMPFAIL;
	return set_same(s) ? 0 : EX_DATAERR;
}

static void
list_free(struct list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		dns_drop(l->set[i]->answer);
		free(l->set[i]->want.v);
		free(l->set[i]->have.v);
	}
	free(l->set);
	table_free(&l->by_key);
	arena_free(&l->arena);
}

int
expect_run(struct run *r, const char *path, struct err *e)
{
	struct list l = { .by_key = { .text = set_key } };
	int status = 0, one;
	struct set *s;
	size_t i;

	if (list_read(&l, path, e) < 0) {
		list_free(&l);
		return e->code;
	}
	box_enter(r);
	for (i = 0; i < l.n; i++)
		dns_want(r->dns, l.set[i]->name, l.set[i]->type, set_answered,
		    l.set[i]);
	while (dns_step(r->dns, CLOCK_NEVER) > 0 && !stop_asked())
		;
	for (i = 0; i < l.n; i++) {
		s = l.set[i];
		one = s->answer != NULL ? report(r, &l, s) : EX_TEMPFAIL;
		status = fail_worse(status, one);
	}
	if (r->out.n > 0)
		fwrite(r->out.p, 1, r->out.n, stdout);
	list_free(&l);
	return status;
}
