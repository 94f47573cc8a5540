/*
 * spawn_env.c: what a command is told about its message
 *
 * A stranger's bytes get into variables of these names alone: one that he may
 * name, such as LD_PRELOAD, would make the command his.  Variables of these
 * names in our own environment were meant for us, and are not handed on.
 */
#include <string.h>

#include "mem.h"
#include "spawn_env.h"
#include "str.h"

extern char **environ;

static const char *const names[SPAWN_VARS] = {
	[SPAWN_SENDER] = "POSTBAG_SENDER=",
	[SPAWN_RECIPIENT] = "POSTBAG_RECIPIENT=",
	[SPAWN_ACCOUNT] = "POSTBAG_ACCOUNT=",
	[SPAWN_FOLDER] = "POSTBAG_FOLDER=",
	[SPAWN_UID] = "POSTBAG_UID=",
	[SPAWN_FILE] = "POSTBAG_FILE=",
	[SPAWN_STATUS] = "POSTBAG_STATUS=",
};

void
spawn_env_put(struct spawn_env *env, enum spawn_var var, const char *value)
{
	size_t name = strlen(names[var]), n = value != NULL ? strlen(value) : 0;

	if (value == NULL || str_control(str_of(value)) ||
	    name + n >= sizeof env->text - env->n)
		return;
	memcpy(env->text + env->n, names[var], name);
	memcpy(env->text + env->n + name, value, n + 1);
	env->n += name + n + 1;
}

/* One of ours, and fit for it. */
static bool
ours(const char *entry)
{
	size_t i, n;

	for (i = 0; i < SPAWN_VARS; i++) {
		n = strlen(names[i]);
		if (strncmp(entry, names[i], n) == 0)
			return !str_control(str_of(entry + n));
	}
	return false;
}

char **
spawn_env_make(const struct spawn_env *env)
{
	size_t n = 0, had = 0, at = 0;
	char **v, *text;

	while (environ != NULL && environ[had] != NULL)
		had++;
	v = mem_new(1, (had + env->n + 1) * sizeof *v + env->n + 1);
	text = (char *)(v + had + env->n + 1);
	memcpy(text, env->text, env->n);
	while (had-- > 0)
		if (!ours(environ[had]))
			v[n++] = environ[had];
	for (; at < env->n; at += strlen(text + at) + 1)
		if (ours(text + at))
			v[n++] = text + at;
	v[n] = NULL;
	return v;
}
