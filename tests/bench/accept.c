/*
 * accept: files are written, made durable, renamed, and their folder synced
 *
 *	accept FOLDER N SIZE [each]
 *
 * The least that whoever says "accepted" has to do, for each of them.  With
 * "each" every file is in a folder of its own, which is renamed: one more folder
 * to make, and to sync.
 */
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *text;
static size_t size;

/* A file of that name, durable, but for the name. */
static void
put(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, text, size) != (ssize_t)size ||
	    fsync(fd) < 0 || close(fd) < 0)
		err(1, "%s", name);
}

static void
put_folder(int dir, const char *name)
{
	int fd;

	if (mkdirat(dir, name, 0700) < 0 ||
	    (fd = openat(dir, name, O_RDONLY | O_DIRECTORY)) < 0)
		err(1, "%s", name);
	put(fd, "mail");
	if (fsync(fd) < 0 || close(fd) < 0)
		err(1, "%s", name);
}

int
main(int argc, char **argv)
{
	bool each = argc == 5 && strcmp(argv[4], "each") == 0;
	char from[32], to[32];
	int dir, i, n;

	if ((argc != 4 && !each) ||
	    (dir = open(argv[1], O_RDONLY | O_DIRECTORY)) < 0)
		err(1, "usage: accept FOLDER N SIZE [each]");
	n = atoi(argv[2]);
	size = (size_t)atol(argv[3]);
	if ((text = malloc(size)) == NULL)
		err(1, NULL);
	memset(text, 'x', size);
	for (i = 0; i < n; i++) {
		snprintf(from, sizeof from, "tmp%d", i);
		snprintf(to, sizeof to, "mail%d", i);
		if (each)
			put_folder(dir, from);
		else
			put(dir, from);
		if (renameat(dir, from, dir, to) < 0 || fsync(dir) < 0)
			err(1, "%s", from);
	}
	return 0;
}
