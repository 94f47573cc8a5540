/* imapsync_attic.c: where the attic is, and how it calls what is in it */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attic.h"
#include "fail.h"
#include "mem.h"
#include "names.h"
#include "str.h"
#include "tap.h"

static char top[] = "/tmp/imapsync_attic.XXXXXX";
static struct arena a;

/* near, by any of its names, has its attic beside it. */
static void
beside(const char *name, const char *near, int root)
{
	const char *want = arena_printf(&a, "%s/near.attic", top);
	struct attic k;
	struct stat st;

	attic_open(&k, &a, near, root);
	is_str(k.path, want, "%s: beside it", name);
	ok(k.all >= 0 && stat(want, &st) == 0 && (st.st_mode & 0777) == 0700,
	    "%s: for nobody else", name);
	attic_close(&k);
	rmdir(want);
}

/* Is the open folder that of a name in the attic, of that day? */
static bool
is_at(const struct attic *k, int fd, time_t now, const char *name)
{
	struct stat is, st;
	char day[16];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(day, sizeof day, "%Y%m%d", &tm);
	return fd >= 0 && fstat(fd, &is) == 0 && stat(arena_printf(&a,
	    "%s/%s/%s", k->path, day, name), &st) == 0 &&
	    is.st_ino == st.st_ino;
}

static void
called(struct attic *k, const char *path, const char *name)
{
	struct err e = { 0 };
	time_t now = time(NULL);
	int fd = attic_today(k, path, &e);

	ok(is_at(k, fd, now, name) || is_at(k, fd, time(NULL), name),
	    "\"%.40s\" is %.40s", path, name);
	if (fd >= 0)
		close(fd);
}

static void
names(const char *near, int root)
{
	char deep[256], cut[256];
	struct attic k;

	attic_open(&k, &a, near, root);
	called(&k, "INBOX", "INBOX");
	called(&k, "", "INBOX");
	called(&k, "/elsewhere/in", "INBOX");
	called(&k, "a/b/c", "a%2Fb%2Fc");
	called(&k, ".a.b", ".a.b");
	memset(deep, 'x', 201);
	deep[201] = '\0';
	snprintf(cut, sizeof cut, "%.180s%016llx", deep,
	    (unsigned long long)names_hash(str_of(deep)));
	called(&k, deep, cut);
	deep[200] = '\0';
	called(&k, deep, deep);
	attic_close(&k);
}

/* One inside near, of an earlier version, stays in use; a file is none. */
static void
others(const char *near, int root)
{
	struct err e = { 0 };
	struct attic k;
	const char *path;

	mkdirat(root, ".attic", 0700);
	attic_open(&k, &a, near, root);
	is_str(k.path, arena_printf(&a, "%s/.attic", near), "that is there");
	attic_close(&k);
	unlinkat(root, ".attic", AT_REMOVEDIR);
	path = arena_printf(&a, "%s.attic", near);
	rename(path, arena_printf(&a, "%s/old", top));
	close(open(path, O_WRONLY | O_CREAT, 0600));
	attic_open(&k, &a, near, root);
	is_int(attic_today(&k, "INBOX", &e), -1, "a file in its place");
	is_int(e.code, EX_CANTCREAT, "is told: %s", e.msg);
	attic_close(&k);
	unlink(path);
	is_int(symlink(arena_printf(&a, "%s/old", top), path), 0, "a link");
	attic_open(&k, &a, near, root);
	e.code = 0;
	is_int(attic_today(&k, "INBOX", &e), -1, "is not followed");
	attic_close(&k);
}

int
main(void)
{
	const char *near;
	int root;

	if (mkdtemp(top) == NULL)
		return 1;
	near = arena_printf(&a, "%s/near", top);
	mkdir(near, 0700);
	mkdir(arena_printf(&a, "%s/x", near), 0700);
	root = open(near, O_RDONLY | O_DIRECTORY);
	umask(0);
	beside("plain", near, root);
	beside("slashes", arena_printf(&a, "%s//", near), root);
	beside("a dot", arena_printf(&a, "%s/.", near), root);
	beside("dots", arena_printf(&a, "%s/x/..", near), root);
	names(near, root);
	others(near, root);
	close(root);
	arena_free(&a);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", top, (char *)NULL);
	wait(NULL);
	return done();
}
