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

#include "limit.h"
#include "pop3.h"
#include "pop_ids.h"
#include "pop_prove.h"
#include "pop_since.h"
#include "pop_twice.h"
#include "popbox.h"
#include "protocols.h"
#include "show.h"
#include "since.h"
#include "trace.h"

static int
pop_plan(struct pop *s)
{
	struct run *r = s->r;
	struct message m;
	size_t i;
	int got;

	s->want = mem_new(s->n, sizeof *s->want);
	for (i = 0; i < s->n; i++) {
		m = popbox_message(s, i);
		if (m.number == 0 || s->old[i])
			continue;
		if ((got = run_wants(r, &m)) < 0)
			return -1;
		if (got == 0)
			continue;
		s->want[s->wants++] = (uint32_t)i;
		r->count.total++;
		r->count.total_bytes += m.size;
	}
	return 0;
}

/* ---- fetching ---- */

static void
say_retr(struct pop *s, size_t i)
{
	if (s->r->o->which.headers_only)
		pop3_top(&s->p, s->m[i].number);
	else
		pop3_retr(&s->p, s->m[i].number);
}

/* It stays on the server, and the next one comes. */
static int
pop_leave(struct pop *s, const struct message *m, const char *why, int code)
{
	deliver_abort(&s->r->deliver);
	return popbox_stays(s, m, why, code);
}

/* The octets on the wire are counted, for LIST says how many there are. */
struct octets {
	struct deliver *deliver;
	uint64_t n;
};

static int
put_octets(void *to, const void *p, size_t n, struct err *e)
{
	struct octets *o = to;

	o->n += n;
	return deliver_put(o->deliver, p, n, e);
}

static bool
too_short(struct pop *s, const struct message *m, uint64_t octets)
{
	uint64_t lines = octets - deliver_came(&s->r->deliver);

	return !s->r->o->which.headers_only &&
	    popbox_short(m->size, octets, lines);
}

/* 1: it came; 0: it stays there.  So many octets of it were on the wire. */
static int
take_retr(struct pop *s, const struct message *m, uint64_t *octets)
{
	struct deliver *d = &s->r->deliver;
	struct octets o = { .deliver = d };
	struct conn_sink sink = { put_octets, &o };
	char why[DELIVER_WHY];

	*octets = 0;
	if (deliver_begin(d, m) < 0)
		return -1;
	if (pop3_body(&s->p, &sink, deliver_most(d, m)) < 0)
		return hung_at(s->r, m, s->part, 0);
	if (hung_over(s->r, m, s->part) < 0)
		return -1;
	*octets = o.n;
	if (!s->p.ok)
		return pop_leave(s, m, s->p.text,
		    pop3_status(&s->p, EX_TEMPFAIL));
	if (s->p.over)
		return pop_leave(s, m, deliver_over(d, m, why), EX_PROTOCOL);
	if (m->size > 0 && o.n == 0 && !s->r->o->which.headers_only)
		return pop_leave(s, m, "RETR gives nothing, and LIST says that it has bytes",
		    EX_TEMPFAIL);
	return 1;
}

static int
hear_retr(struct pop *s, size_t i)
{
	struct message m = popbox_message(s, i);
	uint64_t octets;
	int got = take_retr(s, &m, &octets);

	if (got > 0 && too_short(s, &m, octets)) {
		s->sum[i] = deliver_sum(&s->r->deliver);
		deliver_abort(&s->r->deliver);
		s->again[s->nagain++] = (uint32_t)i;
	} else if (got > 0) {
		got = deliver_end(&s->r->deliver);
	}
	run_progress(s->r, false);
	return got < 0 ? -1 : 0;
}

/*
 * Too short twice, and the same: it is all that the server has.  Where LIST is
 * an estimate, as Exchange's is, that is all there is to it; with less than a
 * half of it something has cut it, be it a proxy.
 */
static int
end_short(struct pop *s, const struct message *m, uint64_t octets)
{
	struct run *r = s->r;

	if (octets >= m->size / 2) {
		trace_note(TRACE_DONE, "%s: message %u: %llu octets, and LIST says %llu",
		    r->o->title, m->number, (unsigned long long)octets,
		    (unsigned long long)m->size);
		return deliver_end(&r->deliver);
	}
	/* Said now or never: the next run does not read it. */
	fail_print("%s: message %u: LIST says that it has %llu octets, and RETR gives %llu, twice: delivered, and not deleted on the server",
	    r->o->title, m->number, (unsigned long long)m->size,
	    (unsigned long long)octets);
	r->count.status = fail_worse(r->count.status, EX_TEMPFAIL);
	deliver_part(&r->deliver);
	return deliver_end(&r->deliver);
}

/* Of what was too short: once more. */
static int
hear_again(struct pop *s, size_t i)
{
	struct message m = popbox_message(s, i);
	uint64_t was = s->sum[i], octets;
	int got = take_retr(s, &m, &octets);

	if (got <= 0)
		return got;
	s->sum[i] = deliver_sum(&s->r->deliver);
	if (!too_short(s, &m, octets))
		got = deliver_end(&s->r->deliver);
	else if (was != 0 && was == s->sum[i])
		got = end_short(s, &m, octets);
	else
		got = pop_leave(s, &m, "RETR gives less than LIST says, and each time something else",
		    EX_TEMPFAIL);
	run_progress(s->r, false);
	return got < 0 ? -1 : 0;
}

static int
pop_fetch(struct pop *s)
{
	s->again = mem_new(s->wants, sizeof *s->again);
	s->part = s->r->o->which.headers_only ? HUNG_HEAD : HUNG_BODY;
	if (popbox_fly(s, &(struct popbox_flight){ s->want, s->wants, say_retr,
	    hear_retr }) < 0 || popbox_fly(s, &(struct popbox_flight){
	    s->again, s->nagain, say_retr, hear_again }) < 0)
		return -1;
	return deliver_commit(&s->r->deliver) < 0 ? -1 : pop_prove_given(s);
}

/* ---- afterwards ---- */

/* With these DELE is said. */
static int
going(struct pop *s, const uint32_t *v, size_t n)
{
	struct ledger *l = &s->r->ledger;
	size_t i;

	state_group(&s->r->state);
	for (i = 0; i < n; i++)
		if (ledger_going(l, s->key[v[i]],
		    ledger_sum(l, s->key[v[i]]), s->r->e) < 0)
			return -1;
	return state_commit(&s->r->state, s->r->e);
}

/* Durable here before anything is deleted there. */
static int
delete(struct pop *s, uint32_t *dele, size_t *n)
{
	struct message m;
	size_t i, said = 0, most = popbox_depth(s);

	*n = 0;
	for (i = 0; i < s->n; i++)
		if (s->m[i].number != 0 && run_due(s->r, s->key[i]))
			dele[(*n)++] = (uint32_t)i;
	if (*n > 0 && (going(s, dele, *n) < 0 ||
	    state_sync(&s->r->state, s->r->e) < 0))
		return -1;
	for (i = 0; i < *n; i++) {
		for (; said < *n && said - i < most; said++)
			pop3_dele(&s->p, s->m[dele[said]].number);
		if (pop3_deleted(&s->p) < 0)
			return -1;
		if (!s->p.ok) {
			m = popbox_message(s, dele[i]);
			tally_add(&s->r->tally, &m, EX_TEMPFAIL, NULL, "DELE: %s",
			    s->p.text);
			s->r->count.status = fail_worse(s->r->count.status,
			    EX_TEMPFAIL);
			if (ledger_stays(&s->r->ledger, s->key[dele[i]],
			    s->r->e) < 0)
				return -1;
			dele[i] = UINT32_MAX;
		}
	}
	return 0;
}

/* RFC 1939 section 6: nothing is gone before QUIT was answered. */
static int
quit(struct pop *s, const uint32_t *dele, size_t n)
{
	size_t i;

	if (pop3_quit(&s->p, n > 0) < 0 && n > 0)
		return -1;
	if (n == 0)
		return 0;
	state_group(&s->r->state);
	for (i = 0; i < n; i++) {
		if (dele[i] == UINT32_MAX)
			continue;
		s->r->count.deleted++;
		if (popbox_gone(s, dele[i]) < 0)
			return -1;
	}
	return popbox_all_gone(s) < 0 ? -1 :
	    state_commit(&s->r->state, s->r->e);
}

static int
finish(struct pop *s)
{
	uint32_t *dele = mem_new(s->n, sizeof *dele);
	size_t n;
	int got = delete(s, dele, &n);

	if (got == 0)
		got = quit(s, dele, n);
	free(dele);
	return got;
}

static struct str
key_at(const void *of, size_t at)
{
	const struct pop *s = of;

	return (struct str){ (const char *)&s->key[at].a,
	    sizeof s->key[at].a };
}

static bool
of_message(const struct state *s, const struct entry *at)
{
	if (at->owner != s->owner)
		return false;
	return at->kind == STATE_DONE || at->kind == STATE_SEEN ||
	    at->kind == STATE_DOUBT || at->kind == STATE_RCPT ||
	    at->kind == STATE_APPEND || at->kind == STATE_GOING ||
	    at->kind == STATE_SUM || at->kind == STATE_PART ||
	    at->kind == STATE_SENT || at->kind == STATE_HUNG;
}

/* What is listed. */
struct listed {
	struct table table;
	const struct pop *pop;
};

static bool
is_listed(const void *of, uint64_t a)
{
	const struct listed *l = of;

	return table_text(&l->table, l->pop, (struct str){ (const char *)&a,
	    sizeof a }) != TABLE_NONE;
}

/* Is each that is listed known by its name, and all listed that is there? */
static bool
all_told(const struct pop *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->m[i].number == 0)
			return false;
	return s->n > 0 && s->p.unlisted == 0;
}

static int
drop_gone(struct pop *s, const struct listed *l)
{
	struct state *st = &s->r->state;
	size_t i, n = st->n;

	for (i = 0; i < n; i++)
		if (of_message(st, &st->v[i]) &&
		    !is_listed(l, st->v[i].key.a) && state_drop(st,
		    st->v[i].key, st->v[i].kind, s->r->e) < 0)
			return -1;
	return pop_twice_forget(s);
}

/*
 * A unique id says which message it is as long as it is listed: what is gone
 * is forgotten, for the same id may be another message's later (RFC 1939,
 * section 7).  In an empty mailbox it may be gone, or the server has lost its
 * disk for a moment; where UIDL has more than LIST, or which message one is is
 * not known, it may be that one.  Then what is listed again is proved to be the
 * same.
 */
static int
prune(struct pop *s)
{
	struct listed l = { .table.text = key_at, .pop = s };
	struct state *st = &s->r->state;
	size_t i;
	int got;

	if (s->r->hung.alone != NULL)	/* the others were not looked at */
		return 0;
	table_room(&l.table, s, s->n);
	for (i = 0; i < s->n; i++)
		table_add(&l.table, s, i);
	state_group(st);
	got = all_told(s) ? drop_gone(s, &l) : ledger_all_going(&s->r->ledger,
	    s->n > 0 ? is_listed : NULL, &l, s->r->e);
	table_free(&l.table);
	return got < 0 ? -1 : state_commit(st, s->r->e);
}

/* All that is there counts as fetched; nothing is. */
static int
catch_up(struct pop *s)
{
	struct run *r = s->r;
	uint64_t sum;
	size_t i;

	state_group(&r->state);
	for (i = 0; i < s->n; i++) {
		bool is_going = ledger_is_going(&r->ledger, s->key[i], &sum);

		if (s->m[i].number == 0 || (!run_new(r, s->key[i]) &&
		    !is_going))
			continue;
		if ((is_going && popbox_gone(s, i) < 0) || ledger_seen(&r->ledger, s->key[i],
		    STATE_ALL, r->e) < 0 || (s->sum[i] != 0 && ledger_sum_is(
		    &r->ledger, s->key[i], s->sum[i], r->e) < 0))
			return -1;
		r->count.seen++;
	}
	if (popbox_all_gone(s) < 0 || state_commit(&r->state, r->e) < 0 ||
	    state_sync(&r->state, r->e) < 0)
		return -1;
	return pop3_quit(&s->p, false);
}

/* ---- looking ---- */

/* All of which it is known which they are, but for those before --since. */
static void
choose_all(struct pop *s)
{
	size_t i;

	s->want = mem_new(s->n, sizeof *s->want);
	for (i = 0; i < s->n; i++)
		if (s->m[i].number != 0 && !s->old[i])
			s->want[s->wants++] = (uint32_t)i;
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
pop_show(struct pop *s)
{
	struct conn_sink sink = { keep_head, NULL };
	size_t i, said = 0, most = popbox_depth(s);
	struct listing l;

	if (!s->r->o->look.dry_run)
		choose_all(s);
	else if (pop_plan(s) < 0)
		return -1;
	show_begin(s->r);
	for (i = 0; i < s->wants; i++) {
		struct buf head = { .max = 1 << 17 };
		struct message m = popbox_message(s, s->want[i]);

		for (; said < s->wants && said - i < most; said++)
			pop3_top(&s->p, s->m[s->want[said]].number);
		sink.to = &head;
		if (pop3_body(&s->p, &sink, LIMIT_ANNOUNCED(m.size)) < 0)
			return -1;
		l = (struct listing){ .m = &m, .head = BUF_STR(head),
		    .fresh = run_new(s->r, m.key) };
		show_line(s->r, &l);
		buf_free(&head);
	}
	return pop3_quit(&s->p, false);
}

static void
probe(struct pop *s, struct session *sess)
{
	struct buf b = { .max = 1024 };

	pop3_words(&s->p, &b);
	show_session(s->r, sess, s->p.server, b.n > 0 ? b.p : "",
	    s->p.mechs, s->p.expire, s->p.delay);
	buf_free(&b);
	pop3_quit(&s->p, false);
}

/* ---- the whole ---- */

/* Two lists of one moment: what is in one alone does not come. */
static void
say_unlisted(struct run *r, size_t n)
{
	if (n == 0)
		return;
	complain_say(&r->p->complain, EX_TEMPFAIL, NULL, "%s: UIDL has %zu more than LIST: what LIST has not stays on the server",
	    r->o->title, n);
	r->count.status = fail_worse(r->count.status, EX_TEMPFAIL);
	r->count.kept += n;
}

static int
pop_work(struct pop *s)
{
	struct run *r = s->r;
	const struct counts was = r->count;
	size_t i;

	if (pop3_list(&s->p, &s->m, &s->n) < 0 ||
	    pop_ids_find(s) < 0)
		return -1;
	if (pop_since(s) < 0)
		return -1;
	if (r->o->look.list || r->o->look.dry_run)
		return pop_show(s);
	if (r->o->look.check) {
		for (i = 0; i < s->n; i++)
			r->count.total += !s->old[i] &&
			    run_new(r, s->key[i]);
		return pop3_quit(&s->p, false);
	}
	if (r->o->seen.catch_up)
		return catch_up(s);
	if (pop_prove(s) < 0 || pop_plan(s) < 0 || pop_fetch(s) < 0)
		return -1;
	if (finish(s) < 0 || prune(s) < 0)
		return -1;
	if (r->hung.alone == NULL)
		say_unlisted(r, s->p.unlisted);
	run_note(r, &was, "the mailbox");
	return 0;
}

static int
pop_check(const struct options *o, struct err *e)
{
	time_t day;

	if (o->after.move_to != NULL || o->after.mark_seen ||
	    o->which.search != NULL ||
	    o->which.unseen || o->which.folder.n > 0)
		return fail(e, EX_USAGE, "--folder, --search, --unseen, --mark-seen and --move-to are for IMAP");
	return o->which.since == NULL ? 0 :
	    since_day(o->which.since, &day, e);
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
	k = state_mix(k, str_of(a->login.auth != NULL ? a->login.auth : ""));
	return state_mix(k, str_of(a->login.token_command != NULL ?
	    "token" : ""));
}

/*
 * Of what is remembered the state keeps one number of 32 bits: the lower two
 * of its parts have 9 and 3, the banner has the rest.
 */
static uint32_t
pack_memory(struct pop3_memory m)
{
	return (m.banner * POP3_MECHS + m.mech) * POP3_CAPS + m.caps;
}

static struct pop3_memory
unpack(uint32_t number)
{
	return (struct pop3_memory){ .caps = number % POP3_CAPS,
	    .mech = number / POP3_CAPS % POP3_MECHS,
	    .banner = number / POP3_CAPS / POP3_MECHS };
}

/* 0: nothing is. */
static uint32_t
known_server(struct run *r)
{
	struct entry *at = state_find(&r->state, server_key(r), STATE_SERVER);

	return at != NULL && !r->o->look.probe ? at->day : 0;
}

static int
remember_server(struct pop *s)
{
	struct state *st = &s->r->state;
	uint32_t now = pack_memory(pop3_recall(&s->p));

	if (now == known_server(s->r) || s->r->o->look.probe)
		return 0;
	return now != 0 ?
	    state_put(st, STATE_SERVER, server_key(s->r), now, s->r->e) :
	    state_drop(st, server_key(s->r), STATE_SERVER, s->r->e);
}

static int
pop_session(struct pop *s, struct session *sess)
{
	struct account *a = &s->r->o->account;
	struct pop3_memory was = unpack(known_server(s->r));
	struct sasl_login l;

	if (pop3_open(&s->p, sess->conn, session_tls(a), &was) < 0)
		return -1;
	if (s->r->o->look.probe && !session_wants_login(a)) {
		probe(s, sess);
		return 0;
	}
	if (run_login(s->r, sess, &l) < 0 || pop3_auth(&s->p, &l) < 0 ||
	    remember_server(s) < 0)
		return -1;
	session_forget(sess);
	s->r->p->delay = s->p.delay;
	if (s->r->o->look.probe) {
		probe(s, sess);
		return 0;
	}
	return pop_work(s);
}

static int
pop_pass(struct run *r)
{
	struct pop s = { .r = r, .ids.max = LIMIT_UIDL_BYTES };
	struct session *sess = &r->p->session;
	int got;

	if (run_connect(r) < 0)
		return -1;
	got = pop_session(&s, sess);
	session_hang_up(sess);
	free(s.m);
	free(s.key);
	free(s.asked);
	free(s.listed);
	free(s.named);
	free(s.id);
	free(s.want);
	free(s.sum);
	free(s.head);
	free(s.old);
	free(s.cut);
	free(s.shared);
	free(s.again);
	free(s.gone);
	buf_free(&s.ids);
	return got;
}

int
pop_run(struct run *r)
{
	if (pop_check(r->o, r->e) < 0 || pop_pass(r) < 0)
		return -1;
	return hung_rest(r, pop_pass);
}
