/* imapsync_migrate.c: the state of a migration, whole and cut at every byte */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "migrate_mend.h"
#include "migrate_pace.h"
#include "migrate_rest.h"
#include "migrate_run.h"
#include "migrate_state.h"
#include "tap.h"

static char dir[] = "/tmp/migrate-state.XXXXXX";
static char path[64];

static void
put_file(const char *p, size_t n)
{
	struct err e = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || file_write(fd, p, n, &e) < 0)
		is_str(e.msg, "", "writing the file");
	close(fd);
}

static struct buf
get_file(void)
{
	struct buf b = { .max = 1 << 20 };
	struct err e = { 0 };
	int fd = open(path, O_RDONLY);

	file_slurp(fd, &b, &e);
	close(fd);
	return b;
}

static int
reopen(struct migrate_state *s, struct err *e)
{
	fail_clear(e);
	return migrate_state_open(s, path, "jo@a", "al@b", false, e);
}

/* Two mailboxes: pairs, one that is not told, a doubt, what was refused. */
static void
fill(void)
{
	static const uint32_t sent[] = { 1, 2, 3, 5, 9 };
	static const struct migrate_pair pairs[] = { { 1, 11 }, { 3, 14 },
	    { 2, 12 }, { 10, 31 }, { 11, 30 } };
	uint32_t blind = 5;
	struct migrate_state s;
	struct migrate_box *b;
	struct err e = { 0 };

	is_int(reopen(&s, &e), 0, "a new state");
	b = migrate_state_begin(&s, "INBOX", "INBOX", 100, 200, &e);
	migrate_state_sure(&s, b, &e);
	migrate_state_send(&s, b, sent, 5, 10, &e);
	migrate_state_pair(&s, b, pairs, 5, &e);
	migrate_state_blind(&s, b, &blind, 1, &e);
	migrate_state_flags(&s, b, sent, 3, "$F \\Seen", &e);
	migrate_state_flags(&s, b, sent + 3, 1, "", &e);
	migrate_state_flags(&s, b, sent, 1, "late", &e);
	migrate_state_seq(&s, b, 77, &e);
	migrate_state_begin(&s, " a b ", " c d/e ", 1, 2, &e);
	b = migrate_state_named(&s, "INBOX");
	migrate_state_fail(&s, b, 7, "[TOOBIG] no\nmore", &e);
	migrate_state_fail(&s, b, 8, "other", &e);
	migrate_state_judge(&s, 2, true, &e);
	migrate_state_spend(&s, 19000, 500, &e);
	migrate_state_spend(&s, 19000, 70, &e);
	is_int(e.code, 0, "written: %s", e.msg);
	is_int(migrate_state_judge(&s, 3, true, &e), -1, "no such id");
	migrate_state_close(&s);
}

/* All that can be read is there afterwards, and what the lost part was about. */
static void
mended(void)
{
	struct buf was = get_file();
	struct imap_uids doubts = { 0 };
	struct migrate_state s;
	struct migrate_box *b;
	struct err e = { 0 };

	reopen(&s, &e);
	migrate_state_fail(&s, migrate_state_named(&s, "INBOX"), 20, "x", &e);
	migrate_state_judge(&s, 3, false, &e);
	is_int(migrate_mend(&s, path, "jo@a", "al@b", &e), 0, "mended: %s",
	    e.msg);
	migrate_state_close(&s);
	is_int(reopen(&s, &e), 0, "and read: %s", e.msg);
	b = migrate_state_named(&s, "INBOX");
	is_int(b->from_validity == 100 && b->to_validity == 200 && !b->looked,
	    1, "all of the mailbox is looked for");
	is_int(migrate_state_find(b, 1)->to == 11 &&
	    migrate_state_find(b, 10)->to == 31 &&
	    migrate_state_find(b, 11)->to == 30 &&
	    migrate_state_find(b, 5)->to == 0 && b->n == 6, 1, "its pairs");
	migrate_state_doubts(&s, b, &doubts);
	is_int(doubts.n == 1 && doubts.v[0] == 9 && b->low == 10, 1,
	    "what is in doubt");
	free(doubts.v);
	is_str(s.texts.v[migrate_base_text(&b->base, 3)], "$F \\Seen", "flags");
	is_str(s.texts.v[migrate_base_text(&b->base, 1)], "late", "late ones");
	is_int((long)b->seq, 0, "which are asked for again");
	is_int(migrate_state_failed(&s, b, 7)->is, MIGRATE_FAILED, "refused");
	is_int(migrate_state_failed(&s, b, 8)->is, MIGRATE_IGNORED, "ignored");
	is_int(migrate_state_failed(&s, b, 20)->is, MIGRATE_AGAIN, "again");
	is_int(s.day == 19000 && s.bytes == 570, 1, "the bytes of the day");
	is_str(migrate_state_named(&s, " a b ")->to, " c d/e ", "the other");
	migrate_state_close(&s);
	put_file(was.p, was.n);
	buf_free(&was);
}

static void
read_back(void)
{
	struct imap_uids doubts = { 0 };
	struct migrate_state s;
	struct migrate_box *b;
	struct err e = { 0 };

	is_int(reopen(&s, &e), 0, "read: %s", e.msg);
	b = migrate_state_named(&s, "INBOX");
	is_int(b->from_validity == 100 && b->to_validity == 200 && b->looked,
	    1, "the mailbox");
	is_int(migrate_state_find(b, 1)->to, 11, "1 is 11");
	is_int(migrate_state_find(b, 2)->to, 12, "2 is 12");
	is_int(migrate_state_find(b, 3)->to, 14, "3 is 14");
	is_int(migrate_state_find(b, 10)->to, 31, "10 is 31");
	is_int(migrate_state_find(b, 11)->to, 30, "11 is 30, which is lower");
	is_int(migrate_state_find(b, 5)->to, 0, "5 is somewhere");
	is_int(migrate_state_find(b, 9) == NULL, 1, "9 is not known");
	is_str(s.texts.v[migrate_base_text(&b->base, 3)], "$F \\Seen", "flags");
	is_str(s.texts.v[migrate_base_text(&b->base, 1)], "late", "later ones");
	is_str(s.texts.v[migrate_base_text(&b->base, 5)], "", "none");
	is_int(migrate_base_text(&b->base, 9) == MIGRATE_UNBASED, 1,
	    "not known");
	is_int((long)b->seq, 77, "as of 77");
	migrate_state_doubts(&s, b, &doubts);
	is_int(doubts.n == 1 && doubts.v[0] == 9 && b->low == 10, 1,
	    "9 is in doubt, from 10 on");
	free(doubts.v);
	is_str(migrate_state_named(&s, " a b ")->to, " c d/e ",
	    "another, with all its blanks");
	is_int(migrate_state_failed(&s, b, 7)->is, MIGRATE_FAILED, "refused");
	is_str(migrate_state_failed(&s, b, 7)->why, "[TOOBIG] no\\nmore",
	    "and why");
	is_int(migrate_state_failed(&s, b, 8)->is, MIGRATE_IGNORED, "ignored");
	is_int((long)s.bytes, 570, "the bytes of the day");
	is_int(migrate_state_sure(&s, b, &e), 0, "sure");
	migrate_state_begin(&s, "INBOX", "INBOX", 101, 200, &e);
	migrate_state_close(&s);
	reopen(&s, &e);
	b = migrate_state_named(&s, "INBOX");
	is_int(b->from_validity == 101 && b->n == 0 && !b->looked, 1,
	    "other UIDs: it begins anew");
	migrate_state_close(&s);
}

/* The lines that are whole count, and what comes goes behind them. */
static void
cut_everywhere(void)
{
	struct buf all = get_file(), now;
	struct migrate_state s;
	struct err e = { 0 };
	size_t n, whole = 0, bad = 0, first = strcspn(all.p, "\n") + 1;

	for (n = 0; n < all.n; n++) {
		if (n > 0 && all.p[n - 1] == '\n')
			whole = n;
		put_file(all.p, n);
		if (n > 0 && n < first) {
			bad += reopen(&s, &e) == 0 || e.code != EX_CONFIG;
			migrate_state_close(&s);
			continue;
		}
		bad += reopen(&s, &e) < 0;
		migrate_state_spend(&s, 1, 1, &e);
		migrate_state_close(&s);
		now = get_file();
		bad += e.code != 0 || now.n < whole ||
		    memcmp(now.p, all.p, whole) != 0;
		buf_free(&now);
		bad += reopen(&s, &e) < 0 || s.day != 1;
		migrate_state_close(&s);
	}
	is_int((long)bad, 0, "cut at each of %zu bytes", all.n);
	buf_free(&all);
}

static void
of_others(void)
{
	struct migrate_state s;
	struct err e = { 0 };
	struct buf all = get_file();
	char text[] = "newthing 1", line[40];

	is_int(migrate_state_open(&s, path, "jo@a", "al@c", false, &e), -1,
	    "another migration's");
	is_int(e.code, EX_CONFIG, "is refused");
	migrate_state_close(&s);
	snprintf(line, sizeof line, "%08x %s\n", reclog_crc32c(text,
	    strlen(text)), text);
	buf_s(&all, line);
	put_file(all.p, all.n);
	is_int(reopen(&s, &e), -1, "a newer version's");
	is_int(e.code, EX_CONFIG, "is refused");
	migrate_state_close(&s);
	buf_free(&all);
	all = get_file();
	is_int(all.n > 0 && strstr(all.p, "newthing") != NULL, 1,
	    "and stays as it is");
	buf_free(&all);
	unlink(path);
	fail_clear(&e);
	is_int(migrate_state_open(&s, path, "a", "b", true, &e), 0,
	    "read only: there is none");
	is_int(migrate_state_named(&s, "INBOX") == NULL, 1, "and nothing in it");
	migrate_state_close(&s);
	is_int(access(path, F_OK), -1, "and none is made");
}

/* The last of each message counts, in whatever order they come. */
static void
base(void)
{
	struct migrate_base b = { .n = 0 };
	uint32_t i, bad = 0;

	for (i = 0; i < 5000; i++)
		migrate_base_set(&b, i * 7 % 100, i);
	is_int(b.cap < 500, 1, "as many as there are messages");
	for (i = 4900; i < 5000; i++)
		bad += migrate_base_text(&b, i * 7 % 100) != i;
	is_int(bad, 0, "flags in any order");
	migrate_base_set(&b, 50, 1);
	is_int(migrate_base_text(&b, 50), 1, "and once more");
	is_int(migrate_base_text(&b, 100) == MIGRATE_UNBASED, 1, "of none");
	migrate_base_set(&b, 99, 8);
	is_int(migrate_base_text(&b, 99), 8, "the last one once more");
	free(b.v);
}

/* Sorted, each once: one text for what means the same. */
static void
words(void)
{
	static const struct {
		const char *flags, *text;
	} v[] = {
		{ "", "" }, { "\\Recent", "" }, { "b a", "a b" },
		{ "a \\Seen ab $F a", "$F \\Seen a ab" },
		{ "ab a", "a ab" }, { "\\Seen \\recent x", "\\Seen x" },
	};
	struct buf b = { .max = 1000 };
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		b.n = 0;
		migrate_base_words(&b, str_of(v[i].flags));
		buf_c(&b, '\0');
		is_str(b.p, v[i].text, "the words of \"%s\"", v[i].flags);
	}
	buf_free(&b);
}

/* When there are too many, those that there are still count. */
static void
texts(void)
{
	struct migrate_state s = { .nboxes = 0 };
	char word[20], longer[1600];
	uint32_t last = 0;
	int i;

	memset(longer, 'x', sizeof longer);
	is_int(migrate_state_text(&s, (struct str){ longer, 1501 }) ==
	    MIGRATE_UNBASED, 1, "a text that is too long");
	for (i = 0; i < 6000 && last != MIGRATE_UNBASED; i++) {
		snprintf(word, sizeof word, "k%d", i);
		last = migrate_state_text(&s, str_of(word));
	}
	is_int(last == MIGRATE_UNBASED, 1, "so many texts of flags");
	is_int(migrate_state_text(&s, STR("k7")), 7, "and the first of them");
	migrate_texts_free(&s.texts);
}

/* An outage is not the fault of one message after the other. */
static void
pauses(void)
{
	struct migrate r = { .wait = { .tries = 8 } };

	is_int(migrate_pace_asked(&r, "[UNAVAILABLE]"), 0,
	    "after eight pauses a message is refused");
	is_int(migrate_pace_asked(&r, "[UNAVAILABLE]"), 1,
	    "but not the next, too");
	is_int(migrate_rest(&r.wait, 0), -1, "for which there is no pause");
	r.messages++;
	is_int(migrate_pace_asked(&r, "[UNAVAILABLE]"), 1,
	    "a message is copied: all begins anew");
	is_int(migrate_pace_waits(&r), 1, "with a pause");
	migrate_pace_asked(&r, "Suggested Backoff Time: 2500 milliseconds");
	ok(r.wait.asked > 2.49 && r.wait.asked < 2.51, "as long as is asked");
	migrate_pace_asked(&r, "Suggested Backoff Time: nan milliseconds");
	ok(r.wait.asked > 0.99 && r.wait.asked < 1.01, "or a second");
}

/* Which answers are about any message, for now. */
static void
throttled(void)
{
	static const struct {
		const char *text;
		bool is;
	} v[] = {
		{ "[LIMIT] too much", true }, { "[INUSE] wait", true },
		{ "[UNAVAILABLE]", true }, { "[limit] x", true },
		{ "[TOOBIG] too big, try later", false },
		{ "[OVERQUOTA] busy", false }, { "message refused", false },
		{ "the server is busy", true }, { "try later", true },
		{ "[NO] Suggested Backoff Time: 5 milliseconds", true },
	};
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		struct migrate r = { .o = NULL };

		is_int(migrate_pace_asked(&r, v[i].text), v[i].is,
		    "\"%s\" is a wish for a pause", v[i].text);
		is_int(migrate_pace_waits(&r), v[i].is, "which is due");
	}
}

static void
rests(void)
{
	static const int want[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 };
	struct migrate r = { .wait = { .tries = 8 }, .messages = 5 };
	struct migrate_wait w = { .due = true, .asked = 7, .at = 3 };
	size_t i;

	is_int(migrate_pace_asked(&r, "[LIMIT]"), 1,
	    "after pauses and a message there is another one");
	ok(migrate_rest(&w, 3) == 7 && !w.due, "as long as is asked");
	for (i = 1; i < 9; i++)
		is_int(migrate_rest(&w, 3), want[i], "then doubled");
	is_int(migrate_rest(&w, 3), -1, "and one too many");
	is_int(migrate_rest(&w, 4), 1, "a message begins anew");
	w.asked = 1000;
	is_int(migrate_rest(&w, 4), 300, "five minutes at most");
	r.wait = w;
	migrate_pace_progress(&r);
	is_int(migrate_rest(&r.wait, 4), 1,
	    "progress without a message begins anew, too");
	r.wait.tries = 3;
	migrate_pace_progress(&r);
	is_int(migrate_rest(&r.wait, r.wait.at), 1,
	    "progress without a message begins anew, too");
}

/* 1000 bytes a second. */
static void
rate(void)
{
	static const struct {
		int64_t now;
		size_t n;
		int64_t due;
		const char *what;
	} v[] = {
		{ 50000, 3000, 50000, "the first go at once" },
		{ 50100, 500, 53000, "the next when these have" },
		{ 53000, 500, 53500, "and so on" },
		{ 54900, 1000, 54000, "a second may be made up for" },
		{ 56001, 1000, 56001, "more is not" },
		{ 56002, 10, 57001, "and counts from then on" },
	};
	struct migrate_rate w = { 0 };
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		is_int(migrate_rest_due(&w, 1000, v[i].now, v[i].n), v[i].due,
		    "%s", v[i].what);
	w = (struct migrate_rate){ 0 };
	is_int(migrate_rest_due(&w, 1000, 500, 10), 500,
	    "however early the clock is");
}

/* When what was sent before the connection has surely been stored, or lost. */
static void
settled(void)
{
	struct migrate r = { .to = { .name = "to",
	    .opened = clock_ms() - 10000 } };

	is_int(migrate_pace_settle(&r, r.to.opened + 5000), 0,
	    "looked at five seconds later: once");
	is_int(migrate_pace_settle(&r, r.to.opened + 4999), 1,
	    "or before that: once more");
}

/* The budget of a day, with what is under way. */
static void
budget(void)
{
	struct migrate_options o = { .day = 100 };
	struct migrate r = { .o = &o };

	ok(migrate_pace_reserve(&r, 60), "60 of 100 bytes");
	ok(!migrate_pace_reserve(&r, 41), "leave no room for 41");
	ok(migrate_pace_reserve(&r, 40), "but for 40");
	migrate_pace_return(&r, 60);
	ok(migrate_pace_reserve(&r, 60), "what was refused is free again");
	migrate_pace_return(&r, 1000);
	ok(migrate_pace_reserve(&r, 100), "and never more than there is");
	r.rate.reserved = 0;
	r.state.day = (uint64_t)clock_wall() / 86400;
	r.state.bytes = 30;
	ok(!migrate_pace_reserve(&r, 71) && migrate_pace_reserve(&r, 70),
	    "with what was copied before");
	r.rate.reserved = 0;
	r.state.day--;
	ok(migrate_pace_reserve(&r, 100), "on that day");
}

/* What was copied is no longer under way, and is noted if there is a budget. */
static void
spent(void)
{
	struct migrate_options o = { .day = 100 };
	struct err e = { 0 };
	struct migrate r = { .o = &o, .e = &e };

	unlink(path);
	is_int(reopen(&r.state, &e), 0, "a state");
	ok(migrate_pace_reserve(&r, 60), "60 bytes are under way");
	is_int(migrate_pace_spend(&r, 60), 0, "and copied");
	is_int(r.rate.reserved, 0, "none is under way");
	is_int(r.state.bytes, 60, "all are noted");
	ok(!migrate_pace_reserve(&r, 41) && migrate_pace_reserve(&r, 40),
	    "and leave 40");
	o.day = 0;
	ok(migrate_pace_reserve(&r, 1000), "without a budget all may go");
	is_int(migrate_pace_spend(&r, 1000), 0, "and is copied");
	is_int(r.state.bytes, 60, "without a note");
	migrate_state_close(&r.state);
	unlink(path);
}

/* How many days the budget takes, some of which is used. */
static void
days(void)
{
	static const struct {
		uint64_t bytes, used, a_day, want;
	} c[] = {
	{ 500, 0, 0, 0 }, { 0, 0, 100, 0 }, { 0, 100, 100, 0 },
	{ 100, 0, 100, 0 }, { 101, 0, 100, 1 }, { 200, 0, 100, 1 },
	{ 201, 0, 100, 2 }, { 100, 1, 100, 1 }, { 1, 100, 100, 1 },
	{ 101, 100, 100, 2 }, { 60, 40, 100, 0 }, { 1, 250, 100, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		is_int((long)migrate_rest_days(c[i].bytes, c[i].used,
		    c[i].a_day), (long)c[i].want, "%d bytes, %d of %d used",
		    (int)c[i].bytes, (int)c[i].used, (int)c[i].a_day);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/state", dir);
	fill();
	mended();
	read_back();
	cut_everywhere();
	of_others();
	base();
	words();
	texts();
	pauses();
	throttled();
	rests();
	rate();
	settled();
	budget();
	spent();
	rmdir(dir);
	days();
	return done();
}
