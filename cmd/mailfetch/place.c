/* place.c: where messages go: the kinds of places */
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "place.h"
#include "place_kind.h"

static const struct place_kind *const kinds[] = {
	&place_maildir, &place_mbox, &place_exec, &place_lmtp,
	&place_imap, &place_imaps, &place_stdout
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
		return fail(h->e, EX_USAGE, "--deliver is maildir:DIR, mbox:FILE, exec:CMD, lmtp:HOST:PORT, lmtp:/PATH, imaps://USER@HOST/FOLDER or stdout");
	if (p->kind == NULL)
		return fail(h->e, EX_USAGE, "--deliver %s: no such place", spec);
	p->name = rest.p;
	return p->kind->parse(p, rest.p, h);
}

static bool
is_path(const struct place *p)
{
	return p->kind == &place_maildir || p->kind == &place_mbox;
}

bool
place_same_file(const struct place *p, const struct place *q)
{
	struct stat a, b;

	return is_path(p) && is_path(q) && stat(p->name, &a) == 0 &&
	    stat(q->name, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino;
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

int
place_open(struct place *p, struct handed *h)
{
	return p->kind->open != NULL ? p->kind->open(p, h) : 0;
}

void
place_box(const struct place *p, struct sandbox *box)
{
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
}
