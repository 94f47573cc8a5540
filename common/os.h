/*
 * os.h: what Linux has and POSIX has not, and what stands in for it elsewhere
 *
 * os_linux.c is made of system calls that only Linux has, os_posix.c needs
 * POSIX.1-2024 alone ("make OS=posix" builds with it, on Linux, too).  The
 * second lacks:
 *   - the sandbox (sandbox_posix.c): nothing confines a tool, and -vv says so
 *   - speed: a fsync(2) for each message, not one for a batch; poll(2) over all
 *     sockets at each turn; a system call for each datagram; no early ACKs
 *   - files without a name: a run that is killed may leave one in tmp/
 *   - notice: a connection whose peer is gone is found later, and so is the end
 *     of a child (by looking, each few milliseconds); suspension is not
 *   - the ICMP message that has ended an attempt to connect
 *   - a wall against other processes of the same user, who may look into a
 *     tool's memory
 *   - the tool's name in out-of-memory errors, which begin with "postbag"
 * Failures are -1 and errno, as of system calls.  Nothing here waits but
 * os_watch_wait.
 */
#ifndef OS_H
#define OS_H

#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

/* ---- memory and the process */

/*
 * Random bytes, at most 1024; "now" fails rather than waits on a machine that
 * has just started and knows no chance yet.
 */
int os_random(void *, size_t, bool now);

void os_wipe(void *, size_t);	/* which no compiler leaves out */
void *os_last(const void *, int c, size_t);	/* the last such byte, or NULL */
const char *os_program(void);	/* the name we were called by */
void os_frugal(void);	/* one pool of memory for all threads, from here on */
void os_trim(void);		/* memory that is free goes back to the system */

/* No core dump, and none of the user's other processes looks into this one. */
void os_private(void);

/* In a child: what ps(1) calls it; it is killed when its parent ends. */
void os_helper(const char *name);

/* The time that passed since the start, with that spent in suspension. */
void os_uptime(struct timespec *);

/* ---- descriptors */

/* Closes from..to, whichever of them are open. */
void os_close(int from, int to);

/* A spawned process has none from 3 on, whoever opened them: 0 or an errno. */
int os_spawn_closes(posix_spawn_file_actions_t *);

/* Readable when the child has ended; -1: look at times. */
int os_child(pid_t);

/*
 * bell[0] is readable once a uint64_t was written to bell[1]; neither blocks.
 * They may be the same descriptor.
 */
int os_bell(int bell[2]);

/* A file in memory, for a lock. */
int os_file_memory(const char *name);

/* ---- files */

/* A new one in the folder at:path that has no name; EOPNOTSUPP. */
int os_file_unnamed(int at, const char *path, int flags);

/*
 * Gives it one, which must be free.  *by_path: has it turned out that this
 * goes by /proc alone?  Begin with false.
 */
int os_file_name(int fd, int at, const char *name, bool *by_path);

/* Can os_file_name do that by /proc, if it must? */
bool os_file_namable(void);

/* Opened anew: another position, another lock. */
int os_file_reopen(int fd, int flags);

/* Never over another file (EEXIST); EINVAL: this file system cannot tell. */
int os_rename_new(int from, const char *, int to, const char *);
/* Both are there, and each takes the other's place; EINVAL as above. */
int os_rename_swap(int from, const char *, int to, const char *);

/*
 * Durability of many files at the price of one: os_sync_begin when a file has
 * been written to its end, while the next one comes, or os_sync_later, which
 * does not hurry the disk; then os_sync_all by a descriptor of any of their
 * folders.
 */
int os_sync_begin(int fd);
int os_sync_later(int fd);
int os_sync_all(int folder);

/* ---- sockets */

void os_ack_now(int fd);	/* for the next read: do not wait with the ACK */
void os_keep_alive(int fd);	/* notice within minutes that the peer is gone */
void os_receive_room(int fd, int size);

/* ICMP against a connection that is being made: asked for, then taken. */
struct os_icmp {
	unsigned type, code;	/* RFC 792, RFC 4443 */
	struct sockaddr_storage from;
};
void os_icmp_ask(int fd, int family, bool on);
int os_icmp(int fd, struct os_icmp *);

struct os_datagram {
	struct msghdr msg;
	unsigned len;		/* what came */
};
/* Without waiting; how many of n went or came, -1 if not even the first. */
int os_send_many(int fd, struct os_datagram *, unsigned n);
int os_receive_many(int fd, struct os_datagram *, unsigned n);

/*
 * Many descriptors at once.  Each change is told once: who was told reads, or
 * writes, until that would block, and says so by os_watch_more.  A watch is a
 * descriptor; where os_watch_nap is not 0 it never becomes readable, and who
 * waits for it together with others looks here each os_watch_nap ms.
 */
enum os_bits { OS_IN = 1, OS_OUT = 2, OS_HUP = 4, OS_ERR = 8 };
enum os_how {
	OS_ALWAYS,		/* OS_IN for as long as there is something */
	OS_CHANGES,		/* each change of both directions */
	OS_ONCE			/* OS_IN, once, until it is added again */
};
struct os_event {
	void *who;
	unsigned bits;		/* of enum os_bits */
};
extern const int os_watch_nap;
int os_watch(void);
int os_watch_add(int watch, int fd, void *who, enum os_how);
int os_watch_wait(int watch, struct os_event *, int max, int ms);
void os_watch_more(int fd, enum os_bits);	/* it would block */
void os_watch_end(int fd);	/* just before it is closed */

#endif
