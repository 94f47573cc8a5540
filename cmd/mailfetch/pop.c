/*
 * pop.c: POP3
 *
 * Everything new is asked for in one flight, as far as the window of bytes
 * goes; what is durable here is deleted there at the end, if at all, and is
 * gone when QUIT was answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mailfetch.h"
#include "pop3.h"

/*
 * In flight at most: bytes of messages, enough for 6 Gbit/s at 40 ms, and
 * commands, 48 KB of them, which any two sockets take without the server
 * reading one: so nobody waits for room while nobody reads.
 */
#define WINDOW (32u << 20)
enum { COMMANDS = 4000, IDLE = 300 };	/* IDLE: seconds of silence */

struct pop {
	struct run *r;
	struct pop3 p;
	struct pop3_message *m;
	size_t n;
	struct message *v;	/* the same, with keys */
	size_t *want;		/* indices of what is to be fetched */
	size_t wants;
	bool no_top;
};

/* ---- which is which ---- */

/* Without UIDL a message is its header, and its size; or all of it. */
static int
by_content(struct pop *s, size_t i)
{
	struct digest *d = digest_new();
	struct conn_sink sink = { digest_sink, d };
	unsigned char md[32];
	uint64_t size = s->m[i].size;
	int got;

	digest_put(d, &size, sizeof size);
	got = pop3_body(&s->p, &sink, IDLE);
	if (!digest_end(d, md))
		return fail(s->r->e, EX_OSERR, "OpenSSL has no SHA-256 here");
	memcpy(&s->v[i].key, md, sizeof s->v[i].key);
	s->no_top |= got == 0 && !s->p.ok;
	return got;
}

static void
say_content(struct pop *s, size_t i)
{
	if (s->no_top)
		pop3_say(&s->p, "RETR %u", s->m[i].number);
	else
		pop3_say(&s->p, "TOP %u 0", s->m[i].number);
}

static size_t
depth(const struct pop *s)
{
	return (s->p.caps & POP3_PIPELINING) != 0 ? COMMANDS : 1;
}

static int
contents(struct pop *s)
{
	size_t i, said = 0, most = depth(s);
	bool tried;

	for (i = 0; i < s->n; i++) {
		tried = s->no_top;
		for (; said < s->n && said - i < most; said++)
			say_content(s, said);
		if (by_content(s, i) < 0)
			return -1;
		if (s->no_top && !tried) {	/* no TOP: whole messages */
			for (i++; i < said; i++)
				if (pop3_body(&s->p, NULL, IDLE) < 0)
					return -1;
			i = said = 0;
			i--;
			most = 1;
		} else if (!s->p.ok) {
			s->v[i].number = 0;
		}
	}
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct message *x = *(struct message *const *)a;
	const struct message *y = *(struct message *const *)b;
	int c = memcmp(&x->key, &y->key, sizeof x->key);

	return c != 0 ? c : x->number < y->number ? -1 : 1;
}

/* Servers do give one UIDL twice: then the size and the rank count, too. */
static void
tell_apart(struct pop *s)
{
	struct message **sorted = mem_new(s->n, sizeof *sorted);
	struct key last = { 0, 0 };
	size_t i, rank = 0;
	char more[64];

	for (i = 0; i < s->n; i++)
		sorted[i] = &s->v[i];
	qsort(sorted, s->n, sizeof *sorted, by_key);
	for (i = 0; i < s->n; i++) {
		rank = i > 0 && memcmp(&sorted[i]->key, &last,
		    sizeof last) == 0 ? rank + 1 : 0;
		last = sorted[i]->key;
		if (rank == 0)
			continue;
		snprintf(more, sizeof more, "%llu %zu",
		    (unsigned long long)sorted[i]->size, rank);
		sorted[i]->key = state_mix(last, str_of(more));
	}
	free(sorted);
}

static int
identify(struct pop *s)
{
	struct arena *a = &s->r->arena;
	bool missing = false;
	size_t i;

	s->v = arena_new(a, s->n + 1, sizeof *s->v);
	for (i = 0; i < s->n; i++) {
		s->v[i] = (struct message){ .number = s->m[i].number,
		    .size = s->m[i].size };
		if (s->m[i].uid.n == 0) {
			missing = true;
			continue;
		}
		s->v[i].key = state_mix(state_digest("uidl", s->m[i].uid),
		    str_of(s->r->who));
		s->v[i].id = arena_dup(a, s->m[i].uid);
	}
	if (missing && contents(s) < 0)
		return -1;
	/* A list with holes: those that have one keep it. */
	for (i = 0; missing && i < s->n; i++)
		if (s->m[i].uid.n > 0)
			s->v[i].key = state_mix(state_digest("uidl",
			    s->m[i].uid), str_of(s->r->who));
	tell_apart(s);
	s->r->there = s->n;
	return 0;
}

static void
plan(struct pop *s)
{
	struct run *r = s->r;
	size_t i;

	s->want = arena_new(&r->arena, s->n + 1, sizeof *s->want);
	for (i = 0; i < s->n; i++) {
		if (s->v[i].number == 0 || !run_wants(r, &s->v[i]))
			continue;
		s->want[s->wants++] = i;
		r->total++;
		r->total_bytes += s->v[i].size;
	}
}

/* ---- fetching ---- */

static void
say_retr(struct pop *s, size_t i)
{
	if (s->r->o->headers_only)
		pop3_say(&s->p, "TOP %u 0", s->v[i].number);
	else
		pop3_say(&s->p, "RETR %u", s->v[i].number);
}

static int
hear_retr(struct pop *s, size_t i)
{
	struct conn_sink sink = { deliver_put, s->r };
	struct run *r = s->r;

	if (deliver_begin(r, &s->v[i]) < 0 ||
	    pop3_body(&s->p, &sink, IDLE) < 0)
		return -1;
	if (s->p.ok) {
		if (deliver_end(r) < 0)
			return -1;
	} else {
		deliver_abort(r);
		fail_say("%s: message %u: %s", r->o->title, s->v[i].number,
		    s->p.text);
		r->status = fail_worse(r->status, pop3_status(&s->p,
		    EX_TEMPFAIL));
		r->kept++;
	}
	run_progress(r, false);
	return 0;
}

/* Asked again when a quarter of the window is free: the pipe stays full. */
static int
fetch(struct pop *s)
{
	uint64_t flying = 0;
	size_t i, said = 0, most = depth(s);

	for (i = 0; i < s->wants; i++) {
		if (said == i || (flying < WINDOW / 4 * 3 &&
		    said - i <= most / 4 * 3))
			while (said < s->wants && said - i < most &&
			    (said == i || flying < WINDOW)) {
				flying += s->v[s->want[said]].size;
				say_retr(s, s->want[said++]);
			}
		if (hear_retr(s, s->want[i]) < 0)
			return -1;
		flying -= s->v[s->want[i]].size;
	}
	return deliver_commit(s->r);
}

/* ---- afterwards ---- */

/* Durable here before anything is deleted there. */
static int
delete(struct pop *s, size_t *dele, size_t *n)
{
	size_t i, said = 0, most = depth(s);

	*n = 0;
	for (i = 0; i < s->n; i++)
		if (s->v[i].number != 0 && run_due(s->r, s->v[i].key))
			dele[(*n)++] = i;
	if (*n > 0 && state_sync(&s->r->state, s->r->e) < 0)
		return -1;
	for (i = 0; i < *n; i++) {
		for (; said < *n && said - i < most; said++)
			pop3_say(&s->p, "DELE %u", s->v[dele[said]].number);
		conn_phase(s->p.c, "DELE", 120);
		if (pop3_answer(&s->p) < 0)
			return -1;
		if (!s->p.ok) {
			fail_say("%s: message %u: DELE: %s", s->r->o->title,
			    s->v[dele[i]].number, s->p.text);
			s->r->status = fail_worse(s->r->status, EX_TEMPFAIL);
			dele[i] = s->n;
		}
	}
	return 0;
}

/* RFC 1939 section 6: nothing is gone before QUIT was answered. */
static int
finish(struct pop *s)
{
	size_t *dele = arena_new(&s->r->arena, s->n + 1, sizeof *dele);
	size_t i, n;

	if (delete(s, dele, &n) < 0)
		return -1;
	if (pop3_quit(&s->p, n > 0) < 0 && n > 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (dele[i] == s->n)
			continue;
		s->r->deleted++;
		if (state_drop(&s->r->state, s->v[dele[i]].key, STATE_DONE,
		    s->r->e) < 0)
			return -1;
	}
	return 0;
}

static int
same_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct key));
}

/* What has long been gone from the server need not be remembered. */
static int
prune(struct pop *s)
{
	struct state *st = &s->r->state;
	struct key *keys;
	size_t i;

	if (s->n == 0 || st->n < 2 * s->n + 1000)
		return 0;
	keys = arena_new(&s->r->arena, s->n, sizeof *keys);
	for (i = 0; i < s->n; i++)
		keys[i] = s->v[i].key;
	qsort(keys, s->n, sizeof *keys, same_key);
	for (i = 0; i < st->cap; i++)
		if (st->slot[i].kind == STATE_DONE && st->slot[i].day + 30 <
		    run_today() && bsearch(&st->slot[i].key, keys, s->n,
		    sizeof *keys, same_key) == NULL &&
		    state_drop(st, st->slot[i].key, STATE_DONE, s->r->e) < 0)
			return -1;
	return 0;
}

/* ---- looking ---- */

static struct message *
chosen(struct pop *s, size_t i)
{
	return &s->v[s->want != NULL ? s->want[i] : i];
}

static int
keep_head(void *to, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_put(to, p, n);
	return 0;
}

/* All of them, or what a run would fetch. */
static int
show(struct pop *s)
{
	struct conn_sink sink = { keep_head, NULL };
	size_t i, said = 0, most = depth(s), n = s->n;
	struct listing l;

	if (s->r->o->dry_run) {
		plan(s);
		n = s->wants;
	}
	show_begin(s->r);
	for (i = 0; i < n; i++) {
		struct buf head = { .max = 1 << 17 };
		struct message *m = chosen(s, i);

		for (; said < n && said - i < most; said++)
			pop3_say(&s->p, "TOP %u 0", chosen(s, said)->number);
		sink.to = &head;
		if (pop3_body(&s->p, &sink, IDLE) < 0)
			return -1;
		l = (struct listing){ .m = m, .head = BUF_STR(head),
		    .fresh = state_find(&s->r->state, m->key,
		    STATE_DONE) == NULL };
		show_line(s->r, &l);
		buf_free(&head);
	}
	return pop3_quit(&s->p, false);
}

static void
probe(struct pop *s, struct session *sess)
{
	static const char *const name[] = { "PIPELINING", "UIDL", "TOP",
	    "STLS", "SASL", "USER", "RESP-CODES", "UTF8" };
	struct buf b = { .max = 1024 };
	size_t i;

	for (i = 0; i < sizeof name / sizeof *name; i++)
		if ((s->p.caps & 1u << i) != 0)
			buf_printf(&b, "%s%s", b.n > 0 ? " " : "", name[i]);
	show_session(s->r, sess, s->p.server, b.n > 0 ? b.p : "",
	    s->p.mechs, s->p.expire, s->p.delay);
	buf_free(&b);
	pop3_quit(&s->p, false);
}

/* ---- the whole ---- */

static int
work(struct pop *s)
{
	struct run *r = s->r;
	const struct run was = *r;
	size_t i;

	if (pop3_list(&s->p, &r->arena, &s->m, &s->n) < 0 ||
	    identify(s) < 0)
		return -1;
	if (r->o->list || r->o->dry_run)
		return show(s);
	if (r->o->check) {
		for (i = 0; i < s->n; i++)
			r->total += state_find(&r->state, s->v[i].key,
			    STATE_DONE) == NULL;
		return pop3_quit(&s->p, false);
	}
	plan(s);
	if (fetch(s) < 0)
		return -1;
	if (finish(s) < 0 || prune(s) < 0)
		return -1;
	run_note(r, &was, "the mailbox");
	return 0;
}

static enum pop3_tls
tls_mode(const struct account *a)
{
	return a->tls == ACCOUNT_TLS_IMPLICIT ? POP3_TLS_IMPLICIT :
	    a->tls == ACCOUNT_TLS_STARTTLS ? POP3_TLS_STLS : POP3_TLS_OFF;
}

static int
check(const struct options *o, struct err *e)
{
	if (o->move_to != NULL || o->search != NULL || o->since != NULL ||
	    o->unseen || o->folder.n > 0)
		return fail(e, EX_USAGE, "--folder, --search, --since, "
		    "--unseen and --move-to are for IMAP");
	return 0;
}

/* ---- what the server could last time ---- */

/* Of the server, and of how this account logs in. */
static struct key
server_key(struct run *r)
{
	const struct account *a = &r->o->account;
	struct key k = state_digest("server", str_of(r->who));
	char port[16];

	snprintf(port, sizeof port, "%u", a->server.port);
	k = state_mix(k, str_of(port));
	k = state_mix(k, str_of(a->auth != NULL ? a->auth : ""));
	return state_mix(k, str_of(a->token_command != NULL ? "token" : ""));
}

static uint32_t
known(struct run *r)
{
	struct entry *at = state_find(&r->state, server_key(r), STATE_SERVER);

	return at != NULL && !r->o->probe ? at->day : 0;
}

static int
remember(struct pop *s)
{
	struct state *st = &s->r->state;
	uint32_t now = pop3_recall(&s->p);

	if (now == known(s->r) || s->r->o->probe)
		return 0;
	return now != 0 ?
	    state_put(st, STATE_SERVER, server_key(s->r), now, s->r->e) :
	    state_drop(st, server_key(s->r), STATE_SERVER, s->r->e);
}

static int
session(struct pop *s, struct session *sess)
{
	struct account *a = &s->r->o->account;
	struct sasl_login l;

	if (pop3_open(&s->p, sess->conn, tls_mode(a), known(s->r)) < 0)
		return -1;
	if (s->r->o->probe && !session_wants_login(a)) {
		probe(s, sess);
		return 0;
	}
	if (run_login(s->r, sess, &l) < 0 || pop3_auth(&s->p, &l) < 0 ||
	    remember(s) < 0)
		return -1;
	if (s->r->o->probe) {
		probe(s, sess);
		return 0;
	}
	return work(s);
}

int
pop_run(struct run *r)
{
	struct pop s = { .r = r };
	struct session sess;
	int got;

	if (check(r->o, r->e) < 0 ||
	    session_open(&sess, &r->o->account, r->e) < 0)
		return -1;
	got = session(&s, &sess);
	session_close(&sess);
	return got;
}
