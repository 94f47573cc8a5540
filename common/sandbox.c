/*
 * sandbox.c: giving up what is not needed before a stranger is listened to
 *
 * Landlock by its system calls: the headers of Debian 12 stop at the second
 * version of its ABI, the kernels do not.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"
#include "trace.h"

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { RULE_PATH = 1, RULE_PORT = 2, ASK_VERSION = 1 };

/* linux/landlock.h */
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE = 1 << 1, FS_READ = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_ALL_1 = (1 << 13) - 1, FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14,
	FS_IOCTL = 1 << 15,
	NET_BIND = 1 << 0, NET_CONNECT = 1 << 1
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

static uint64_t
handled(long abi)
{
	uint64_t fs = FS_ALL_1;

	fs |= abi >= 2 ? FS_REFER : 0;
	fs |= abi >= 3 ? FS_TRUNCATE : 0;
	fs |= abi >= 5 ? FS_IOCTL : 0;
	return fs;
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
		r.allowed &= FS_EXECUTE | FS_WRITE | FS_READ | FS_TRUNCATE;
	syscall(ADD_RULE, set, RULE_PATH, &r, 0);
	close(r.fd);
}

static void
allow(int set, const struct sandbox *s, long abi)
{
	struct port_rule r = { .allowed = NET_CONNECT };
	size_t i;

	for (i = 0; s->read[i] != NULL; i++)
		allow_path(set, s->read[i], FS_READ | FS_READ_DIR);
#ifdef __SANITIZE_ADDRESS__
	allow_path(set, "/proc", FS_READ | FS_READ_DIR);	/* for LSan */
#endif
	for (i = 0; s->write[i] != NULL; i++)
		allow_path(set, s->write[i], handled(abi) &
		    ~(uint64_t)(FS_EXECUTE | FS_IOCTL));
	for (i = 0; abi >= 4 && s->ports[i] != 0; i++) {
		r.port = s->ports[i];
		syscall(ADD_RULE, set, RULE_PORT, &r, 0);
	}
	r = (struct port_rule){ .allowed = NET_BIND, .port = 0 };
	if (abi >= 4)			/* --source: any free port */
		syscall(ADD_RULE, set, RULE_PORT, &r, 0);
}

bool
sandbox_enter(const struct sandbox *s)
{
	long abi = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
	struct ruleset r = { 0 };
	bool done;
	int set;

	if (abi < 1)
		return false;
	r.fs = handled(abi);
	r.net = abi >= 4 ? NET_BIND | NET_CONNECT : 0;
	set = (int)syscall(CREATE_RULESET, &r, abi >= 4 ? 16UL : 8UL, 0);
	if (set < 0)
		return false;
	allow(set, s, abi);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	done = syscall(RESTRICT_SELF, set, 0) == 0;
	close(set);
	trace_note(TRACE_DETAIL, "sandbox: Landlock ABI %ld%s", abi, done ? "" :
	    ", not enforced");
	return done;
}
