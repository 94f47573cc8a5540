/* imapsync_statecmd.c: what imapsync state says, and what it sets aside */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
#include "flags.h"
#include "index.h"
#include "mark.h"
#include "state.h"
#include "statecmd.h"
#include "str.h"
#include "tap.h"

static char dir[] = "/tmp/imapsync_statecmd.XXXXXX";
static struct err e;

/* The status, and what was said. */
static int
run(const char *verb, bool json, char said[4096])
{
	struct buf b = { .max = 4095 };
	int p[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(p) < 0)
		return -1;
	if ((pid = fork()) == 0) {
		struct err f = { 0 };
		int got;

		dup2(p[1], 1);
		close(p[0]);
		got = statecmd_run(verb, dir, json, &f);
		fflush(stdout);
		_exit(got < 0 ? f.code : got);
	}
	close(p[1]);
	buf_s(&b, "");
	file_slurp(p[0], &b, &e);
	close(p[0]);
	waitpid(pid, &status, 0);
	memcpy(said, b.p, b.n + 1);
	buf_free(&b);
	return WEXITSTATUS(status);
}

static void
make(const char *box, uint32_t n, bool dirty)
{
	struct mark m = { 7, n + 1, 99, n, "" };
	struct stamp t = { 1700000000123456789, 5, 1700000001000000000, 6 };
	struct index x;
	struct state s;
	struct rec r;
	char name[32];
	uint32_t i;

	index_open(&x, dir, &e);
	state_open(&s, dir, str_of(box), true, &e);
	for (i = 1; i <= n; i++) {
		r = (struct rec){ .uid = i, .size = 10 * i, .ident = 0xabc,
		    .flags = FLAG_SEEN | state_keyword(&s, STR("work"), &e),
		    .ino = 40 + i };
		snprintf(name, sizeof name, "m%u", i);
		state_put(&s, &r, name, &e);
	}
	state_pend(&s, &(struct pend){ .kind = PEND_UPLOAD, .name = "p",
	    .uidnext = 12 }, &e);
	state_mark(&s, &m, &t, &e);
	state_close(&s, &e);
	index_add(&x, str_of(box))->mark = m;
	index_find(&x, str_of(box))->dirty = dirty;
	index_save(&x, &e);
	index_close(&x);
}

static void
path_of(const char *box, char path[128])
{
	char file[32];

	state_file(file, str_of(box));
	snprintf(path, 128, "%s/%s", dir, file);
}

static void
dumped(void)
{
	char said[4096];

	is_int(run("dump", false, said), 0, "dump");
	is_str(said, "In\\x1bbox\n"
	    "  uidvalidity 7 uidnext 3 modseq 99 exists 2\n"
	    "  cur 1700000000.123456789 inode 5, new 1700000001.000000000 "
	    "inode 6\n"
	    "  1 m1 size 10 ident 0000000000000abc inode 41 (\\Seen work)\n"
	    "  2 m2 size 20 ident 0000000000000abc inode 42 (\\Seen work)\n"
	    "  pending upload: p uid 0 ident 0000000000000000 uidnext 12\n",
	    "for people, harmless");
	is_int(run("dump", true, said), 0, "dump -j");
	ok(strstr(said, "\"type\":\"mark\"") != NULL &&
	    strstr(said, "\"uid\":2,\"name\":\"m2\"") != NULL &&
	    strstr(said, "\"what\":\"upload\"") != NULL, "an object a line");
}

static void
checked(void)
{
	char said[4096], path[128];
	struct index x;
	struct stat st;
	unsigned i;

	make("two", 3, false);
	is_int(run("check", false, said), 0, "check: all is well");
	is_str(said, "2 mailboxes, 5 messages, 0 not as they should be\n",
	    "and said");
	index_open(&x, dir, &e);
	index_find(&x, STR("two"))->mark.exists = 9;
	index_save(&x, &e);
	is_int(run("check", false, said), EX_DATAERR, "another number");
	ok(strstr(said, "two: the index says otherwise\n") != NULL, "is seen");
	for (i = 0; i < 3; i++) {
		index_find(&x, STR("two"))->mark = (struct mark){ 7 + (i == 0),
		    4 + (i == 1), 99 + (i == 2), 3, "" };
		index_save(&x, &e);
		is_int(run("check", false, said), EX_DATAERR, "each of them");
	}
	index_find(&x, STR("two"))->dirty = true;
	index_save(&x, &e);
	is_int(run("check", false, said), 0, "but not believed in: well");
	index_add(&x, STR("three"))->dirty = false;
	index_save(&x, &e);
	is_int(run("check", false, said), EX_DATAERR, "a log is missing");
	ok(strstr(said, "three: in the index alone\n") != NULL, "is seen");
	index_find(&x, STR("three"))->dirty = true;
	index_save(&x, &e);
	is_int(run("check", false, said), 0, "not where the index knew so");
	index_drop(&x, STR("three"));
	index_save(&x, &e);
	index_close(&x);
	path_of("two", path);
	stat(path, &st);
	is_int(truncate(path, st.st_size - 1), 0, "torn");
	is_int(run("check", true, said), EX_DATAERR, "is seen");
	ok(strstr(said, "bytes are whole") != NULL, "and where");
	is_int(run("check", false, said), EX_DATAERR,
	    "looking does not mend it");
	snprintf(path, sizeof path, "%s/index", dir);
	is_int(truncate(path, 40), 0, "the index, too");
	is_int(run("check", false, said), EX_DATAERR, "is seen");
	ok(strstr(said, "/index: not whole") != NULL, "and said");
}

static void
rebuilt(void)
{
	char said[4096], path[128], old[160];
	struct err none = { 0 };
	struct state s;

	is_int(run("rebuild", false, said), 0, "rebuild");
	ok(strncmp(said, "2 mailboxes set aside", 21) == 0, "says so");
	is_int(state_open(&s, dir, STR("two"), false, &e), 1, "none is there");
	path_of("two", path);
	snprintf(old, sizeof old, "%s.old", path);
	is_int(access(old, F_OK), 0, "but kept");
	is_int(run("check", false, said), 0, "nothing to be wrong");
	is_int(run("rebuild", true, said), 0, "again, with nothing there");
	is_str(said, "{\"v\":1,\"type\":\"rebuild\",\"mailboxes\":0}\n", "in JSON");
	is_int(access(old, F_OK), 0, "what was kept stays");
	is_int(run("mend", false, said), EX_USAGE, "no such verb");
	is_int(statecmd_run("dump", "/nowhere/x", false, &none), -1,
	    "no directory");
	is_int(none.code, EX_NOINPUT, "is told");
	path_of("one", path);
	snprintf(old, sizeof old, "%s.old", path);
	make("one", 1, false);
	make("two", 1, false);
	mkdir(old, 0700);
	is_int(run("rebuild", true, said), EX_CANTCREAT,
	    "one that cannot be set aside");
	is_str(said, "", "and nothing is claimed");
	rmdir(old);
	is_int(run("rebuild", true, said), 0, "now it can");
	is_str(said, "{\"v\":1,\"type\":\"rebuild\",\"mailboxes\":2}\n",
	    "the index was no more, the logs were");
}

static unsigned
count(const char *said, const char *what)
{
	unsigned n = 0;

	while ((said = strstr(said, what)) != NULL) {
		said += strlen(what);
		n++;
	}
	return n;
}

/* Each kind of record by its own word; and a log beside it that is none. */
static void
kinds(void)
{
	struct mark m = { 7, 9, 99, 2, "" };
	struct stamp t = { 0 };
	char said[4096], path[128];
	struct state s;

	state_open(&s, dir, STR("kinds"), true, &e);
	state_put(&s, &(struct rec){ .uid = 1, .stub = true }, "a", &e);
	state_put(&s, &(struct rec){ .uid = 2, .far_only = true }, "b", &e);
	state_put(&s, &(struct rec){ .kind = REC_ORPHAN }, "c", &e);
	state_pend(&s, &(struct pend){ .kind = PEND_NEAR, .name = "d",
	    .uid = 5 }, &e);
	state_mark(&s, &m, &t, &e);
	state_close(&s, &e);
	is_int(run("dump", false, said), 0, "dump of each kind");
	ok(strstr(said, "  1 a size 0 ident 0000000000000000 inode 0 () stub\n")
	    != NULL, "a stub");
	ok(strstr(said, "() far-only\n") != NULL, "one that is there alone");
	ok(strstr(said, "  0 c size 0 ident 0000000000000000 inode 0 () "
	    "orphan\n") != NULL, "one that is here alone");
	ok(strstr(said, "  pending move: d uid 5 ") != NULL, "a move");
	is_int(run("dump", true, said), 0, "in JSON");
	ok(count(said, "\"stub\":true") == 1 && count(said,
	    "\"far_only\":true") == 1, "marked");
	ok(count(said, "\"type\":\"orphan\"") == 1 && count(said,
	    "\"type\":\"message\"") == 2, "by type");
	ok(strstr(said, "\"what\":\"move\",\"name\":\"d\"") != NULL &&
	    strstr(said, "\"torn\":false") != NULL, "and whole");
	snprintf(path, sizeof path, "%s/0000000000000000.st", dir);
	is_int(file_replace(path, STR("no log of ours\n"), &e), 0, "no log");
	is_int(run("dump", false, said), EX_DATAERR, "is told");
	ok(strstr(said, "kinds\n") == said, "and hides no other");
	is_int(run("check", true, said), EX_DATAERR, "check tells it, too");
	ok(count(said, "\"good\":true") == 1 && count(said,
	    "\"good\":false") == 1, "of one of two");
	unlink(path);
	path_of("kinds", path);
	is_int(truncate(path, 200), 0, "torn");
	run("dump", true, said);
	ok(strstr(said, "\"torn\":true") != NULL, "is told of, too");
}

int
main(void)
{
	char all[200];
	int status;

	if (mkdtemp(dir) == NULL)
		return 1;
	make("In\x1b" "box", 2, false);
	dumped();
	checked();
	rebuilt();
	kinds();
	is_int(e.code, 0, "no failure: %s", e.msg);
	snprintf(all, sizeof all, "%s", dir);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", all, (char *)NULL);
	wait(&status);
	return done();
}
