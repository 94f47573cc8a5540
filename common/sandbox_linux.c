/*
 * sandbox_linux.c: files and TCP ports by Landlock
 *
 * Landlock is called by number: the headers of Debian 12 stop at the second
 * version of its interface, the kernels do not.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox_private.h"

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { RULE_PATH = 1, RULE_PORT = 2, ASK_VERSION = 1 };

/* linux/landlock.h */
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE = 1 << 1, FS_READ = 1 << 2,
	FS_READ_DIR = 1 << 3, FS_REMOVE_FILE = 1 << 5, FS_MAKE_REG = 1 << 8,
	FS_MAKE_DIR = 1 << 7, FS_REMOVE_DIR = 1 << 4,
	FS_ALL_1 = (1 << 13) - 1, FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14,
	FS_IOCTL = 1 << 15,
	NET_BIND = 1 << 0, NET_CONNECT = 1 << 1,
	SCOPE_ABSTRACT = 1 << 0, SCOPE_SIGNAL = 1 << 1
};

/* The rights that a rule for a path gives, by enum sandbox_may. */
static const uint64_t rights[] = {
	[SANDBOX_READ] = FS_READ | FS_READ_DIR,
	[SANDBOX_PUT] = FS_WRITE | FS_TRUNCATE | FS_MAKE_REG | FS_REMOVE_FILE,
	[SANDBOX_WRITE] = FS_READ | FS_READ_DIR | FS_WRITE | FS_TRUNCATE |
	    FS_MAKE_REG | FS_REMOVE_FILE | FS_MAKE_DIR | FS_REMOVE_DIR |
	    FS_REFER,
};

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed, port;
};

static struct ruleset
handled(const struct sandbox *s, long abi)
{
	struct ruleset r = { .fs = FS_ALL_1 | FS_REFER };

	r.fs |= abi >= 3 ? FS_TRUNCATE : 0;
	r.fs |= abi >= 5 ? FS_IOCTL : 0;
	if (abi >= 4)
		r.net = s->any_port ? NET_BIND : NET_BIND | NET_CONNECT;
	if (abi >= 6)
		r.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return r;
}

static void
allow_path(int set, const char *path, uint64_t what)
{
	struct path_rule r = { .allowed = what };
	struct stat st;

	r.fd = open(path, O_PATH | O_CLOEXEC);
	if (r.fd < 0)
		return;
	if (fstat(r.fd, &st) == 0 && !S_ISDIR(st.st_mode))
		r.allowed &= FS_WRITE | FS_READ | FS_TRUNCATE;
	syscall(ADD_RULE, set, RULE_PATH, &r, 0);
	close(r.fd);
}

static void
allow(int set, const struct sandbox *s, const struct ruleset *h)
{
	struct port_rule r = { .allowed = NET_CONNECT };
	size_t i;

	for (i = 0; i < s->npath; i++)
		allow_path(set, s->path[i].path,
		    rights[s->path[i].may] & h->fs);
	for (i = 0; (h->net & NET_CONNECT) != 0 && i < s->nport; i++) {
		r.port = s->port[i];
		syscall(ADD_RULE, set, RULE_PORT, &r, 0);
	}
	r = (struct port_rule){ .allowed = NET_BIND, .port = 0 };
	if (h->net != 0 && s->source)		/* any free port */
		syscall(ADD_RULE, set, RULE_PORT, &r, 0);
}

/*
 * The version of its interface if it is enforced now; 0.  The first one knows
 * no renaming from one folder into another, which a Maildir lives by.
 */
int
sandbox_files(const struct sandbox *s)
{
	long abi = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
	struct ruleset h = handled(s, abi);
	unsigned long size = 8;		/* as much of h as the kernel knows */
	bool done;
	int set;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (abi < 2)
		return 0;
	if (abi >= 4)
		size = abi >= 6 ? 24 : 16;
	set = (int)syscall(CREATE_RULESET, &h, size, 0);
	if (set < 0)
		return 0;
	allow(set, s, &h);
	done = syscall(RESTRICT_SELF, set, 0) == 0;
	close(set);
	return done ? (int)abi : 0;
}
