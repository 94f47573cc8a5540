/* imapsync_told.c: a watch says a thing once, until it is over */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "file.h"
#include "str.h"
#include "tap.h"
#include "told.h"

static char said[] = "/tmp/imapsync_told.XXXXXX";
static int kept = -1;

/* Lines on standard error since the last call. */
static unsigned
lines(void)
{
	struct buf b = { .max = 1 << 20 };
	struct err e = { 0 };
	unsigned n = 0;
	size_t i;
	int fd;

	fflush(stderr);
	fd = open(said, O_RDWR);
	file_slurp(fd, &b, &e);
	if (ftruncate(fd, 0) < 0)
		n = 1000000;
	close(fd);
	for (i = 0; i < b.n; i++)
		n += b.p[i] == '\n';
	buf_free(&b);
	return n;
}

static unsigned
say(struct told *t, int code, const char *line)
{
	told_say(t, code, "INBOX", "cause", line);
	return lines();
}

static void
once(void)
{
	struct told t = { .n = 0 };

	is_int(say(&t, EX_DATAERR, "one"), 1, "at once");
	is_int(say(&t, EX_DATAERR, "one"), 0, "once in a pass");
	is_int(say(&t, EX_DATAERR, "two"), 1, "another one");
	told_end(&t, true);
	is_int(say(&t, EX_DATAERR, "two"), 0, "nor in the next pass");
	told_end(&t, true);
	is_int(say(&t, EX_DATAERR, "one"), 1, "it was over, and is again");
	told_end(&t, false);
	is_int(say(&t, EX_DATAERR, "two"), 0, "of a part: what it did not meet lasts");
	told_end(&t, true);
	told_end(&t, true);
	is_int(say(&t, EX_DATAERR, "one") + say(&t, EX_DATAERR, "two"), 2,
	    "both were over");
	is_int(say(&t, EX_TEMPFAIL, "three"), 1, "one that may pass, at once");
	is_int(say(&t, EX_TEMPFAIL, "three"), 0, "and once");
	told_free(&t);
}

static void
held(void)
{
	struct told t = { .n = 0 };
	char state[64];

	snprintf(state, sizeof state, "%s.watch", said);
	complain_open(&t.complain, 3600, state);
	told_end(&t, true);		/* one that was completed before */
	is_int(say(&t, EX_TEMPFAIL, "may pass"), 0, "held back");
	is_int(say(&t, EX_DATAERR, "lasts"), 1, "what does not pass is not");
	is_int(say(&t, 0, "a word"), 1, "nor what is no failure");
	told_end(&t, true);
	is_int(lines(), 0, "not so soon");
	is_int(say(&t, EX_DATAERR, "lasts"), 0, "once");
	told_free(&t);
	snprintf(state, sizeof state, "%s.watch.failing", said);
	unlink(state);
}

/* What it remembers is bounded: behind that all is said each time. */
static void
many(void)
{
	struct told t = { .n = 0 };
	char line[32];
	unsigned i, n = 0;

	for (i = 0; i < 5000; i++) {
		snprintf(line, sizeof line, "line %u", i);
		told_say(&t, EX_DATAERR, "INBOX", "cause", line);
	}
	is_int(lines(), 5000, "all are said");
	is_int(t.n, 4096, "not all are remembered");
	for (i = 0; i < 5000; i++) {
		snprintf(line, sizeof line, "line %u", i);
		told_say(&t, EX_DATAERR, "INBOX", "cause", line);
	}
	n = lines();
	is_int(n, 5000 - 4096, "the others are said again");
	told_free(&t);
}

int
main(void)
{
	int fd = mkostemp(said, O_APPEND);

	if (fd < 0)
		return 1;
	kept = dup(2);
	dup2(fd, 2);
	close(fd);
	once();
	held();
	many();
	dup2(kept, 2);
	close(kept);
	unlink(said);
	return done();
}
