/* maildir.c: what is there already is never written over */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "maildir.h"
#include "tap.h"

static char top[64];
static struct err e;

static int
deliver(struct maildir *m, const char *text, const char *flags)
{
	int fd = maildir_begin(m, "name", &e);

	if (fd < 0 || file_write(fd, text, strlen(text), &e) < 0)
		return -1;
	close(fd);
	return maildir_publish(m, "name", flags, &e);
}

static const char *
text(const char *path)
{
	static char some[64];
	char full[128];
	int fd;
	ssize_t n = 0;

	snprintf(full, sizeof full, "%s/%s", top, path);
	fd = open(full, O_RDONLY);
	if (fd < 0)
		return "(not there)";
	n = read(fd, some, sizeof some - 1);
	close(fd);
	some[n > 0 ? n : 0] = '\0';
	return some;
}

static void
count(void *to, enum maildir_folder folder, const char *file)
{
	(void)folder;
	(void)file;
	++*(int *)to;
}

static void
names(void)
{
	struct maildir m;
	int n = 0;

	is_int(maildir_open(&m, top, true, &e), 0, "made: %s", e.msg);
	is_int(deliver(&m, "one", NULL), 0, "a message");
	is_int(deliver(&m, "one", NULL), 0, "the same once more");
	is_str(text("new/name~2"), "(not there)", "has no second file");
	is_str(text("tmp/name"), "(not there)", "nor one in tmp/");
	is_int(deliver(&m, "two", NULL), 0, "another one of that name");
	is_str(text("new/name"), "one", "the first stays");
	is_str(text("new/name~2"), "two", "the second is beside it");
	is_int(deliver(&m, "two", NULL), 0, "that one again");
	is_int(deliver(&m, "on", NULL), 0, "one that is shorter");
	is_str(text("new/name~3"), "on", "is another one");
	is_int(deliver(&m, "", NULL), 0, "an empty one");
	is_str(text("new/name~4"), "", "is another one, too");
	is_int(deliver(&m, "one", "S"), 0, "with flags");
	is_int(deliver(&m, "two", "S"), 0, "and another");
	is_str(text("cur/name:2,S"), "one", "its flags");
	is_str(text("cur/name~2:2,S"), "two", "are behind the number");
	is_int(maildir_scan(&m, count, &n, &e), 0, "scanned");
	is_int(n, 6, "six files");
	maildir_close(&m);
}

static void
links(void)
{
	char path[128];
	struct maildir m;

	snprintf(path, sizeof path, "%s/new/name", top);
	unlink(path);
	is_int(symlink("/dev/null", path), 0, "a link of that name");
	is_int(maildir_open(&m, top, false, &e), 0, "open");
	is_int(deliver(&m, "three", NULL), 0, "is not followed");
	is_str(text("new/name~5"), "three", "nor replaced");
	maildir_close(&m);
}

/* Whoever can make one in a Maildir may not say where mail goes. */
static void
parts(void)
{
	static const char *const part[] = { "tmp", "new", "cur" };
	char dir[100], path[128], aside[160];
	struct maildir m;
	size_t i;

	snprintf(dir, sizeof dir, "%s/linked", top);
	is_int(maildir_create(dir, &e), 0, "another one");
	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, part[i]);
		snprintf(aside, sizeof aside, "%s.aside", path);
		ok(rename(path, aside) == 0 && symlink(aside, path) == 0,
		    "%s is a link", part[i]);
		is_int(maildir_open(&m, dir, false, &e), -1, "refused");
		is_int(e.code, EX_CANTCREAT, "%s", e.msg);
		fail_clear(&e);
		maildir_close(&m);
		ok(unlink(path) == 0 && rename(aside, path) == 0, "put back");
	}
}

int
main(void)
{
	char cmd[128];

	snprintf(top, sizeof top, "/tmp/maildir.XXXXXX");
	if (mkdtemp(top) == NULL)
		return 1;
	names();
	links();
	parts();
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", top);
	(void)!system(cmd);
	return done();
}
