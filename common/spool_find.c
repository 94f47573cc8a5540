/*
 * spool_find.c: messages that wait on the disk: found, opened, told apart
 *
 * Whoever may make a folder in the spool may put into it what he likes.  All is
 * opened below its folder's descriptor, following nothing, and looked at then.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "spool.h"
#include "spool_private.h"

enum {
	STATE_MAX = 64 << 20,
	BOXES_MAX = 65536,
	STALE = 3600		/* seconds: nobody takes so long to write one */
};

/* ---- one message */

/* Opens a file of it: one with one link, of one of these two. */
static int
open_file(const struct spool_item *i, const char *name, int how, uid_t or,
    struct err *e)
{
	int fd = openat(i->dir, name, how | O_NOFOLLOW | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK);
	uid_t uid = i->entry->uid;
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? fail(e, EX_DATAERR,
		    "%s is a symbolic link", name) :
		    fail_sys(e, EX_DATAERR, "%s", name);
	if (fstat(fd, &st) < 0)
		fail_sys(e, EX_DATAERR, "%s", name);
	else if (!S_ISREG(st.st_mode))
		fail(e, EX_DATAERR, "%s is not a regular file", name);
	else if (st.st_nlink != 1)
		fail(e, EX_DATAERR, "%s has %lu links", name,
		    (unsigned long)st.st_nlink);
	else if (st.st_uid != uid && st.st_uid != or)
		fail(e, EX_DATAERR, "%s belongs to uid %lu, not to who submitted it",
		    name, (unsigned long)st.st_uid);
	else
		return fd;
	close(fd);
	return -1;
}

/* A folder of the same owner. */
static int
open_dirs(struct spool_item *i, struct err *e)
{
	const struct spool_entry *n = i->entry;
	struct stat st;

	i->box = spool_box(i->spool, n->box);
	if (i->box < 0 && errno == ENOENT)
		return 0;
	if (i->box < 0 || fstat(i->box, &st) < 0)
		return fail_sys(e, EX_DATAERR, "%s", n->box);
	if (st.st_uid != n->uid)
		return fail(e, EX_DATAERR, "its folder belongs to another now");
	i->dir = openat(i->box, n->id, SPOOL_OPEN_DIR);
	if (i->dir < 0 && errno == ENOENT)
		return 0;
	if (i->dir < 0)
		return fail(e, EX_DATAERR, "not a directory");
	if (fstat(i->dir, &st) < 0)
		return fail_sys(e, EX_DATAERR, "fstat");
	if (st.st_uid != n->uid)
		return fail(e, EX_DATAERR, "belongs to uid %lu, not to who submitted it",
		    (unsigned long)st.st_uid);
	return 1;
}

/* Gone, while we went on to lock it? */
static bool
same_file(const struct spool_item *i)
{
	struct stat ours, there;

	return fstat(i->mail, &ours) == 0 && fstatat(i->dir, "mail", &there,
	    AT_SYMLINK_NOFOLLOW) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev;
}

static int
open_item(struct spool_item *i, const struct spool *s,
    const struct spool_entry *n, int how, struct err *e)
{
	int got;

	*i = (struct spool_item){ .spool = s, .entry = n, .box = -1,
	    .dir = -1, .mail = -1 };
	if (n->bad != NULL)
		got = fail(e, EX_DATAERR, "%s", n->bad);
	else
		got = open_dirs(i, e);
	if (got > 0 && faccessat(i->dir, "mail", F_OK,
	    AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		got = 0;
	if (got > 0) {
		i->mail = open_file(i, "mail", how, n->uid, e);
		got = i->mail < 0 ? -1 : 1;
	}
	if (got <= 0)
		spool_close(i);
	return got < 0 ? fail_in(e, "%s/%s/%s", s->path, n->box, n->id) : got;
}

int
spool_look(struct spool_item *i, const struct spool *s,
    const struct spool_entry *n, struct err *e)
{
	return open_item(i, s, n, O_RDONLY, e);
}

int
spool_take(struct spool_item *i, const struct spool *s,
    const struct spool_entry *n, struct err *e)
{
	int got = open_item(i, s, n, O_RDWR, e);

	if (got <= 0)
		return got;
	if (spool_lock(i->mail) && same_file(i))
		return 1;
	spool_close(i);
	return 0;
}

void
spool_close(struct spool_item *i)
{
	struct flock none = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	/* a process that was forked meanwhile has the lock, too, until it */
	/* closes what it has of ours */
	if (i->mail >= 0) {
		(void)!fcntl(i->mail, F_OFD_SETLK, &none);
		close(i->mail);
	}
	if (i->dir >= 0)
		close(i->dir);
	if (i->box >= 0)
		close(i->box);
	i->mail = i->dir = i->box = -1;
}

/* It is of who sends, who may be root once and the spool's owner then. */
int
spool_state(const struct spool_item *i, struct buf *b, struct err *e)
{
	struct stat st;
	uid_t by;
	int fd, got;

	if (fstatat(i->dir, "state", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_sys(e, EX_IOERR, "state");
	by = st.st_uid == 0 ? 0 : i->spool->owner;
	if ((fd = open_file(i, "state", O_RDONLY, by, e)) < 0)
		return -1;
	b->max = STATE_MAX;
	got = file_slurp(fd, b, e);
	close(fd);
	return got < 0 ? -1 : 1;
}

/* ---- all of them */

struct find {
	struct spool_list *list;
	const struct spool *spool;
	uid_t uid;			/* whose folders these are, */
	uint64_t messages, bytes;	/* and what is in those up to here */
};

struct box {
	const char *name;
	uid_t uid;
};

static struct spool_entry *
add(struct find *f, const char *box, const char *id)
{
	struct spool_list *l = f->list;
	struct spool_entry *v;

	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 64;
		v = arena_new(f->spool->arena, l->cap, sizeof *v);
		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
	}
	v = &l->v[l->n++];
	*v = (struct spool_entry){ .box = box, .uid = f->uid,
	    .id = arena_dup(f->spool->arena, str_of(id)) };
	return v;
}

static bool
is_id(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-')
			return false;
	return i < SPOOL_ID;
}

/* One that is being written, or was when somebody was killed. */
static void
remove_stale(int box, const char *name)
{
	time_t now = clock_wall();
	int dir, mail;
	struct stat st;

	dir = openat(box, name, SPOOL_OPEN_DIR);
	if (dir < 0)
		return;
	mail = openat(dir, "mail", O_RDWR | O_NOFOLLOW | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK);
	if (fstat(dir, &st) == 0 && (st.st_mtime < now - STALE ||
	    st.st_mtime > now + STALE) && (mail < 0 || spool_lock(mail)))
		spool_clear(box, name);
	if (mail >= 0)
		close(mail);
	close(dir);
}

static const char *
look_at(const struct find *f, int box, struct spool_entry *n)
{
	const char *mail = arena_printf(f->spool->arena, "%s/mail", n->id);
	struct stat st;

	if (!is_id(n->id))
		return "not the name of a message";
	if (fstatat(box, n->id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return "";
	if (S_ISLNK(st.st_mode))
		return "a symbolic link";
	if (!S_ISDIR(st.st_mode))
		return "not a directory";
	if (st.st_uid != f->uid)
		return "not of the owner of the folder that it is in";
	if (fstatat(box, mail, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)	/* of a removal that did not end */
			spool_clear(box, n->id);
		return "";
	}
	n->bytes = (uint64_t)st.st_size;
	return NULL;
}

/* What is in one folder is added; nothing that is not there any more. */
static void
find_in(struct find *f, const char *name, int box)
{
	DIR *d = spool_names(box);
	struct spool_entry *n;
	struct dirent *at;

	if (d == NULL) {
		add(f, name, "")->bad = "it cannot be read";
		return;
	}
	while ((at = readdir(d)) != NULL) {
		if (str_starts(str_of(at->d_name), SPOOL_TEMP))
			remove_stale(box, at->d_name);
		if (at->d_name[0] == '.')
			continue;
		n = add(f, name, at->d_name);
		n->bad = look_at(f, box, n);
		if (n->bad != NULL && n->bad[0] == '\0') {
			f->list->n--;
			continue;
		}
		f->bytes += n->bytes;
		if (++f->messages <= SPOOL_MESSAGES && f->bytes <= SPOOL_BYTES)
			continue;
		n->bad = "there is more than one uid may have: it waits";
		break;
	}
	closedir(d);
}

static void
find_box(struct find *f, const struct box *b)
{
	struct stat st;
	int box;

	if (b->uid != f->uid) {
		f->uid = b->uid;
		f->messages = f->bytes = 0;
	}
	box = spool_box(f->spool, b->name);
	if (box >= 0 && fstat(box, &st) == 0 && st.st_uid == b->uid)
		find_in(f, b->name, box);
	else if (box < 0 && errno != ENOENT)
		add(f, b->name, "")->bad = "not a directory";
	if (box >= 0)
		close(box);
}

static int
box_order(const void *a, const void *b)
{
	const struct box *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int
entry_order(const void *a, const void *b)
{
	const struct spool_entry *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* All folders in the spool; the array is the caller's to free. */
static struct box *
boxes(const struct spool *s, size_t *n, struct err *e)
{
	struct box *v = NULL;
	struct dirent *at;
	size_t cap = 0;
	struct stat st;
	DIR *d = opendir(s->path);

	*n = 0;
	if (d == NULL) {
		fail_sys(e, EX_NOINPUT, "%s", s->path);
		return NULL;
	}
	while ((at = readdir(d)) != NULL && *n < BOXES_MAX) {
		if (at->d_name[0] == '.' || fstatat(dirfd(d), at->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (*n == cap) {
			cap = cap > 0 ? 2 * cap : 16;
			v = mem_grow(v, cap, sizeof *v);
		}
		v[*n].name = arena_dup(s->arena, str_of(at->d_name));
		v[(*n)++].uid = st.st_uid;
	}
	closedir(d);
	if (v != NULL)
		qsort(v, *n, sizeof *v, box_order);
	return v;
}

int
spool_find(struct spool_list *l, const struct spool *s, struct err *e)
{
	struct find f = { .list = l, .spool = s, .uid = geteuid() };
	struct box own, *v = NULL;
	size_t i, n = 1;

	*l = (struct spool_list){ 0 };
	if (!s->there)
		return 0;
	if (s->ours) {
		v = boxes(s, &n, e);
		if (e->code != 0)
			return -1;
		for (i = 0; i < n; i++)
			find_box(&f, &v[i]);
		free(v);
	} else {
		own.name = arena_printf(s->arena, "%lu",
		    (unsigned long)geteuid());
		own.uid = geteuid();
		find_box(&f, &own);
	}
	if (l->n > 0)
		qsort(l->v, l->n, sizeof *l->v, entry_order);
	return 0;
}
