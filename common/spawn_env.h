/* spawn_env.h: what a command is told about its message, by its environment */
#ifndef SPAWN_ENV_H
#define SPAWN_ENV_H

#include <stddef.h>

/* POSTBAG_SENDER and so on. */
enum spawn_var {
	SPAWN_SENDER,
	SPAWN_RECIPIENT,
	SPAWN_ACCOUNT,
	SPAWN_FOLDER,
	SPAWN_UID,
	SPAWN_FILE,
	SPAWN_STATUS,
	SPAWN_VARS
};

/* NAME=VALUE, each with its NUL.  Start with n = 0. */
struct spawn_env {
	size_t n;
	char text[8192];
};

/*
 * Sets one.  Left out is a value that is NULL, has a control byte, or finds
 * no room.
 */
void spawn_env_put(struct spawn_env *, enum spawn_var, const char *value);

/*
 * Our environment with these in it, none of whose names is another's: what
 * else stands in text, which may come from a confined process, is passed over.
 * One allocation, for free(3).
 */
char **spawn_env_make(const struct spawn_env *);

#endif
