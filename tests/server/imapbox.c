/*
 * imapbox: what imap_box.h promises, asked of a real server
 *
 *	imapbox PORT USER PASSWORD
 *
 * Plain IMAP on the loopback.  Prints TAP.
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "conn_open.h"
#include "conn_tls.h"
#include "imap_append.h"
#include "imap_box.h"
#include "tap.h"

static struct conn_conf conf = { .host = "localhost" };
static struct err why;
static struct secret password;
static const char *user;

/* ---- helpers ---- */

static void
must(bool good, const char *what)
{
	if (good)
		return;
	ok(false, "%s: %s", what, why.msg);
	exit(done());
}

static void
enter(struct imap *m)
{
	struct sasl_login l = { .user = user, .password = &password,
	    .tls = true };
	struct conn *c = conn_open(&conf, &why);

	must(c != NULL, "connecting");
	must(imap_open(m, c, CONN_TLS_OFF) == 0, "the greeting");
	must(imap_auth(m, &l) == 0, "the login");
	must(imap_must(m, imap_ask_ready(m, ~0u), "ENABLE") == 0, "ENABLE");
}

static void
leave(struct imap *m)
{
	imap_quit(m);
	conn_close(m->c);
}

static void
done_well(struct imap *m, unsigned tag, const char *what)
{
	is_int(imap_must(m, tag, what), 0, "%s", what);
}

struct got {
	struct imap_uids fetched, gone;
	char flags[200];		/* of the last FETCH */
	uint64_t modseq;
	bool earlier;
};

static void
forget(struct got *g)
{
	free(g->fetched.v);
	free(g->gone.v);
	*g = (struct got){ 0 };
}

static void
gone(struct got *g, struct imap_resp *r)
{
	uint32_t lo, hi;

	g->earlier |= r->earlier;
	while (imap_set_next(&r->set, &lo, &hi) > 0)
		for (; lo <= hi; lo++)
			imap_uids_add(&g->gone, lo);
}

/* Reads up to the answer; what came is in *g. */
static int
read_all(struct imap *m, unsigned tag, struct got *g)
{
	struct imap_item it;
	struct imap_resp r;

	forget(g);
	do {
		if (imap_next(m, &r) < 0)
			return -1;
		if (r.type == IMAP_VANISHED)
			gone(g, &r);
		if (r.type != IMAP_FETCH)
			continue;
		while (imap_item(m, &it) > 0)
			if (it.kind == IMAP_UID)
				imap_uids_add(&g->fetched,
				    (uint32_t)it.number);
			else if (it.kind == IMAP_FLAG)
				snprintf(g->flags, sizeof g->flags, "%.*s",
				    STR_ARG(it.text));
			else if (it.kind == IMAP_MODSEQ)
				g->modseq = it.number;
	} while (!imap_done(&r, tag));
	return r.type == IMAP_OK ? 0 : 1;
}

static void
is_uids(const struct imap_uids *u, const char *want, const char *what)
{
	struct buf b = { .max = 1000000 };
	size_t at = 0;

	imap_set_put(&b, u->v, u->n, &at, 900000);
	is_str(b.n > 0 ? b.p : "", want, "%s", what);
	buf_free(&b);
}

static void
enter_box(struct imap *m, const char *name)
{
	unsigned tag = imap_ask_select(m, str_of(name), false, NULL);

	imap_box_forget(m);
	must(imap_must(m, tag, "SELECT") == 0, name);
}

/* ---- what is tried ---- */

static const char text[] = "Subject: one\r\n\r\nbody\r\n";
static const char nul[] = "Subject: nul\r\n\r\na\0b\r\n";

static int
append(struct imap *m, const char *box, unsigned n, const char *flags)
{
	struct imap_append a = { .flags = flags, .date = 86400,
	    .size = sizeof text - 1 };
	int got = 1;

	if (imap_append_begin(m, str_of(box)) < 0)
		return -1;
	while (n-- > 0 && (got = imap_append_one(m, &a)) > 0)
		imap_append_put(m, text, sizeof text - 1, &why);
	return got;
}

static void
appended(struct imap *m, unsigned tag, const char *want, const char *what)
{
	struct imap_uids u = { 0 };
	struct imap_resp r;
	uint64_t v = 0;

	do
		must(imap_next(m, &r) > 0, what);
	while (!imap_done(&r, tag));
	is_int(imap_appended(m, &r, &v, &u), 1, "%s: APPENDUID", what);
	is_uids(&u, want, what);
	ok(v > 0, "%s: UIDVALIDITY", what);
	free(u.v);
}

static void
uploads(struct imap *m)
{
	struct imap_append a = { .flags = "", .size = sizeof nul - 1,
	    .binary = true };
	unsigned caps = m->caps;

	done_well(m, imap_ask_create(m, STR("A\xc3\xa9 (\"x\")")), "CREATE");
	must(append(m, "A\xc3\xa9 (\"x\")", 3, "\\Seen work") == 1, "APPEND");
	appended(m, imap_append_end(m), "1:3", "three at once");

	m->caps &= ~(unsigned)(IMAP_LITERAL_PLUS | IMAP_LITERAL_MINUS);
	must(append(m, "A\xc3\xa9 (\"x\")", 2, "") == 1, "APPEND");
	appended(m, imap_append_end(m), "4:5", "two, waiting");
	is_int(append(m, "Not there", 1, ""), 0, "no +, but a NO");
	ok(strstr(m->text, "TRYCREATE") != NULL, "which says why: %s",
	    m->text);
	m->caps = caps;
	must(append(m, "Not there", 1, "") == 1, "APPEND with LITERAL+");
	is_int(imap_wait(m, imap_append_end(m)), 1, "the same, later");

	must(imap_append_begin(m, STR("A\xc3\xa9 (\"x\")")) == 0 &&
	    imap_append_one(m, &a) == 1 && imap_append_put(m, nul,
	    sizeof nul - 1, &why) == 0, "literal8");
	appended(m, imap_append_end(m), "6", "a NUL in a literal8");
}

static void
changes(struct imap *m)
{
	static const char box[] = "A\xc3\xa9 (\"x\")";
	struct imap_since since = { .uids = "1:6" };
	struct got g = { 0 };
	unsigned a, b;

	enter_box(m, box);
	is_int(m->box.exists, 6, "six messages");
	ok(strstr(m->box.permanent, "\\*") != NULL, "PERMANENTFLAGS: %s",
	    m->box.permanent);
	ok(m->qresync && m->condstore, "QRESYNC and CONDSTORE are on");
	since.uidvalidity = m->box.uidvalidity;
	since.modseq = m->box.modseq;
	ok(since.modseq > 0, "HIGHESTMODSEQ");

	is_int(read_all(m, imap_ask_flags(m, "1:2", 0), &g), 0, "FETCH");
	is_uids(&g.fetched, "1:2", "the flags of two");
	ok(strstr(g.flags, "\\Seen") != NULL && strstr(g.flags, "work") !=
	    NULL, "which are %s", g.flags);
	done_well(m, imap_ask_store(m, "2:3", true, "\\Flagged new"),
	    "STORE +");
	done_well(m, imap_ask_store(m, "1:2", false, "\\Seen"), "STORE -");
	is_int(imap_ask_store(m, "1", true, "a(b"), 0, "no such flag");
	is_int(why.code, EX_USAGE, "is the caller's mistake");
	fail_clear(&why);
	is_int(read_all(m, imap_ask_flags(m, "1:*", since.modseq), &g), 0,
	    "CHANGEDSINCE");
	is_uids(&g.fetched, "1:3", "three were changed");
	done_well(m, imap_ask_store(m, "4,6", true, "\\Deleted"), "\\Deleted");
	is_int(read_all(m, imap_ask_expunge(m, "4"), &g), 0, "UID EXPUNGE");
	is_uids(&g.gone, "4", "VANISHED: one of the two");
	ok(!g.earlier, "now");
	done_well(m, imap_ask_unselect(m), "UNSELECT");

	a = imap_ask_select(m, str_of(box), true, &since);
	b = imap_ask_search(m, "NOT DELETED");
	imap_box_forget(m);
	is_int(read_all(m, a, &g), 0, "SELECT with QRESYNC");
	is_uids(&g.gone, "4", "what vanished");
	ok(g.earlier, "earlier");
	is_uids(&g.fetched, "1:3,6", "what changed");
	ok(m->box.read_only, "it is EXAMINE");
	ok(m->box.modseq > since.modseq, "a greater HIGHESTMODSEQ");
	done_well(m, b, "SEARCH behind it");
	forget(&g);
}

static void
moves(struct imap *m)
{
	static const char box[] = "A\xc3\xa9 (\"x\")";
	struct imap_uids from = { 0 }, to = { 0 };
	struct imap_resp r;
	uint64_t v = 0;
	unsigned tag;
	int n = 0;

	enter_box(m, box);
	done_well(m, imap_ask_create(m, STR("B")), "CREATE B");
	tag = imap_ask_move(m, "1,3", STR("B"));
	do {
		must(imap_next(m, &r) > 0, "MOVE");
		n += imap_copied(m, &r, &v, &from, &to);
	} while (!imap_done(&r, tag));
	is_int(n, 1, "MOVE: COPYUID once");
	is_uids(&from, "1,3", "from");
	is_uids(&to, "1:2", "to");
	from.n = to.n = 0;
	tag = imap_ask_copy(m, "2", STR("B"));
	do
		must(imap_next(m, &r) > 0, "COPY");
	while (!imap_done(&r, tag));
	is_int(imap_copied(m, &r, &v, &from, &to), 1, "COPY: COPYUID");
	is_uids(&to, "3", "to");
	is_int(imap_wait(m, imap_ask_move(m, "2", STR("Not there"))), 1,
	    "to what is not there");
	free(from.v);
	free(to.v);
}

static void
folders(struct imap *m)
{
	struct imap_resp r;
	struct imap_item it;
	struct imap_uids u = { 0 };
	unsigned tag, lists = 0, counts = 0, modseqs = 0, subscribed = 0;

	done_well(m, imap_ask_rename(m, STR("B"), STR("C")), "RENAME");
	done_well(m, imap_ask_subscribe(m, STR("C")), "SUBSCRIBE");
	tag = imap_ask_list(m, "*", IMAP_LIST_COUNTS);
	do {
		must(imap_next(m, &r) > 0, "LIST");
		lists += r.type == IMAP_LIST;
		subscribed += r.type == IMAP_LIST && str_is(r.name, "C") &&
		    strstr(r.flags.p, "\\Subscribed") != NULL;
		if (r.type != IMAP_STATUS || !str_is(r.name, "C"))
			continue;
		while (imap_item(m, &it) > 0) {
			if (str_is(it.name, "MESSAGES"))
				is_int(it.number, 3, "STATUS MESSAGES");
			counts += it.kind == IMAP_COUNT;
			modseqs += str_is(it.name, "HIGHESTMODSEQ");
		}
	} while (!imap_done(&r, tag));
	ok(lists >= 3, "%u folders", lists);
	is_int(counts, 4, "four items of STATUS");
	is_int(modseqs, 1, "with HIGHESTMODSEQ");
	is_int(subscribed, 1, "\\Subscribed");
	done_well(m, imap_ask_status(m, STR("C")), "STATUS");
	done_well(m, imap_ask_delete(m, STR("C")), "DELETE");
	is_int(imap_wait(m, imap_ask_status(m, STR("C"))), 1, "it is gone");

	enter_box(m, "INBOX");
	tag = imap_ask_search(m, "ALL");
	do {
		must(imap_next(m, &r) > 0, "SEARCH");
		if (r.type == IMAP_SEARCH)
			must(imap_found(m, &r, &u) == 0, "the set");
	} while (!imap_done(&r, tag));
	is_int(u.n, m->box.exists, "SEARCH ALL finds all");
	free(u.v);
}

/* All reads of 200 rounds are asked before one answer is taken. */
static void
flight(struct imap *m)
{
	enum { ROUNDS = 200 };
	static char known[7800];
	struct imap_since since = { .uids = known };
	unsigned tag[ROUNDS][2];
	struct buf b = { .max = sizeof known };
	size_t i, good = 0;

	for (i = 1; b.n + 10 < sizeof known; i += 2)
		buf_printf(&b, "%s%zu", i > 1 ? "," : "", i);
	snprintf(known, sizeof known, "%s", b.p);
	buf_free(&b);
	enter_box(m, "INBOX");
	since.uidvalidity = m->box.uidvalidity;
	since.modseq = m->box.modseq;
	for (i = 0; i < ROUNDS; i++) {
		tag[i][0] = imap_ask_select(m, STR("INBOX"), true, &since);
		tag[i][1] = imap_ask_search(m, "ALL");
	}
	for (i = 0; i < ROUNDS; i++) {
		imap_box_forget(m);
		good += imap_wait(m, tag[i][0]) == 0 &&
		    m->box.uidvalidity == since.uidvalidity;
		good += imap_wait(m, tag[i][1]) == 0;
	}
	is_int(good, 2 * ROUNDS, "400 answers to what was asked at once");
}

/* 100 MB go through, and are not held. */
static void
large(struct imap *m)
{
	enum { LINE = 80, LINES = 1310720 };
	struct imap_append a = { .flags = "", .size = (uint64_t)LINE * LINES };
	struct imap_item it;
	struct imap_resp r;
	struct rusage use;
	static char block[LINE * 512];
	uint64_t size = 0;
	unsigned tag;
	size_t i;

	memset(block, 'x', sizeof block);
	for (i = LINE; i <= sizeof block; i += LINE)
		memcpy(block + i - 2, "\r\n", 2);
	memcpy(block, "S: \r\n\r\n", 8);
	done_well(m, imap_ask_create(m, STR("Large")), "CREATE");
	must(imap_append_begin(m, STR("Large")) == 0 &&
	    imap_append_one(m, &a) == 1, "APPEND");
	for (i = 0; i < LINES / 512; i++)
		must(imap_append_put(m, block, sizeof block, &why) == 0,
		    "100 MB");
	appended(m, imap_append_end(m), "1", "100 MB");
	enter_box(m, "Large");
	tag = imap_ask_sizes(m, "1");
	do {
		must(imap_next(m, &r) > 0, "FETCH");
		while (r.type == IMAP_FETCH && imap_item(m, &it) > 0)
			if (it.kind == IMAP_SIZE)
				size = it.number;
	} while (!imap_done(&r, tag));
	is_int(size, a.size, "all of it arrived");
	done_well(m, imap_ask_unselect(m), "UNSELECT");
	done_well(m, imap_ask_delete(m, STR("Large")), "DELETE");
	getrusage(RUSAGE_SELF, &use);
	diag("peak memory %ld KB", use.ru_maxrss);
#ifndef __SANITIZE_ADDRESS__
	ok(use.ru_maxrss < 12000, "in 12 MB of memory");
#endif
}

/* An upload that stops half way is not completed by what is said next. */
static void
half(struct imap *m)
{
	struct imap_append a = { .flags = "", .size = 12 };
	struct imap other;
	uint64_t exists;

	enter_box(m, "INBOX");
	exists = m->box.exists;
	must(imap_append_begin(m, STR("INBOX")) == 0 &&
	    imap_append_one(m, &a) == 1 &&
	    imap_append_put(m, "Subj", 4, &why) == 0 &&
	    conn_flush(m->c) == 0, "APPEND");
	is_int(imap_append_end(m), 0, "the end comes too early");
	is_int(why.code, EX_TEMPFAIL, "%s", why.msg);
	leave(m);
	fail_clear(&why);
	enter(&other);
	enter_box(&other, "INBOX");
	is_int(other.box.exists, exists, "nothing was stored");
	leave(&other);
}

int
main(int argc, char *argv[])
{
	struct imap m;

	if (argc != 4)
		return EX_USAGE;
	conf.port = (unsigned)strtoul(argv[1], NULL, 10);
	user = argv[2];
	password.n = strlen(argv[3]);
	memcpy(password.p, argv[3], password.n);
	enter(&m);
	uploads(&m);
	changes(&m);
	moves(&m);
	folders(&m);
	flight(&m);
	large(&m);
	half(&m);
	return done();
}
