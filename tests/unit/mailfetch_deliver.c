/* mailfetch_deliver.c: messages into a Maildir, one after another */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deliver.h"
#include "file.h"
#include "tap.h"

static char dir[64];
static struct err e;

/* All files of new/, one behind the other in the order of their names. */
static void
texts(struct buf *b)
{
	char path[400];
	struct dirent **v;
	int n, i, fd;

	snprintf(path, sizeof path, "%s/m/new", dir);
	n = scandir(path, &v, NULL, alphasort);
	b->n = 0;
	buf_s(b, "");
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/m/new/%s", dir, v[i]->d_name);
		if (v[i]->d_name[0] != '.') {
			fd = file_open(path, &e);
			file_slurp(fd, b, &e);
			buf_c(b, '|');
			close(fd);
			unlink(path);
		}
		free(v[i]);
	}
	if (n >= 0)
		free(v);
}

/*
 * So many that follow work, the next one fails, and no other: so does the kernel.
 * Where files are synced one by one (POSIX) the first is of the folder.
 */
static int good_syncs = -1;
static bool in_files;

static bool
bad_disk(void)
{
	return good_syncs >= 0 && good_syncs-- == 0;
}

int
syncfs(int fd)
{
	bool bad = bad_disk();

	in_files |= bad;
	errno = bad ? EIO : 0;
	return bad ? -1 : fdatasync(fd);
}

int
fsync(int fd)
{
	bool bad = bad_disk();

	errno = bad ? EIO : 0;
	return bad ? -1 : fdatasync(fd);
}

struct one {
	const char *text[3];	/* as it comes, up to NULL */
	bool broken;		/* and then no more comes */
};

static void
give(struct deliver *d, const struct one *o, uint64_t n)
{
	struct message m = { .key = { n, n } };
	size_t i;

	deliver_begin(d, &m);
	for (i = 0; i < 3 && o->text[i] != NULL; i++)
		deliver_put(d, o->text[i], strlen(o->text[i]), &e);
	if (o->broken)
		deliver_abort(d);
	else
		deliver_end(d);
}

static void
messages(void)
{
	static const struct {
		struct one v[3];
		const char *want, *name;
	} t[] = {
		{ { { { "a\r\n", "b\r", "\n" }, false } }, "a\nb\n|",
		    "a CRLF in two" },
		{ { { { "a\r", "b\r\r", "\nc" }, false } }, "a\rb\r\nc|",
		    "a CR on its own stays" },
		{ { { { "a\r" }, false }, { { "b\r\n" }, false } },
		    "a\r|b\n|", "a CR at the end stays" },
		{ { { { "a\r" }, true }, { { "b\r\n" }, false } }, "b\n|",
		    "one that was broken off behind a CR leaves nothing" },
		{ { { { "a" }, true }, { { "\nb\r\n" }, false },
		    { { "c\r" }, true } }, "\nb\n|", "nor any other" },
	};
	struct options o = { .title = "test" };
	struct arena arena = { 0 };
	struct counts count = { 0 };
	struct state s;
	struct ledger ledger;
	struct handed h = { .o = &o, .e = &e, .arena = &arena, .state = &s,
	    .ledger = &ledger, .count = &count };
	struct buf b = { .max = 1 << 16 };
	char place[128], path[96];
	const char *name = place;
	struct deliver d;
	uint64_t n = 0;
	size_t i, k;

	snprintf(path, sizeof path, "%s/state", dir);
	snprintf(place, sizeof place, "maildir:%s/m", dir);
	o.to.deliver = (struct opt_list){ &name, 1 };
	o.to.create = true;
	is_int(state_open(&s, path, STATE_RUN, &e), 0, "a state");
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		deliver_init(&d, &h);
		is_int(deliver_open(&d), 0, "a Maildir: %s", e.msg);
		for (k = 0; k < 3 && t[i].v[k].text[0] != NULL; k++)
			give(&d, &t[i].v[k], ++n);
		is_int(deliver_close(&d, &e), 0, "closed");
		known_free(&d.known);
		texts(&b);
		is_str(b.p, t[i].want, "%s", t[i].name);
	}
	for (i = 0; i < 2; i++) {
		deliver_init(&d, &h);
		is_int(deliver_open(&d), 0, "a Maildir: %s", e.msg);
		give(&d, &(struct one){ { "a\r\n" }, false }, ++n);
		in_files = false;
		good_syncs = (int)i;
		ok(deliver_commit(&d) < 0 && e.code == EX_IOERR,
		    "a sync fails, %zu before it work", i);
		good_syncs = -1;
		fail_clear(&e);
		ok(deliver_close(&d, &e) < 0 && e.code == EX_IOERR,
		    "the next one works, and proves nothing");
		fail_clear(&e);
		known_free(&d.known);
		texts(&b);
		is_str(b.p, in_files ? "" : "a\n|",
		    "what may not be on the disk is not delivered");
	}
	state_close(&s);
	buf_free(&b);
	arena_free(&arena);
}

int
main(void)
{
	char command[128];

	snprintf(dir, sizeof dir, "%s/mailfetch_deliver.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	messages();
	is_int(e.code, 0, "no failure: %s", e.msg);
	snprintf(command, sizeof command, "rm -r %s", dir);
	is_int(system(command), 0, "cleared");
	return done();
}
