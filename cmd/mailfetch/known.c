/*
 * known.c: what an interrupted run left in the Maildirs
 *
 * File names say which message it is: after a crash they are looked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deliver.h"
#include "known.h"
#include "search.h"

/*
 * The names of files in Maildirs: SECONDS.NMICROSECONDS.KEY.HOST, KEY being 32
 * digits: they sort as they came, and say which message they are.  What came
 * out of a filter has KEY-SUM, with the 16 digits of the digest of what went
 * into it.  Earlier versions said mailfetch.KEY.
 */
enum { KEY_DIGITS = 32, SUM_DIGITS = 16 };

/* In a Maildir already, as a run that was interrupted left it. */
struct known {
	struct key key;
	uint64_t sum;		/* of what a filter was given; or 0 */
	size_t place;
	bool held;		/* a message of this run is it */
	char *file;		/* new/NAME or cur/NAME */
};
enum { SUBFOLDER = 4 };		/* bytes of that, in front of the name */

struct scan {
	struct deliver *deliver;
	size_t place;
};

static int
known_by_key(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof x->key);
}

/* Of hex digits, as many as there are, up to 16. */
static bool
number_of_hex(struct str hex, uint64_t *to)
{
	char digits[SUM_DIGITS + 1];
	size_t i;

	if (hex.n > SUM_DIGITS)
		return false;
	for (i = 0; i < hex.n; i++)
		if (strchr("0123456789abcdef", hex.p[i]) == NULL)
			return false;
	memcpy(digits, hex.p, hex.n);
	digits[hex.n] = '\0';
	*to = strtoull(digits, NULL, 16);
	return true;
}

/* KEY or KEY-SUM */
static bool
key_of(struct str text, struct known *k)
{
	struct str sum = text, key = str_cut(&sum, '-');

	k->sum = 0;
	if (key.n != KEY_DIGITS || !number_of_hex(str_to(key, KEY_DIGITS / 2),
	    &k->key.a) || !number_of_hex(str_from(key, KEY_DIGITS / 2),
	    &k->key.b))
		return false;
	return sum.n == 0 || (sum.n == SUM_DIGITS &&
	    number_of_hex(sum, &k->sum));
}

/* Of a file of ours: which message, and since when it is here (or 0). */
static bool
ours(const char *file, struct known *k, uint64_t *second)
{
	struct str rest = str_of(file), name = str_cut(&rest, ':'), first;

	*second = 0;
	first = str_cut(&name, '.');
	if (str_is(first, "mailfetch"))
		return key_of(str_cut(&name, '~'), k);
	if (str_num(first, UINT32_MAX, second) < 0 ||
	    str_cut(&name, '.').n == 0)
		return false;
	return key_of(str_cut(&name, '.'), k);
}

static void
remember_file(void *to, enum maildir_folder folder, const char *file)
{
	struct scan *s = to;
	struct deliver *d = s->deliver;
	struct known_files *all = &d->known;
	struct known k = { .place = s->place };
	struct buf path = { .max = 4096 };
	uint64_t second, sum;

	if (!ours(file, &k, &second) || (second < all->since &&
	    !ledger_is_going(d->h.ledger, k.key, &sum)))
		return;
	buf_printf(&path, "%s/%s", folder == MAILDIR_CUR ? "cur" : "new", file);
	k.file = path.p;
	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? 2 * all->cap : 1024;
		all->v = mem_grow(all->v, all->cap, sizeof *all->v);
	}
	all->v[all->n++] = k;
}

static int
scan_place(struct deliver *d, size_t place)
{
	return maildir_scan(&d->place[place].maildir, remember_file,
	    &(struct scan){ d, place }, d->h.e);
}

static void
sort_known(struct known_files *all)
{
	if (all->n > 0)
		qsort(all->v, all->n, sizeof *all->v, known_by_key);
}

/* ---- folders ---- */

/* The keys of messages of IMAP have the folder's a, and UIDs. */
static int
mark_folder(struct deliver *d, struct key message, bool *changed)
{
	struct key k = { message.a, 1 };

	if (message.b > UINT32_MAX || state_find(d->h.state, k, STATE_DIRTY) !=
	    NULL)
		return 0;
	*changed = true;
	return state_put(d->h.state, STATE_DIRTY, k, 0, d->h.e);
}

/* Of files that nobody has yet, whoever left them. */
static int
mark_known(struct deliver *d)
{
	bool changed;
	size_t i;

	for (i = 0; i < d->known.n; i++) {
		const struct known *k = &d->known.v[i];

		if (!ledger_has(d->h.ledger, k->key,
		    d->place[k->place].number) &&
		    mark_folder(d, k->key, &changed) < 0)
			return -1;
	}
	return 0;
}

int
known_mark(struct deliver *d, bool *changed)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if ((i == 0 || d->batch[i].key.a != d->batch[i - 1].key.a) &&
		    mark_folder(d, d->batch[i].key, changed) < 0)
			return -1;
	return 0;
}

static bool
was_visited(const struct known_files *all, uint64_t folder)
{
	size_t i;

	for (i = 0; i < all->nvisited; i++)
		if (all->visited[i] == folder)
			return true;
	return false;
}

void
known_visit(struct known_files *all, uint64_t folder)
{
	if (!all->look || was_visited(all, folder))
		return;
	if (all->nvisited == all->room) {
		all->room = all->room > 0 ? 2 * all->room : 64;
		all->visited = mem_grow(all->visited, all->room,
		    sizeof *all->visited);
	}
	all->visited[all->nvisited++] = folder;
}

/* Is a file that an interrupted run left still nobody's? */
static bool
unsure_files(const struct deliver *d)
{
	size_t i;

	for (i = 0; i < d->known.n; i++)
		if (!ledger_has(d->h.ledger, d->known.v[i].key,
		    d->place[d->known.v[i].place].number))
			return true;
	return d->known.unsure;
}

int
known_settle(struct deliver *d, bool done, struct err *e)
{
	struct state *st = d->h.state;
	bool unsure = unsure_files(d);
	size_t i, n = st->n, left = 0;

	if (unsure && !done)
		return 0;
	for (i = 0; i < n; i++) {
		struct key k = st->v[i].key;

		if (st->v[i].kind != STATE_DIRTY || k.b != 1)
			continue;
		if (unsure && !was_visited(&d->known, k.a))
			left++;
		else if (state_drop(st, k, STATE_DIRTY, e) < 0)
			return -1;
	}
	return left == 0;
}

/* ---- files ---- */

/*
 * Files that an interrupted run left in a Maildir, if this run cannot know
 * that from its state.  A file older than that run is of another message,
 * whatever the server calls it; but for one of which nobody knows whether it
 * was deleted.
 */
int
known_find(struct deliver *d)
{
	struct state *st = d->h.state;
	const struct entry *at = state_find(st, (struct key){ 0, 0 },
	    STATE_DIRTY);
	bool lost = st->head == STATE_HEAD_NONE || st->lost > 0, each = false;
	size_t i;

	d->known.look = lost || st->dirty || ledger_any_blind(d->h.ledger);
	d->known.since = at != NULL ? at->day : UINT64_MAX;
	if (lost)
		d->known.since = 0;
	for (i = 0; i < d->places && d->known.look; i++) {
		if (!place_files(&d->place[i]))
			continue;
		if (d->place[i].each != NULL)
			each = true;
		else if (scan_place(d, i) < 0)
			return -1;
	}
	sort_known(&d->known);
	d->known.unsure = each && (lost || st->dirty);
	if (mark_known(d) < 0)
		return -1;
	if (!lost || st->dirty || (d->known.n == 0 && !each))
		return 0;
	if (state_put(st, STATE_DIRTY, (struct key){ 0, 0 }, 0, d->h.e) < 0)
		return -1;
	st->dirty = true;
	return 0;
}

int
known_find_in(struct deliver *d, size_t place)
{
	struct known_files *all = &d->known;
	size_t i, n = 0;

	if (!all->look || !place_files(&d->place[place]))
		return 0;
	for (i = 0; i < all->n; i++)
		if (all->v[i].place == place)
			free(all->v[i].file);
		else
			all->v[n++] = all->v[i];
	all->n = n;
	if (scan_place(d, place) < 0)
		return -1;
	sort_known(all);
	return 0;
}

/* Is this file the message under way, which is complete? */
static bool
is_now(const struct deliver *d, const struct known *k)
{
	if (k->sum != 0)
		return k->sum == d->h.now.sum;
	return maildir_holds(&d->place[k->place].maildir, k->file[0] == 'c' ?
	    MAILDIR_CUR : MAILDIR_NEW, k->file + SUBFOLDER, d->h.name);
}

/* The next one of that message and place, from *i on; or NULL. */
static struct known *
next_of(const struct known_files *all, struct key key, size_t place,
    size_t *i)
{
	struct known want = { .key = key };

	if (*i == 0)
		*i = search_lower(&want, all->v, all->n, sizeof want,
		    known_by_key);
	for (; *i < all->n && known_by_key(&all->v[*i], &want) == 0; ++*i)
		if (all->v[*i].place == place)
			return &all->v[(*i)++];
	return NULL;
}

bool
known_holds(struct deliver *d, size_t place)
{
	struct known *at;
	size_t i = 0;

	while ((at = next_of(&d->known, d->h.now.key, place, &i)) != NULL)
		if (at->held || is_now(d, at)) {
			at->held = true;
			return true;
		}
	return false;
}

const char *
known_file(const struct deliver *d, struct key key, size_t place)
{
	const struct known *at;
	size_t i = 0;

	while ((at = next_of(&d->known, key, place, &i)) != NULL)
		if (at->held)
			return at->file;
	return NULL;
}

void
known_free(struct known_files *all)
{
	while (all->n > 0)
		free(all->v[--all->n].file);
	free(all->v);
	free(all->visited);
	*all = (struct known_files){ 0 };
}
