/*
 * tls_reads.c: what TLS opens later on, for the sandbox
 *
 * A folder of hashed names is mostly links.  Where the system's lead is known,
 * and public; those of another folder are followed one by one.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox.h"
#include "tls_private.h"

static const char *const system_wide[] = {
	"/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/usr/share/pki", "/etc/pki/ca-trust", "/etc/ca-certificates",
};

/* The path of a link's target would do as well: it is opened either way. */
static void
each(struct sandbox *s, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *f;
	char name[4096];

	if (d == NULL)
		return;
	while ((f = readdir(d)) != NULL)
		if (strlen(f->d_name) >= 10 && f->d_name[8] == '.' &&
		    (size_t)snprintf(name, sizeof name, "%s/%s", path,
		    f->d_name) < sizeof name)
			sandbox_path(s, name, SANDBOX_READ);
	closedir(d);
}

/* By whatever path. */
static bool
is_the_systems(const char *dir)
{
	struct stat a, b;

	return stat(dir, &a) == 0 &&
	    stat(X509_get_default_cert_dir(), &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void
read_folder(struct sandbox *s, const char *dir)
{
	size_t i;

	sandbox_path(s, dir, SANDBOX_READ);
	if (!is_the_systems(dir)) {
		each(s, dir);
		return;
	}
	for (i = 0; i < sizeof system_wide / sizeof *system_wide; i++)
		sandbox_path(s, system_wide[i], SANDBOX_READ);
}

/* Files have been read; what is looked for in a folder is not known yet. */
void
tls_ctx_reads(const struct tls_ctx *t, struct sandbox *s)
{
	size_t i;

	for (i = 0; t != NULL && i < t->ndirs; i++)
		read_folder(s, t->dirs[i]);
}
