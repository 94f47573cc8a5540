/*
 * errand.h: what a confined process has its helper do
 *
 * Behind the sandbox nothing can be executed, looked up or connected to by a
 * path.  All that will be needed is put on a list before; the helper process
 * (helper.h) does what is on the list, told by number, and nothing else.
 */
#ifndef ERRAND_H
#define ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "net.h"
#include "spawn_env.h"

/* On the list; all is copied.  A NULL is no entry. */
void errand_command(const char *command);	/* for /bin/sh -c */
void errand_argv(char *const *argv);
void errand_path(const char *path);		/* of a socket */
void errand_host(const char *host);

/* Is there a helper to be asked? */
bool errand_runs(void);

struct spawn_conf;
/* Has it this command on its list, too? */
bool errand_has(const struct spawn_conf *);

/*
 * As spawn_start; the descriptor stands for the child: struct errand_end can
 * be read from it when that has ended, and a byte written to it ends it.  -1
 * and perhaps: the helper was asked and has not answered, so that the child may
 * run.
 */
int errand_spawn(const struct spawn_conf *, bool *perhaps, struct err *);

/* As net_unix and resolve_host. */
int errand_unix(const char *path, struct err *);
int errand_resolve(const char *host, unsigned port, int family,
    struct net_addr *, int max, int64_t deadline, struct err *);

/* ---- for the helper */

enum errand_kind { ERRAND_COMMAND, ERRAND_ARGV, ERRAND_PATH, ERRAND_HOST };

struct errand {
	enum errand_kind kind;
	char *text;
	char **argv;
};

enum { ERRAND_ADDRESSES = 32, ERRAND_FDS = 3 };

struct errand_ask {
	uint32_t id;
	uint32_t number;	/* in the list */
	int32_t fd[3];		/* of a command: which of those that came
				 * along, or < 0: see errand_fd */
	bool asks;
	bool told;		/* of a command: env counts, be it empty */
	unsigned port;
	int family, ms;		/* ms: how long it may take; -1 for ever */
	struct spawn_env env;	/* the last, for no more of it is sent than
				 * there is */
};
enum errand_fd { ERRAND_NULL = -1, ERRAND_OWN = -2 };

struct errand_answer {
	uint32_t id;
	int n;
	struct err err;
	struct net_addr addr[ERRAND_ADDRESSES];
};

struct errand_end {
	int how, code;		/* as in struct spawn_child */
};

/* Its bytes in a datagram; 0: it says what cannot be. */
size_t errand_size(const struct errand_ask *);

/* The entry with that number, or NULL. */
const struct errand *errand_entry(uint32_t number);

/* From now on whoever listens at the other end of this is asked. */
void errand_ask_at(int sock);

/*
 * A datagram with up to ERRAND_FDS descriptors: its bytes; fewer or -1.  The
 * unused ones of fd are -1.
 */
long errand_send(int sock, const void *, size_t, const int *fd, int n);
long errand_receive(int sock, void *, size_t, int fd[ERRAND_FDS]);

#endif
