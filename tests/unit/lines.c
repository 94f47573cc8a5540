/* lines.c: lines in pieces, without end, too long, and none */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "tap.h"

static struct lines *
from(int *out)
{
	struct lines *l = mem_new(1, sizeof *l);
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		abort();
	l->fd = fd[0];
	*out = fd[1];
	return l;
}

static void
put(struct lines *l, int fd, const char *s, size_t n)
{
	if (write(fd, s, n) != (ssize_t)n)
		abort();
	l->readable = true;
}

static void
next(struct lines *l, const char *want, const char *name)
{
	struct str s;
	char text[2048] = "";

	if (!lines_next(l, &s)) {
		ok(want == NULL, "%s: none now", name);
		return;
	}
	memcpy(text, s.p, s.n < sizeof text - 1 ? s.n : sizeof text - 1);
	is_str(text, want, "%s", name);
}

static void
pieces(void)
{
	int fd;
	struct lines *l = from(&fd);

	next(l, NULL, "nothing written");
	ok(!lines_end(l), "and not the end");
	put(l, fd, "one\ntw", 6);
	next(l, "one", "the first");
	next(l, NULL, "half a line");
	put(l, fd, "o\n\nthree", 8);
	next(l, "two", "its other half");
	next(l, "", "an empty one");
	next(l, NULL, "no LF yet");
	close(fd);
	l->readable = true;
	next(l, "three", "the last has none");
	next(l, NULL, "the end");
	ok(lines_end(l), "is known");
	close(l->fd);
	free(l);
}

static void
lengths(void)
{
	static char text[5000];
	int fd;
	struct lines *l = from(&fd);
	struct str s;

	memset(text, 'x', sizeof text);
	memcpy(text + 3000, "\ny\n", 3);
	put(l, fd, text, sizeof text);
	ok(lines_next(l, &s) && s.n == LINES_LONGEST, "a long line is cut");
	next(l, "y", "its rest is passed over");
	close(fd);
	l->readable = true;
	ok(lines_next(l, &s) && s.n == LINES_LONGEST, "the last is long, too");
	next(l, NULL, "and over");
	ok(lines_end(l), "the end");
	close(l->fd);
	free(l);
}

static void
file(void)
{
	struct lines *l = mem_new(1, sizeof *l);

	l->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	l->readable = true;
	next(l, NULL, "an empty file");
	ok(lines_end(l), "is at its end");
	close(l->fd);
	free(l);
}

static void
broken(void)
{
	struct lines *l = mem_new(1, sizeof *l);

	l->fd = open("/", O_RDONLY | O_CLOEXEC);
	l->readable = true;
	next(l, NULL, "a folder");
	ok(lines_end(l) && l->error == EISDIR, "is no list");
	close(l->fd);
	free(l);
}

int
main(void)
{
	broken();
	pieces();
	lengths();
	file();
	return done();
}
