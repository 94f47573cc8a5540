/*
 * elsewhere.c: what another program knew of a Maildir: who is who
 *
 * mbsync and offlineimap put a number into the name of each file (",U=12"), and
 * their state says which message on the server that is.  A program that has
 * moved files may have left a number in a folder that it does not belong to: so
 * it counts only where the headers on both sides are the same, too.  Headers
 * alone would not tell copies of a message from one another, and mbsync adds a
 * line (X-TUID) to messages on one side.
 */
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "elsewhere.h"
#include "file.h"
#include "former.h"
#include "matches.h"
#include "near.h"
#include "search.h"

struct opt_list
elsewhere_dirs(const struct settings *o, struct arena *a)
{
	const char *usual[] = { "~/.mbsync", "~/.offlineimap" };
	const char *dir = file_xdg(a, "XDG_STATE_HOME", ".local/state");
	struct opt_list to = { 0 };
	size_t i;

	if (o->former_state != NULL) {
		opt_list_add(a, &to, file_path(a, o->former_state));
		return to;
	}
	if (dir != NULL)
		opt_list_add(a, &to, arena_printf(a, "%s/isync", dir));
	for (i = 0; i < sizeof usual / sizeof *usual; i++)
		opt_list_add(a, &to, file_path(a, usual[i]));
	return to;
}

/* ---- files ---- */

/* The number in "1.a.b,U=12" or "1.a.b,U=12,FMD5=..."; 0: there is none. */
static uint32_t
name_number(struct str base)
{
	struct str field;
	uint64_t n = 0;

	str_cut(&base, ',');
	while (base.n > 0) {
		field = str_cut(&base, ',');
		if (field.n > 2 && field.p[0] == 'U' && field.p[1] == '=' &&
		    str_num(str_from(field, 2), UINT32_MAX, &n) == 0)
			return (uint32_t)n;
	}
	return 0;
}

/* A file that looks for its other half, by the number in its name. */
struct numbered {
	uint32_t number;
	size_t at;		/* in the matches */
};

static int
by_name_number(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int c = search_order(x->number, y->number);

	return c != 0 ? c : search_order(x->at, y->at);
}

/* Two files with one number are copies: neither is known by it. */
static size_t
numbers(const struct box *b, const struct matches *m, struct numbered *v)
{
	const struct near_dir *l = b->near.dir;
	size_t i, k, n = 0, one = 0;

	for (i = 0; i < m->nnear; i++) {
		v[n].at = i;
		v[n].number = name_number(near_dir_base(l,
		    &l->v[m->near[i].at]));
		n += v[n].number != 0;
	}
	if (n > 0)
		qsort(v, n, sizeof *v, by_name_number);
	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n && v[k].number == v[i].number; k++)
			;
		if (k == i + 1)
			v[one++] = v[i];
	}
	return one;
}

static int
knew_order(const void *number, const void *knew)
{
	return search_order(*(const uint32_t *)number,
	    ((const struct knew *)knew)->near);
}

static int
by_near(const void *a, const void *b)
{
	return search_order(((const struct knew *)a)->near,
	    ((const struct knew *)b)->near);
}

static struct knew
knew_of(const struct former *f, uint32_t number)
{
	struct knew k = { .near = number, .flags = UINT64_MAX };
	size_t at = search_exact(&number, f->v, f->n, sizeof *f->v,
	    knew_order);

	if (at < f->n)
		k = f->v[at];
	else if (f->all)
		k.far = number;
	return k;
}

static int
match_order(const void *uid, const void *match)
{
	return search_order(*(const uint32_t *)uid,
	    ((const struct match *)match)->at);
}

/* ---- pairs ---- */

/* Those with an "at" of NONE go. */
static size_t
close_up(struct match *v, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (v[i].at != NONE)
			v[k++] = v[i];
	return k;
}

/* A stub is no mail of anybody's: it stays here, and its message comes. */
static int
keep_stub(struct box *b, struct match *o)
{
	const struct near_msg *m = &b->near.dir->v[o->at];
	struct rec rec = { .kind = REC_ORPHAN, .ident = o->ident,
	    .ino = m->ino, .flags = m->flags };
	char name[256];
	struct str base = near_dir_base(b->near.dir, m);

	if (base.n >= sizeof name)
		return 0;
	str_copy(name, base);
	name[base.n] = '\0';
	o->at = NONE;
	return state_put(b->state, &rec, name, b->run->e);
}

static void
pairs_told(struct box *b, const struct former *f, size_t pairs, size_t stubs)
{
	struct report *r = &b->run->report;

	if (pairs > 0 && (r->dry_run || r->verbose))
		report_problem(r, 0, b->name, "%zu of %zu messages are those that %s knew",
		    pairs, b->far.fresh.n, f->who);
	if (stubs > 0)
		report_problem(r, 0, b->name, "%zu placeholders of %s stay here; what they stand for is downloaded",
		    stubs, f->who);
}

static int
pair_known(struct box *b, struct matches *m, const struct former *f,
    const struct numbered *v, size_t n)
{
	size_t i, at, pairs = 0, stubs = 0;
	struct match *here, *there;
	struct knew k;
	int got = 0;

	for (i = 0; got == 0 && i < n; i++) {
		k = knew_of(f, v[i].number);
		here = &m->near[v[i].at];
		if (k.stub) {
			got = keep_stub(b, here);
			stubs++;
			continue;
		}
		at = search_exact(&k.far, m->far, m->nfar, sizeof *m->far,
		    match_order);
		if (at == m->nfar || here->ident != m->far[at].ident)
			continue;
		there = &m->far[at];
		matches_pair(&b->pairs, here->at, there->at, k.flags);
		b->near.dir->v[here->at].unsized = true;
		here->at = NONE;
		there->ident = 0;
		pairs++;
	}
	for (i = 0; i < m->nfar; i++)
		if (m->far[i].ident == 0)
			m->far[i].at = NONE;
	m->nnear = close_up(m->near, m->nnear);
	m->nfar = close_up(m->far, m->nfar);
	pairs_told(b, f, pairs, stubs);
	return got == 0 && stubs > 0 ? near_scan(b) : got;
}

int
elsewhere_pair(struct box *b, struct matches *m)
{
	struct numbered *v = mem_new(m->nnear + 1, sizeof *v);
	size_t n = numbers(b, m, v);
	struct former f = { .n = 0 };
	struct opt_list dirs;
	int got = 0;

	if (n > 0) {
		dirs = elsewhere_dirs(b->run->o, &b->run->arena);
		if (former_mbsync(b, &dirs, &f) ||
		    former_offlineimap(b, &dirs, &f)) {
			if (f.n > 0)
				qsort(f.v, f.n, sizeof *f.v, by_near);
			got = pair_known(b, m, &f, v, n);
		}
	}
	free(f.v);
	free(v);
	return got;
}
