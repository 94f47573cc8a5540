/*
 * commit.c: what was downloaded is made durable, then visible, then known
 *
 * A message is written into a file that has no name yet (into tmp/ where the
 * file system has none such).  A batch of them is one syncfs, the names, one
 * fsync a directory or the syncfs of the next batch, and only then the
 * records: a record whose file is not there would be a deletion.  A file whose
 * record was lost is found by its name, which tells the UID.
 *
 * All of that is done by one thread, for all connections, so none of them
 * waits for the disk, and what comes meanwhile is done at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "commit.h"
#include "flags.h"
#include "link.h"
#include "maildir.h"
#include "near_dir.h"
#include "near_letters.h"
#include "os.h"
#include "plan.h"
#include "state.h"

enum { BATCH = 512, BATCH_BYTES = 16 << 20 };

struct batch {
	struct batch *next;
	struct commit_msg v[BATCH];
	size_t n, open;		/* open: of v, those that have no name */
	uint64_t bytes;
};

struct commit {
	pthread_t thread;
	pthread_mutex_t lock;	/* of all below */
	pthread_cond_t change;
	struct batch *full, **last, *spare;
	size_t out, most;	/* batches given and not yet kept */
	size_t room;		/* of files without a name, in a batch */
	bool closing, failed;
	struct err err;
	bool by_path;		/* the thread's: see os_file_name */
};

/* ---- files ---- */

int
commit_create(struct link *l, struct commit_msg *g)
{
	struct near_dir *d = g->b->near.dir;
	int fd;

	near_dir_name(g->name, g->b->key, g->uid);
	g->unnamed = false;
	if (!atomic_load(&g->b->near.named) && l->batch->open < l->commit->room) {
		fd = os_file_unnamed(g->flags == 0 ? d->in.fresh : d->in.cur, ".",
		    O_RDWR);
		g->unnamed = fd >= 0;
		if (fd >= 0)
			return fd;
		atomic_store(&g->b->near.named, true);
	}
	return maildir_begin(&d->in, g->name, &l->err);
}

void
commit_not(struct commit_msg *g, int fd)
{
	close(fd);
	if (!g->unnamed)
		maildir_abort(&g->b->near.dir->in, g->name);
}

static int
shut(struct commit_msg *g, struct err *e)
{
	int fd = g->fd;

	g->fd = -1;
	return fd < 0 || close(fd) == 0 ? 0 : fail_sys(e, EX_IOERR, "%s/%s",
	    g->b->near.dir->in.path, g->name);
}

/*
 * Never over another file: after a server was restored with old UIDs, one of
 * that name may be the last copy of a message.
 */
static int
publish_as(struct commit *k, const struct commit_msg *g, int at, const char *to)
{
	return g->fd >= 0 ? os_file_name(g->fd, at, to, &k->by_path) :
	    maildir_rename(g->b->near.dir->in.tmp, g->name, at, to);
}

/* Is the name taken by a file with other flags?  A rename would not notice. */
static bool
name_taken(struct box *b, const char *name, uint32_t uid)
{
	const struct rec *rec;
	bool is;

	pthread_mutex_lock(b->lock);
	rec = state_by_name(b->state, str_of(name));
	is = rec != NULL && !(rec->far_only && rec->uid == uid);
	pthread_mutex_unlock(b->lock);
	return is;
}

static int
info_of(struct commit_msg *g, char *info, size_t cap, struct err *e)
{
	struct near_dir *l = g->b->near.dir;
	uint32_t strange;
	int got = 0;

	pthread_mutex_lock(g->b->lock);
	/* another program may have given letters meanwhile */
	if (g->flags >> FLAG_KEYWORD != 0) {
		strange = l->letters.strange;
		got = near_letters_load(l, &g->b->state->keywords, e);
		l->letters.strange |= strange;
	}
	flags_to_info(&l->letters, g->flags, "", info, cap);
	if (got == 0)
		got = near_letters_save(l, &g->b->state->keywords, e);
	pthread_mutex_unlock(g->b->lock);
	return got;
}

/* That base name with the flags of the message. */
static void
whole_name(char to[160], const struct commit_msg *g, const char *name)
{
	if (g->flags == 0)
		snprintf(to, 160, "%s", name);
	else
		snprintf(to, 160, "%s%c%s", name, maildir_info(), g->info);
}

static int
publish(struct commit *k, struct commit_msg *g, struct err *e)
{
	struct near_dir *l = g->b->near.dir;
	char name[64], to[160];
	bool fresh = g->flags == 0;
	int i;

	g->info[0] = '\0';
	if (!fresh && info_of(g, g->info, sizeof g->info, e) < 0)
		return -1;
	snprintf(name, sizeof name, "%s", g->name);
	for (i = 2; i < 1000; i++) {
		whole_name(to, g, name);
		if (name_taken(g->b, name, g->uid))
			errno = EEXIST;
		else if (publish_as(k, g, fresh ? l->in.fresh : l->in.cur, to) ==
		    0) {
			snprintf(g->name, sizeof g->name, "%s", name);
			return shut(g, e);
		}
		if (errno != EEXIST)
			break;
		snprintf(name, sizeof name, "%.50s~%d", g->name, i);
	}
	return fail_sys(e, EX_CANTCREAT, "%s/%s", l->in.path, to);
}

/* ---- batches, in the thread of their own ---- */

static int
names_synced(const struct near_dir *l, dev_t *done, struct err *e)
{
	(void)done;
	return maildir_settle(&l->in, e);
}

/* One syncfs does for all, unless a folder is on another file system. */
static int
files_synced(const struct near_dir *l, dev_t *done, struct err *e)
{
	struct stat st;

	if (fstat(l->in.cur, &st) < 0 || (st.st_dev != *done &&
	    os_sync_all(l->in.cur) < 0))
		return fail_sys(e, EX_IOERR, "%s: syncfs", l->in.path);
	*done = st.st_dev;
	return 0;
}

static int
each_box(const struct batch *t,
    int (*synced)(const struct near_dir *, dev_t *, struct err *),
    dev_t *done, struct err *e)
{
	const struct box *last = NULL;
	size_t i;

	for (; t != NULL; t = t->next)
		for (i = 0; i < t->n; i++) {
			if (t->v[i].b == last)
				continue;
			last = t->v[i].b;
			if (synced(last->near.dir, done, e) < 0)
				return -1;
		}
	return 0;
}

static void
commit_tell(const struct commit_msg *g)
{
	struct act a = { .kind = ACT_FETCH, .uid = g->uid,
	    .file = NONE, .name = g->name, .flags = g->flags };
	struct report_file none = { .dir = NULL };
	struct report_file there = { .dir = g->b->path,
	    .fresh = g->flags == 0 };
	char file[160];

	whole_name(file, g, g->name);
	there.name = str_of(file);
	box_done_at(g->b, &a, there, none);
}

static int
commit_record(struct commit_msg *g, struct err *e)
{
	struct rec rec = { .uid = g->uid, .size = g->size, .flags = g->flags,
	    .ident = g->ident, .ino = g->ino, .stub = g->stub };
	int got;

	pthread_mutex_lock(g->b->lock);
	got = state_put(g->b->state, &rec, g->name, e);
	g->b->near.changed = true;
	pthread_mutex_unlock(g->b->lock);
	if (got == 0)
		commit_tell(g);
	return got;
}

static int
record_all(struct batch *t, struct err *e)
{
	size_t i;

	for (; t != NULL; t = t->next)
		for (i = 0; i < t->n; i++)
			if (commit_record(&t->v[i], e) < 0)
				return -1;
	return 0;
}

static int
publish_all(struct commit *k, struct batch *t, struct err *e)
{
	size_t i;

	for (; t != NULL; t = t->next)
		for (i = 0; i < t->n; i++)
			if (publish(k, &t->v[i], e) < 0)
				return -1;
	return 0;
}

/* Takes all full batches; NULL: none is full, and with wait none will be. */
static struct batch *
take_batch(struct commit *k, bool wait)
{
	struct batch *t;

	pthread_mutex_lock(&k->lock);
	while (wait && k->full == NULL && !k->closing)
		pthread_cond_wait(&k->change, &k->lock);
	t = k->full;
	k->full = NULL;
	k->last = &k->full;
	pthread_mutex_unlock(&k->lock);
	return t;
}

static void
batch_empty(struct batch *t)
{
	struct err quiet = { 0 };
	size_t i;

	for (i = 0; i < t->n; i++)
		shut(&t->v[i], &quiet);
	t->n = t->open = 0;
	t->bytes = 0;
}

static void
give_back(struct commit *k, struct batch *t)
{
	struct batch *next;

	pthread_mutex_lock(&k->lock);
	for (; t != NULL; t = next) {
		next = t->next;
		batch_empty(t);
		t->next = k->spare;
		k->spare = t;
		k->out--;
	}
	pthread_cond_broadcast(&k->change);
	pthread_mutex_unlock(&k->lock);
}

/*
 * One step of the order above.  The files in full are not durable yet; the
 * files in *seen are, but their names may not be.
 */
static int
commit_step(struct commit *k, struct batch *full, struct batch **seen,
    struct err *e)
{
	dev_t done = 0;

	if (each_box(full, files_synced, &done, e) < 0 ||
	    each_box(*seen, full == NULL ? names_synced : files_synced,
	    &done, e) < 0)
		return -1;
	if (record_all(*seen, e) < 0)
		return -1;
	give_back(k, *seen);
	*seen = full;
	return publish_all(k, full, e);
}

static void *
keeper(void *arg)
{
	struct commit *k = arg;
	struct batch *full, *seen = NULL;
	struct err e = { 0 };

	while ((full = take_batch(k, seen == NULL)) != NULL || seen != NULL)
		if (commit_step(k, full, &seen, &e) < 0) {
			pthread_mutex_lock(&k->lock);
			k->failed = true;
			k->err = e;
			pthread_mutex_unlock(&k->lock);
			if (seen != full)
				give_back(k, full);
			break;
		}
	give_back(k, seen);
	return NULL;
}

/* ---- for those who fetch ---- */

/*
 * The kernel's table of descriptors grows by doubling, and each time all
 * threads of a process wait for each other.
 */
static void
widen_fds(size_t n)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, (int)n);

	if (fd >= 0)
		close(fd);
}

int
commit_begin(struct run *r, struct commit **kept)
{
	struct commit *k = mem_new(1, sizeof *k);
	struct rlimit files;
	size_t i;

	*kept = k;
	k->last = &k->full;
	k->most = 4 * r->links;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur > FEW_FILES && os_file_namable())
		k->room = (size_t)files.rlim_cur / 2 / (k->most + r->links);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->change, NULL);
	widen_fds((k->most + r->links) * (k->room < BATCH ? k->room : BATCH));
	errno = pthread_create(&k->thread, NULL, keeper, k);
	if (errno != 0) {
		free(k);
		return fail_sys(r->e, EX_OSERR, "a thread");
	}
	for (i = 0; i < r->links; i++) {
		r->link[i].commit = k;
		r->link[i].batch = mem_new(1, sizeof(struct batch));
	}
	return 0;
}

int
commit_flush(struct link *l)
{
	struct commit *k = l->commit;
	struct batch *t = l->batch;
	int got = 0;

	if (t->n == 0)
		return 0;
	pthread_mutex_lock(&k->lock);
	while (k->out >= k->most && !k->failed)
		pthread_cond_wait(&k->change, &k->lock);
	if (k->failed) {
		l->err = k->err;
		got = -1;
	} else {
		t->next = NULL;
		*k->last = t;
		k->last = &t->next;
		k->out++;
		l->batch = k->spare;
		if (l->batch != NULL)
			k->spare = l->batch->next;
		pthread_cond_broadcast(&k->change);
	}
	pthread_mutex_unlock(&k->lock);
	if (l->batch == NULL)
		l->batch = mem_new(1, sizeof *l->batch);
	return got;
}

static int
named_file_done(int fd)
{
	int got = os_sync_later(fd);

	return close(fd) < 0 ? -1 : got;
}

int
commit_add(struct link *l, struct commit_msg *g, int fd, time_t date)
{
	struct timespec when[2] = { { .tv_nsec = UTIME_NOW },
	    { .tv_sec = date } };
	struct batch *t = l->batch;

	if (date > 0)
		futimens(fd, when);
	g->fd = g->unnamed ? fd : -1;
	if (!g->unnamed && named_file_done(fd) < 0)
		return fail_sys(&l->err, EX_IOERR, "%s", g->b->near.dir->in.path);
	t->open += g->unnamed;
	t->bytes += g->size;
	t->v[t->n++] = *g;
	return t->n == BATCH || t->bytes >= BATCH_BYTES ? commit_flush(l) : 0;
}

int
commit_end(struct run *r, struct commit *k)
{
	struct batch *t;
	size_t i;
	int got = 0;

	pthread_mutex_lock(&k->lock);
	k->closing = true;
	pthread_cond_broadcast(&k->change);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	if (k->failed) {
		fail_join(r->e, &k->err);
		got = -1;
	}
	give_back(k, k->full);		/* only after a failure */
	for (i = 0; i < r->links; i++) {
		batch_empty(r->link[i].batch);
		free(r->link[i].batch);
	}
	while ((t = k->spare) != NULL) {
		k->spare = t->next;
		free(t);
	}
	pthread_cond_destroy(&k->change);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return got;
}
