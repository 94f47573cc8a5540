/* import.h: for fuzz targets: an importer, and what it prints */
#ifndef FUZZ_IMPORT_H
#define FUZZ_IMPORT_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool held)
{
	if (!held)
		abort();
}

/* The input as a file of this name, in a folder of our own. */
static const char *
file_with(const char *name, const uint8_t *p, size_t n)
{
	static char dir[64], path[128];
	struct err e = { 0 };
	int fd;

	if (dir[0] == '\0') {
		snprintf(dir, sizeof dir, "/dev/shm/import.XXXXXX");
		must(mkdtemp(dir) != NULL);
	}
	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0 && file_write(fd, p, n, &e) == 0);
	close(fd);
	return path;
}

/* What is printed has no control byte, whatever it read. */
static void
import(int (*run)(const char *, struct err *), const char *path)
{
	struct err e = { 0 };
	FILE *was = stdout;
	char *text = NULL;
	size_t n = 0, i;
	int got;

	stdout = open_memstream(&text, &n);
	got = run(path, &e);
	fclose(stdout);
	stdout = was;
	unlink(path);
	must(got == 0 || e.code != 0);
	for (i = 0; i < n; i++)
		must((unsigned char)text[i] >= ' ' || text[i] == '\n' ||
		    text[i] == '\t');
	free(text);
}

#endif
