/*
 * near_dir.c: a Maildir: opened, and the changes made to it
 *
 * Nothing is reached by a path of more than one part, so no symbolic link
 * below the root leads anywhere; nothing is ever renamed over another file.
 * A file's flags are in its name: a rename from the name that was scanned is
 * at once the test that nobody else has changed them since.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attic.h"
#include "file.h"
#include "maildir.h"
#include "mem.h"
#include "near_dir.h"
#include "near_file.h"
#include "near_letters.h"

enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* ---- opening ---- */

static bool
absent(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
}

/* The last folder of a path: a descriptor, or -1 and errno. */
static int
descend(int root, const char *path, bool make)
{
	struct str rest = str_of(path), part;
	int at = openat(root, ".", FOLDER), next;
	char name[256];

	if (rest.n == 0)
		return at;
	if (rest.p[0] == '/') {		/* as somebody has chosen it */
		close(at);
		if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
			return -1;
		return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	while (at >= 0 && rest.p != NULL) {
		part = str_cut(&rest, '/');
		if (part.n == 0 || part.n >= sizeof name || str_is(part, ".") ||
		    str_is(part, "..")) {
			close(at);
			errno = EINVAL;
			return -1;
		}
		str_copy(name, part);
		name[part.n] = '\0';
		next = near_file_enter(at, name, make);
		close(at);
		at = next;
	}
	return at;
}

static int
inside(struct near_dir *l, const char *path, bool make)
{
	bool made = false;
	int fd;

	l->in.fresh = near_file_enter(l->in.top, "new", make);
	if (l->in.fresh < 0)
		return -1;
	if ((l->in.cur = openat(l->in.top, "cur", FOLDER)) < 0) {
		made = make;
		l->in.cur = near_file_enter(l->in.top, "cur", make);
	}
	if (l->in.cur < 0 ||
	    (l->in.tmp = near_file_enter(l->in.top, "tmp", true)) < 0)
		return -1;
	if (!made)
		return 0;
	if (path[0] == '.') {		/* Maildir++ has it so */
		fd = openat(l->in.top, "maildirfolder", O_WRONLY | O_CREAT |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
	}
	return fsync(l->in.top);
}

void
near_dir_none(struct near_dir *l)
{
	*l = (struct near_dir){ .in = MAILDIR_NONE, .attic = -1 };
}

int
near_dir_open(struct near_dir *l, int root, const char *path, bool make,
    struct err *e)
{
	near_dir_none(l);
	l->in.path = mem_dup(path);
	l->in.top = descend(root, path, make);
	if (l->in.top >= 0 && inside(l, path, make) == 0)
		return 0;
	if (!make && absent()) {
		near_dir_close(l);
		return 1;
	}
	fail_sys(e, EX_CANTCREAT, "%s", path[0] != '\0' ? path :
	    "the Maildir");
	near_dir_close(l);
	return -1;
}

int
near_dir_writable(const struct near_dir *l, struct err *e)
{
	const struct {
		int at;
		const char *name;
	} v[] = { { l->in.tmp, "tmp" }, { l->in.fresh, "new" },
	    { l->in.cur, "cur" } };
	size_t i;

	for (i = 0; i < sizeof v / sizeof *v; i++)
		if (faccessat(v[i].at, ".", W_OK | X_OK, AT_EACCESS) < 0)
			return fail_sys(e, EX_CANTCREAT, "%s%s%s", l->in.path,
			    l->in.path[0] != '\0' ? "/" : "", v[i].name);
	return 0;
}

void
near_dir_close(struct near_dir *l)
{
	union { const char *c; void *p; } path = { l->in.path };

	maildir_close(&l->in);
	near_file_shut(&l->attic);
	near_dir_forget(l);
	free(path.p);
	l->in.path = NULL;
}

static size_t
count_folder(int at, size_t most)
{
	int fd = openat(at, ".", FOLDER);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *x;
	size_t n = 0;

	if (d == NULL) {
		near_file_shut(&fd);
		return 0;
	}
	while (n < most && (x = readdir(d)) != NULL)
		n += x->d_name[0] != '.' && (x->d_type == DT_REG ||
		    x->d_type == DT_UNKNOWN);
	closedir(d);
	return n;
}

size_t
near_dir_count(int root, const char *path, size_t most)
{
	struct err quiet = { 0 };
	struct near_dir l;
	size_t n;

	if (near_dir_open(&l, root, path, false, &quiet) != 0)
		return 0;
	n = count_folder(l.in.cur, most);
	n += count_folder(l.in.fresh, most - n);
	near_dir_close(&l);
	return n;
}

/* ---- changes ---- */

static int
folder_of(const struct near_dir *l, const struct near_msg *m)
{
	return m->fresh ? l->in.fresh : l->in.cur;
}

static struct str
info_of(const struct near_dir *l, const struct near_msg *m)
{
	struct str s = str_from(str_of(near_dir_file(l, m)), m->base);

	return s.n > 0 ? str_from(s, 1) : s;
}

static int
not_renamed(const struct near_dir *l, const char *what, struct err *e)
{
	return fail_sys(e, EX_IOERR, "%s%s%s", l->in.path,
	    l->in.path[0] != '\0' ? "/" : "", what);
}

/*
 * The file's name with these flags.  Letters that it is the first to have
 * are saved before it is there: otherwise a crash would leave one in a name
 * that means nothing, and the flag would look taken away.
 */
static int
make_name(struct near_dir *l, struct str base, const char *other,
    uint64_t flags, uint64_t *left, char dst[256], struct err *e)
{
	char info[128];

	*left = flags_to_info(&l->letters, flags, other, info, sizeof info);
	if (l->letters.changed && l->words != NULL &&
	    near_letters_save(l, l->words, e) < 0)
		return -1;
	if (info[0] == '\0' || (size_t)snprintf(dst, 256, "%.*s%c%s",
	    STR_ARG(base), maildir_info(), info) >= 256)
		return fail(e, EX_CANTCREAT, "%.*s: no room for its flags",
		    STR_ARG(base));
	return 0;
}

int
near_dir_flags(struct near_dir *l, struct near_msg *m, uint64_t flags,
    struct err *e)
{
	char to[256], other[64];
	uint64_t left;
	int got;

	flags_from_info(&l->letters, info_of(l, m), other);
	if (make_name(l, near_dir_base(l, m), other, flags, &left, to, e) < 0)
		return -1;
	if ((flags & ~left) == m->flags)
		return 0;
	got = near_file_rename(folder_of(l, m), near_dir_file(l, m), l->in.cur,
	    to, NULL);
	if (got < 0)
		return not_renamed(l, near_dir_file(l, m), e);
	if (got > 0)
		return 1;
	m->file = (uint32_t)l->heap.n;
	buf_put(&l->heap, to, strlen(to) + 1);
	m->flags = flags & ~left;
	m->fresh = false;
	return 0;
}

/* A small letter means another keyword in another Maildir. */
static void
drop_small(char *other)
{
	char *to = other;

	for (; *other != '\0' && *other != ','; other++)
		if (*other < 'a' || *other > 'z')
			*to++ = *other;
	memmove(to, other, strlen(other) + 1);
}

int
near_dir_move_to(struct near_dir *l, struct near_msg *m, struct near_dir *to,
    struct near_msg *there, struct err *e)
{
	char name[256], other[64];
	uint64_t flags, left, ino = m->ino;
	int got;

	flags = flags_translate(l->words, m->flags, to->words);
	flags_from_info(&l->letters, info_of(l, m), other);
	drop_small(other);
	if (make_name(to, near_dir_base(l, m), other, flags, &left, name, e) < 0)
		return -1;
	if (strcmp(name + m->base + 1, "2,") == 0 && info_of(l, m).n == 0)
		name[m->base] = '\0';
	got = near_file_rename(folder_of(l, m), near_dir_file(l, m),
	    m->fresh ? to->in.fresh : to->in.cur, name, &ino);
	if (got == 2)
		return fail(e, EX_CANTCREAT, "%s: %s is there already",
		    to->in.path, name);
	if (got != 0)
		return got < 0 ? not_renamed(l, near_dir_file(l, m), e) : got;
	*there = *m;
	there->ino = ino;
	there->file = (uint32_t)to->heap.n;
	there->flags = flags & ~left;
	buf_put(&to->heap, name, strlen(name) + 1);
	return 0;
}

/*
 * Into the attic under that name.  If the same file is there, byte by byte, a
 * run was killed when it had copied it to another file system.  As
 * near_file_rename.
 */
static int
put_away(struct near_dir *l, const struct near_msg *m, const char *to)
{
	const char *name = near_dir_file(l, m);
	int in = folder_of(l, m);
	int got = near_file_rename(in, name, l->attic, to, NULL);

	if (got != 2 || !file_same(in, name, l->attic, to))
		return got;
	if (fsync(l->attic) == 0 && unlinkat(in, name, 0) == 0)
		return 0;
	return errno == ENOENT ? 1 : -1;	/* who renamed it has it */
}

int
near_dir_remove(struct near_dir *l, struct near_msg *m,
    const struct attic *attic, struct err *e)
{
	const char *name = near_dir_file(l, m);
	char to[256];
	int got, i;

	if (attic == NULL) {
		got = unlinkat(folder_of(l, m), name, 0);
		if (got < 0 && errno == ENOENT)
			return 1;
		return got < 0 ? not_renamed(l, name, e) : 0;
	}
	if (l->attic < 0 && (l->attic = attic_today(attic, l->in.path, e)) < 0)
		return -1;
	got = put_away(l, m, name);
	for (i = 2; got == 2 && i < 10000; i++) {
		snprintf(to, sizeof to, "%.200s~%d", name, i);
		got = put_away(l, m, to);
	}
	return got == 0 || got == 1 ? got : not_renamed(l, name, e);
}

int
near_dir_read(const struct near_dir *l, const struct near_msg *m, struct err *e)
{
	const char *name = near_dir_file(l, m);
	struct stat st;
	int fd;

	fd = openat(folder_of(l, m), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
	    O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail_sys(e, errno == ENOENT ? EX_NOINPUT : EX_IOERR,
		    "%s/%s", l->in.path, name);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return fail(e, EX_IOERR, "%s/%s: not a regular file", l->in.path, name);
}

int
near_dir_sync(const struct near_dir *l, struct err *e)
{
	if (l->in.cur < 0)
		return 0;
	if (l->attic >= 0 && fsync(l->attic) < 0)
		return fail_sys(e, EX_IOERR, "the attic of %s", l->in.path);
	return maildir_settle(&l->in, e);
}

/* ---- the end of a Maildir ---- */

/* Files that may lie beside cur/, new/ and tmp/ and are no mail. */
static bool
side_file(const char *name)
{
	return strncmp(name, "dovecot", 7) == 0 ||
	    strncmp(name, "postbag.", 8) == 0 ||
	    strcmp(name, "maildirfolder") == 0;
}

/*
 * Through a folder: files that are side files are removed if drop is set.
 * 1: there are others.
 */
static int
sweep(int at, bool drop)
{
	int fd = openat(at, ".", FOLDER), got = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *x;
	struct stat st;

	if (d == NULL) {
		near_file_shut(&fd);
		return -1;
	}
	while ((x = readdir(d)) != NULL) {
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		if (fstatat(at, x->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    S_ISDIR(st.st_mode))
			continue;
		if (!side_file(x->d_name))
			got = 1;
		else if (drop)
			unlinkat(at, x->d_name, 0);
	}
	closedir(d);
	return got;
}

/* 0, 1 it has something, -1 and errno. */
static int
remove_folder(int at, const char *name)
{
	if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? 1 : -1;
}

static int
take_apart(const struct near_dir *l)
{
	int got;

	if ((got = sweep(l->in.top, false)) != 0 ||
	    (got = sweep(l->in.tmp, true)) != 0 ||
	    (got = remove_folder(l->in.top, "new")) != 0)
		return got;
	if ((got = remove_folder(l->in.top, "cur")) != 0) {
		mkdirat(l->in.top, "new", 0700);
		return got;
	}
	if ((got = remove_folder(l->in.top, "tmp")) != 0)
		return got;
	return sweep(l->in.top, true);
}

static int
remove_last(int root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = mem_dup(path);
	int at, got;

	dir[slash != NULL ? slash - path : 0] = '\0';
	at = descend(root, dir, false);
	free(dir);
	if (at < 0)
		return -1;
	got = remove_folder(at, slash != NULL ? slash + 1 : path);
	if (got == 0 && fsync(at) < 0)
		got = -1;
	close(at);
	return got;
}

int
near_dir_rmdir(int root, const char *path, struct err *e)
{
	struct near_dir l;
	int got;

	if (path[0] == '\0' || path[0] == '/')
		return 1;
	if ((got = near_dir_open(&l, root, path, false, e)) != 0)
		return got < 0 ? -1 : 0;
	got = take_apart(&l);
	if (got == 0 && remove_last(root, path) < 0)
		got = -1;		/* Maildirs below it may stay: 1 */
	if (got < 0)
		fail_sys(e, EX_IOERR, "%s", path);
	near_dir_close(&l);
	return got;
}

/* ---- names of downloads ---- */

void
near_dir_name(char dst[64], uint64_t key, uint32_t uid)
{
	snprintf(dst, 64, "postbag.%016llx.%u", (unsigned long long)key, uid);
}

uint32_t
near_dir_named(struct str base, uint64_t key)
{
	char want[64];
	uint64_t uid;

	if (base.n < 26 || str_num(str_from(base, 25), UINT32_MAX, &uid) < 0)
		return 0;
	near_dir_name(want, key, (uint32_t)uid);
	return str_eq(base, str_of(want)) ? (uint32_t)uid : 0;
}
