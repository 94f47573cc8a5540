/*
 * near_scan.c: a Maildir: what is in it, and whether that changed
 *
 * A directory's mtime says when a name in it last came or went.  It proves
 * that nothing did since only if it is older than the clock's grain: what
 * happens twice within one tick leaves the same time (git's "racily clean").
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "maildir.h"
#include "mem.h"
#include "near_dir.h"
#include "near_file.h"
#include "near_letters.h"
#include "os.h"
#include "stop.h"

enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

#define MS UINT64_C(1000000)		/* in ns */
#define GRAIN_COARSE (2000 * MS)	/* whole seconds, FAT's are two */
#define GRAIN_FINE (50 * MS)		/* some ticks of any kernel */
#define TICK (12 * MS)

/* ---- stamps ---- */

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

static uint64_t
mtime(const struct stat *st)
{
	if (st->st_mtim.tv_sec < 0)
		return 0;
	return (uint64_t)st->st_mtim.tv_sec * 1000 * MS +
	    (uint64_t)st->st_mtim.tv_nsec;
}

static struct stamp
stamp_of(const struct stat *cur, const struct stat *fresh)
{
	return (struct stamp){
		.cur_mtime = mtime(cur), .cur_ino = cur->st_ino,
		.new_mtime = mtime(fresh), .new_ino = fresh->st_ino
	};
}

static uint64_t
latest(const struct stamp *s)
{
	return s->cur_mtime > s->new_mtime ? s->cur_mtime : s->new_mtime;
}

/* The time from which on its mtime proves something. */
static uint64_t
proof(const struct stamp *s)
{
	bool coarse = s->cur_mtime % MS == 0 && s->new_mtime % MS == 0;

	return latest(s) + (coarse ? GRAIN_COARSE : GRAIN_FINE);
}

static bool
is_racy(const struct stamp *s, uint64_t start)
{
	return proof(s) > start;
}

static int
stat_in(int root, const char *path, const char *name, struct stat *st)
{
	char full[2048];

	if ((size_t)snprintf(full, sizeof full, "%s%s%s", path,
	    path[0] != '\0' ? "/" : "", name) >= sizeof full) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (fstatat(root, full, st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISDIR(st->st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int
near_dir_stamp(int root, const char *path, struct stamp *s, bool *racy)
{
	struct stat cur, fresh;
	uint64_t start = now();

	*s = (struct stamp){ .cur_mtime = 0 };
	*racy = true;
	if (stat_in(root, path, "cur", &cur) < 0 ||
	    stat_in(root, path, "new", &fresh) < 0)
		return 1;
	*s = stamp_of(&cur, &fresh);
	*racy = is_racy(s, start);
	return 0;
}

int
near_dir_calm(const struct near_dir *l)
{
	struct stat cur, fresh;
	struct stamp s;
	uint64_t start = now();

	if (fstat(l->in.cur, &cur) < 0 || fstat(l->in.fresh, &fresh) < 0)
		return 0;
	s = stamp_of(&cur, &fresh);
	if (!is_racy(&s, start))
		return 0;
	return (int)((proof(&s) - start) / MS > 10000 ? 10000 :
	    (proof(&s) - start) / MS + 1);
}

/* ---- the scan ---- */

static void
scan_add(struct near_dir *l, const struct dirent *x, bool fresh)
{
	size_t len = strlen(x->d_name), i;
	const char *colon = os_last(x->d_name, maildir_info(), len);
	struct near_msg m = { .fresh = fresh, .ino = x->d_ino };
	struct str info = { NULL, 0 };
	char other[64];

	m.base = (uint16_t)len;
	if (colon != NULL && colon > x->d_name && colon[1] == '2' &&
	    colon[2] == ',') {
		m.base = (uint16_t)(colon - x->d_name);
		info = str_of(colon + 1);
	}
	m.flags = flags_from_info(&l->letters, info, other);
	for (i = 0; other[i] != '\0' && other[i] != ','; i++)
		if (other[i] >= 'a' && other[i] <= 'z') {
			l->letters.strange |= 1u << (other[i] - 'a');
			m.vague = true;
		}
	m.file = (uint32_t)l->heap.n;
	buf_put(&l->heap, x->d_name, len + 1);
	if ((l->n & (l->n - 1)) == 0)	/* full at each power of two */
		l->v = mem_grow(l->v, l->n > 0 ? 2 * l->n : 1, sizeof *l->v);
	l->v[l->n++] = m;
}

/* Whom each file is shown to, instead of being kept; is may be NULL. */
struct viewer {
	bool (*is)(void *, const struct near_msg *);
	void *of;
	size_t n;
	bool differs;
};

static void
view(struct near_dir *l, struct viewer *v)
{
	v->n++;
	if (!v->differs && !v->is(v->of, &l->v[0]))
		v->differs = true;
	l->n = l->heap.n = 0;
}

static int
scan_folder(struct near_dir *l, int at, bool fresh, struct viewer *v,
    struct err *e)
{
	int fd = openat(at, ".", FOLDER);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *x;
	int got = 0;

	if (d == NULL) {
		fail_sys(e, EX_IOERR, "%s", l->in.path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	for (errno = 0; got == 0 && (x = readdir(d)) != NULL; errno = 0)
		if (stop_asked())
			got = fail_stop(e);
		else if (x->d_name[0] != '.' &&
		    (x->d_type == DT_REG || x->d_type == DT_UNKNOWN)) {
			scan_add(l, x, fresh);
			if (v->is != NULL)
				view(l, v);
		}
	if (got == 0 && errno != 0)
		got = fail_sys(e, EX_IOERR, "%s", l->in.path);
	closedir(d);
	if (l->heap.over)
		got = fail(e, EX_SOFTWARE, "%s: too many names", l->in.path);
	return got;
}

void
near_dir_forget(struct near_dir *l)
{
	table_free(&l->named);
	free(l->v);
	l->v = NULL;
	l->n = 0;
	buf_free(&l->heap);
}

static int
stamp(const struct near_dir *l, struct stamp *s, struct err *e)
{
	struct stat cur, fresh;

	if (fstat(l->in.cur, &cur) < 0 || fstat(l->in.fresh, &fresh) < 0)
		return fail_sys(e, EX_IOERR, "%s", l->in.path);
	*s = stamp_of(&cur, &fresh);
	return 0;
}

/* A change within the present tick would leave no trace: waits for its end. */
static int
scan_settled(struct near_dir *l, struct err *e)
{
	struct timespec nap = { .tv_nsec = TICK };
	uint64_t start = now();

	if (stamp(l, &l->seen, e) < 0)
		return -1;
	l->racy = is_racy(&l->seen, start);
	if (latest(&l->seen) <= start && latest(&l->seen) + TICK > start)
		nanosleep(&nap, NULL);
	return 0;
}

static int
once(struct near_dir *l, struct viewer *v, struct err *e)
{
	struct stamp after;

	near_dir_forget(l);
	v->n = 0;
	v->differs = false;
	if (scan_settled(l, e) < 0 ||
	    scan_folder(l, l->in.fresh, true, v, e) < 0 ||
	    scan_folder(l, l->in.cur, false, v, e) < 0 || stamp(l, &after, e) < 0)
		return -1;
	return !stamp_same(&after, &l->seen);
}

static int
scan_stable(struct near_dir *l, struct keywords *k, struct viewer *v,
    struct err *e)
{
	int i, got = 1;

	if (near_letters_load(l, k, e) < 0)
		return -1;
	for (i = 0; i < 10 && got == 1; i++)
		got = once(l, v, e);
	if (got == 1)
		return fail(e, EX_TEMPFAIL, "%s: it changes faster than it can be read",
		    l->in.path);
	return got;
}

int
near_dir_scan(struct near_dir *l, struct keywords *k, struct err *e)
{
	return scan_stable(l, k, &(struct viewer){ .is = NULL }, e);
}

int
near_dir_agrees(struct near_dir *l, struct keywords *k,
    bool (*is)(void *, const struct near_msg *), void *of, size_t n,
    struct err *e)
{
	struct viewer v = { .is = is, .of = of };

	if (scan_stable(l, k, &v, e) < 0)
		return -1;
	return !v.differs && v.n == n;
}

const char *
near_dir_file(const struct near_dir *l, const struct near_msg *m)
{
	return l->heap.p + m->file;
}

struct str
near_dir_base(const struct near_dir *l, const struct near_msg *m)
{
	return (struct str){ near_dir_file(l, m), m->base };
}

static struct str
base_at(const void *of, size_t at)
{
	const struct near_dir *l = of;

	return near_dir_base(l, &l->v[at]);
}

struct near_msg *
near_dir_find(struct near_dir *l, struct str base)
{
	size_t at;

	l->named.text = base_at;
	if (l->named.n == 0)
		table_room(&l->named, l, l->n);
	while (l->named.n < l->n)
		table_add(&l->named, l, l->named.n);
	at = table_text(&l->named, l, base);
	return at != TABLE_NONE ? &l->v[at] : NULL;
}

/* ---- folders ---- */

enum { DEEP = 100 };			/* folders in folders */

struct walk {
	enum layout layout;
	struct buf paths;		/* each NUL-terminated */
	size_t n;
	struct buf here;
};


static bool
is_folder(const struct walk *w, const struct dirent *x)
{
	const char *s = x->d_name;

	if (x->d_type != DT_DIR && x->d_type != DT_UNKNOWN &&
	    x->d_type != DT_LNK)	/* it may be one that is followed */
		return false;
	if (w->layout == LAYOUT_MAILDIRPP ||
	    (w->layout == LAYOUT_LEGACY && w->here.n > 0))
		return s[0] == '.' && s[1] != '\0' && s[1] != '.';
	return s[0] != '.' && strcmp(s, "cur") != 0 &&
	    strcmp(s, "new") != 0 && strcmp(s, "tmp") != 0;
}

static int
not_walked(const struct walk *w, struct err *e)
{
	struct str here = w->here.n > 0 ? BUF_STR(w->here) :
	    STR("the Maildirs");

	return fail_sys(e, EX_IOERR, "%.*s", STR_ARG(here));
}

static void
found_one(struct walk *w)
{
	buf_put(&w->paths, w->here.p != NULL ? w->here.p : "",
	    w->here.n + 1);
	w->n++;
}

/*
 * Is this folder a Maildir?  What cannot be told ends the walk: a Maildir that
 * was not found counts as one that is gone, or as one without mail.  One that
 * may not be looked into counts as one: who opens it is told.
 */
static int
found(struct walk *w, int at, struct err *e)
{
	struct stat st;

	if ((stat_in(at, "", "cur", &st) < 0 ||
	    stat_in(at, "", "new", &st) < 0) && errno != EACCES)
		return errno == ENOENT || errno == ENOTDIR ? 0 :
		    not_walked(w, e);
	found_one(w);
	return 0;
}

static int walk_tree(struct walk *, int at, int deep, struct err *);

/* Behind a link that is followed, there is that one Maildir. */
static int
visit(struct walk *w, int at, const char *name, int deep, struct err *e)
{
	int fd = openat(at, name, FOLDER), got = 0;
	size_t was = w->here.n;
	bool link = fd < 0 && (errno == ENOTDIR || errno == ELOOP);

	if (link)
		fd = near_file_enter(at, name, false);

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT ||
	    strcmp(name, "lost+found") == 0))
		return 0;
	if (fd < 0 && errno != EACCES)
		return fail_sys(e, EX_IOERR, "%s", name);
	if (was > 0)
		buf_c(&w->here, '/');
	buf_s(&w->here, name);
	if (fd < 0)
		found_one(w);
	else
		got = found(w, fd, e);
	if (fd >= 0 && got == 0 && w->layout != LAYOUT_MAILDIRPP && deep < DEEP && !link)
		got = walk_tree(w, fd, deep + 1, e);
	else
		near_file_shut(&fd);
	w->here.n = was;
	return got;
}

/* Closes at. */
static int
walk_tree(struct walk *w, int at, int deep, struct err *e)
{
	DIR *d = fdopendir(at);
	struct dirent *x;
	int got = 0;

	if (d == NULL) {
		close(at);
		return not_walked(w, e);
	}
	for (errno = 0; got == 0 && (x = readdir(d)) != NULL; errno = 0)
		if (stop_asked())
			got = fail_stop(e);
		else if (is_folder(w, x))
			got = visit(w, dirfd(d), x->d_name, deep, e);
	if (got == 0 && errno != 0)
		got = not_walked(w, e);
	closedir(d);
	return got;
}

static int
msg_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
tell(const struct walk *w, void (*put)(void *, const char *), void *to)
{
	const char **v = mem_new(w->n, sizeof *v), *p = w->paths.p;
	size_t i;

	for (i = 0; i < w->n; i++, p += strlen(p) + 1)
		v[i] = p;
	qsort(v, w->n, sizeof *v, msg_by_name);
	for (i = 0; i < w->n; i++)
		put(to, v[i]);
	free(v);
}

int
near_dir_folders(int root, enum layout layout,
    void (*put)(void *, const char *), void *to, struct err *e)
{
	struct walk w = { .layout = layout };
	int at = openat(root, ".", FOLDER), got = 0;

	if (at < 0)
		return not_walked(&w, e);
	if (layout == LAYOUT_MAILDIRPP && (got = found(&w, at, e)) < 0)
		close(at);
	else
		got = walk_tree(&w, at, 0, e);
	if (got == 0)
		tell(&w, put, to);
	buf_free(&w.paths);
	buf_free(&w.here);
	return got;
}
