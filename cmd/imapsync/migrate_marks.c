/* migrate_marks.c: flags, dates and sizes of messages, asked for beforehand */
#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "imap_box.h"
#include "imap_pieces.h"
#include "migrate_marks.h"
#include "search.h"

static int
mark_order(const void *key, const void *element)
{
	return search_order(*(const uint32_t *)key,
	    ((const struct migrate_mark *)element)->uid);
}

const struct migrate_mark *
migrate_marks_find(const struct migrate_marks *k, uint32_t uid)
{
	size_t at = search_exact(&uid, k->v, k->n, sizeof *k->v, mark_order);

	return at < k->n ? &k->v[at] : NULL;
}

/* size UINT32_MAX in v: not heard of yet. */
void
migrate_marks_begin(struct migrate_marks *k, const uint32_t *uids, size_t n)
{
	size_t i;

	k->v = mem_grow(k->v, n + 1, sizeof *k->v);
	k->uids = mem_grow(k->uids, n + 1, sizeof *k->uids);
	for (i = 0; i < n; i++)
		k->v[i] = (struct migrate_mark){ .uid = uids[i],
		    .size = UINT32_MAX };
	k->n = n;
}

void
migrate_marks_take(struct migrate_marks *k, uint32_t uid, uint64_t size,
    time_t date, struct str flags)
{
	struct buf words = { .max = 1 << 16 };
	size_t at = search_exact(&uid, k->v, k->n, sizeof *k->v, mark_order);

	if (at == k->n || k->v[at].size != UINT32_MAX)
		return;
	migrate_base_words(&words, flags);
	k->v[at] = (struct migrate_mark){ .uid = uid, .date = date,
	    .size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX - 1,
	    .flags = migrate_texts_place(&k->texts, BUF_STR(words)) };
	buf_free(&words);
}

void
migrate_marks_end(struct migrate_marks *k)
{
	size_t i, n = k->n;

	for (i = k->n = 0; i < n; i++)
		if (k->v[i].size != UINT32_MAX) {
			k->uids[k->n] = k->v[i].uid;
			k->v[k->n++] = k->v[i];
		}
}

/*
 * One response.  One without a size is not what was asked for: somebody has
 * changed the flags.
 */
static int
hear_mark(struct migrate_marks *k, struct imap *m)
{
	struct buf flags = { .max = 1 << 16 };
	struct imap_item it;
	uint64_t size = 0;
	uint32_t uid = 0;
	time_t date = 0;
	bool sized = false;
	int got;

	while ((got = imap_item(m, &it)) > 0)
		if (it.kind == IMAP_UID) {
			uid = (uint32_t)it.number;
		} else if (it.kind == IMAP_SIZE) {
			sized = true;
			size = it.number;
		} else if (it.kind == IMAP_DATE) {
			date_parse_imap(it.text, &date);
		} else if (it.kind == IMAP_FLAG) {
			flags.n = 0;
			buf_str(&flags, it.text);
		}
	if (got == 0 && sized)
		migrate_marks_take(k, uid, size, date, BUF_STR(flags));
	buf_free(&flags);
	return got;
}

static int
ask_some(struct migrate_marks *k, struct imap *m, const char *set)
{
	struct imap_resp r;
	unsigned tag = imap_ask_facts(m, set);

	do {
		if (imap_next(m, &r) < 0 || (r.type == IMAP_FETCH &&
		    hear_mark(k, m) < 0))
			return -1;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : conn_fail(m->c,
	    imap_severity(m->text, EX_UNAVAILABLE), "FETCH: %s", m->text);
}

int
migrate_marks_ask(struct migrate_marks *k, struct imap *m,
    const uint32_t *uids, size_t n)
{
	struct imap_pieces p = { .m = m, .uids = uids, .n = n };
	int got = 0;

	migrate_marks_begin(k, uids, n);
	while (got == 0 && imap_pieces_next(&p)) {
		got = ask_some(k, m, p.set.p);
		if (got == 0 && imap_pieces_cut(&p) && !imap_pieces_again(&p))
			got = conn_fail(m->c, EX_UNAVAILABLE, "FETCH: %s",
			    m->text);
	}
	imap_pieces_free(&p);
	migrate_marks_end(k);
	return got;
}

/* \Recent is nobody's to give, nor is what else servers make of backslashes. */
bool
migrate_marks_keeps(const char *permanent, const char *flag)
{
	static const char *const plain[] = { "\\Seen", "\\Answered",
	    "\\Flagged", "\\Draft", "\\Deleted" };
	struct str all = str_of(permanent);
	size_t i;

	for (i = 0; i < sizeof plain / sizeof *plain; i++)
		if (str_is(str_of(flag), plain[i]))
			return true;
	return flag[0] != '\\' && imap_flags_sayable(flag) &&
	    (imap_has_flag(all, "\\*") || imap_has_flag(all, flag));
}

const char *
migrate_marks_storable(struct migrate_marks *k, const struct migrate_mark *f,
    const char *permanent)
{
	struct str all = str_of(k->texts.v[f->flags]), w;
	struct buf to = { .max = 1 << 16 };
	char one[256];

	if (k->storable == NULL)
		k->storable = mem_new(k->texts.n, sizeof *k->storable);
	if (k->storable[f->flags] != NULL)
		return k->storable[f->flags];
	while ((w = str_word(&all)).n > 0) {
		if (w.n >= sizeof one)
			continue;
		str_copy(one, w);
		one[w.n] = '\0';
		if (migrate_marks_keeps(permanent, one))
			buf_printf(&to, "%s%s", to.n > 0 ? " " : "", one);
	}
	k->storable[f->flags] = arena_dup(&k->arena, BUF_STR(to));
	buf_free(&to);
	return k->storable[f->flags];
}

void
migrate_marks_free(struct migrate_marks *k)
{
	free(k->v);
	free(k->uids);
	free(k->storable);
	migrate_texts_free(&k->texts);
	arena_free(&k->arena);
	*k = (struct migrate_marks){ 0 };
}
