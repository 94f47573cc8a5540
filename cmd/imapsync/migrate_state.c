/*
 * migrate_state.c: what a migration has done, as a log on the disk
 *
 * Lines: eight digits of CRC-32C, a blank, and one of
 *
 *	migration 1 FROM<tab>TO		the accounts; the first line
 *	box N V V FROM<tab>TO		mailbox N, and its two UIDVALIDITYs
 *	send N LOW SET			about to be sent, to UIDs from LOW on
 *	sure N				of those all that are there have a pair
 *	pair N SET SET			UIDs here and there, in this order
 *	blind N SET			there, and their UIDs are not told
 *	flag N SET FLAGS		they had these flags in FROM
 *	seq N MODSEQ			and no other by this HIGHESTMODSEQ
 *	fail ID N UID WHY		refused
 *	ignore ID, again ID		what the user says of it
 *	day D BYTES			so many more on this day
 *
 * An unknown word is a newer program's: nothing is done with such a file.
 *
 * A damaged line with good ones behind it is left out, and so is what then
 * belongs to nothing; a mailbox or a refusal whose own line is lost keeps its
 * number, without a name (see migrate_mend.c).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "limit.h"
#include "migrate_state.h"
#include "search.h"

enum { SETS = 7000, CRC = 8, WHY = 300 };
enum { FLAGS = 1500, TEXTS = 5000 };	/* bytes of a text; texts: 8 MB */
#define LOG_MAX (UINT64_C(1) << 30)

/* ---- in memory ---- */

static struct migrate_box *
numbered(const struct migrate_state *s, uint64_t number)
{
	return number < s->nboxes ? s->box[number] : NULL;
}

static struct str
box_name(const void *of, size_t at)
{
	return str_of(((const struct migrate_state *)of)->box[at]->from);
}

static uint64_t
fail_key(const void *of, size_t at)
{
	const struct migrate_fail *f =
	    &((const struct migrate_state *)of)->fail[at];

	return (uint64_t)f->box << 32 | f->uid;
}

struct migrate_box *
migrate_state_named(const struct migrate_state *s, const char *from)
{
	size_t at = table_text(&s->of_box, s, str_of(from));

	return at != TABLE_NONE ? s->box[at] : NULL;
}

/* From now on the name is this one's. */
static struct migrate_box *
add_box(struct migrate_state *s, const char *from, const char *to,
    uint64_t from_validity, uint64_t to_validity)
{
	struct migrate_box *b = arena_new(&s->arena, 1, sizeof *b),
	    *was = migrate_state_named(s, from);

	if (was != NULL)
		table_del(&s->of_box, s, was->number);
	*b = (struct migrate_box){ .number = (unsigned)s->nboxes, .from = from,
	    .to = to, .from_validity = from_validity,
	    .to_validity = to_validity };
	s->box = mem_grow(s->box, s->nboxes + 1, sizeof *s->box);
	s->box[s->nboxes++] = b;
	if (from[0] != '\0')
		table_add(&s->of_box, s, b->number);
	return b;
}

static void
add_pair(struct migrate_box *b, struct migrate_pair p)
{
	if (b->n == b->cap) {
		b->cap = 2 * b->cap + 64;
		b->v = mem_grow(b->v, b->cap, sizeof *b->v);
	}
	b->unsorted = b->unsorted || (b->n > 0 && b->v[b->n - 1].from >= p.from);
	b->v[b->n++] = p;
}

static int
pair_order(const void *key, const void *element)
{
	return search_order(*(const uint32_t *)key,
	    ((const struct migrate_pair *)element)->from);
}

static int
both_order(const void *x, const void *y)
{
	const struct migrate_pair *a = x, *b = y;
	int by = search_order(a->from, b->from);

	return by != 0 ? by : search_order(b->to, a->to);
}

/* Of two pairs of one message that with the higher UID there is the later. */
static void
sort_pairs(struct migrate_box *b)
{
	size_t i, k;

	if (!b->unsorted)
		return;
	qsort(b->v, b->n, sizeof *b->v, both_order);
	for (i = k = 1; i < b->n; i++)
		if (b->v[i].from != b->v[k - 1].from)
			b->v[k++] = b->v[i];
	b->n = k;
	b->unsorted = false;
}

const struct migrate_pair *
migrate_state_find(struct migrate_box *b, uint32_t from)
{
	size_t at;

	sort_pairs(b);
	at = search_exact(&from, b->v, b->n, sizeof *b->v, pair_order);
	return at < b->n ? &b->v[at] : NULL;
}

bool
migrate_state_todo(const struct migrate_state *s, struct migrate_box *b,
    uint32_t uid)
{
	const struct migrate_fail *f = migrate_state_failed(s, b, uid);

	return migrate_state_find(b, uid) == NULL &&
	    (f == NULL || f->is == MIGRATE_AGAIN);
}

void
migrate_state_doubts(struct migrate_state *s, struct migrate_box *b,
    struct imap_uids *to)
{
	size_t i;

	imap_uids_sort(&b->sent);
	for (i = 0; i < b->sent.n; i++)
		if (migrate_state_todo(s, b, b->sent.v[i]))
			imap_uids_add(to, b->sent.v[i]);
}

static struct migrate_fail *
fail_by_id(const struct migrate_state *s, uint64_t id)
{
	return id > 0 && id <= s->nfails ? &s->fail[id - 1] : NULL;
}

struct migrate_fail *
migrate_state_failed(const struct migrate_state *s,
    const struct migrate_box *b, uint32_t uid)
{
	size_t at = table_number(&s->of_fail, s,
	    (uint64_t)b->number << 32 | uid);

	return at != TABLE_NONE ? &s->fail[at] : NULL;
}

static struct migrate_fail *
add_fail(struct migrate_state *s, unsigned box, uint32_t uid)
{
	if (s->fail == NULL || (s->nfails & (s->nfails - 1)) == 0)
		s->fail = mem_grow(s->fail, 2 * s->nfails + 1,
		    sizeof *s->fail);
	s->fail[s->nfails] = (struct migrate_fail){
	    .id = (unsigned)s->nfails + 1, .box = box, .uid = uid };
	table_add(&s->of_fail, s, s->nfails);
	return &s->fail[s->nfails++];
}

uint32_t
migrate_state_text(struct migrate_state *s, struct str flags)
{
	if (s->texts.n >= TEXTS)
		return migrate_texts_find(&s->texts, flags);
	return flags.n > FLAGS ? MIGRATE_UNBASED :
	    migrate_texts_place(&s->texts, flags);
}

/* ---- read ---- */

struct line {
	struct migrate_state *s;
	struct str rest;
	struct str all;			/* as it was */
	bool bad;
};

static uint64_t
line_number(struct line *l)
{
	uint64_t n = 0;

	l->bad = str_num(str_word(&l->rest), UINT64_MAX, &n) < 0 || l->bad;
	return n;
}

static struct migrate_box *
line_box(struct line *l)
{
	struct migrate_box *b = numbered(l->s, line_number(l));

	l->bad = l->bad || b == NULL;
	return b;
}

static void
read_box(struct line *l)
{
	struct arena *a = &l->s->arena;
	uint64_t n = line_number(l), from = line_number(l), to = line_number(l);
	struct str names = l->all, first;
	int i;

	for (i = 0; i < 4; i++)		/* names may begin and end with blanks */
		str_cut(&names, ' ');
	first = str_cut(&names, '\t');
	while (!l->bad && l->s->damaged && n > l->s->nboxes &&
	    n < LIMIT_MAILBOXES)
		add_box(l->s, "", "", 0, 0);
	if (l->bad || n != l->s->nboxes || first.n == 0 || names.n == 0)
		l->bad = true;
	else
		add_box(l->s, arena_dup(a, first), arena_dup(a, names), from,
		    to);
}

static void
read_send(struct line *l)
{
	struct migrate_box *b = line_box(l);
	uint64_t low = line_number(l);

	if (b == NULL || l->bad || imap_uids_add_set(&b->sent, str_word(&l->rest),
	    LIMIT_MESSAGES) != 0) {
		l->bad = true;
		return;
	}
	if (b->low == 0 || low < b->low)
		b->low = (uint32_t)low;
}

static void
forget_sent(struct migrate_box *b)
{
	b->sent.n = 0;
	b->low = 0;
}

static void
read_sure(struct line *l)
{
	struct migrate_box *b = line_box(l);

	if (!l->bad) {
		forget_sent(b);
		b->looked = true;
	}
}

static void
read_pairs(struct line *l)
{
	struct migrate_box *b = line_box(l);
	struct imap_uids from = { 0 }, to = { 0 };
	size_t i;

	if (l->bad || imap_uids_add_set(&from, str_word(&l->rest),
	    LIMIT_MESSAGES) != 0 || imap_uids_add_set(&to,
	    str_word(&l->rest), LIMIT_MESSAGES) != 0 || from.n != to.n)
		l->bad = true;
	for (i = 0; !l->bad && i < from.n; i++)
		add_pair(b, (struct migrate_pair){ from.v[i], to.v[i] });
	free(from.v);
	free(to.v);
}

static void
read_blind(struct line *l)
{
	struct migrate_box *b = line_box(l);
	struct imap_uids from = { 0 };
	size_t i;

	if (l->bad || imap_uids_add_set(&from, str_word(&l->rest),
	    LIMIT_MESSAGES) != 0)
		l->bad = true;
	for (i = 0; !l->bad && i < from.n; i++)
		add_pair(b, (struct migrate_pair){ .from = from.v[i] });
	free(from.v);
}

static void
read_flags(struct line *l)
{
	struct migrate_box *b = line_box(l);
	struct imap_uids from = { 0 };
	uint32_t text;
	size_t i;

	if (l->bad || imap_uids_add_set(&from, str_word(&l->rest),
	    LIMIT_MESSAGES) != 0)
		l->bad = true;
	text = migrate_state_text(l->s, str_trim(l->rest));
	for (i = 0; !l->bad && i < from.n; i++)
		migrate_base_set(&b->base, from.v[i], text);
	free(from.v);
}

static void
read_seq(struct line *l)
{
	struct migrate_box *b = line_box(l);
	uint64_t seq = line_number(l);

	if (b != NULL && !l->bad)
		b->seq = seq;
}

static void
read_fail(struct line *l)
{
	uint64_t id = line_number(l), box = line_number(l), uid = line_number(l);
	struct migrate_fail *f = fail_by_id(l->s, id);

	while (!l->bad && l->s->damaged && l->s->nboxes > 0 &&
	    id > l->s->nfails + 1 && id < LIMIT_MESSAGES)
		add_fail(l->s, 0, 0)->is = MIGRATE_IGNORED;
	if (f == NULL && !l->bad && id == l->s->nfails + 1 &&
	    numbered(l->s, box) != NULL && uid <= UINT32_MAX)
		f = add_fail(l->s, (unsigned)box, (uint32_t)uid);
	if (f == NULL || f->box != box || f->uid != uid) {
		l->bad = true;
		return;
	}
	f->is = MIGRATE_FAILED;
	f->why = arena_dup(&l->s->arena, str_trim(l->rest));
}

static void
read_ignore(struct line *l)
{
	struct migrate_fail *f = fail_by_id(l->s, line_number(l));

	l->bad = l->bad || f == NULL;
	if (!l->bad)
		f->is = MIGRATE_IGNORED;
}

static void
read_again(struct line *l)
{
	struct migrate_fail *f = fail_by_id(l->s, line_number(l));

	l->bad = l->bad || f == NULL;
	if (!l->bad)
		f->is = MIGRATE_AGAIN;
}

static void
spend(struct migrate_state *s, uint64_t day, uint64_t bytes)
{
	if (s->day != day)
		s->bytes = 0;
	s->day = day;
	s->bytes += bytes;
}

static void
read_day(struct line *l)
{
	uint64_t day = line_number(l), n = line_number(l);

	if (!l->bad)
		spend(l->s, day, n);
}

static const struct {
	const char *word;
	void (*read)(struct line *);
} records[] = {
	{ "box", read_box }, { "send", read_send }, { "sure", read_sure },
	{ "pair", read_pairs }, { "blind", read_blind }, { "flag", read_flags },
	{ "seq", read_seq }, { "fail", read_fail }, { "ignore", read_ignore },
	{ "again", read_again },
	{ "day", read_day },
};

/* Is its checksum that of its text? */
static bool
line_is_whole(struct str line)
{
	char sum[CRC + 2];

	if (line.n <= CRC + 1)
		return false;
	snprintf(sum, sizeof sum, "%08" PRIx32 " ",
	    reclog_crc32c(line.p + CRC + 1, line.n - CRC - 1));
	return memcmp(sum, line.p, CRC + 1) == 0;
}

/*
 * 1 it is a record; 0 its bytes are wrong, or those of one before that it
 * needs; -1 it is nothing that we know.
 */
static int
log_record(struct migrate_state *s, struct str text)
{
	struct line l = { .s = s };
	struct str word;
	size_t i;

	if (!line_is_whole(text))
		return 0;
	l.rest = l.all = str_from(text, CRC + 1);
	word = str_word(&l.rest);
	for (i = 0; i < sizeof records / sizeof *records; i++)
		if (str_is(word, records[i].word)) {
			records[i].read(&l);
			if (l.bad)
				return s->damaged ? 0 : -1;
			return 1;
		}
	return -1;
}

static const char *
first_line(struct migrate_state *s, const char *from, const char *to)
{
	const char *text = arena_printf(&s->arena, "migration 1 %s\t%s", from,
	    to);

	return arena_printf(&s->arena, "%08" PRIx32 " %s",
	    reclog_crc32c(text, strlen(text)), text);
}

/* Is there a good line behind this one?  Else it was torn by a crash. */
static bool
goes_on(const char *p, const char *end)
{
	const char *nl;
	bool behind = false;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (behind && line_is_whole((struct str){ p, (size_t)(nl - p) }))
			return true;
		behind = true;
		p = nl + 1;
	}
	return false;
}

/* The bytes that are good; -1. */
static int64_t
read_log(struct migrate_state *s, struct str all, const char *first,
    struct err *e)
{
	const char *begin = all.p, *end = all.p + all.n, *p = begin, *nl;
	struct str line;
	int got;

	if (all.n == 0)
		return 0;
	nl = memchr(p, '\n', all.n);
	if (nl == NULL || !str_eq((struct str){ p, (size_t)(nl - p) },
	    str_of(first)))
		return fail(e, EX_CONFIG, "%s: this is the state of another migration, or of another version",
		    s->log.path);
	for (p = nl + 1; p < end &&
	    (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1) {
		line = (struct str){ p, (size_t)(nl - p) };
		got = log_record(s, line);
		if (got == 0 && !s->damaged && !goes_on(p, end))
			break;
		if (got == 0)
			s->damaged++;
		if (got < 0)
			return fail(e, EX_CONFIG, "%s: a record that this version does not know: %.*s",
			    s->log.path, (int)(line.n < 60 ? line.n : 60), p);
	}
	return p - begin;
}

/* ---- written ---- */

static void
put_record(struct migrate_state *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
put_record(struct migrate_state *s, const char *fmt, ...)
{
	struct buf text = { .max = 1 << 16 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_printf(&s->log.out, "%08" PRIx32 " %s\n",
	    reclog_crc32c(text.p, text.n), text.p);
	buf_free(&text);
}

int
migrate_state_open(struct migrate_state *s, const char *path,
    const char *from, const char *to, bool read_only, struct err *e)
{
	struct buf all = { .max = LOG_MAX };
	const char *first;
	int64_t good = -1;
	int got;

	*s = (struct migrate_state){ .of_box.text = box_name,
	    .of_fail.number = fail_key };
	first = first_line(s, from, to);
	got = reclog_open(&s->log, path, read_only ? O_RDONLY :
	    O_RDWR | O_CREAT, e);
	if (got != 0)
		return got < 0 ? -1 : 0;
	if (file_slurp(s->log.fd, &all, e) == 0)
		good = read_log(s, BUF_STR(all), first, e);
	buf_free(&all);
	if (good < 0 || read_only)
		return good < 0 ? -1 : 0;
	if (reclog_begin(&s->log, (uint64_t)good, e) < 0)
		return -1;
	if (good == 0)
		buf_printf(&s->log.out, "%s\n", first);
	return reclog_flush(&s->log, e);
}

void
migrate_state_close(struct migrate_state *s)
{
	size_t i;

	for (i = 0; i < s->nboxes; i++) {
		free(s->box[i]->v);
		free(s->box[i]->sent.v);
		free(s->box[i]->base.v);
		free(s->box[i]->binary.v);
	}
	table_free(&s->of_box);
	table_free(&s->of_fail);
	migrate_texts_free(&s->texts);
	free(s->box);
	free(s->fail);
	reclog_close(&s->log);
	arena_free(&s->arena);
}

int
migrate_state_sync(struct migrate_state *s, struct err *e)
{
	return reclog_sync(&s->log, e);
}

struct migrate_box *
migrate_state_begin(struct migrate_state *s, const char *from, const char *to,
    uint64_t from_validity, uint64_t to_validity, struct err *e)
{
	struct migrate_box *b = add_box(s, arena_dup(&s->arena, str_of(from)),
	    arena_dup(&s->arena, str_of(to)), from_validity, to_validity);

	put_record(s, "box %u %" PRIu64 " %" PRIu64 " %s\t%s", b->number,
	    from_validity, to_validity, from, to);
	return reclog_flush(&s->log, e) < 0 ? NULL : b;
}

int
migrate_state_send(struct migrate_state *s, struct migrate_box *b,
    const uint32_t *uids, size_t n, uint32_t low, struct err *e)
{
	struct buf set = { .max = 1 << 15 };
	size_t at = 0, was;

	while ((was = at) < n) {
		set.n = 0;
		imap_set_put(&set, uids, n, &at, SETS);
		put_record(s, "send %u %u %s", b->number, low, set.p);
		for (; was < at; was++)
			imap_uids_add(&b->sent, uids[was]);
	}
	buf_free(&set);
	if (b->low == 0 || low < b->low)
		b->low = low;
	return reclog_sync(&s->log, e);
}

int
migrate_state_sure(struct migrate_state *s, struct migrate_box *b,
    struct err *e)
{
	if (b->sent.n == 0 && b->looked)
		return 0;
	put_record(s, "sure %u", b->number);
	b->looked = true;
	forget_sent(b);
	return reclog_sync(&s->log, e);
}

int
migrate_state_blind(struct migrate_state *s, struct migrate_box *b,
    const uint32_t *uids, size_t n, struct err *e)
{
	struct buf set = { .max = 1 << 15 };
	size_t at = 0, was;

	while ((was = at) < n) {
		set.n = 0;
		imap_set_put(&set, uids, n, &at, SETS);
		put_record(s, "blind %u %s", b->number, set.p);
		for (; was < at; was++)
			add_pair(b, (struct migrate_pair){ .from = uids[was] });
	}
	buf_free(&set);
	return reclog_flush(&s->log, e);
}

/* How many from i on ascend on both sides, so that sets can say them. */
static size_t
ascending(const struct migrate_pair *v, size_t n, size_t i)
{
	size_t k = i + 1;

	while (k < n && v[k].from > v[k - 1].from && v[k].to > v[k - 1].to &&
	    k - i < 500)
		k++;
	return k;
}

int
migrate_state_pair(struct migrate_state *s, struct migrate_box *b,
    const struct migrate_pair *v, size_t n, struct err *e)
{
	struct buf set[2] = { { .max = 1 << 15 }, { .max = 1 << 15 } };
	uint32_t uids[2][500];
	size_t i = 0, k, end, at;

	for (; i < n; i = end) {
		end = ascending(v, n, i);
		for (k = i; k < end; k++) {
			uids[0][k - i] = v[k].from;
			uids[1][k - i] = v[k].to;
			add_pair(b, v[k]);
		}
		for (k = 0; k < 2; k++) {
			at = set[k].n = 0;
			imap_set_put(&set[k], uids[k], end - i, &at, SIZE_MAX);
		}
		put_record(s, "pair %u %s %s", b->number, set[0].p, set[1].p);
	}
	buf_free(&set[0]);
	buf_free(&set[1]);
	return reclog_flush(&s->log, e);
}

int
migrate_state_flags(struct migrate_state *s, struct migrate_box *b,
    const uint32_t *uids, size_t n, const char *flags, struct err *e)
{
	uint32_t text = migrate_state_text(s, str_of(flags));
	struct buf set = { .max = 1 << 15 };
	size_t at = 0, was;

	if (text == MIGRATE_UNBASED)
		return 0;
	while ((was = at) < n) {
		set.n = 0;
		imap_set_put(&set, uids, n, &at, SETS);
		put_record(s, "flag %u %s %s", b->number, set.p, flags);
		for (; was < at; was++)
			migrate_base_set(&b->base, uids[was], text);
	}
	buf_free(&set);
	return reclog_flush(&s->log, e);
}

int
migrate_state_seq(struct migrate_state *s, struct migrate_box *b, uint64_t seq,
    struct err *e)
{
	if (b->seq == seq)
		return 0;
	put_record(s, "seq %u %" PRIu64, b->number, seq);
	b->seq = seq;
	return reclog_flush(&s->log, e);
}

int
migrate_state_fail(struct migrate_state *s, struct migrate_box *b,
    uint32_t uid, const char *why, struct err *e)
{
	struct migrate_fail *f = migrate_state_failed(s, b, uid);
	char safe[WHY + 1];

	str_escape(safe, sizeof safe, str_of(why));
	if (f == NULL)
		f = add_fail(s, b->number, uid);
	f->is = MIGRATE_FAILED;
	f->why = arena_dup(&s->arena, str_of(safe));
	put_record(s, "fail %u %u %u %s", f->id, b->number, uid, safe);
	return reclog_flush(&s->log, e);
}

int
migrate_state_judge(struct migrate_state *s, unsigned id, bool ignore,
    struct err *e)
{
	struct migrate_fail *f = fail_by_id(s, id);

	if (f == NULL)
		return fail(e, EX_USAGE, "no message with the id %u was refused: see --failed",
		    id);
	f->is = ignore ? MIGRATE_IGNORED : MIGRATE_AGAIN;
	put_record(s, "%s %u", ignore ? "ignore" : "again", id);
	return reclog_sync(&s->log, e);
}

int
migrate_state_spend(struct migrate_state *s, uint64_t day, uint64_t bytes,
    struct err *e)
{
	spend(s, day, bytes);
	put_record(s, "day %" PRIu64 " %" PRIu64, day, bytes);
	return reclog_flush(&s->log, e);
}
