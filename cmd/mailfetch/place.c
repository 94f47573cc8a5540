/* place.c: where messages go: the kinds of places */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "mem.h"
#include "place.h"
#include "place_kind.h"
#include "statedir.h"

static const struct place_kind *const kinds[] = {
	&place_maildir, &place_mbox, &place_exec, &place_lmtp,
	&place_smtp, &place_imap, &place_imaps, &place_stdout
};

static const struct place_kind *
place_kind_of(struct str name, bool bare)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i]->bare == bare && (str_is(name, kinds[i]->name) ||
		    (kinds[i]->also != NULL && str_is(name,
		    kinds[i]->also))))
			return kinds[i];
	return NULL;
}

struct str
place_known_as(struct arena *a, const char *spec)
{
	struct str rest = str_of(spec), kind = str_cut(&rest, ':'), path;
	char here[4096];

	if (!str_is(kind, "maildir") && !str_is(kind, "mbox"))
		return str_of(spec);
	path = str_of(file_path(a, rest.p != NULL ? rest.p : ""));
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	while (str_starts(path, "./"))
		path = str_from(path, 2);
	if (str_starts(path, "/") || getcwd(here, sizeof here) == NULL)
		here[0] = '\0';
	return str_of(arena_printf(a, "%.*s:%s%s%.*s", STR_ARG(kind), here,
	    here[0] != '\0' ? "/" : "", STR_ARG(path)));
}

int
place_parse(struct place *p, const char *spec, struct handed *h)
{
	struct str rest = str_of(spec), name = str_cut(&rest, ':');

	*p = (struct place){ .name = spec, .mbox = { .fd = -1 },
	    .maildir = { .top = -1, .tmp = -1, .fresh = -1, .cur = -1 },
	    .key = state_digest("place", str_of(spec)) };
	p->kind = place_kind_of(name, rest.p == NULL);
	if (p->kind != NULL && p->kind->bare)
		return 0;
	if (rest.n == 0)
		return fail(h->e, EX_USAGE, "--deliver is maildir:DIR, mbox:FILE, exec:CMD, lmtp:HOST:PORT, lmtp:/PATH, smtp://127.0.0.1:PORT, imaps://USER@HOST/FOLDER or stdout");
	if (p->kind == NULL)
		return fail(h->e, EX_USAGE, "--deliver %s: no such place", spec);
	p->name = rest.p;
	if (p->kind->parse != NULL)
		return p->kind->parse(p, rest.p, h);
	p->name = file_path(h->arena, rest.p);
	if (strstr(p->name, "%f") != NULL)
		p->each = p->name;
	return 0;
}

static bool
is_path(const struct place *p)
{
	return p->kind->parse == NULL && !p->kind->bare;
}

static bool
same_node(const char *p, const char *q)
{
	struct stat a, b;

	return stat(p, &a) == 0 && stat(q, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
}

/* The folder that a path is in: up to its last "/"; the caller frees it. */
static char *
above(const char *path, size_t n)
{
	char *dir = mem_dup(path);

	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n == 0)
		memcpy(dir, ".", 2);
	else
		dir[n > 1 ? n - 1 : 1] = '\0';
	return dir;
}

static struct str
last_part(const char *path)
{
	struct str s = str_of(path);
	size_t at;

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	for (at = s.n; at > 0 && s.p[at - 1] != '/'; at--)
		;
	return str_from(s, at);
}

bool
place_same_file(const struct place *p, const struct place *q)
{
	struct str x = last_part(p->name), y = last_part(q->name);
	char *in, *also;
	bool same;

	if (!is_path(p) || !is_path(q))
		return false;
	if (same_node(p->name, q->name))
		return true;
	in = above(p->name, (size_t)(x.p - p->name) + x.n);
	also = above(q->name, (size_t)(y.p - q->name) + y.n);
	same = str_eq(x, y) && same_node(in, also);
	free(in);
	free(also);
	return same;
}

const char *
place_path(const struct place *p)
{
	return is_path(p) ? p->name : NULL;
}

bool
place_files(const struct place *p)
{
	return p->kind->files;
}

bool
place_doubtful(const struct place *p)
{
	return p->kind->doubtful;
}

bool
place_flags(const struct place *p)
{
	return p->kind->flags;
}

bool
place_is_folder(const struct place *p, const struct account *a,
    struct str folder)
{
	return p->store != NULL && place_imap_is(p, a, folder);
}

bool
place_single(const struct place *p)
{
	return p->kind->single;
}

size_t
place_temps(const struct place *p)
{
	return p->kind->temps;
}

/* What all of its folders are below. */
static char *
base(const struct place *p)
{
	return above(p->each, (size_t)(strstr(p->each, "%f") - p->each));
}

static int
open_base(struct place *p, struct handed *h)
{
	char *dir = base(p);
	int got = h->o->to.create ? statedir_make(dir, h->e) : 0;

	if (got == 0 && access(dir, W_OK | X_OK) < 0)
		got = fail_sys(h->e, EX_CANTCREAT, "%s", dir);
	free(dir);
	return got;
}

/* The path with that in the place of each %f; the caller frees it. */
static char *
filled(const char *each, const char *folder)
{
	struct buf b = { .max = 1 << 16 };
	const char *at;

	for (; (at = strstr(each, "%f")) != NULL; each = at + 2) {
		buf_put(&b, each, (size_t)(at - each));
		buf_s(&b, folder);
	}
	buf_s(&b, each);
	if (!b.over)
		return b.p;
	buf_free(&b);
	return NULL;
}

int
place_folder(struct place *p, const char *folder, struct handed *h)
{
	char *dir;
	int got;

	place_close(p, h);
	if ((p->path = filled(p->each, folder)) == NULL)
		return fail(h->e, EX_CANTCREAT, "%s: too long", p->each);
	p->name = p->path;
	p->key = state_digest("place", str_of(p->path));
	dir = above(p->path, strlen(p->path));
	got = h->o->to.create ? statedir_make(dir, h->e) : 0;
	free(dir);
	return got < 0 ? -1 : p->kind->open(p, h);
}

int
place_open(struct place *p, struct handed *h)
{
	if (p->each != NULL)
		return open_base(p, h);
	return p->kind->open != NULL ? p->kind->open(p, h) : 0;
}

/* A folder's path is not there yet; what else its kind needs is the same. */
void
place_box(const struct place *p, struct sandbox *box)
{
	char *dir;

	if (p->each != NULL) {
		dir = base(p);
		sandbox_path(box, dir, SANDBOX_WRITE);
		free(dir);
	}
	if (p->kind->box != NULL)
		p->kind->box(p, box);
}

int
place_give(struct place *p, struct handed *h)
{
	int got = p->kind->give != NULL ? p->kind->give(p, h) : 0;

	p->took = got == 0;
	return got;
}

int
place_sync(struct place *p, struct handed *h)
{
	return p->kind->sync != NULL ? p->kind->sync(p, h) : 0;
}

bool
place_left(const struct place *p, struct key message)
{
	return p->kind->left != NULL && p->kind->left(p, message);
}

int
place_settle(struct place *p, struct handed *h)
{
	return p->kind->settle != NULL ? p->kind->settle(p, h) : 0;
}

int
place_record(struct place *p, struct handed *h)
{
	return p->kind->record != NULL ? p->kind->record(p, h) : 0;
}

int
place_release(struct place *p, struct handed *h)
{
	return p->kind->release != NULL ? p->kind->release(p, h) : 0;
}

/* Of one that could not be parsed nothing is open. */
void
place_close(struct place *p, struct handed *h)
{
	if (p->kind != NULL && p->kind->close != NULL)
		p->kind->close(p, h);
	free(p->path);
	p->path = NULL;
	if (p->each != NULL)
		p->name = p->each;
}
