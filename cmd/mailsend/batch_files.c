/*
 * batch_files.c: files that are named on standard input, as one stream
 *
 * Whoever talks to strangers may not open any file: so another process does.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch_files.h"
#include "file.h"

/* A line of a message, with ">" before what looks like the next one. */
static int
put_quoted(int to, struct str line, struct err *e)
{
	size_t i = 0;

	while (i < line.n && line.p[i] == '>')
		i++;
	if (str_starts(str_from(line, i), "From ") &&
	    file_write(to, ">", 1, e) < 0)
		return -1;
	return file_write(to, line.p, line.n, e);
}

static int
copy_lines(FILE *f, int to, struct err *why, struct err *e)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int got = 0;
	bool ended = true;

	while (got == 0 && (n = getline(&line, &cap, f)) > 0) {
		got = put_quoted(to, (struct str){ line, (size_t)n }, e);
		ended = line[n - 1] == '\n';
	}
	if (ferror(f))
		fail_sys(why, EX_NOINPUT, "it cannot be read to its end");
	free(line);
	if (got == 0)
		got = file_write(to, ended ? "\n" : "\n\n", ended ? 1 : 2, e);
	return got;
}

static int
put_mark(int to, const char *text, struct err *e)
{
	struct buf b = { .max = 8192 };
	int got;

	buf_printf(&b, "From %s\n", text);
	got = file_write(to, b.p, b.n, e);
	buf_free(&b);
	return got;
}

/*
 * Behind what is in it stands whether that is all of it.  Where nothing stands
 * there it is not: this process may have been killed.
 */
static int
copy_file(const char *path, int to, struct err *e)
{
	struct err why = { 0 };
	int fd = file_open(path, &why), got = put_mark(to, path, e);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd >= 0 && f == NULL)
		fail_sys(&why, EX_OSERR, "%s", path);
	if (f != NULL && got == 0)
		got = copy_lines(f, to, &why, e);
	if (f != NULL)
		fclose(f);
	return got < 0 ? -1 : put_mark(to, why.code != 0 ? why.msg :
	    BATCH_FILES_WHOLE, e);
}

static void
copy_all(int to)
{
	struct err e = { 0 };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while (e.code == 0 && (n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		if (n > 0)
			copy_file(line, to, &e);
	}
	if (e.code == 0 && !ferror(stdin))
		put_mark(to, "", &e);
	free(line);
}

int
batch_files(struct spawn_child *child, struct err *e)
{
	int pair[2], got;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail_sys(e, EX_OSERR, "pipe");
	got = spawn_fork(child, e);
	if (got == 0) {
		close(pair[0]);
		copy_all(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	if (got < 0)
		close(pair[0]);
	return got < 0 ? -1 : pair[0];
}
