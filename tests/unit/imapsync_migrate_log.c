/*
 * imapsync_migrate_log.c: what records of a migration's state mean, by themselves
 * and one behind the other
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "migrate_mend.h"
#include "migrate_state.h"
#include "tap.h"

static char dir[] = "/tmp/migrate-log.XXXXXX";
static char path[64];
static struct err e;

static int
again(struct migrate_state *s)
{
	fail_clear(&e);
	return migrate_state_open(s, path, "jo@a", "al@b", false, &e);
}

/* Records with their sums; one that begins with "!" has a wrong one. */
static void
write_log(const char *const *v)
{
	struct buf out = { .max = 1 << 16 };
	const char *text = "migration 1 jo@a\tal@b";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	buf_printf(&out, "%08x %s\n", reclog_crc32c(text, strlen(text)), text);
	for (; *v != NULL; v++)
		buf_printf(&out, "%08x %s\n", reclog_crc32c(*v, strlen(*v)) ^
		    (**v == '!'), *v);
	if (fd < 0 || file_write(fd, out.p, out.n, &e) < 0)
		abort();
	close(fd);
	buf_free(&out);
}

static int
read_log(struct migrate_state *s, const char *const *v)
{
	write_log(v);
	return again(s);
}

static size_t
doubts(struct migrate_state *s, struct migrate_box *b)
{
	struct imap_uids v = { 0 };
	size_t n;

	migrate_state_doubts(s, b, &v);
	n = v.n;
	free(v.v);
	return n;
}

#define LOG(...) ((const char *const[]){ "box 0 100 200 INBOX\tINBOX", \
	__VA_ARGS__, NULL })

static void
sent(void)
{
	static const struct {
		const char *log[5];
		uint32_t low;
		size_t doubts;
		bool looked;
		const char *what;
	} c[] = {
	{ { "send 0 10 1:3", "send 0 12 4" }, 10, 4, false, "the lowest counts" },
	{ { "send 0 12 1:3", "send 0 10 4" }, 10, 4, false, "in either order" },
	{ { "send 0 10 1:3", "sure 0" }, 0, 0, true, "all was looked for" },
	{ { "send 0 10 1:3", "sure 0", "send 0 20 7" }, 20, 1, true,
	    "and the next begin higher" },
	{ { "send 0 10 1:3", "pair 0 2 12", "blind 0 3" }, 10, 1, false,
	    "two of three are there" },
	{ { "send 0 10 1:3", "fail 1 0 2 no" }, 10, 2, false, "one is refused" },
	{ { "send 0 10 1:3", "fail 1 0 2 no", "ignore 1" }, 10, 2, false,
	    "and ignored" },
	{ { "send 0 10 1:3", "fail 1 0 2 no", "again 1" }, 10, 3, false,
	    "or tried again" },
	};
	struct migrate_state s;
	struct migrate_box *b;
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		is_int(read_log(&s, LOG(c[i].log[0], c[i].log[1], c[i].log[2],
		    c[i].log[3])), 0, "sent: %s", c[i].what);
		b = migrate_state_named(&s, "INBOX");
		is_int(b->low, c[i].low, "the lowest UID there");
		is_int(doubts(&s, b), c[i].doubts, "in doubt");
		is_int(b->looked, c[i].looked, "was all looked for?");
		migrate_state_close(&s);
	}
}

/* The same by the functions that write, and read again. */
static void
sent_now(void)
{
	static const uint32_t one[] = { 1, 2, 3 }, two[] = { 7 };
	struct migrate_state s;
	struct migrate_box *b;
	int i;

	read_log(&s, LOG(NULL));
	b = migrate_state_named(&s, "INBOX");
	migrate_state_send(&s, b, one, 3, 10, &e);
	migrate_state_send(&s, b, two, 1, 12, &e);
	is_int(b->low, 10, "the lowest of what is sent");
	is_int(migrate_state_sure(&s, b, &e), 0, "all are looked for");
	ok(b->looked && b->low == 0 && doubts(&s, b) == 0, "none is in doubt");
	migrate_state_send(&s, b, one, 3, 20, &e);
	is_int(b->low, 20, "sent once more");
	migrate_state_sure(&s, b, &e);
	for (i = 0; i < 2; i++) {
		is_int(doubts(&s, b), 0, "and looked for once more");
		migrate_state_close(&s);
		again(&s);
		b = migrate_state_named(&s, "INBOX");
	}
	migrate_state_close(&s);
}

/* More than one record can say. */
static void
many(void)
{
	enum { N = 5000, PAIRS = 700 };
	static uint32_t uids[N];
	static struct migrate_pair pairs[PAIRS];
	struct migrate_state s;
	struct migrate_box *b;
	uint32_t i, bad = 0;

	for (i = 0; i < N; i++)
		uids[i] = 1000000 + 3 * i;
	for (i = 0; i < PAIRS; i++)
		pairs[i] = (struct migrate_pair){ uids[i], 10 + 2 * i };
	read_log(&s, LOG(NULL));
	b = migrate_state_named(&s, "INBOX");
	is_int(migrate_state_send(&s, b, uids, N, 10, &e), 0, "many are sent");
	is_int(migrate_state_pair(&s, b, pairs, PAIRS, &e), 0, "some are there");
	migrate_state_close(&s);
	is_int(again(&s), 0, "read: %s", e.msg);
	b = migrate_state_named(&s, "INBOX");
	is_int(doubts(&s, b), N - PAIRS, "the others are in doubt");
	for (i = 0; i < PAIRS; i++)
		bad += migrate_state_find(b, uids[i]) == NULL ||
		    migrate_state_find(b, uids[i])->to != pairs[i].to;
	is_int(bad, 0, "each has its own copy");
	migrate_state_close(&s);
}

static void
pairs(void)
{
	static const struct {
		const char *log[3];
		uint32_t from, to;
		const char *what;
	} c[] = {
	{ { "pair 0 1 11", "pair 0 1 15" }, 1, 15, "of two copies the later" },
	{ { "pair 0 1 15", "pair 0 1 11" }, 1, 15, "in either order" },
	{ { "blind 0 5", "pair 0 5 40" }, 5, 40, "found later" },
	{ { "pair 0 5 40", "blind 0 5" }, 5, 40, "or before" },
	{ { "pair 0 3,7 9,8" }, 7, 8, "in the order that is told" },
	};
	struct migrate_state s;
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		read_log(&s, LOG(c[i].log[0], c[i].log[1]));
		is_int(migrate_state_find(migrate_state_named(&s, "INBOX"),
		    c[i].from)->to, c[i].to, "%s", c[i].what);
		migrate_state_close(&s);
	}
}

/* Whole by their sums, and nothing that this program writes. */
static void
refused(void)
{
	static const char *const v[] = { "pair 0 1:3 11:12", "pair 0 1:2 11:13",
	    "pair 9 1 11", "box 2 1 1 a\tb", "box 1 1 1 a", "ignore 1",
	    "again 0", "fail 2 0 7 x", "sure 1", "seq 0 x", "send 0 1 x" };
	struct migrate_state s;
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		is_int(read_log(&s, LOG(v[i])), -1, "\"%s\" is none", v[i]);
		is_int(e.code, EX_CONFIG, "and the file is left");
		migrate_state_close(&s);
	}
	is_int(read_log(&s, LOG("fail 1 0 7 x", "fail 1 0 8 y")), -1,
	    "one id for two messages");
	migrate_state_close(&s);
}

static void
fails(void)
{
	struct migrate_state s;
	struct migrate_box *b;
	struct migrate_fail *f;
	int i;

	read_log(&s, LOG("fail 1 0 7 a", "ignore 1", "fail 1 0 7 b"));
	b = migrate_state_named(&s, "INBOX");
	f = migrate_state_failed(&s, b, 7);
	is_int(f->is, MIGRATE_FAILED, "refused once more");
	is_str(f->why, "b", "with the last words");
	migrate_state_judge(&s, 1, false, &e);
	is_int(f->is, MIGRATE_AGAIN, "tried again");
	migrate_state_fail(&s, b, 7, "c", &e);
	for (i = 0; i < 2; i++) {
		f = migrate_state_failed(&s, b, 7);
		is_int(f->is, MIGRATE_FAILED, "and refused again");
		is_str(f->why, "c", "with these");
		is_int(f->id, 1, "under its number");
		migrate_state_close(&s);
		again(&s);
		b = migrate_state_named(&s, "INBOX");
	}
	migrate_state_close(&s);
}

static void
counts(void)
{
	struct migrate_state s;
	struct migrate_box *b;

	read_log(&s, LOG("day 5 100", "day 6 10", "day 6 7", "seq 0 77"));
	is_int(s.bytes, 17, "the bytes of the last day");
	b = migrate_state_named(&s, "INBOX");
	migrate_state_seq(&s, b, 80, &e);
	migrate_state_spend(&s, 7, 3, &e);
	is_int(s.bytes, 3, "or of the next");
	migrate_state_close(&s);
	again(&s);
	is_int(migrate_state_named(&s, "INBOX")->seq, 80, "a later state");
	migrate_state_close(&s);
}

/* Who only looks changes no byte, not even a torn one. */
static void
looked_at(void)
{
	struct migrate_state s;
	struct stat was, is;

	write_log(LOG("pair 0 1 11", "!torn"));
	stat(path, &was);
	fail_clear(&e);
	is_int(migrate_state_open(&s, path, "jo@a", "al@b", true, &e), 0,
	    "only looked at: %s", e.msg);
	is_int(migrate_state_find(migrate_state_named(&s, "INBOX"), 1)->to, 11,
	    "what is whole is there");
	migrate_state_close(&s);
	stat(path, &is);
	is_int(is.st_size, was.st_size, "and the file as it was");
}

static void
damaged_is(const struct migrate_state *s, const char *what)
{
	const struct migrate_box *b = migrate_state_named(s, "Third");

	ok(b != NULL && b->from_validity == 5 && b->to_validity == 6, "%s: the mailbox behind a lost one", what);
	ok(migrate_state_find(migrate_state_named(s, "Third"), 1)->to == 11,
	    "with its own pairs");
	ok(migrate_state_named(s, "") == NULL, "the lost one has no name");
	is_int(migrate_state_failed(s, b, 9)->is, MIGRATE_IGNORED,
	    "what was refused behind a lost one");
	ok(migrate_state_failed(s, migrate_state_named(s, "INBOX"), 7) == NULL,
	    "one of other UIDs is none of these");
}

/* Records are lost in the middle: what is left keeps its numbers. */
static void
damaged(void)
{
	struct migrate_state s;

	is_int(read_log(&s, LOG("fail 1 0 7 old", "box 1 101 200 INBOX\tINBOX",
	    "send 1 30 4", "!box 2 3 4 Lost\tLost", "box 3 5 6 Third\tThird",
	    "pair 3 1 11", "pair 2 1 12", "!fail 2 2 8 x", "fail 3 3 9 y",
	    "ignore 3", "ignore 5")), 0, "some records are lost: %s", e.msg);
	is_int(s.damaged, 3, "two, and one that says nothing any more");
	is_int(s.nboxes, 4, "four mailboxes");
	is_int(s.nfails, 3, "three that were refused");
	is_int(s.fail[1].is, MIGRATE_IGNORED, "of the lost one nothing is told");
	damaged_is(&s, "read");
	is_int(migrate_mend(&s, path, "jo@a", "al@b", &e), 0, "mended: %s",
	    e.msg);
	is_int(s.damaged, 0, "nothing is damaged");
	is_int(s.nboxes, 3, "the lost mailbox is none");
	is_int(s.nfails, 1, "nor what was refused there");
	damaged_is(&s, "mended");
	is_int(doubts(&s, migrate_state_named(&s, "INBOX")), 1,
	    "the only one that was sent is in doubt");
	migrate_state_close(&s);
}

/* A mend that was killed has left a file. */
static void
mended_twice(void)
{
	char other[80];
	struct migrate_state s;

	write_log(LOG("pair 0 1 99", "pair 0 2 98"));
	snprintf(other, sizeof other, "%s.new", path);
	rename(path, other);
	read_log(&s, LOG("!torn", "pair 0 1 11"));
	is_int(s.damaged, 1, "damaged");
	is_int(migrate_mend(&s, path, "jo@a", "al@b", &e), 0, "mended: %s",
	    e.msg);
	ok(migrate_state_find(migrate_state_named(&s, "INBOX"), 2) == NULL,
	    "by nothing of an earlier mend");
	migrate_state_close(&s);
	is_int(access(other, F_OK), -1, "of which nothing is left");
}

/* A record's sum, and what is behind it. */
static void
separated(void)
{
	struct buf out = { .max = 1000 };
	const char *text = "migration 1 jo@a\tal@b", *box = "box 0 1 2 a\tb";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct migrate_state s;

	buf_printf(&out, "%08x %s\n%08x\t%s\n", reclog_crc32c(text,
	    strlen(text)), text, reclog_crc32c(box, strlen(box)), box);
	if (fd < 0 || file_write(fd, out.p, out.n, &e) < 0)
		abort();
	close(fd);
	is_int(again(&s), 0, "a sum without a blank behind it");
	is_int(s.nboxes, 0, "is none");
	migrate_state_close(&s);
	buf_free(&out);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/state", dir);
	sent();
	sent_now();
	many();
	pairs();
	refused();
	fails();
	counts();
	looked_at();
	damaged();
	mended_twice();
	separated();
	unlink(path);
	rmdir(dir);
	return done();
}
