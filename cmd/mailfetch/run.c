/* run.c: what POP3 and IMAP have in common; the report */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "dest.h"
#include "json.h"
#include "run.h"
#include "statedir.h"
#include "trace.h"
#include "turn.h"

/* ---- where the state is ---- */

/* Any text as a file name: what is not harmless as %XX. */
static char *
file_name(struct arena *a, const char *text)
{
	char *to = arena_new(a, strlen(text) * 3 + 1, 1), *at = to;

	for (; *text != '\0'; text++) {
		if (str_alpha(*text) || str_digit(*text) || *text == '-' ||
		    *text == '_' || *text == '@' ||
		    (*text == '.' && at != to)) {
			*at++ = *text;
			continue;
		}
		snprintf(at, 4, "%%%02X", (unsigned)(unsigned char)*text);
		at += 3;
	}
	return to;
}

/* Nobody is there to read what a run of cron's or a watch says. */
static bool
keeps_record(const struct options *o)
{
	return !options_look(o) && !o->look.peek && !o->seen.catch_up &&
	    o->seen.import == NULL;
}

/* One that has its name of a host in another spelling is renamed. */
static int
take_over_name(struct run *r, const char *was, const char *path)
{
	int lock;

	if (strcmp(was, path) == 0 || access(path, F_OK) == 0 ||
	    access(was, F_OK) < 0)
		return 0;
	lock = statedir_lock(arena_printf(&r->arena, "%s.lock", was), r->e);
	if (lock < 0)
		return -1;
	if (rename(was, path) < 0) {
		close(lock);
		return fail_sys(r->e, EX_CANTCREAT, "%s", path);
	}
	close(lock);
	return 0;
}

static const char *
named_by_server(struct run *r, const char *host)
{
	const struct account *a = &r->o->account;

	return arena_printf(&r->arena, "%s-%s@%s-%u",
	    a->server.scheme >= ACCOUNT_POP3 ? "pop3" : "imap",
	    account_user(a), host, a->server.port);
}

static const char *
state_path(struct run *r)
{
	struct options *o = r->o;
	const char *host = o->account.server.host;
	const char *dir, *name, *path, *was;

	if (o->state != NULL)
		return strchr(o->state, '/') != NULL ? o->state :
		    arena_printf(&r->arena, "./%s", o->state);
	dir = statedir_path(&r->arena, "mailfetch", "--state FILE", r->e);
	if (dir == NULL)
		return NULL;
	name = o->operands.n > 0 ? o->operands.v[0] : o->account.name;
	if (name != NULL)
		return arena_printf(&r->arena, "%s/%s.state", dir,
		    file_name(&r->arena, name));
	path = arena_printf(&r->arena, "%s/%s.state", dir, file_name(&r->arena,
	    named_by_server(r, owner_host(&r->arena, host))));
	was = arena_printf(&r->arena, "%s/%s.state", dir, file_name(&r->arena,
	    named_by_server(r, host)));
	if (options_look(o) || o->look.peek)
		return access(path, F_OK) < 0 ? was : path;
	return take_over_name(r, was, path) < 0 ? NULL : path;
}

/* A message that this run may delete must be in all of its places. */
static void
permit(struct run *r)
{
	const struct options *o = r->o;

	r->ledger.again = o->to.redeliver;
	if (!o->to.aside && !o->look.peek && o->to.of != LEDGER_HEADERS)
		r->ledger.need = r->ledger.run;
}

/* A look knows the places by name alone. */
static int
look_at_places(struct run *r)
{
	const struct option_places *to = &r->o->to;
	struct ledger_place v[LEDGER_PLACES];
	size_t i;

	for (i = 0; i < to->deliver.n && i < LEDGER_PLACES; i++)
		v[i] = (struct ledger_place){ .of = to->of,
		    .name = place_known_as(&r->arena, to->deliver.v[i]) };
	if (ledger_open(&r->ledger, &r->state, v, to->deliver.n, r->e) < 0)
		return -1;
	permit(r);
	return 0;
}

static int
open_places(struct run *r)
{
	if (r->o->to.deliver.n == 0)
		return fail(r->e, EX_USAGE, "where to? --deliver maildir:DIR, mbox:FILE, exec:CMD, lmtp:HOST:PORT or stdout");
	if (deliver_open(&r->deliver) < 0)
		return -1;
	if (r->o->account.server.scheme >= ACCOUNT_POP3 &&
	    deliver_folder(&r->deliver, STR("INBOX"), '\0') != 0)
		return -1;
	permit(r);
	if (r->ledger.before > 0 && !r->o->account.quiet)
		fail_print("%s: a place is new in this section, and gets what arrives from now on: %llu messages that came before are not in it (--redeliver gives them)",
		    r->o->title, (unsigned long long)r->ledger.before);
	return 0;
}

/* All that this will write: the state, and what deliver_box says. */
static void
confine(struct run *r)
{
	struct account *a = &r->o->account;
	struct sandbox *box = &r->p->box;

	a->box = box;
	a->again = r->o->watch || hung_any(&r->state);
	if (r->state.path == NULL)
		return;
	sandbox_beside(box, r->state.path, SANDBOX_WRITE);
	deliver_box(&r->deliver, box);
}

/* It may be another server, whose messages have the same numbers. */
static int
distrust(struct run *r)
{
	uint64_t n;

	if (owner_distrust(&r->owner, &r->state, &n, r->e) < 0)
		return -1;
	if (n > 0 && (r->o->after.when != DELETE_NEVER ||
	    r->o->after.move_to != NULL))
		fail_print("%s: another port than before: %llu messages count as fetched by their UIDs alone, and are not deleted there",
		    r->o->title, (unsigned long long)n);
	return 0;
}

static int
open_all(struct run *r)
{
	struct options *o = r->o;
	bool imap, moved;
	const char *path;

	if (o->look.probe)
		return 0;
	path = state_path(r);
	if (path == NULL)
		return -1;
	if (o->complain_after > 0 && keeps_record(o))
		complain_open(&r->p->complain, o->complain_after, path);
	if (state_open(&r->state, path, options_look(o) || o->look.peek ?
	    STATE_LOOK : STATE_RUN, r->e) < 0) {
		r->p->busy = r->e->code == EX_TEMPFAIL;
		return -1;
	}
	owner_find(&r->owner, &r->state, &r->arena, &o->account.server,
	    account_user(&o->account));
	/* What is had by IMAP are numbers: taken for the same server's. */
	imap = o->account.server.scheme < ACCOUNT_POP3;
	moved = imap && r->owner.like != NULL;
	if (imap || o->seen.import != NULL)
		owner_decide(&r->owner, &r->state, true);
	if (options_look(o))
		return look_at_places(r);
	if (o->seen.catch_up || o->seen.import != NULL) {
		if (state_begin(&r->state, r->e) < 0 ||
		    ledger_open(&r->ledger, &r->state, NULL, 0, r->e) < 0)
			return -1;
	} else if (open_places(r) < 0 || (moved && !o->look.peek &&
	    distrust(r) < 0)) {
		return -1;
	}
	return owner_record(&r->owner, &r->state, r->e);
}

int
run_open(struct run *r, struct options *o, struct process *p, struct err *e)
{
	*r = (struct run){ .o = o, .p = p, .e = e,
	    .state = { .log = { .fd = -1, .dir = -1 }, .lock = -1 },
	    .started = clock_ms() };
	deliver_init(&r->deliver, &(struct handed){ .o = o, .p = p, .e = e,
	    .arena = &r->arena, .state = &r->state, .ledger = &r->ledger,
	    .count = &r->count, .tally = &r->tally });
	r->who = arena_printf(&r->arena, "%s@%s", account_user(&o->account),
	    owner_host(&r->arena, o->account.server.host));
	if (open_all(r) < 0)
		return -1;
	if (o->account.box == NULL)
		confine(r);
	return 0;
}

/* All the servers of this process, at once. */
static int
ready(struct run *r)
{
	struct session *v[1 + LEDGER_PLACES];
	struct dest *d;
	size_t n = 0;

	v[n++] = &r->p->session;
	r->p->session.account = &r->o->account;
	for (d = r->p->dest; d != NULL; d = d->next) {
		d->account.box = r->o->account.box;
		d->session.account = &d->account;
		v[n++] = &d->session;
	}
	return session_ready_all(v, n, r->e);
}

int
run_connect(struct run *r)
{
	struct session *s = &r->p->session;

	if (r->o->watch)	/* --timeout is for each connection of it */
		r->o->account.deadline = 0;
	if ((s->account == NULL ? ready(r) : session_renew(s, r->e)) < 0)
		return -1;
	return session_connect(s, r->e);
}

void
run_note(const struct run *r, const struct counts *was, const char *folder)
{
	const struct {
		uint64_t n;
		const char *what;
	} more[] = {
		{ r->count.skipped - was->skipped, "too large" },
		{ r->count.kept - was->kept, "left there for now" },
		{ r->count.dropped - was->dropped, "dropped" },
		{ r->count.deleted - was->deleted, "deleted there" },
		{ r->count.moved - was->moved, "moved there" },
	};
	struct buf b = { .max = 512 };
	size_t i;

	buf_printf(&b, "%llu there, %llu to fetch, %llu fetched (%llu bytes)",
	    (unsigned long long)(r->count.there - was->there),
	    (unsigned long long)(r->count.total - was->total),
	    (unsigned long long)(r->count.fetched - was->fetched),
	    (unsigned long long)(r->count.bytes - was->bytes));
	for (i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i].n > 0)
			buf_printf(&b, ", %llu %s",
			    (unsigned long long)more[i].n, more[i].what);
	trace_note(TRACE_DONE, "%s: %s: %s", r->o->title, folder, b.p);
	buf_free(&b);
}

/* ---- the end ---- */

static int
status_of(const struct run *r)
{
	return fail_worse(fail_worse(r->e->code, r->count.status),
	    r->count.hook);
}

static void
tell_json(struct run *r)
{
	struct buf b = { .max = 1 << 16 };
	struct json j = { .out = &b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "account", r->o->title);
	json_int(&j, "there", (int64_t)r->count.there);
	json_int(&j, "fetched", (int64_t)r->count.fetched);
	json_int(&j, "bytes", (int64_t)r->count.bytes);
	json_int(&j, "kept", (int64_t)r->count.kept);
	json_int(&j, "dropped", (int64_t)r->count.dropped);
	json_int(&j, "skipped", (int64_t)r->count.skipped);
	json_int(&j, "in_doubt", (int64_t)r->count.doubt);
	json_int(&j, "deleted", (int64_t)r->count.deleted);
	json_int(&j, "moved", (int64_t)r->count.moved);
	json_int(&j, "seen", (int64_t)r->count.seen);
	json_int(&j, "status", status_of(r));
	if (r->e->code != 0)
		json_s(&j, "error", r->e->msg);
	json_close(&j, '}');
	turn_take(r->p->turn);
	puts(b.p);
	turn_give(r->p->turn);
	buf_free(&b);
}

/* Whatever was to be had was looked at. */
static bool
all_done(const struct run *r)
{
	const struct option_choice *w = &r->o->which;

	return status_of(r) == 0 && w->limit == 0 && w->max_size == 0 &&
	    w->search == NULL && w->since == NULL && !w->unseen &&
	    !w->headers_only && !r->o->to.aside;
}

int
run_close(struct run *r)
{
	struct err e = { 0 };
	bool clean;
	int status;

	clean = deliver_close(&r->deliver, &e) == 0;
	if (r->state.log.fd >= 0 && clean && r->state.changed)
		state_finish(&r->state, known_settle(&r->deliver, all_done(r),
		    &e) > 0, &e);
	known_free(&r->deliver.known);
	fail_join(r->e, &e);
	tally_say(&r->tally, r->o->title, &r->p->complain);
	if (options_look(r->o))
		turn_give(r->p->turn);
	if (r->count.doubt > 0 && !r->o->account.quiet)
		fail_print("%s: %llu handed over before, with no answer seen: %s",
		    r->o->title, (unsigned long long)r->count.doubt,
		    r->o->to.in_doubt == DOUBT_SKIP ? "not given again" : "given again");
	if (r->count.seen > 0 && !r->o->account.json && !r->o->account.quiet)
		printf("%s: %llu messages count as fetched\n", r->o->title,
		    (unsigned long long)r->count.seen);
	run_progress(r, true);
	if (r->o->account.json && !r->o->look.list && !r->o->look.probe)
		tell_json(r);
	status = status_of(r);
	state_close(&r->state);
	hung_free(&r->hung);
	arena_free(&r->arena);
	return status;
}

/* ---- in between ---- */

void
run_looked(struct run *r)
{
	tally_say(&r->tally, r->o->title, &r->p->complain);
	complain_end(&r->p->complain, true, clock_wall());
	r->p->reached = true;
}

int
run_login(struct run *r, struct session *s, struct sasl_login *l)
{
	if (!session_wants_login(&r->o->account))
		return conn_fail(s->conn, EX_USAGE, "log in as whom? --user NAME");
	return session_login(s, l);
}

int
run_wants(struct run *r, const struct message *m)
{
	const struct options *o = r->o;
	int wants;

	if (hung_other(r, m))
		return 0;
	wants = deliver_wants(&r->deliver, m->key);
	if (wants <= 0)
		return wants;
	if (o->which.max_size > 0 && m->size > o->which.max_size) {
		r->count.skipped++;
		return 0;
	}
	if (o->which.limit > 0 && r->count.total >= o->which.limit)
		return 0;
	return options_look(o) || !hung_waits(r, m, o->which.headers_only &&
	    m->folder == NULL ? HUNG_HEAD : HUNG_BODY);
}

struct key
run_uidl_key(struct str uidl, const char *owner)
{
	return state_mix(state_digest("uidl", uidl), str_of(owner));
}

struct key
run_folder_key(const struct run *r, const char *folder, uint64_t uidvalidity)
{
	char tail[64];

	if (str_is(str_of(folder), "INBOX"))
		folder = "INBOX";
	snprintf(tail, sizeof tail, "\n%llu",
	    (unsigned long long)uidvalidity);
	return state_mix(state_mix(state_digest("folder", str_of(folder)),
	    str_of(tail)), str_of(r->owner.keyed));
}

bool
run_new(const struct run *r, struct key k)
{
	return ledger_lacks(&r->ledger, k) != 0;
}

bool
run_due(const struct run *r, struct key k)
{
	const struct option_after *after = &r->o->after;
	uint32_t day;

	if (!ledger_whole(&r->ledger, k, &day))
		return false;
	if (after->move_to != NULL)
		return true;
	return after->when == DELETE_NOW || (after->when == DELETE_AFTER &&
	    state_today() >= day + after->days);
}

static void
amount(char dst[32], double bytes)
{
	if (bytes < 1e6)
		snprintf(dst, 32, "%.0f kB", bytes / 1e3);
	else
		snprintf(dst, 32, "%.1f MB", bytes / 1e6);
}

/* On a terminal alone, ten times a second at most. */
void
run_progress(struct run *r, bool last)
{
	int64_t now = clock_ms(), ran = now - r->started;
	const struct counts *c = &r->count;
	double done = 0;
	char size[32], left[32] = "";

	if (r->o->account.quiet || r->o->account.json || !isatty(2) ||
	    (last ? r->drawn == 0 : now - r->drawn < 100 || ran < 500))
		return;
	if (c->total_bytes > 0)
		done = (double)c->bytes / (double)c->total_bytes;
	else if (c->total > 0)
		done = (double)c->fetched / (double)c->total;
	r->drawn = now;
	amount(size, (double)c->bytes);
	if (!last && done > 0.01 && done < 1)
		snprintf(left, sizeof left, ", %.0f s left",
		    (double)ran / 1000 * (1 - done) / done);
	fprintf(stderr, "\r\033[K%s: %llu of %llu, %s%s%s", r->o->title,
	    (unsigned long long)c->fetched, (unsigned long long)c->total,
	    size, left, last ? "\n" : "");
	fflush(stderr);
}
