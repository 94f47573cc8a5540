/* migrate_who.c: who the messages of a mailbox are, by header and by digest */
#include <stdio.h>
#include <stdlib.h>

#include "digest.h"
#include "ident.h"
#include "imap_box.h"
#include "imap_fetch.h"
#include "imap_pieces.h"
#include "imap_set.h"
#include "limit.h"
#include "mem.h"
#include "migrate_who.h"
#include "search.h"

enum { HEADER = 1 << 17, JOB = 100, AHEAD = 3 };

/* ---- which there are ---- */

/* Those from low to hi, added: 0 all of them; 1 some; -1. */
static int
some_uids(struct imap *m, uint32_t low, uint32_t hi, struct imap_uids *to)
{
	unsigned cuts = m->cuts;
	char keys[40] = "ALL";
	uint32_t *v;
	size_t n, i;
	int got;

	if (hi < UINT32_MAX)
		snprintf(keys, sizeof keys, "UID %u:%u", low, hi);
	else if (low > 1)
		snprintf(keys, sizeof keys, "UID %u:*", low);
	got = imap_search(m, keys, &v, &n);
	for (i = 0; i < n; i++)
		if (v[i] >= low && v[i] <= hi)
			imap_uids_add(to, v[i]);
	free(v);
	if (got == 0 && to->n > LIMIT_MESSAGES)
		got = conn_fail(m->c, EX_PROTOCOL, "SEARCH: more than %d messages",
		    LIMIT_MESSAGES);
	return got < 0 ? -1 : m->cuts != cuts;
}

int
migrate_uids_ask(struct imap *m, uint32_t low, uint32_t **uids, size_t *n)
{
	struct imap_uids all = { 0 };
	uint32_t hi = UINT32_MAX;
	size_t was;
	int got;

	do {
		was = all.n;
		got = some_uids(m, low, hi, &all);
		if (all.n > was)
			hi = all.v[was] - 1;
		else if (got > 0)
			got = conn_fail(m->c, EX_UNAVAILABLE, "SEARCH: %s",
			    m->text);
	} while (got > 0 && hi >= low);
	if (got < 0) {
		free(all.v);
		all = (struct imap_uids){ 0 };
	}
	imap_uids_sort(&all);
	*uids = all.v;
	*n = all.n;
	return got < 0 ? -1 : 0;
}

/* ---- by header ---- */

static int
put_header(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

static void
add_who(struct migrate_whos *w, struct migrate_who who)
{
	if (w->n == w->cap) {
		w->cap = 2 * w->cap + 256;
		w->v = mem_grow(w->v, w->cap, sizeof *w->v);
	}
	w->v[w->n++] = who;
}

static int
take_who(struct imap *m, struct migrate_whos *to)
{
	struct buf head = { .max = HEADER };
	struct conn_sink sink = { put_header, &head };
	struct migrate_who w = { 0 };
	struct imap_item it;
	bool full = false;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID)
			w.uid = (uint32_t)it.number;
		else if (it.kind == IMAP_SIZE)
			w.size = it.number < UINT32_MAX ?
			    (uint32_t)it.number : UINT32_MAX;
		else if (it.kind == IMAP_BODY) {
			full = true;
			if ((got = imap_body(m, &it, &sink)) < 0)
				break;
		}
	if (got == 0 && full && w.uid != 0) {
		w.ident = ident_of(BUF_STR(head));
		add_who(to, w);
	}
	buf_free(&head);
	return got;
}

static int
ask_who(struct imap *m, const char *set, struct migrate_whos *to)
{
	struct imap_resp r;
	unsigned tag = imap_ask_idents(m, set);

	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_FETCH &&
		    take_who(m, to) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : conn_fail(m->c,
	    imap_severity(m->text, EX_UNAVAILABLE), "FETCH: %s", m->text);
}

static int
who_order(const void *x, const void *y)
{
	const struct migrate_who *a = x, *b = y;
	int by = search_order(a->ident, b->ident);

	return by != 0 ? by : search_order(a->uid, b->uid);
}

/* Some came twice, where a command was cut and asked again. */
static void
sort_who(struct migrate_whos *w)
{
	size_t i, k;

	if (w->n == 0)
		return;
	qsort(w->v, w->n, sizeof *w->v, who_order);
	for (i = k = 1; i < w->n; i++)
		if (who_order(&w->v[i], &w->v[k - 1]) != 0)
			w->v[k++] = w->v[i];
	w->n = k;
}

int
migrate_who_ask(struct imap *m, const uint32_t *uids, size_t n,
    struct migrate_whos *to)
{
	struct imap_pieces p = { .m = m, .uids = uids, .n = n };
	int got = 0;

	while (got == 0 && imap_pieces_next(&p)) {
		got = ask_who(m, p.set.p, to);
		if (got == 0 && imap_pieces_cut(&p) && !imap_pieces_again(&p))
			got = conn_fail(m->c, EX_UNAVAILABLE, "FETCH: %s",
			    m->text);
	}
	imap_pieces_free(&p);
	sort_who(to);
	return got;
}

/* ---- by digest ---- */

static int
sum_order(const void *key, const void *element)
{
	return search_order(*(const uint32_t *)key,
	    ((const struct migrate_sum *)element)->uid);
}

/* Line ends that some servers make or add do not count. */
struct loose {
	struct digest *d;
	size_t ends;			/* LFs that may be the last */
};

static int
put_loose(void *of, const void *p, size_t n, struct err *e)
{
	struct loose *l = of;
	const char *at = p, *end = at + n, *to;

	(void)e;
	for (; at < end; at = to) {
		to = at + 1;
		if (*at == '\n')
			l->ends++;
		if (*at == '\n' || *at == '\r')
			continue;
		for (; l->ends > 0; l->ends--)
			digest_put(l->d, "\n", 1);
		while (to < end && *to != '\n' && *to != '\r')
			to++;
		digest_put(l->d, at, (size_t)(to - at));
	}
	return 0;
}

static int
take_sum(struct imap_fetch *f, struct migrate_sum *v, size_t n, bool loose)
{
	size_t at = search_exact(&f->got.uid, v, n, sizeof *v, sum_order);
	struct digest *d = digest_new();
	struct loose l = { .d = d };
	struct conn_sink sink = { digest_sink, d };
	unsigned char md[32];
	int got;

	if (loose)
		sink = (struct conn_sink){ put_loose, &l };
	got = imap_fetch_body(f, &sink);
	if (digest_end(d, md) && got == 0 && at < n) {
		memcpy(v[at].md, md, sizeof md);
		v[at].is = true;
	}
	return got;
}

/* refused: set if a command was */
static int
ask_sums_of(struct imap *m, struct migrate_sum *v, size_t n, bool loose,
    bool *refused)
{
	struct imap_fetch f = { .m = m, .ahead = AHEAD,
	    .bodies = IMAP_NO_FLAGS };
	uint32_t *uids = mem_new(n + 1, sizeof *uids);
	unsigned char *came = mem_new(n + 1, sizeof *came);
	struct imap_fetch_job *job = mem_new(n + 1, sizeof *job);
	size_t i, at = 0, jobs = 0, again = 0, some, most = JOB;
	int got;

	if (m->messagelimit > 0 && m->messagelimit < most)
		most = (size_t)m->messagelimit;
	for (i = 0; i < n; i++) {
		uids[i] = v[i].uid;
		v[i].is = false;
	}
	do {
		while (at < n && imap_fetch_room(&f)) {
			some = imap_fetch_fit(uids + at, n - at, most);
			job[jobs] = (struct imap_fetch_job){
			    .uids = uids + at, .n = some, .came = came + at };
			at += some;
			imap_fetch_ask(&f, &job[jobs++]);
		}
		got = imap_fetch_next(&f);
		*refused = *refused || got == IMAP_FETCH_REFUSED;
		if (got == IMAP_FETCH_BODY && take_sum(&f, v, n, loose) < 0)
			got = -1;
		for (; got == 0 && again < jobs; again++)
			if (job[again].again) {
				imap_fetch_again(&f, &job[again++]);
				got = IMAP_FETCH_ROOM;
				break;
			}
	} while (got > 0);
	imap_fetch_free(&f);
	free(uids);
	free(came);
	free(job);
	return got;
}

/* One that cannot be read must not hide the others of its command. */
int
migrate_sums_ask(struct imap *m, struct migrate_sum *v, size_t n, bool loose)
{
	bool refused = false;
	size_t i;
	int got = ask_sums_of(m, v, n, loose, &refused);

	for (i = 0; i < n && got == 0 && refused && n > 1; i++)
		if (!v[i].is)
			got = ask_sums_of(m, &v[i], 1, loose, &refused);
	return got;
}
