/* complain.c: which failures are held back, and what is said of them in the end */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "fail.h"
#include "file.h"
#include "str.h"
#include "tap.h"

static char state[] = "/tmp/complain.XXXXXX/state";
static const char file[] = "state.failing";
static int said, ear;		/* a pipe's ends */

/* What went to standard error since the last call, a line "a|b|". */
static void
heard(const char *want, const char *name)
{
	char text[4096];
	ssize_t n;
	size_t i;

	fflush(stderr);
	n = read(ear, text, sizeof text - 1);
	for (i = 0; n > 0 && i < (size_t)n; i++)
		if (text[i] == '\n')
			text[i] = '|';
	text[n > 0 ? n : 0] = '\0';
	is_str(text, want, "%s", name);
}

/* Each pass: what fails, as letters; capitals are no temporary failure. */
struct pass {
	time_t now;
	const char *fails, *said, *name;
	bool cut;		/* not all was looked at */
};

static void
say(struct complain *c, char what, int place)
{
	char cause[16];

	snprintf(cause, sizeof cause, "%c", what);
	if (what == 'n')
		snprintf(cause, sizeof cause, "port %s", place > 0 ? "65" : "5");
	complain_say(c, what >= 'a' ? EX_TEMPFAIL : EX_CONFIG,
	    what == 'f' ? NULL : cause, "%c %d%s", what, place,
	    what == 'f' && place == 3 ? "x" : "");
}

static void
run(const struct pass *p, double after)
{
	struct complain c = { 0 };
	int was = dup(STDERR_FILENO);
	const char *s;

	fflush(stderr);
	dup2(said, STDERR_FILENO);
	if (after > 0)
		complain_open(&c, after, "state");
	for (s = p->fails; *s != '\0'; s++)
		say(&c, *s, (int)(s - p->fails));
	complain_end(&c, !p->cut, p->now);
	complain_close(&c);
	dup2(was, STDERR_FILENO);
	close(was);
	heard(p->said, p->name);
}

static void
passes(const struct pass *p, size_t n)
{
	unlink(file);
	for (; n > 0; n--, p++)
		run(p, 3600);
}

#define ROWS(v) v, sizeof v / sizeof *v

static void
lasting(void)
{
	static const struct pass v[] = {
		{ 100000, "a", "test: a 0|", "since when is not known", false },
		{ 100010, "a", "", "once", false },
		{ 100020, "ab", "", "another one is held back", false },
		{ 100030, "ab", "", "and again", false },
		{ 103619, "ab", "", "a second is missing", false },
		{ 103620, "abb",
		    "test: b 1 (for 1 h 0 min, 4 times) (and 1 more like it)|",
		    "it has lasted", false },
		{ 103630, "aC", "test: C 1|test: b 1: this is over, after 1 h 0 min|",
		    "another status at once; one is over", false },
		{ 103640, "", "test: a 0: this is over, after 1 h 0 min|",
		    "and the other", false },
		{ 103650, "", "", "nothing is known any more", false },
	};
	static const struct pass quiet[] = {
		{ 1000, "", "", "a first pass", false },
		{ 2000, "a", "", "held back", false },
		{ 2010, "", "", "not everything was looked at", true },
		{ 3000, "", "", "over before it was said", false },
		{ 9000, "a", "", "begins anew", false },
		{ 9100, "", "", "cut short", true },
		{ 12600, "", "", "what was not met is not said", true },
		{ 12600, "a", "test: a 0 (for 1 h 0 min, 2 times)|",
		    "a pass that was cut short forgets nothing", false },
	};
	static const struct pass back[] = {
		{ 9000, "", "", "a clock", false },
		{ 9000, "a", "", "that is right", false },
		{ 8000, "a", "test: a 0 (for 0 s, 2 times)|",
		    "and then is set back", false },
	};
	static const struct pass folded[] = {
		{ 100, "", "", "causes", false },
		{ 200, "nnff", "", "of one text but for its numbers", false },
		{ 3860, "nnff", "test: n 0 (for 1 h 1 min, 2 times) (and 1 more like it)|"
		    "test: f 2 (for 1 h 1 min, 2 times) (and 1 more like it)|",
		    "are one", false },
	};

	passes(ROWS(v));
	passes(ROWS(quiet));
	passes(ROWS(back));
	passes(ROWS(folded));
}

static void
times(void)
{
	static const struct {
		time_t lasted;
		const char *said;
	} v[] = {
		{ 59, "59 s" }, { 60, "1 min" }, { 3599, "59 min" },
		{ 3600, "1 h 0 min" }, { 3660, "1 h 1 min" },
		{ 172799, "47 h 59 min" }, { 172800, "2 days 0 h" },
		{ 180000, "2 days 2 h" },
	};
	struct pass p[4] = { { 1000000, "", "", "first", false },
	    { 1000000, "a", "", "begins", false } };
	char text[80];
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++) {
		snprintf(text, sizeof text, "test: a 0 (for %s, 2 times)|",
		    v[i].said);
		p[2] = (struct pass){ 1000000 + v[i].lasted, "a", text,
		    v[i].said, false };
		unlink(file);
		run(&p[0], 10);
		run(&p[1], 10);
		run(&p[2], 10);
	}
}

/* Damaged or not there: everything is said.  None of it may be believed. */
static void
damaged(void)
{
	static const char good[] = "postbag failing 2\n1 1 0 a\ta 0\n.\n";
	static const char *const v[] = {
		"", "postbag failing 1\n.\n", "postbag failing 2\n",
		"postbag failing 2\n.\nx", "postbag failing 2\n.",
		"postbag failing 2\n1 1 0 a a 0\n.\n",
		"postbag failing 2\nx 1 0 a\ta 0\n.\n",
		"postbag failing 2\n1 x 0 a\ta 0\n.\n",
		"postbag failing 2\n1 1 x a\ta 0\n.\n",
		"postbag failing 2\n1 1 1 b\tb 0\nx\n.\n",
	};
	const struct pass p = { 100, "a", "test: a 0|", "everything is said",
	    false };
	const struct pass well = { 100, "a", "", "nothing is", false };
	struct err e = { 0 };
	size_t i;
	int fd;

	for (i = 0; i <= sizeof v / sizeof *v; i++) {
		const char *text = i == 0 ? good : v[i - 1];

		unlink(file);
		fd = open(file, O_WRONLY | O_CREAT, 0600);
		file_write(fd, text, strlen(text), &e);
		close(fd);
		run(i == 0 ? &well : &p, 3600);
	}
	unlink(file);
	mkdir(file, 0700);
	run(&p, 3600);
	rmdir(file);
	is_int(symlink("elsewhere", file), 0, "a link");
	run(&p, 3600);
	is_int(access("elsewhere", F_OK), -1, "a link is not followed");
	unlink(file);
}

/* On a disk that is full nothing can wait. */
static void
full(void)
{
	const struct pass p = { 100, "ab", "test: a 0|test: b 1|",
	    "all is said", false };
	const struct pass first = { 90, "", "", "nothing yet", false };
	struct rlimit was, none;

	unlink(file);
	run(&first, 3600);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	none = was;
	none.rlim_cur = 4;
	setrlimit(RLIMIT_FSIZE, &none);
	run(&p, 3600);
	setrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, SIG_DFL);
}

/* More causes than the file holds are said, and none is lost. */
static void
many(void)
{
	char cause[8];
	struct pass p = { 100, "", "", "nothing yet", false };
	struct complain c = { 0 };
	struct stat st;
	int i;

	unlink(file);
	run(&p, 3600);
	complain_open(&c, 3600, "state");
	for (i = 0; i < 64; i++) {
		snprintf(cause, sizeof cause, "%c%c", 'a' + i % 8, 'a' + i / 8);
		complain_say(&c, EX_TEMPFAIL, cause, "%s", cause);
	}
	complain_end(&c, true, 200);
	heard("", "as many as the file holds");
	for (i = 0; i < 2; i++) {
		dup2(said, STDERR_FILENO);
		complain_say(&c, EX_TEMPFAIL, "new", "new");
		complain_say(&c, EX_TEMPFAIL, "aa", "aa");
		complain_end(&c, false, 300);
		heard("test: new|", "one that is not in it is said each time");
	}
	complain_end(&c, false, 99999);
	heard("", "each pass has its own");
	ok(stat(file, &st) == 0 && (st.st_mode & 077) == 0,
	    "nobody else can read it");
	complain_close(&c);
}

int
main(void)
{
	struct pass now = { 100, "ab", "test: a 0|test: b 1|", "at once", false };
	int was = dup(STDERR_FILENO), ends[2];

	*strrchr(state, '/') = '\0';
	if (mkdtemp(state) == NULL || chdir(state) < 0)
		return 1;
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		return 1;
	ear = ends[0];
	said = ends[1];
	fail_name("test");
	run(&now, 0);
	ok(access(file, F_OK) < 0, "without a time there is no file");
	lasting();
	times();
	damaged();
	full();
	dup2(said, STDERR_FILENO);
	many();
	dup2(was, STDERR_FILENO);
	unlink(file);
	if (chdir("/") < 0 || rmdir(state) < 0)
		diag("%s is left behind", state);
	return done();
}
