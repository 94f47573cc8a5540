/* import.h: for fuzz targets: an importer, and what it prints */
#ifndef FUZZ_IMPORT_H
#define FUZZ_IMPORT_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf.h"
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

/* What was made of it has no control byte, and is one of ours. */
static void
import(int (*run)(const char *, struct buf *, struct err *), const char *path)
{
	struct err e = { 0 };
	struct buf text = { .max = 1 << 24 };
	struct arena a = { 0 };
	struct conf c = { .file = "the result" };
	int got = run(path, &text, &e);
	size_t i;

	unlink(path);
	must(got == 0 || e.code != 0);
	for (i = 0; i < text.n; i++)
		must((unsigned char)text.p[i] >= ' ' || text.p[i] == '\n');
	must(got < 0 || conf_parse(&c, &a, text.p, text.n, &e) == 0);
	buf_free(&text);
	arena_free(&a);
}

#endif
