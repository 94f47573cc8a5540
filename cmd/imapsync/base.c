/* base.c: whose base a directory has: of which account, which Maildirs */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "file.h"
#include "index.h"
#include "names.h"
#include "near_dir.h"
#include "str.h"

static const char *const mode_names[BASE_MODES] = {
	[BASE_BOTH] = "both", [BASE_PULL] = "pull", [BASE_PUSH] = "push",
	[BASE_MIRROR] = "mirror"
};

/* What follows on a mode and would undo what it has left: by both tables. */
static const char *const went[BASE_MODES] = {
	[BASE_BOTH] = "both ways", [BASE_PULL] = "from the server to here",
	[BASE_PUSH] = "from here to the server",
	[BASE_MIRROR] = "from the server to a mirror here"
};
static const bool undone[BASE_MODES][BASE_MODES] = {
	[BASE_PULL][BASE_PUSH] = true, [BASE_PUSH][BASE_PULL] = true,
	[BASE_BOTH][BASE_MIRROR] = true, [BASE_PULL][BASE_MIRROR] = true,
	[BASE_PUSH][BASE_MIRROR] = true, [BASE_MIRROR][BASE_PUSH] = true
};

struct base
base_of(struct arena *a, const char *user, const char *host,
    const char *near, enum base_mode mode)
{
	char here[PATH_MAX];
	const char *path = near;

	if (near[0] != '/' && getcwd(here, sizeof here) != NULL)
		path = arena_printf(a, "%s/%s", here, near);
	return (struct base){ .account = arena_printf(a, "%s@%s",
	    user != NULL ? user : "", host != NULL ? host : ""),
	    .near = path, .mode = mode };
}

/* ---- the note ---- */

/* A note that is torn or damaged refuses nothing. */
static void
note_sum(struct str all, char sum[17])
{
	snprintf(sum, 17, "%016llx", (unsigned long long)names_hash(all));
}

/* 0; 1 it is malformed; -1 of a newer version. */
static int
note_parse(struct str all, struct arena *a, struct base *is)
{
	struct str line = str_cut(&all, '\n'), key;
	char sum[17];
	size_t i;

	if (!str_eq(str_cut(&line, ' '), STR("postbag")) ||
	    !str_eq(str_cut(&line, ' '), STR("base")))
		return 1;
	key = str_cut(&line, ' ');
	if (!str_eq(key, STR("1")))
		return key.n == 1 && str_digit(key.p[0]) ? -1 : 1;
	note_sum(all, sum);
	if (!str_eq(line, str_of(sum)))
		return 1;
	*is = (struct base){ .account = "", .near = NULL };
	while (is->near == NULL && all.n > 0) {
		line = str_cut(&all, '\n');
		key = str_cut(&line, ' ');
		if (str_eq(key, STR("account")))
			is->account = arena_dup(a, line);
		for (i = 0; str_eq(key, STR("mode")) && i < BASE_MODES; i++)
			if (str_is(line, mode_names[i]))
				is->mode = (enum base_mode)i;
		if (str_eq(key, STR("near"))) {	/* the last: all the rest */
			line.n += all.p != NULL ? 1 + all.n : 0;
			is->near = arena_dup(a, line);
		}
	}
	return is->near != NULL ? 0 : 1;
}

/* 0; 1 there is none that can be read; -1 EX_CONFIG. */
static int
note_read(const char *dir, struct arena *a, struct base *is, struct err *e)
{
	struct buf b = { .max = 65536 };
	struct err ignored = { 0 };
	char *path = arena_printf(a, "%s/base", dir);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), got = 1;

	*is = (struct base){ 0 };
	if (fd < 0)
		return 1;
	if (file_slurp(fd, &b, &ignored) == 0)
		got = note_parse(BUF_STR(b), a, is);
	close(fd);
	buf_free(&b);
	return got < 0 ? fail(e, EX_CONFIG, "%s: written by a newer version of imapsync",
	    path) : got;
}

int
base_note(const char *dir, const struct base *is, struct err *e)
{
	struct arena a = { 0 };
	struct buf b = { .max = 65536 };
	struct base was;
	const char *all;
	char sum[17];
	int got = note_read(dir, &a, &was, e);

	if (got == 0 && was.mode == is->mode &&
	    strcmp(was.account, is->account) == 0 &&
	    strcmp(was.near, is->near) == 0) {
		arena_free(&a);
		return 0;
	}
	if (got < 0) {
		arena_free(&a);
		return -1;
	}
	buf_printf(&b, "account %s\nmode %s\nnear %s", is->account,
	    mode_names[is->mode], is->near);
	note_sum(BUF_STR(b), sum);
	all = arena_printf(&a, "postbag base 1 %s\n%s", sum, b.p);
	got = file_replace(arena_printf(&a, "%s/base", dir), str_of(all), e);
	buf_free(&b);
	arena_free(&a);
	return got;
}

/* ---- is it theirs? ---- */

static bool
same_near(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* Of this machine, a tunnel or a relay may begin that leads anywhere. */
static bool
any_host(struct str host)
{
	return host.n == 0 || str_is(host, "localhost") ||
	    str_is(host, "::1") || str_starts(host, "127.");
}

static bool
same_account(const char *a, const char *b)
{
	const char *ax = strrchr(a, '@'), *bx = strrchr(b, '@');
	struct str user, other, host, there;

	if (ax == NULL || bx == NULL)
		return strcmp(a, b) == 0;
	user = (struct str){ a, (size_t)(ax - a) };
	other = (struct str){ b, (size_t)(bx - b) };
	host = str_of(ax + 1);
	there = str_of(bx + 1);
	return (user.n == 0 || other.n == 0 || str_eqi(user, other)) &&
	    (any_host(host) || any_host(there) || str_eqi(host, there));
}

struct search_moved {
	struct index index;
	int root;
	bool found;
};

static void
base_known(void *to, const char *path)
{
	struct search_moved *m = to;
	struct stamp now;
	bool racy;
	size_t i;

	if (m->found || near_dir_stamp(m->root, path, &now, &racy) != 0)
		return;
	for (i = 0; i < m->index.n && !m->found; i++)
		m->found = m->index.v[i].stamp.cur_ino == now.cur_ino;
}

/* Is a Maildir that the base knows among these, by its inode? */
static bool
moved_here(const char *dir, const struct base *is)
{
	struct search_moved m = { .found = false };
	struct err e = { 0 };

	m.root = open(is->near, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m.root < 0)
		return false;
	if (index_open(&m.index, dir, &e) == 0) {
		near_dir_folders(m.root, LAYOUT_VERBATIM, base_known, &m, &e);
		if (!m.found)
			near_dir_folders(m.root, LAYOUT_MAILDIRPP, base_known,
			    &m, &e);
		index_close(&m.index);
	}
	close(m.root);
	return m.found;
}

/* ---- which ---- */

/* Names of 16 hexadecimal digits, of folders that may have a base. */
static bool
is_below(const char *name)
{
	return strlen(name) == 16 && strspn(name, "0123456789abcdef") == 16;
}

/* Paths of all directories that may have one, dir's own first; "" ends. */
static const char **
base_dirs(const char *dir, struct arena *a)
{
	const char **v = mem_new(2, sizeof *v);
	DIR *d = opendir(dir);
	struct dirent *x;
	size_t n = 0;

	v[n++] = dir;
	while (d != NULL && (x = readdir(d)) != NULL)
		if (is_below(x->d_name)) {
			v = mem_grow(v, n + 2, sizeof *v);
			v[n++] = arena_printf(a, "%s/%s", dir, x->d_name);
		}
	if (d != NULL)
		closedir(d);
	v[n] = NULL;
	return v;
}

enum fit { FIT_NOT, FIT_FREE, FIT_MOVED, FIT_OTHER, FIT_OURS };

/* was is what its note says. */
static int
base_fit(const char *dir, const struct base *is, struct arena *a,
    struct base *was, enum fit *fit, struct err *e)
{
	struct stat st;
	int got = note_read(dir, a, was, e);

	if (got < 0)
		return -1;
	*fit = FIT_NOT;
	if (got > 0)
		*fit = FIT_FREE;
	else if (same_near(was->near, is->near))
		*fit = same_account(was->account, is->account) ? FIT_OURS :
		    FIT_OTHER;
	else if (same_account(was->account, is->account) &&
	    stat(was->near, &st) < 0 && errno == ENOENT &&
	    moved_here(dir, is))
		*fit = FIT_MOVED;
	return 0;
}

static int
base_refuse(const struct base *was, const struct base *is, struct err *e)
{
	if (!same_account(was->account, is->account))
		return fail(e, EX_USAGE, "%s: these Maildirs are those of %s, and this is %s: two accounts do not share them (if it is the same one: --accept-mode)",
		    is->near, was->account, is->account);
	if (undone[was->mode][is->mode])
		return fail(e, EX_USAGE, "%s: the last run went %s, this one goes %s and would undo what that has left (if that is right: --accept-mode)",
		    is->near, went[was->mode], went[is->mode]);
	return 0;
}

const char *
base_find(const char *dir, const struct base *is, bool accept,
    struct arena *a, struct err *e)
{
	const char **v = base_dirs(dir, a), *best = NULL;
	struct base was = { 0 }, of = { 0 };
	enum fit fit, most = FIT_NOT;
	struct buf key = { .max = 65536 };
	size_t i;
	int got = 0;

	for (i = 0; got == 0 && v[i] != NULL; i++) {
		was = (struct base){ 0 };
		got = base_fit(v[i], is, a, &was, &fit, e);
		if (got < 0 || fit <= most || (i > 0 && fit == FIT_FREE))
			continue;
		most = fit;
		best = v[i];
		of = was;
	}
	free(v);
	if (got == 0 && most >= FIT_MOVED && !accept)
		got = base_refuse(&of, is, e);
	if (got < 0)
		return NULL;
	if (best != NULL)
		return best;
	buf_printf(&key, "%s", is->account);
	buf_c(&key, '\0');
	buf_s(&key, is->near);
	best = arena_printf(a, "%s/%016llx", dir,
	    (unsigned long long)names_hash(BUF_STR(key)));
	buf_free(&key);
	return best;
}

int
base_alone(const char *all, const char *dir, const struct base *is,
    struct err *e)
{
	struct arena a = { 0 };
	struct err newer = { 0 };
	struct base was;
	const char **v;
	DIR *d;
	struct dirent *x;
	size_t i;
	int got = note_read(dir, &a, &was, e);

	d = got > 0 ? opendir(all) : NULL;
	if (got > 0)
		got = 0;
	while (got == 0 && d != NULL && (x = readdir(d)) != NULL) {
		if (x->d_name[0] == '.')
			continue;
		v = base_dirs(arena_printf(&a, "%s/%s", all, x->d_name), &a);
		for (i = 0; got == 0 && v[i] != NULL; i++)
			if (note_read(v[i], &a, &was, &newer) == 0 &&
			    was.near != NULL && same_near(was.near, is->near) &&
			    !same_account(was.account, is->account))
				got = base_refuse(&was, is, e);
		free(v);
	}
	if (d != NULL)
		closedir(d);
	arena_free(&a);
	return got;
}
