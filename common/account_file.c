/* account_file.c: the configuration file, read and forgotten */
#include <errno.h>
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

static int
read_open(struct account *a, int fd, const char *path, struct err *e)
{
	struct err why = { 0 };

	if (check_writers(fd, path, e) < 0)
		return -1;
	if (file_whole(fd, &a->file.text, CONF_MAX, &why) < 0)
		return fail(e, why.code, "%s: %s", path, why.msg);
	a->file.conf.file = path;
	if (conf_parse(&a->file.conf, &a->arena, a->file.text.p,
	    a->file.text.n, e) < 0)
		return -1;
	return has_secret(&a->file.conf) ? file_private(fd, path, e) : 0;
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

int
account_read(struct account *a, struct err *e)
{
	const char *path = account_path(a);
	int fd, got;

	if (a->file.read)
		return 0;
	a->file.read = true;
	a->file.conf.file = path != NULL ? path : "nowhere: there is no home";
	if (path == NULL)
		return 0;
	if (a->config == NULL && access(path, F_OK) < 0 &&
	    (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if ((fd = file_open(path, e)) < 0)
		return -1;
	got = read_open(a, fd, path, e);
	close(fd);
	return got;
}
