/* imapsync_state.c: the log of a mailbox, cut and damaged anywhere */
#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"
#include "file.h"
#include "flags.h"
#include "mark.h"
#include "mem.h"
#include "reclog.h"
#include "state.h"
#include "state_private.h"
#include "str.h"
#include "tap.h"

static char dir[64];
static struct err e;

static uint32_t
dice(uint32_t n)
{
	static uint64_t x = 3;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(x >> 33) % n;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All there is to know, in an order of its own. */
static char *
dump(struct state *s)
{
	char **v = mem_new(s->n + s->npend + 1, sizeof *v), line[512];
	struct buf b = { .max = 1 << 24 };
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		const struct rec *r = &s->rec[i];

		if (r->kind == REC_DROPPED)
			continue;
		snprintf(line, sizeof line, "%u %s %u %llx %llx %llu %u\n",
		    r->uid, state_name(s, r), r->size,
		    (unsigned long long)r->flags, (unsigned long long)r->ident,
		    (unsigned long long)r->ino, r->kind);
		v[n++] = mem_dup(line);
	}
	for (i = 0; i < s->npend; i++) {
		const struct pend *p = &s->pend[i];

		snprintf(line, sizeof line, "pend %s %u %u %u %llu %llx\n",
		    p->name, (unsigned)p->kind, p->uid, p->size,
		    (unsigned long long)p->uidnext,
		    (unsigned long long)p->ident);
		v[n++] = mem_dup(line);
	}
	qsort(v, n, sizeof *v, by_name);
	for (i = 0; i < n; i++) {
		buf_s(&b, v[i]);
		free(v[i]);
	}
	free(v);
	buf_printf(&b, "mark %llu %llu %llu %llu %s %llu %llu\n",
	    (unsigned long long)s->mark.uidvalidity,
	    (unsigned long long)s->mark.uidnext,
	    (unsigned long long)s->mark.modseq,
	    (unsigned long long)s->mark.exists, s->id,
	    (unsigned long long)s->stamp.cur_mtime,
	    (unsigned long long)s->stamp.new_ino);
	for (i = 0; i < s->keywords.n; i++)
		buf_printf(&b, "keyword %s\n", s->keywords.name[i]);
	return b.p;
}

static void
path_of(const struct state *s, char dst[128])
{
	snprintf(dst, 128, "%s", s->path);
}

static struct rec
rec(uint32_t uid)
{
	return (struct rec){ .uid = uid, .size = uid * 3, .flags = uid & 63,
	    .ident = uid * UINT64_C(0x123456789), .ino = 1000 + uid };
}

static void
put(struct state *s, uint32_t uid, const char *name)
{
	struct rec r = rec(uid);

	if (state_put(s, &r, name, &e) < 0)
		diag("%s", e.msg);
}

static void
basics(void)
{
	struct state s;
	struct stat st;
	struct rec *r;
	char path[128], name[16];

	is_int(state_open(&s, dir, STR("INBOX"), false, &e), 1, "none yet");
	is_int(state_open(&s, dir, STR("INBOX"), true, &e), 0, "made");
	ok(s.fresh && !s.cut && s.n == 0, "fresh");
	put(&s, 7, "seven");
	put(&s, 3, "three");
	put(&s, 9, "nine");
	r = state_by_uid(&s, 3);
	ok(r != NULL && r->size == 9, "by uid");
	is_str(state_name(&s, state_by_name(&s, STR("nine"))), "nine",
	    "by name");
	ok(state_by_ino(&s, 1007) == state_by_uid(&s, 7), "by inode");
	put(&s, 11, "eleven");
	ok(state_by_ino(&s, 1011) != NULL, "one that came later");
	ok(state_by_uid(&s, 4) == NULL && state_by_name(&s, STR("x")) ==
	    NULL && state_by_ino(&s, 5) == NULL && state_by_uid(&s, 0) ==
	    NULL && state_by_ino(&s, 0) == NULL, "nothing else");
	state_drop(&s, state_by_uid(&s, 9), &e);
	ok(state_by_uid(&s, 9) == NULL && state_by_name(&s, STR("nine")) ==
	    NULL && state_by_ino(&s, 1009) == NULL, "dropped");
	put(&s, 7, "septem");
	ok(state_by_name(&s, STR("seven")) == NULL, "that uid, another name");
	put(&s, 8, "three");
	ok(state_by_uid(&s, 3) == NULL && state_by_name(&s, STR("three"))->
	    uid == 8, "that name, another uid");
	put(&s, 8, "septem");
	ok(state_by_uid(&s, 7) == NULL && state_by_name(&s, STR("three")) ==
	    NULL && state_by_name(&s, STR("septem"))->uid == 8, "both");
	r = state_by_uid(&s, 8);
	snprintf(name, sizeof name, "%s", state_name(&s, r));
	state_put(&s, r, state_name(&s, r), &e);
	is_str(state_name(&s, state_by_uid(&s, 8)), name, "its own rec again");
	state_flags(&s, state_by_uid(&s, 8), FLAG_SEEN | FLAG_DRAFT, &e);
	state_sort(&s);
	is_int(s.n, 2, "two are left");
	ok(s.rec[0].uid == 8 && s.rec[1].uid == 11, "in order");
	ok(state_by_uid(&s, 11) == &s.rec[1] && state_by_ino(&s, 1011) ==
	    &s.rec[1], "and found");
	path_of(&s, path);
	is_int(state_close(&s, &e), 0, "closed");
	is_int(stat(path, &st), 0, "the file");
	is_int(st.st_mode & 0777, 0600, "its mode");
	is_int(state_open(&s, dir, STR("INBOX"), false, &e), 0, "again");
	ok(!s.fresh && !s.cut && s.n == 2, "as it was");
	ok(s.rec[0].flags == (FLAG_SEEN | FLAG_DRAFT), "flags, too");
	state_close(&s, &e);
	is_int(e.code, 0, "no failure: %s", e.msg);
}

static void
keywords(void)
{
	struct state s;
	struct rec r = rec(1);
	uint64_t bit, other;

	state_open(&s, dir, STR("words"), true, &e);
	bit = state_keyword(&s, STR("work"), &e);
	other = flags_keyword(&s.keywords, STR("from-a-file"), true);
	r.flags = other;
	state_put(&s, &r, "m", &e);
	state_close(&s, &e);
	state_open(&s, dir, STR("words"), true, &e);
	is_int(s.keywords.n, 2, "both are there");
	ok(state_keyword(&s, STR("WORK"), &e) == bit, "the same bit");
	ok(flags_keyword(&s.keywords, STR("from-a-file"), false) == other &&
	    s.rec[0].flags == other, "one that came in by a scan, too");
	state_close(&s, &e);
	state_remove(dir, STR("words"), &e);
	is_int(state_open(&s, dir, STR("words"), false, &e), 1, "removed");
}

/* Room for one is no promise that no more come. */
static void
expected(void)
{
	struct state s;
	struct rec r;
	uint32_t i;

	state_open(&s, dir, STR("expected"), true, &e);
	state_expect(&s, 1);
	for (i = 1; i <= 5; i++) {
		char name[8];

		r = rec(i);
		snprintf(name, sizeof name, "n%u", i);
		state_put(&s, &r, name, &e);
	}
	ok(s.n == 5 && s.cap >= 5, "more came than were expected");
	state_close(&s, &e);
	state_remove(dir, STR("expected"), &e);
}

/* "There alone" does, too, also of a stub. */
static void
far_only(void)
{
	struct state s;
	struct rec r = rec(1), stub = rec(2), other = rec(3);

	state_open(&s, dir, STR("alone"), true, &e);
	r.far_only = stub.far_only = stub.stub = true;
	state_put(&s, &r, "a", &e);
	state_put(&s, &stub, "b", &e);
	state_put(&s, &other, "c", &e);
	state_close(&s, &e);
	state_open(&s, dir, STR("alone"), true, &e);
	ok(s.n == 3 && s.rec[0].far_only && !s.rec[0].stub &&
	    s.rec[1].far_only && s.rec[1].stub && !s.rec[2].far_only &&
	    s.rec[1].kind == REC_LIVE, "two are there alone, one is a stub");
	is_int(state_near(&s), 1, "one has a file");
	is_int(state_live(&s), 3, "all are on the server");
	r.far_only = false;
	state_put(&s, &r, "a", &e);
	state_close(&s, &e);
	state_open(&s, dir, STR("alone"), true, &e);
	ok(s.n == 3 && !s.rec[0].far_only && state_near(&s) == 2,
	    "one is here again");
	state_close(&s, &e);
	state_remove(dir, STR("alone"), &e);
}

/* "Stub" stays with a record until a put without it; a newer kind is refused. */
static void
stubs(void)
{
	struct state s;
	struct rec r = rec(1), other = rec(2);
	char path[128];
	struct err f = { 0 };
	unsigned char newer[8] = { 0, 0, 0, 0, 0, 0, FAR_ONLY + 1, 0 };
	uint32_t sum = htole32(reclog_crc32c(newer + 4, 4));
	FILE *file;

	state_open(&s, dir, STR("stubs"), true, &e);
	r.stub = true;
	state_put(&s, &r, "a", &e);
	state_put(&s, &other, "b", &e);
	state_close(&s, &e);
	state_open(&s, dir, STR("stubs"), true, &e);
	ok(s.rec[0].stub && !s.rec[1].stub, "one is a stub");
	r.stub = false;
	state_put(&s, &r, "a", &e);
	ok(!s.rec[0].stub, "it is filled");
	path_of(&s, path);
	state_close(&s, &e);
	state_open(&s, dir, STR("stubs"), true, &e);
	ok(!s.rec[0].stub && s.n == 2, "and stays so");
	state_close(&s, &e);
	memcpy(newer, &sum, 4);
	if ((file = fopen(path, "ab")) != NULL) {
		fwrite(newer, 1, sizeof newer, file);
		fclose(file);
	}
	is_int(state_open(&s, dir, STR("stubs"), true, &f), -1,
	    "a kind that is newer than all of ours");
	is_int(f.code, EX_CONFIG, "is refused");
	state_remove(dir, STR("stubs"), &e);
}

/* The bytes of records that are whole, and say what no record of ours says. */
static void
put_odd(struct buf *b, size_t which)
{
	struct pend p = { .kind = PEND_NEAR, .name = "p" };
	struct mark m = { .uidvalidity = 1 };
	struct stamp t = { .cur_ino = 0 };
	struct rec r = rec(2);
	char many[1300];
	uint32_t sum;
	size_t at;

	memset(many, 'x', sizeof many);
	switch (which) {
	case 0:
		state_log_rec(b, &r, STR("x/y"));
		break;
	case 1:
		r.kind = REC_ORPHAN + 1;
		state_log_rec(b, &r, STR("y"));
		break;
	case 2:
		p.name = "../p";
		state_log_pend(b, &p);
		break;
	case 3:
		p.kind = 99;
		state_log_pend(b, &p);
		break;
	case 4:
		many[MARK_ID + 1] = '\0';
		m.id = many;
		state_log_mark(b, &m, &t);
		break;
	case 5:
		state_log_text(b, KEYWORD, STR("word"));
		state_log_text(b, KEYWORD, STR("word"));
		break;
	case 6:
		state_log_text(b, UNPEND, (struct str){ many, 1201 });
		break;
	case 7:
	case 8:
		at = state_log_begin(b);
		state_put64(b, 9);	/* a UID that is not there, and more */
		state_log_end(b, at, which == 7 ? FLAGS : DROP);
		break;
	case 9:
		at = b->n;
		state_log_rec(b, &r, STR("y"));
		b->p[at + 7] = 1;
		sum = htole32(reclog_crc32c(b->p + at + 4, b->n - at - 4));
		memcpy(b->p + at, &sum, 4);
		break;
	}
}

/* The log ends in front of it, as in front of one that was cut. */
static void
odd_records(void)
{
	static const char *const what[] = { "a name with a slash",
	    "no kind of a record", "a name above", "no kind of what is pending",
	    "an id that is too long", "a keyword twice", "a long text",
	    "flags of nobody", "nobody is dropped", "a byte that is 0 in ours" };
	struct rec r = rec(1), later = rec(3);
	struct buf b = { .max = 1 << 16 };
	struct state s;
	char path[128];
	FILE *file;
	size_t i;

	for (i = 0; i <= sizeof what / sizeof *what; i++) {
		state_open(&s, dir, STR("odd"), true, &e);
		state_put(&s, &r, "a", &e);
		path_of(&s, path);
		state_close(&s, &e);
		b.n = 0;
		put_odd(&b, i);
		state_log_rec(&b, &later, STR("z"));
		if ((file = fopen(path, "ab")) != NULL) {
			fwrite(b.p, 1, b.n, file);
			fclose(file);
		}
		state_open(&s, dir, STR("odd"), true, &e);
		is_int((long)(s.n + s.npend), i < 10 ? 1 : 2, "%s",
		    i < 10 ? what[i] : "none: all is taken");
		state_close(&s, &e);
		state_remove(dir, STR("odd"), &e);
	}
	buf_free(&b);
}

/* Its first record does not say whose it is. */
static void
nobodys(void)
{
	struct buf b = { .max = 1 << 16 };
	struct err f = { 0 };
	struct state s;
	char path[128];
	FILE *file;

	state_open(&s, dir, STR("mine"), true, &e);
	path_of(&s, path);
	state_close(&s, &e);
	buf_put(&b, STATE_MAGIC, 16);
	state_log_text(&b, KEYWORD, STR("mine"));
	if ((file = fopen(path, "wb")) != NULL) {
		fwrite(b.p, 1, b.n, file);
		fclose(file);
	}
	is_int(state_open(&s, dir, STR("mine"), true, &f), -1, "nobody's log");
	is_int(f.code, EX_DATAERR, "is told: %s", f.msg);
	buf_free(&b);
	unlink(path);
}

static void
refused(void)
{
	static const char *bad[] = { "", ".x", "a/b", "../x" };
	char path[128], moved[128];
	struct err f;
	struct state s;
	struct rec r = rec(1);
	size_t i;
	int fd;

	state_open(&s, dir, STR("one"), true, &e);
	for (i = 0; i < 4; i++) {
		f = (struct err){ 0 };
		is_int(state_put(&s, &r, bad[i], &f), -1, "no name: %s",
		    bad[i]);
	}
	path_of(&s, path);
	state_close(&s, &e);
	state_open(&s, dir, STR("two"), true, &e);
	path_of(&s, moved);
	state_close(&s, &e);
	is_int(rename(path, moved), 0, "one's file in two's place");
	f = (struct err){ 0 };
	is_int(state_open(&s, dir, STR("two"), true, &f), -1, "is seen");
	is_int(f.code, EX_DATAERR, "%s", f.msg);
	fd = open(moved, O_WRONLY);
	is_int(pwrite(fd, "2", 1, 13), 1, "another version");
	f = (struct err){ 0 };
	is_int(state_open(&s, dir, STR("two"), true, &f), -1, "is seen");
	is_int(f.code, EX_CONFIG, "%s", f.msg);
	is_int(pwrite(fd, "From ", 5, 0), 5, "some other file");
	f = (struct err){ 0 };
	is_int(state_open(&s, dir, STR("two"), true, &f), -1, "is seen");
	is_int(f.code, EX_DATAERR, "%s", f.msg);
	close(fd);
	unlink(moved);
	is_int(mkfifo(moved, 0600), 0, "a pipe");
	f = (struct err){ 0 };
	is_int(state_open(&s, dir, STR("two"), true, &f), -1, "is seen");
	is_int(f.code, EX_CANTCREAT, "%s", f.msg);
	f = (struct err){ 0 };
	is_int(state_read(&s, dir, strrchr(moved, '/') + 1, &f), -1,
	    "by one who only reads, too");
	is_int(f.code, EX_DATAERR, "%s", f.msg);
	unlink(moved);
	is_int(symlink("/dev/null", moved), 0, "a symbolic link");
	f = (struct err){ 0 };
	is_int(state_open(&s, dir, STR("two"), true, &f), -1, "is seen");
	unlink(moved);
}

/* How long names can be, whose they are, and what is in step. */
static void
names(void)
{
	static const struct {
		const char *name;
		uint32_t uid;
		bool native;
	} c[] = {
		{ "postbag.1.7", 7, true },
		{ "postbag.1.7", 8, false },
		{ "postbag.1.x", 7, false },
		{ "postbox.1.7", 7, false },
	};
	char name[258];
	struct err f = { 0 };
	struct state s;
	struct rec r;
	size_t i;

	memset(name, 'n', sizeof name);
	name[255] = '\0';
	is_int(state_open(&s, dir, (struct str){ "a\0b", 3 }, true, &f), -1,
	    "a mailbox with a NUL");
	is_int(f.code, EX_DATAERR, "%s", f.msg);
	state_open(&s, dir, STR("names"), true, &e);
	r = rec(1);
	is_int(state_put(&s, &r, name, &e), 0, "255 bytes are a name");
	name[255] = 'n';
	name[256] = '\0';
	f = (struct err){ 0 };
	is_int(state_put(&s, &r, name, &f), -1, "256 are none");
	r.kind = REC_ORPHAN + 1;
	is_int(state_put(&s, &r, "kind", &f), -1, "a kind there is not");
	r = (struct rec){ .kind = REC_ORPHAN };
	state_put(&s, &r, "orphan", &e);
	r = rec(2);
	state_put(&s, &r, "live", &e);
	ok(state_in_step(&s, STR("live")) && !state_in_step(&s, STR("none")) &&
	    !state_in_step(&s, STR("orphan")), "in step is who has a UID");
	for (i = 0; i < sizeof c / sizeof *c; i++) {
		r = rec(c[i].uid);
		state_put(&s, &r, c[i].name, &e);
		is_int(state_native(&s, state_by_uid(&s, c[i].uid)),
		    c[i].native, "%s of %u: a name of ours?", c[i].name,
		    c[i].uid);
	}
	is_int(state_by_ino(&s, 1) != NULL, 0, "inode 1 is nobody's");
	r = (struct rec){ .uid = 50, .ino = 1 };
	state_put(&s, &r, "first", &e);
	ok(state_by_ino(&s, 1) == state_by_uid(&s, 50), "then it is");
	state_close(&s, &e);
	state_remove(dir, STR("names"), &e);
	is_int(state_remove(dir, STR("names"), &e), 0, "removed twice");
	is_int(state_remove("/nowhere/at/all", STR("x"), &e), 0,
	    "and where there is no directory");
	is_int(state_move(dir, STR("names"), STR("names"), &e), 0,
	    "moved to itself: nothing is done");
}

static void
again(struct state *s, const char *box)
{
	is_int(state_sync(s, &e), 0, "synced: %s", e.msg);
	state_drop_all(s);
	is_int(state_open(s, dir, str_of(box), true, &e), 0, "read: %s", e.msg);
}

/* A mark is saved if anything is another: its id, the stamp, or a RESET. */
static void
marks(void)
{
	struct mark m = { 5, 6, 7, 8, "id" };
	struct stamp t = { .cur_mtime = 1, .cur_ino = 2, .new_mtime = 3,
	    .new_ino = 4 };
	struct state s;
	char name[128];
	uint32_t i;

	state_open(&s, dir, STR("marks"), true, &e);
	state_mark(&s, &m, &t, &e);
	t.new_ino = 9;
	state_mark(&s, &m, &t, &e);
	again(&s, "marks");
	ok(s.stamp.new_ino == 9 && s.mark.modseq == 7, "another stamp");
	m.id = "other";
	state_mark(&s, &m, &t, &e);
	again(&s, "marks");
	is_str(s.id, "other", "another id");
	state_mark(&s, &m, NULL, &e);
	again(&s, "marks");
	is_int((long)s.stamp.new_ino, 0, "no stamp any more");
	state_mark(&s, &m, &t, &e);
	state_reset(&s, &e);
	put(&s, 3, "three");
	state_mark(&s, &m, &t, &e);
	again(&s, "marks");
	ok(!s.cut && s.n == 1, "the same after a RESET");
	for (i = 1; i <= 1000; i++) {
		snprintf(name, sizeof name, "a-name-that-is-some-bytes-long-"
		    "so-that-the-log-becomes-longer-than-it-must-be.%u", i);
		put(&s, i, name);
	}
	state_reset(&s, &e);
	put(&s, 4, "four");
	is_int(state_close(&s, &e), 0, "a long log, and a RESET alone");
	state_open(&s, dir, STR("marks"), true, &e);
	ok(s.cut && s.n == 1000, "is as in front of it");
	state_close(&s, &e);
	state_remove(dir, STR("marks"), &e);
}

static void
moved(void)
{
	struct state s;
	char *was, *now;

	is_int(state_move(dir, STR("nothing"), STR("x"), &e), 1, "none");
	state_open(&s, dir, STR("from"), true, &e);
	state_keyword(&s, STR("work"), &e);
	put(&s, 1, "one");
	was = dump(&s);
	state_close(&s, &e);
	is_int(state_move(dir, STR("from"), STR("to"), &e), 0, "moved");
	is_int(state_open(&s, dir, STR("from"), false, &e), 1, "not there");
	is_int(state_open(&s, dir, STR("to"), false, &e), 0, "but there");
	now = dump(&s);
	is_str(now, was, "all of it");
	state_close(&s, &e);
	free(was);
	free(now);
	state_remove(dir, STR("to"), &e);
}

/* ---- any cut, any bit ---- */

enum { STEPS = 120 };

static struct {
	off_t end;		/* the file's size after it */
	char *dump;		/* what a log that ends here must give */
	bool reset;		/* no mark came since */
} step[STEPS + 1];

static void
anything(struct state *s, int i)
{
	struct mark m = { dice(9), dice(99), 1000u + (unsigned)i, dice(9),
	    "id" };
	struct stamp t = { dice(99), 1, 2, dice(99) };
	struct pend p = { PEND_UPLOAD, NULL, dice(9), dice(99), 4, dice(99),
	    0, dice(50) };
	struct rec r = rec(1 + dice(12)), *at;
	char name[32];

	snprintf(name, sizeof name, "m%u", dice(14));
	switch (dice(9)) {
	case 0:
		if (dice(3) == 0) {
			r.uid = 0;
			r.kind = REC_ORPHAN;
		}
		state_put(s, &r, name, &e);
		break;
	case 1:
	case 2:
		state_put(s, &r, name, &e);
		break;
	case 3:
		if ((at = state_by_name(s, str_of(name))) != NULL)
			state_flags(s, at, dice(64), &e);
		break;
	case 4:
		if ((at = state_by_name(s, str_of(name))) != NULL)
			state_drop(s, at, &e);
		break;
	case 5:
		p.name = name;
		state_pend(s, &p, &e);
		break;
	case 6:
		state_unpend(s, name, &e);
		break;
	case 7:
		state_mark(s, &m, dice(2) ? &t : NULL, &e);
		break;
	default:
		snprintf(name, sizeof name, "k%d", i);
		state_keyword(s, str_of(name), &e);
	}
}

static int
write_log(char path[128])
{
	struct state s;
	struct stat st;
	bool reset = false;
	uint64_t was;
	int i;

	state_open(&s, dir, STR("cut"), true, &e);
	path_of(&s, path);
	for (i = 0; i <= STEPS; i++) {
		was = s.mark.modseq;
		if (i == 60 || i == 110)
			state_reset(&s, &e);
		else if (i == 70) {
			struct mark m = { 5, 5, 70, 5, "" };

			state_mark(&s, &m, NULL, &e);
		} else if (i > 0)
			anything(&s, i);
		/* other marks end a reset, too */
		if (i == 60 || i == 110)
			reset = true;
		else if (reset && s.mark.modseq != was)
			reset = false;
		state_sync(&s, &e);
		stat(path, &st);
		step[i].end = st.st_size;
		step[i].reset = reset;
		step[i].dump = reset ? mem_dup(step[i - 1].dump) : dump(&s);
	}
	state_drop_all(&s);
	return e.code;
}

static void
write_file(const char *path, const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	file_write(fd, p, n, &e);
	close(fd);
}

/* What is found must be what step i left, and the log must go on. */
static bool
found(int i, bool cut)
{
	struct state s;
	bool good = true;
	char *d;

	if (state_open(&s, dir, STR("cut"), true, &e) < 0)
		return false;
	d = dump(&s);
	if (i < 0 ? !s.fresh : s.fresh || strcmp(d, step[i].dump) != 0) {
		good = false;
		diag("step %d: got\n%s\nwant\n%s", i, d, i >= 0 ?
		    step[i].dump : "nothing");
	}
	if (s.cut != cut) {
		good = false;
		diag("step %d: cut is %d", i, s.cut);
	}
	free(d);
	put(&s, 77, "later");
	d = dump(&s);
	good = good && state_close(&s, &e) == 0 &&
	    state_open(&s, dir, STR("cut"), true, &e) == 0 && !s.cut;
	if (good) {
		char *again = dump(&s);

		good = strcmp(again, d) == 0;
		free(again);
		state_drop_all(&s);
	}
	free(d);
	return good;
}

/* It is somebody else's, or another version's, and stays as it is. */
static void
heads(const char *path, const struct buf *all)
{
	struct buf b = { .max = 1 << 20 };
	size_t n;
	int bad = 0, fd;

	for (n = 0; n < 16; n++) {
		struct err f = { 0 };
		struct state s;

		all->p[n] = (char)(all->p[n] ^ 1 << n % 8);
		write_file(path, all->p, all->n);
		bad += state_open(&s, dir, STR("cut"), true, &f) != -1 ||
		    f.code != (n < 13 ? EX_DATAERR : EX_CONFIG);
		b.n = 0;
		fd = file_open(path, &e);
		file_slurp(fd, &b, &e);
		close(fd);
		bad += b.n != all->n || memcmp(b.p, all->p, b.n) != 0;
		all->p[n] = (char)(all->p[n] ^ 1 << n % 8);
	}
	is_int(bad, 0, "any byte of its head turned: refused, and as it was");
	buf_free(&b);
}

static void
cuts(void)
{
	struct buf b = { .max = 1 << 20 };
	char path[128], was;
	size_t n;
	int i = -1, fd, bad = 0, k;

	is_int(write_log(path), 0, "a log: %s", e.msg);
	fd = file_open(path, &e);
	file_slurp(fd, &b, &e);
	close(fd);
	is_int(b.n, step[STEPS].end, "of %zu bytes", b.n);
	for (n = 0; n <= b.n && bad < 3; n++) {
		while (i < STEPS && step[i + 1].end <= (off_t)n)
			i++;
		write_file(path, b.p, n);
		bad += !found(i, n > 0 && (i < 0 || step[i].end != (off_t)n ||
		    step[i].reset));
	}
	is_int(bad, 0, "cut at every byte: the state of the step before");
	i = -1;
	for (n = 16; n < b.n && bad < 3; n++) {
		while (i < STEPS && step[i + 1].end <= (off_t)n)
			i++;
		was = b.p[n];
		b.p[n] = (char)(was ^ 1 << dice(8));
		write_file(path, b.p, b.n);
		bad += !found(i, true);
		b.p[n] = was;
	}
	is_int(bad, 0, "any byte turned: the state of the step before");
	heads(path, &b);
	for (k = 0; k <= STEPS; k++)
		free(step[k].dump);
	unlink(path);
	buf_free(&b);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void
shortened(void)
{
	struct state s;
	char path[128], name[64], *was, *now;
	uint32_t i, k;
	off_t grown;

	state_open(&s, dir, STR("long"), true, &e);
	path_of(&s, path);
	for (i = 1; i <= 1000; i++) {
		snprintf(name, sizeof name, "a-name-of-some-bytes.%u", i);
		put(&s, i, name);
	}
	for (k = 0; k < 12; k++)
		for (i = 1; i <= 1000; i++)
			state_flags(&s, state_by_uid(&s, i), 100 + k, &e);
	for (i = 1; i <= 1000; i += 2)
		state_drop(&s, state_by_uid(&s, i), &e);
	state_pend(&s, &(struct pend){ .kind = PEND_UPLOAD, .name = "doubt",
	    .size = 7, .ident = 8, .uidnext = 9 }, &e);
	state_sync(&s, &e);
	grown = size_of(path);
	was = dump(&s);
	is_int(state_close(&s, &e), 0, "closed");
	ok(size_of(path) < grown / 4, "%lld bytes became %lld",
	    (long long)grown, (long long)size_of(path));
	state_open(&s, dir, STR("long"), true, &e);
	now = dump(&s);
	is_str(now, was, "with the same in it");
	grown = size_of(path);
	put(&s, 5000, "more");
	state_close(&s, &e);
	ok(size_of(path) > grown, "appended to, not written anew");
	free(was);
	free(now);
	state_remove(dir, STR("long"), &e);
}

static void
pending(void)
{
	struct pend p = { PEND_UPLOAD, "a", 1, 2, 3, 4, 5, 6 };
	struct state s;
	int i;
	char name[16];

	state_open(&s, dir, STR("pend"), true, &e);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "p%d", i);
		p.name = name;
		p.uidnext = (uint64_t)i;
		state_pend(&s, &p, &e);
	}
	state_pend(&s, &s.pend[3], &e);		/* one of its own */
	is_int(s.npend, 100, "100 are pending");
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "p%d", i * 2);
		state_unpend(&s, name, &e);
	}
	while (s.npend > 10)
		state_unpend(&s, s.pend[0].name, &e);
	is_int(state_unpend(&s, "nobody", &e), 0, "one that is not there");
	state_close(&s, &e);
	state_open(&s, dir, STR("pend"), true, &e);
	is_int(s.npend, 10, "10 are left");
	is_str(s.pend[9].name, "p3", "the last that came");
	ok(s.pend[0].uidnext == 83 && s.pend[0].ident == 2, "as it was");
	state_close(&s, &e);
	state_remove(dir, STR("pend"), &e);
}

/* What follows a RESET counts from the next MARK on, however many there are. */
static void
reset_twice(void)
{
	struct mark m = { 5, 5, 5, 5, "id" };
	struct state s;
	char *was, *now;

	state_open(&s, dir, STR("twice"), true, &e);
	put(&s, 1, "one");
	state_mark(&s, &m, NULL, &e);
	was = dump(&s);
	state_reset(&s, &e);
	put(&s, 2, "two");
	state_reset(&s, &e);
	put(&s, 3, "three");
	state_sync(&s, &e);
	state_drop_all(&s);
	state_open(&s, dir, STR("twice"), true, &e);
	now = dump(&s);
	ok(s.cut, "two resets and no mark: cut");
	is_str(now, was, "in front of the first of them");
	state_close(&s, &e);
	free(was);
	free(now);
	state_remove(dir, STR("twice"), &e);
}

/* A disk that is full: what was there before is there after. */
static void
full(void)
{
	struct rlimit was, one = { 3000, 3000 };
	struct err f = { 0 };
	struct state s;
	char name[32];
	uint32_t i;
	int got = 0;

	getrlimit(RLIMIT_FSIZE, &was);
	one.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	state_open(&s, dir, STR("full"), true, &e);
	put(&s, 1, "one");
	is_int(state_sync(&s, &e), 0, "room for one");
	setrlimit(RLIMIT_FSIZE, &one);
	for (i = 2; i < 200; i++) {
		snprintf(name, sizeof name, "m%u", i);
		put(&s, i, name);
	}
	is_int(state_sync(&s, &f), -1, "not for 200");
	is_int(f.code, EX_IOERR, "%s", f.msg);
	f = (struct err){ 0 };
	got = state_sync(&s, &f);
	is_int(got, -1, "it stays so");
	f = (struct err){ 0 };
	is_int(state_close(&s, &f), -1, "and is said at the end");
	setrlimit(RLIMIT_FSIZE, &was);
	state_open(&s, dir, STR("full"), true, &e);
	ok(s.cut && s.n > 1 && s.n < 199 && s.rec[0].uid == 1,
	    "what there was room for is there: %zu", s.n);
	state_close(&s, &e);
	state_remove(dir, STR("full"), &e);
}

/* In ms of the processor's time, so that a busy machine is no matter */
static long
spent(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* 100,000 messages: how long, and how much memory. */
static void
many(void)
{
	struct state s;
	struct rusage u;
	char name[64];
	long took;
	uint32_t i;
	int status;

	state_open(&s, dir, STR("many"), true, &e);
	for (i = 1; i <= 100000; i++) {
		snprintf(name, sizeof name, "17%08u.M%uP77.host.example", i,
		    i * 7919);
		put(&s, i, name);
	}
	state_close(&s, &e);
	if (fork() == 0) {
		took = spent();
		state_open(&s, dir, STR("many"), false, &e);
		took = spent() - took;
		getrusage(RUSAGE_SELF, &u);
		printf("# 100,000 loaded in %ld ms, %ld KB in all\n",
		    took, u.ru_maxrss);
		fflush(stdout);
#ifdef __SANITIZE_ADDRESS__
		_exit(s.n != 100000);
#else
		_exit(s.n != 100000 || (getenv("POSTBAG_EMULATED") == NULL &&
		    (took > 500 || u.ru_maxrss > 25000)));
#endif
	}
	wait(&status);
	is_int(status, 0, "100,000 messages, soon and in little memory");
	state_remove(dir, STR("many"), &e);
}

int
main(void)
{
	snprintf(dir, sizeof dir, "%s/imapsync_state.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	basics();
	keywords();
	expected();
	stubs();
	far_only();
	odd_records();
	nobodys();
	refused();
	names();
	marks();
	moved();
	cuts();
	shortened();
	pending();
	reset_twice();
	full();
	many();
	state_remove(dir, STR("INBOX"), &e);
	is_int(rmdir(dir), 0, "nothing else was left");
	is_int(e.code, 0, "no failure: %s", e.msg);
	return done();
}
