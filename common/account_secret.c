/*
 * account_secret.c: where a password or a token may be, place by place
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account_secret.h"
#include "clock.h"
#include "file.h"
#include "netrc.h"
#include "program.h"
#include "secret.h"

enum { NETRC_MAX = 1 << 18 };
static const double command_seconds = 60;

/* Of the whole run, for who is asked. */
static int64_t
limit(const struct account *a)
{
	return a->deadline != 0 ? a->deadline : CLOCK_NEVER;
}

/*
 * One place where a password may be: 1 it is there, 0 not, and looked says
 * why not, -1 failed.
 */
typedef int place(struct account *, struct secret *, struct buf *looked,
    struct err *);

static int
from_command(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	if (a->login.password_command == NULL) {
		buf_s(looked, "no --password-command");
		return 0;
	}
	return secret_command("--password-command", a->login.password_command,
	    command_seconds, s, e) < 0 ? -1 : 1;
}

/* It can be read once; what else we start has no use for it. */
static int
read_fd(struct account *a, struct err *e)
{
	struct secret *s = mem_new(1, sizeof *s);
	uint64_t fd;
	int got;

	if (str_num(str_of(a->login.password_fd), 1 << 20, &fd) < 0)
		got = fail(e, EX_USAGE, "--password-fd takes the number of a descriptor");	/* a mistaken one may be the secret */
	else if (fcntl((int)fd, F_GETFD) < 0)
		got = fail_sys(e, EX_USAGE, "--password-fd %s",
		    a->login.password_fd);
	else {
		got = file_secret_fd((int)fd, s, e) < 0 ?
		    fail_in(e, "--password-fd %s", a->login.password_fd) : 0;
		program_close((int)fd);
	}
	if (got < 0) {
		mem_secret_wipe(s);
		free(s);
		return -1;
	}
	a->from_fd = s;
	return 0;
}

static int
from_fd(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	if (a->login.password_fd == NULL) {
		buf_s(looked, ", -fd");
		return 0;
	}
	if (a->from_fd == NULL && read_fd(a, e) < 0)
		return -1;
	*s = *a->from_fd;
	return 1;
}

static int
secret_from_file(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	if (a->login.password_file == NULL) {
		buf_s(looked, " or -file");
		return 0;
	}
	return file_secret(file_path(&a->arena, a->login.password_file), s,
	    e) < 0 ? -1 : 1;
}

static int
from_conf(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	(void)e;
	if (a->password == NULL) {
		buf_printf(looked, ", no password in %s", a->file.conf.file !=
		    NULL ? a->file.conf.file : "a configuration file");
		return 0;
	}
	memcpy(s->p, a->password->p, a->password->n);
	s->n = a->password->n;
	return 1;
}

static int
from_env(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	const char *path = getenv("POSTBAG_PASSWORD_FILE");

	if (path == NULL || path[0] == '\0') {
		buf_s(looked, ", no $POSTBAG_PASSWORD_FILE");
		return 0;
	}
	return file_secret(file_path(&a->arena, path), s, e) < 0 ? -1 : 1;
}

/*
 * systemd.exec(5), LoadCredential=.  Its directory is ours alone; the modes
 * in it are systemd's business (it may show an ACL's mask as a group's).
 */
static int
from_credential(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY"), *path;
	const char *name = a->name != NULL ? a->name : "password";
	int fd, got;

	if (dir == NULL || dir[0] != '/' || strchr(name, '/') != NULL) {
		buf_s(looked, ", no systemd credential");
		return 0;
	}
	path = arena_printf(&a->arena, "%s/postbag.%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		buf_printf(looked, ", no credential postbag.%s", name);
		return 0;
	}
	if (fd < 0)
		return fail_sys(e, EX_NOINPUT, "%s", path);
	got = file_secret_fd(fd, s, e) < 0 ? fail_in(e, "%s", path) : 1;
	close(fd);
	return got;
}

static int
search_netrc(struct account *a, int fd, const char *path, struct secret *s,
    struct err *e)
{
	struct buf text = { 0 };
	struct err why = { 0 };
	char login[256];
	int got = -1;

	if (file_private(fd, path, e) < 0)
		return -1;
	if (file_whole(fd, &text, NETRC_MAX, &why) == 0)
		got = netrc_find(BUF_STR(text), a->server.host, a->login.user,
		    s, login, &why);
	if (got == 1 && s->n == 0)
		got = fail(&why, EX_CONFIG, "an empty password");
	if (got == 1 && a->login.user == NULL && login[0] != '\0')
		a->login.user = arena_dup(&a->arena, str_of(login));
	buf_wipe(&text);
	return got < 0 ? fail(e, why.code, "%s: %s", path, why.msg) : got;
}

/* ~/.netrc may be meant for others; one that was named has to be right. */
static int
from_netrc(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	const char *path = file_path(&a->arena,
	    a->login.netrc != NULL ? a->login.netrc : "~/.netrc");
	struct err why = { 0 };
	int fd, got = -1;

	if (a->server.host == NULL || path[0] == '~') {
		buf_s(looked, ", no netrc");
		return 0;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		fail_sys(&why, EX_NOINPUT, "%s", path);
	else
		got = search_netrc(a, fd, path, s, &why);
	if (fd >= 0)
		close(fd);
	if (got < 0 && a->login.netrc != NULL)
		return fail(e, why.code, "%s", why.msg);
	if (got == 0)
		buf_printf(looked, ", nothing for it in %s", path);
	else if (got < 0)
		buf_printf(looked, ", %s", why.msg);
	return got == 1;
}

static int
from_prompt(struct account *a, struct secret *s, struct buf *looked,
    struct err *e)
{
	const char *text = arena_printf(&a->arena, "Password for %s%s%s: ",
	    a->login.user != NULL ? a->login.user : "",
	    a->login.user != NULL ? " at " : "",
	    a->server.host != NULL ? a->server.host : "the server");
	int got = secret_prompt(text, limit(a), s, e);

	if (got == 0)
		buf_s(looked, ", no terminal to ask at");
	return got;
}

int
account_password(struct account *a, struct secret *s, struct err *e)
{
	static place *const places[] = {
		from_command, from_fd, secret_from_file, from_conf, from_env,
		from_credential, from_netrc, from_prompt,
	};
	struct buf looked = { .max = 900 };
	int got = 0;
	size_t i;

	for (i = 0; i < sizeof places / sizeof places[0] && got == 0; i++)
		got = places[i](a, s, &looked, e);
	if (got == 0)
		fail(e, EX_NOPERM, "no password for %s at %s: %s",
		    a->login.user != NULL ? a->login.user : "anybody",
		    a->server.host != NULL ? a->server.host : "the server",
		    looked.p);
	buf_free(&looked);
	if (got != 1)
		mem_secret_wipe(s);
	return got == 1 ? 0 : -1;
}

int
account_token(struct account *a, struct secret *s, struct err *e)
{
	if (a->login.token_command == NULL)
		return 0;
	return secret_command("--token-command", a->login.token_command,
	    command_seconds, s, e) < 0 ? -1 : 1;
}

/* ---- the passphrase of a client key */

static int
passphrase(void *account, struct secret *s, struct err *e)
{
	struct account *a = account;
	const char *command = a->trust.key_command;
	int got;

	if (command != NULL)
		return secret_command("--key-password-command", command,
		    command_seconds, s, e);
	got = secret_prompt("Passphrase of the client key: ", limit(a), s, e);
	return got != 0 ? got : fail(e, EX_NOPERM, "it has a passphrase: no --key-password-command, no terminal to ask at");
}

void
account_tls_conf(struct account *a, struct tls_conf *f)
{
	const struct account_trust *t = &a->trust;

	*f = (struct tls_conf){ .pins = t->pins.v, .npins = t->pins.n,
	    .min = t->min, .groups = t->groups, .strict = t->strict, .insecure = t->insecure,
	    .passphrase = passphrase, .arg = a };
	if (t->ca != NULL)
		f->ca = file_path(&a->arena, t->ca);
	if (t->crl != NULL)
		f->crl = file_path(&a->arena, t->crl);
	if (t->cert != NULL)
		f->cert = file_path(&a->arena, t->cert);
	if (t->key != NULL)
		f->key = file_path(&a->arena, t->key);
}
