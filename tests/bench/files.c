/*
 * files: makes files of the sizes that are read, and nothing else
 *
 *	files FOLDER < SIZES
 *
 * The least that whoever delivers them durably has to do: all are written, and
 * what is below FOLDER is brought to the disk once.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	char name[32], *text;
	long size, most = 1 << 20;
	unsigned n = 0;
	int dir, fd;

	if (argc != 2 || (dir = open(argv[1], O_RDONLY | O_DIRECTORY)) < 0)
		err(1, "usage: files FOLDER < SIZES");
	if ((text = malloc((size_t)most)) == NULL)
		err(1, NULL);
	memset(text, 'x', (size_t)most);
	while (scanf("%ld", &size) == 1) {
		if (size < 0 || size > most)
			errx(1, "too large: %ld", size);
		snprintf(name, sizeof name, "%u", n++);
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || write(fd, text, (size_t)size) != size ||
		    close(fd) < 0)
			err(1, "%s", name);
	}
	if (syncfs(dir) < 0)
		err(1, "syncfs");
	return 0;
}
