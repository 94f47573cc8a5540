/*
 * place_imap.c: --deliver imaps://USER@HOST/FOLDER, imap:ACCOUNT/FOLDER
 *
 * What a batch has waits in a file, as it will travel, and leaves when the
 * batch is made durable: several messages in one APPEND where the server can
 * (RFC 3502), else one command behind the other.  That each is about to leave
 * is in the state before, with the UIDNEXT below which it cannot be: if the
 * answer is lost, the next run looks there for a message with the same bytes
 * before it sends anything.  A filter may give others the next time: then the
 * digest of what was sent is in the state, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "about.h"
#include "added.h"
#include "digest.h"
#include "file.h"
#include "hand.h"
#include "imap_about.h"
#include "imap_box.h"
#include "place_kind.h"
#include "process.h"
#include "store.h"

/* ---- what --deliver says ---- */

static struct dest_conf
conf_of(const struct options *o)
{
	return (struct dest_conf){ .like = &o->account, .option = "--deliver",
	    .password_command = o->to.deliver_password,
	    .tls_off = o->to.deliver_tls == DELIVER_TLS_OFF,
	    .again = o->watch };
}

static int
parse(struct place *p, const char *scheme, const char *rest, struct handed *h)
{
	struct store *store = arena_new(h->arena, 1, sizeof *store);
	struct dest_conf conf = conf_of(h->o);
	struct dest_name name;

	if (dest_parse(&name, h->arena, arena_printf(h->arena, "%s:%s", scheme,
	    rest), &conf, h->e) < 0)
		return -1;
	*store = (struct store){ .file = -1, .folder = name.folder != NULL ?
	    name.folder : "INBOX" };
	store->dest = dest_find(&h->p->dest, &conf, name.server, h->e);
	store->where = arena_printf(h->arena, "%s/%s", name.server,
	    store->folder);
	p->store = store;
	return store->dest != NULL ? 0 : -1;
}

static int
parse_imap(struct place *p, const char *rest, struct handed *h)
{
	return parse(p, "imap", rest, h);
}

static int
parse_imaps(struct place *p, const char *rest, struct handed *h)
{
	return parse(p, "imaps", rest, h);
}

/* The place itself, whichever way leads there, is told by its names alone. */
bool
place_imap_is(const struct place *p, const struct account *a,
    struct str folder)
{
	const struct account *mine = &p->store->dest->account;
	const struct account_server *x = &mine->server, *y = &a->server;

	if (x->host == NULL || y->host == NULL || x->port != y->port ||
	    !str_is(str_of(x->host), y->host) ||
	    strcmp(account_user(mine), account_user(a)) != 0)
		return false;
	if (str_is(folder, "INBOX"))
		return str_is(str_of(p->store->folder), "INBOX");
	return str_eq(folder, str_of(p->store->folder));
}

/* ---- the state ---- */

static struct key
pending_key(const struct place *p, struct key message)
{
	char number[32];

	snprintf(number, sizeof number, "append %u", p->number);
	return (struct key){ message.a, state_mix(message,
	    str_of(number)).b };
}

/* Into the state, durably, before anything leaves. */
static int
record_intent(struct place *p, struct handed *h)
{
	const struct imap_box *box = &p->store->dest->imap.box;
	size_t i;

	for (i = 0; i < p->store->n; i++) {
		struct store_item *it = &p->store->v[i];
		struct key k = pending_key(p, it->m.key);
		struct entry pending = { .key = k, .kind = STATE_APPEND,
		    .day = (uint32_t)box->uidnext,
		    .places = (uint32_t)box->uidvalidity };
		uint64_t sum = store_sum(it->md);
		struct entry sent = { .key = k, .kind = STATE_SENT,
		    .day = (uint32_t)sum, .places = (uint32_t)(sum >> 32) };

		if (it->fate != STORE_NEW)
			continue;
		if (hand_sum_is(h, it->m.key, it->m.sum) < 0 ||
		    state_set(h->state, &pending, h->e) < 0 ||
		    ((h->o->to.filter != NULL || added_any(h->o)) &&
		    state_set(h->state, &sent, h->e) < 0))
			return -1;
		it->since = pending.day;
		it->uidvalidity = pending.places;
	}
	return state_sync(h->state, h->e);
}

/* ---- the batch ---- */

struct copy {
	struct store *s;
	struct store_item *it;
	struct digest *d;
	char out[1 << 16];
};

static int
put(struct copy *c, size_t n, struct err *e)
{
	digest_put(c->d, c->out, n);
	c->it->size += n;
	return file_write(c->s->file, c->out, n, e) < 0 ?
	    fail_in(e, "a temporary file") : 0;
}

/* The line ends that were taken off come back. */
static int
put_piece(void *to, struct str s, struct err *e)
{
	struct copy *c = to;
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		if (n + 2 > sizeof c->out) {
			if (put(c, n, e) < 0)
				return -1;
			n = 0;
		}
		if (s.p[i] == '\n')
			c->out[n++] = '\r';
		c->it->nul |= s.p[i] == '\0';
		c->out[n++] = s.p[i];
	}
	return put(c, n, e);
}

static int
copy_item(struct store *s, struct store_item *it, struct handed *h)
{
	struct copy *c = mem_new(1, sizeof *c);
	int got;

	*c = (struct copy){ .s = s, .it = it, .d = digest_new() };
	got = lseek(s->file, it->at, SEEK_SET) < 0 ? fail_sys(h->e, EX_IOERR,
	    "temporary file") : hand_pieces(h, put_piece, c);
	if (!digest_end(c->d, it->md) && got == 0)
		got = fail(h->e, EX_OSERR, "OpenSSL has no SHA-256 here");
	free(c);
	return got;
}

static int
give_imap(struct place *p, struct handed *h)
{
	struct store *s = p->store;
	struct store_item *it;
	struct key k = pending_key(p, h->now.key);
	const struct entry *at = state_find(h->state, k, STATE_APPEND);
	const struct entry *sent = state_find(h->state, k, STATE_SENT);

	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 64;
		s->v = mem_grow(s->v, s->cap, sizeof *s->v);
	}
	if (s->file < 0 && (s->file = file_temp(h->e)) < 0)
		return -1;
	it = &s->v[s->n];
	*it = (struct store_item){ .m = h->now, .at = (off_t)s->bytes };
	if (at != NULL) {
		it->fate = STORE_DOUBT;
		it->since = at->day;
		it->uidvalidity = at->places;
		it->sent = sent == NULL ? 0 :
		    (uint64_t)sent->places << 32 | sent->day;
	}
	if (h->size == 0 || s->full) {
		store_leave(s, it, h, s->full ? EX_TEMPFAIL : EX_DATAERR, s->full ?
		    "there is no more room" : "an empty message cannot be stored by IMAP");
		return 1;
	}
	if (it->m.date == 0)
		it->m.date = about_date(h);
	if (copy_item(s, it, h) < 0)
		return -1;
	if (h->now.flags != NULL)
		it->flags = mem_dup(h->now.flags);
	s->bytes += it->size;
	s->n++;
	p->bare_lf += h->now.bare_lf;
	return 0;
}

static void
clear(struct store *s)
{
	while (s->n > 0)
		free(s->v[--s->n].flags);
	s->bytes = 0;
	s->nsent = 0;
	if (s->file >= 0)
		(void)!ftruncate(s->file, 0);
}

/* ---- the mailbox ---- */

/*
 * Sorts out messages that the server will not have, by what it says of itself.
 */
static void
sift(struct store *s, struct handed *h)
{
	const struct imap *m = &s->dest->imap;
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct store_item *it = &s->v[i];

		if (it->fate != STORE_NEW)
			continue;
		if (m->appendlimit > 0 && it->size > m->appendlimit)
			store_leave(s, it, h, EX_DATAERR, "larger than the server takes (APPENDLIMIT)");
		else if (it->nul && (m->caps & IMAP_BINARY) == 0)
			store_leave(s, it, h, EX_DATAERR, "it has a NUL, and the server takes none");
	}
}

/* ---- labels ---- */

/* As Gmail has them.  A message that has none of them is there all the same. */
static int
label_items(struct store *s, struct handed *h)
{
	struct imap *m = &s->dest->imap;
	struct buf labels = { .max = 8192 };
	size_t i;
	int got = 0;

	for (i = 0; i < h->o->to.labels.n && got == 0; i++) {
		buf_s(&labels, i > 0 ? " " : "");
		got = imap_quote(m, &labels, str_of(h->o->to.labels.v[i]));
	}
	for (i = 0; i < s->n && got == 0; i++)
		if (s->v[i].fate == STORE_TAKEN && s->v[i].uid != 0)
			got = imap_must(m, imap_say(m,
			    "UID STORE %u +X-GM-LABELS (%s)", s->v[i].uid,
			    labels.p), "X-GM-LABELS");
	buf_free(&labels);
	return got;
}

/* ---- a place's row ---- */

static int
store_all(struct place *p, struct handed *h)
{
	struct store *s = p->store;
	struct dest_conf conf = conf_of(h->o);

	if (dest_open(s->dest, &conf, h->e) < 0 ||
	    dest_select(s->dest, s->folder, h->o->to.create) < 0)
		return -1;
	if (h->o->to.labels.n > 0 && !imap_says_cap(&s->dest->imap, "X-GM-EXT-1"))
		return conn_fail(s->dest->imap.c, EX_UNAVAILABLE, "the server has no labels (X-GM-EXT-1), which --label needs");
	if (store_some(s, STORE_DOUBT) && store_look(s) < 0)
		return -1;
	sift(s, h);
	if (record_intent(p, h) < 0 || store_send(s, h) < 0)
		return -1;
	return h->o->to.labels.n > 0 ? label_items(s, h) : 0;
}

/* After a failure nothing is tried again: what is in doubt the next run asks. */
static int
sync_imap(struct place *p, struct handed *h)
{
	struct store *s = p->store;

	if (!s->failed && !store_some(s, STORE_NEW) && !store_some(s, STORE_DOUBT))
		return 0;
	s->failed = s->failed || store_all(p, h) < 0;
	return s->failed ? -1 : 0;
}

static bool
left_imap(const struct place *p, struct key message)
{
	const struct store *s = p->store;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (memcmp(&s->v[i].m.key, &message, sizeof message) == 0)
			return s->v[i].fate != STORE_TAKEN;
	return false;
}

/* The outcome of each is certain now. */
static int
record_imap(struct place *p, struct handed *h)
{
	struct key k;
	size_t i;

	for (i = 0; i < p->store->n; i++) {
		k = pending_key(p, p->store->v[i].m.key);
		if (state_drop(h->state, k, STATE_APPEND, h->e) < 0 ||
		    state_drop(h->state, k, STATE_SENT, h->e) < 0)
			return -1;
	}
	return 0;
}

static int
release_imap(struct place *p, struct handed *h)
{
	clear(p->store);
	if (h->o->watch)		/* no server waits for the next mail */
		dest_hang_up(p->store->dest);
	return 0;
}

static void
close_imap(struct place *p, struct handed *h)
{
	struct store *s = p->store;

	hand_say_bare(p, h);
	if (s == NULL)
		return;
	clear(s);
	free(s->v);
	s->v = NULL;
	s->cap = 0;
	if (s->file >= 0)
		close(s->file);
	s->file = -1;
	if (s->dest != NULL)
		dest_hang_up(s->dest);
}

#define ROW .flags = true, .temps = 1, .give = give_imap, .sync = sync_imap, \
	.left = left_imap, .record = record_imap, .release = release_imap, \
	.close = close_imap

const struct place_kind place_imap = { .name = "imap", .parse = parse_imap, ROW };
const struct place_kind place_imaps = { .name = "imaps",
	.parse = parse_imaps, ROW };
