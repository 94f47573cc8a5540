/*
 * accept: files are written, made durable, renamed, and their folder synced
 *
 *	accept FOLDER N SIZE
 *
 * The least that whoever says "accepted" has to do, for each of them.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	char from[32], to[32], *text;
	int dir, fd, i, n;
	size_t size;

	if (argc != 4 || (dir = open(argv[1], O_RDONLY | O_DIRECTORY)) < 0)
		err(1, "usage: accept FOLDER N SIZE");
	n = atoi(argv[2]);
	size = (size_t)atol(argv[3]);
	if ((text = malloc(size)) == NULL)
		err(1, NULL);
	memset(text, 'x', size);
	for (i = 0; i < n; i++) {
		snprintf(from, sizeof from, "tmp%d", i);
		snprintf(to, sizeof to, "mail%d", i);
		fd = openat(dir, from, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || write(fd, text, size) != (ssize_t)size ||
		    fsync(fd) < 0 || close(fd) < 0 ||
		    renameat(dir, from, dir, to) < 0 || fsync(dir) < 0)
			err(1, "%s", from);
	}
	return 0;
}
