/* account_file.c: the configuration file, read and forgotten */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account_file.h"
#include "file.h"

enum { CONF_MAX = 1 << 20 };

const char *
account_path(struct account *a)
{
	const char *dir = file_xdg(&a->arena, "XDG_CONFIG_HOME", ".config");

	if (a->config != NULL)
		return file_path(&a->arena, a->config);
	return dir != NULL ? arena_printf(&a->arena, "%s/postbag/config",
	    dir) : NULL;
}

bool
account_file_proxy(const char *url)
{
	const char *login = strstr(url, "://"), *at;

	if (login == NULL)
		return false;
	at = strrchr(login + 3, '@');
	return at != NULL && memchr(login + 3, ':',
	    (size_t)(at - login - 3)) != NULL;
}

/* A proxy's password counts as well. */
static bool
is_secret(const struct conf_line *l)
{
	return strcmp(l->key, "password") == 0 ||
	    (strcmp(l->key, "proxy") == 0 && account_file_proxy(l->value));
}

void
account_file_forget(struct account *a)
{
	struct conf_section *s;
	struct conf_line *l;

	for (s = a->file.conf.sections; s != NULL; s = s->next)
		for (l = s->lines; l != NULL; l = l->next)
			if (is_secret(l))
				conf_forget(l);
}

static bool
has_secret(const struct conf *c)
{
	const struct conf_section *s;
	const struct conf_line *l;

	for (s = c->sections; s != NULL; s = s->next)
		for (l = s->lines; l != NULL; l = l->next)
			if (is_secret(l))
				return true;
	return false;
}

/* Whoever can write it can have us run a command. */
static int
check_writers(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_sys(e, EX_NOINPUT, "%s", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0)
		return fail(e, EX_CONFIG, "%s: everybody can write to it (mode %03o)",
		    path, (unsigned)st.st_mode & 0777);
	return 0;
}

/* Into text, and its sections into c. */
static int
read_open(struct conf *c, struct buf *text, struct arena *mem, int fd,
    struct err *e)
{
	struct err why = { 0 };

	if (check_writers(fd, c->file, e) < 0)
		return -1;
	if (file_whole(fd, text, CONF_MAX, &why) < 0)
		return fail(e, why.code, "%s: %s", c->file, why.msg);
	if (conf_parse(c, mem, text->p, text->n, e) < 0)
		return -1;
	return has_secret(c) ? file_private(fd, c->file, e) : 0;
}

int
account_text(struct account *a, struct str text, struct err *e)
{
	a->file.read = true;
	a->file.conf.file = "the result";
	buf_str(&a->file.text, text);
	return conf_parse(&a->file.conf, &a->arena, a->file.text.p,
	    a->file.text.n, e);
}

/* For messages: every place, and why it did not help. */
static void
note_looked(struct account *a, const char *path, const char *found)
{
	const char *before = a->file.looked;

	a->file.looked = arena_printf(&a->arena, "%s%s%s: %s",
	    before != NULL ? before : "", before != NULL ? "; " : "", path,
	    found);
}

/*
 * One of the usual places, where nothing need be.  Who may not read it is told
 * so only if there is no account elsewhere: a daemon has root's HOME perhaps, and
 * the system's file may be for a group.
 */
static int
read_usual(struct account *a, struct conf *c, struct buf *text, struct err *e)
{
	int fd = open(c->file, O_RDONLY | O_CLOEXEC | O_NOCTTY), got;

	if (fd < 0) {
		note_looked(a, c->file, strerror(errno));
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		if (errno != EACCES)
			return fail_sys(e, EX_NOINPUT, "%s", c->file);
		return 0;
	}
	got = read_open(c, text, &a->arena, fd, e);
	close(fd);
	note_looked(a, c->file, "no account that has one");
	return got;
}

static int
read_named(struct account *a, struct err *e)
{
	int fd = file_open(a->file.conf.file, e), got;

	if (fd < 0)
		return -1;
	got = read_open(&a->file.conf, &a->file.text, &a->arena, fd, e);
	close(fd);
	note_looked(a, a->file.conf.file, "no account that has one");
	return got;
}

int
account_read(struct account *a, struct err *e)
{
	struct conf *user = &a->file.conf;
	struct conf all = { .file = ACCOUNT_SYSTEM };

	if (a->file.read)
		return 0;
	a->file.read = true;
	user->file = account_path(a);
	if (a->config != NULL)
		return read_named(a, e);
	if (user->file == NULL) {
		user->file = "nowhere: there is no home";
		note_looked(a, "no home", "none");
	} else if (read_usual(a, user, &a->file.text, e) < 0) {
		return -1;
	}
	if (read_usual(a, &all, &a->file.system, e) < 0)
		return -1;
	conf_append(user, all.sections);
	return 0;
}

int
account_nowhere(const struct account *a, struct err *e)
{
	const struct conf_section *s = a->name != NULL ?
	    conf_find(&a->file.conf, "account", a->name) : NULL;

	if (s != NULL)
		return fail(e, EX_CONFIG, "%s:%u: account %s has no server: a key smtp, lmtp or server says it, or -S smtps://HOST",
		    s->file, s->line, s->name);
	return fail(e, EX_CONFIG, "no server: -S smtps://HOST, or an account in the configuration; looked at %s",
	    a->file.looked != NULL ? a->file.looked : "nothing");
}
