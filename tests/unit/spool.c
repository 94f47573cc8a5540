/* spool.c of the tests: messages on the disk, and what is none */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "spool.h"
#include "tap.h"

static struct arena mem;
static struct spool s;
static char top[] = "/tmp/spool.XXXXXX", box[64];

/* A message of that text; its id, or NULL. */
static const char *
accept_one(const char *id, const char *text)
{
	struct err e = { 0 };
	struct spool_new n;

	if (spool_begin(&n, &s, id, &e) < 0 ||
	    file_write(n.fd, text, strlen(text), &e) < 0)
		return NULL;
	id = arena_dup(&mem, str_of(n.id));
	return spool_commit(&n, &e) == 0 ? id : NULL;
}

static size_t
found(struct spool_list *l)
{
	struct err e = { 0 };

	spool_find(l, &s, &e);
	return e.code == 0 ? l->n : 999;
}

static void
put_file(const char *name, const char *text)
{
	char path[300];
	int fd;

	snprintf(path, sizeof path, "%s/%s", box, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static void
put_dir(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", box, name);
	mkdir(path, 0700);
}

static bool
there(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", box, name);
	return access(path, F_OK) == 0;
}

static void
comes_and_goes(void)
{
	pid_t child;
	const char *a = accept_one(NULL, "first"), *b;
	struct spool_item one, two;
	struct spool_list l;
	struct buf state = { 0 };
	struct err e = { 0 };
	char some[16] = "";

	ok(a != NULL, "accepted");
	is_int(found(&l), 1, "found");
	is_str(l.v[0].id, a, "by its id");
	is_int(l.v[0].bytes, 5, "its size");
	ok(l.v[0].uid == geteuid() && l.v[0].bad == NULL, "ours");
	is_int(spool_take(&one, &s, &l.v[0], &e), 1, "taken");
	is_int(spool_take(&two, &s, &l.v[0], &e), 0, "by one alone");
	is_int(spool_look(&two, &s, &l.v[0], &e), 1, "others may look");
	is_int(pread(two.mail, some, 15, 0), 5, "the text");
	is_str(some, "first", "as it was written");
	is_int(spool_state(&two, &state, &e), 0, "no state yet");
	is_int(spool_set_state(&one, STR("one"), &e), 0, "a state");
	is_int(spool_set_state(&one, STR("second"), &e), 0, "another one");
	is_int(spool_state(&two, &state, &e), 1, "there is one");
	is_str(state.p, "second", "the last");
	buf_free(&state);
	spool_close(&two);
	child = fork();			/* it has the same descriptors */
	if (child == 0)
		for (;;)
			pause();
	spool_close(&one);
	is_int(spool_take(&one, &s, &l.v[0], &e), 1, "what was closed can be taken, whoever else has it open");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	b = accept_one("fixed-1", "report");
	is_str(b, "fixed-1", "a name that is given");
	ok(accept_one("fixed-1", "other") != NULL, "twice");
	is_int(found(&l), 2, "is one message");
	is_int(spool_remove(&one, &e), 0, "removed");
	spool_close(&one);
	is_int(found(&l), 1, "gone");
	is_str(l.v[0].id, "fixed-1", "the other is not");
	is_int(l.v[0].bytes, 6, "nor is it another");
	is_int(e.code, 0, "without a failure");
}

static void
of_a_crash(void)
{
	struct timeval then[2] = { { .tv_sec = 1000000 },
	    { .tv_sec = 1000000 } };
	char path[300];
	struct spool_list l;
	struct spool_new n;
	struct err e = { 0 };

	put_dir("removed");
	put_file("removed/state", "x");
	put_dir(".new-old");
	put_file(".new-old/mail", "x");
	put_dir(".new-young");
	put_file(".new-young/mail", "x");
	is_int(spool_begin(&n, &s, "written", &e), 0, "one is being written");
	snprintf(path, sizeof path, "%s/.new-old", box);
	utimes(path, then);
	snprintf(path, sizeof path, "%s/.new-written", box);
	utimes(path, then);
	is_int(found(&l), 1, "what is no message is none");
	ok(!there("removed"), "a removal is ended");
	ok(!there(".new-old"), "what nobody has ended goes");
	ok(there(".new-young"), "not at once");
	ok(there(".new-written"), "nor while it is written");
	spool_cancel(&n);
	ok(!there(".new-written"), "one that is cancelled goes");
}

static void
none_of_ours(void)
{
	static const struct {
		const char *name, *why;
	} bad[] = {
		{ "a file", "not the name of a message" },
		{ "dir", "a symbolic link" }, { "file", "not a directory" }
	};
	char path[300];
	struct spool_list l;
	struct spool_item i;
	struct err e;
	size_t k, seen = 0;

	put_file("a file", "x");
	put_file("file", "x");
	snprintf(path, sizeof path, "%s/dir", box);
	(void)!symlink("/etc", path);
	is_int(found(&l), 4, "all of them are named");
	for (k = 0; k < l.n; k++)
		for (size_t m = 0; m < sizeof bad / sizeof *bad; m++)
			if (strcmp(l.v[k].id, bad[m].name) == 0) {
				e = (struct err){ 0 };
				is_str(l.v[k].bad, bad[m].why, "%s",
				    bad[m].name);
				is_int(spool_take(&i, &s, &l.v[k], &e), -1,
				    "not taken");
				seen++;
			}
	is_int(seen, 3, "each of them");
}

int
main(void)
{
	struct err e = { 0 };

	ok(mkdtemp(top) != NULL, "a folder");
	snprintf(box, sizeof box, "%s/q/%lu", top, (unsigned long)geteuid());
	is_int(spool_open(&s, &mem, arena_printf(&mem, "%s/q", top), false, &e),
	    0, "there is none");
	ok(!s.there, "and that is said");
	is_int(spool_open(&s, &mem, arena_printf(&mem, "%s/q", top), true, &e),
	    0, "made");
	ok(s.there && s.ours && !s.shared, "ours alone");
	comes_and_goes();
	of_a_crash();
	none_of_ours();
	arena_free(&mem);
	if (fork() == 0)
		execlp("rm", "rm", "-rf", top, (char *)NULL);
	return done();
}
