/* direct_cache.c: the MTA-STS policies of before (RFC 8461 sections 3.2, 5.1) */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "direct_cache.h"
#include "clock.h"
#include "dns.h"
#include "file.h"
#include "trace.h"

#define FIRST "postbag-sts 1 "		/* ID SECONDS, and the policy */

enum {
	ROOM = MTASTS_MAX + 256,
	AHEAD = 300		/* seconds that a clock may be set back */
};

/* The names of domains that are host names are fit to be those of files. */
static const char *
path_of(struct arena *a, const char *dir, const char *domain)
{
	return dir != NULL && dns_hostname(domain) ?
	    arena_printf(a, "%s/%s", dir, domain) : NULL;
}

/* Its first line: false if it is not of ours. */
static bool
read_first(struct str line, struct str *id, uint64_t *since)
{
	struct str want = STR(FIRST);

	if (!str_starts(line, FIRST))
		return false;
	line = str_from(line, want.n);
	*id = str_cut(&line, ' ');
	return id->n > 0 && line.p != NULL &&
	    str_num(line, INT64_MAX, since) == 0;
}

static bool
holds(uint64_t since, uint64_t max_age)
{
	uint64_t now = (uint64_t)clock_wall();

	return since <= now + AHEAD && now < since + max_age;
}

bool
direct_cache_get(const char *dir, const char *domain, struct arena *a,
    struct str *id, struct mtasts *policy)
{
	const char *path = path_of(a, dir, domain);
	struct buf b = { .max = ROOM };
	struct err quiet = { 0 };
	struct str rest;
	uint64_t since;
	bool got = false;
	int fd;

	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW)) < 0)
		return false;
	if (file_slurp(fd, &b, &quiet) == 0) {
		rest = arena_str(a, BUF_STR(b));
		got = read_first(str_cut(&rest, '\n'), id, &since) &&
		    mtasts_parse(a, rest, policy) == 0 &&
		    holds(since, policy->max_age);
	}
	close(fd);
	buf_free(&b);
	return got;
}

static void
put_policy(struct buf *b, struct str id, const struct mtasts *m)
{
	size_t i;

	buf_printf(b, FIRST "%.*s %lld\n", STR_ARG(id),
	    (long long)clock_wall());
	buf_printf(b, "version: STSv1\nmode: %s\nmax_age: %llu\n",
	    mtasts_mode(m->mode), (unsigned long long)m->max_age);
	for (i = 0; i < m->nmx; i++)
		buf_printf(b, "mx: %.*s\n", STR_ARG(m->mx[i]));
}

/* As a whole or not at all, for it is read while others write it. */
static int
replace(const char *path, const char *next, struct str text, struct err *e)
{
	int fd, got;

	unlink(next);			/* a killed run's, of the same number */
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_sys(e, EX_CANTCREAT, "%s", next);
	got = file_write(fd, text.p, text.n, e);
	close(fd);
	if (got == 0 && rename(next, path) < 0)
		got = fail_sys(e, EX_CANTCREAT, "%s", path);
	if (got < 0)
		unlink(next);
	return got;
}

void
direct_cache_put(const char *dir, const char *domain, struct str id,
    const struct mtasts *m)
{
	struct arena a = { 0 };
	const char *path = path_of(&a, dir, domain);
	struct buf b = { .max = ROOM };
	struct err e = { 0 };

	if (path != NULL) {
		put_policy(&b, id, m);
		if (!b.over && replace(path, arena_printf(&a, "%s/.%s.%ld",
		    dir, domain, (long)getpid()), BUF_STR(b), &e) < 0)
			trace_note(TRACE_DONE, "the MTA-STS policy of %s is not kept: %s",
			    domain, e.msg);
	}
	buf_free(&b);
	arena_free(&a);
}
