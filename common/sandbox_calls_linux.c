/*
 * sandbox_calls_linux.c: the system calls that are left (seccomp)
 *
 * Three tables: calls that are allowed, calls that are allowed with certain
 * arguments, and calls that every kernel has and no client of a server needs,
 * which fail with EPERM.  A call that is in none of them fails with ENOSYS, as
 * on an older kernel: the C library then does without it, and a call that the
 * next kernel brings is no new door.  For clone3(2), whose flags stand in
 * memory where no filter can look, that means clone(2).
 *
 * Calls that take a path are left to Landlock where it knows them; those that
 * it does not watch (modes, owners, attributes, times by name) are refused.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mem.h"
#include "sandbox_private.h"

#if defined __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#ifndef MACHINE
bool
sandbox_calls(const struct sandbox *s)
{
	(void)s;
	return false;
}
#else

/* Younger than some systems' headers, and the same on all machines. */
enum {
	CALL_pidfd_send_signal = 424, CALL_io_uring_setup, CALL_io_uring_enter,
	CALL_io_uring_register, CALL_open_tree, CALL_move_mount, CALL_fsopen,
	CALL_fsconfig, CALL_fsmount, CALL_fspick, CALL_pidfd_open,
	CALL_close_range = 436, CALL_pidfd_getfd = 438, CALL_faccessat2,
	CALL_process_madvise, CALL_epoll_pwait2, CALL_mount_setattr,
	CALL_quotactl_fd, CALL_landlock_create_ruleset,
	CALL_landlock_add_rule, CALL_landlock_restrict_self,
	CALL_memfd_secret, CALL_process_mrelease, CALL_fchmodat2 = 452
};

static const short allowed[] = {
	SYS_read, SYS_write, SYS_recvfrom, SYS_futex, SYS_close, SYS_readv,
	SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
	SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_openat,
	SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_sync_file_range,
	SYS_ftruncate, SYS_fallocate, SYS_fadvise64, SYS_flock, SYS_fchmod,
	SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_linkat, SYS_mkdirat,
	SYS_readlinkat, SYS_faccessat, CALL_faccessat2, SYS_getdents64,
	SYS_statfs, SYS_fstatfs, SYS_copy_file_range, SYS_dup, SYS_dup3,
	SYS_pipe2, SYS_eventfd2, CALL_close_range,
	SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl,
	SYS_epoll_pwait, CALL_epoll_pwait2,
	SYS_connect, SYS_getsockname, SYS_getpeername, SYS_getsockopt,
	SYS_setsockopt, SYS_recvmsg, SYS_recvmmsg, SYS_shutdown,
	SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk,
	SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_nanosleep,
	SYS_clock_nanosleep, SYS_getrandom, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_getcpu, SYS_times, SYS_getrusage,
	SYS_uname, SYS_sysinfo, SYS_getrlimit,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_rt_sigpending, SYS_rt_sigsuspend, SYS_rt_sigtimedwait,
	SYS_sigaltstack, SYS_restart_syscall, SYS_setitimer, SYS_getitimer,
	SYS_set_robust_list, SYS_get_robust_list, SYS_set_tid_address,
#ifdef SYS_rseq
	SYS_rseq,
#endif
	SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid,
	SYS_getgid, SYS_getegid, SYS_getgroups, SYS_getpgid, SYS_getsid,
	SYS_wait4, SYS_waitid, SYS_exit, SYS_exit_group,
#ifdef __x86_64__
	SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_rename,
	SYS_unlink, SYS_link, SYS_mkdir, SYS_rmdir, SYS_getdents, SYS_dup2,
	SYS_pipe, SYS_poll, SYS_select, SYS_epoll_create, SYS_epoll_wait,
	SYS_time, SYS_getpgrp,
#endif
};

static const short refused[] = {
	SYS_execve, SYS_execveat, SYS_process_vm_readv,
	SYS_process_vm_writev, CALL_process_madvise, CALL_process_mrelease,
	SYS_kcmp, CALL_pidfd_open, CALL_pidfd_getfd, CALL_pidfd_send_signal,
	SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
	SYS_unshare, SYS_setns, SYS_chroot, SYS_pivot_root, SYS_chdir,
	SYS_fchdir, SYS_mount, SYS_umount2, CALL_open_tree, CALL_move_mount,
	CALL_fsopen, CALL_fsconfig, CALL_fsmount, CALL_fspick,
	CALL_mount_setattr, SYS_swapon, SYS_swapoff, SYS_quotactl,
	CALL_quotactl_fd, SYS_acct, SYS_reboot, SYS_sethostname,
	SYS_setdomainname, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_kexec_load, SYS_bpf, SYS_perf_event_open,
	SYS_userfaultfd, CALL_io_uring_setup, CALL_io_uring_enter,
	CALL_io_uring_register, SYS_io_setup, SYS_io_submit, SYS_io_destroy,
	SYS_io_cancel, SYS_io_getevents, SYS_add_key, SYS_request_key,
	SYS_keyctl, SYS_seccomp, CALL_landlock_create_ruleset,
	CALL_landlock_add_rule, CALL_landlock_restrict_self,
	SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_fanotify_init,
	SYS_fanotify_mark,
	SYS_mknodat, SYS_symlinkat, SYS_fchmodat, CALL_fchmodat2, SYS_fchown,
	SYS_fchownat, SYS_truncate, SYS_setxattr, SYS_lsetxattr,
	SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
	SYS_memfd_create, CALL_memfd_secret, SYS_listen, SYS_accept,
	SYS_accept4, SYS_setuid, SYS_setgid, SYS_setreuid,
	SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid,
	SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_setsid, SYS_setpgid,
	SYS_setpriority, SYS_sched_setscheduler,
	SYS_sched_setparam, SYS_sched_setattr, SYS_ioprio_set, SYS_setrlimit,
	SYS_clock_settime, SYS_settimeofday, SYS_adjtimex,
	SYS_clock_adjtime, SYS_syslog, SYS_vhangup, SYS_shmget, SYS_shmat,
	SYS_shmctl, SYS_semget, SYS_semop, SYS_semctl, SYS_msgget, SYS_msgsnd,
	SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink, SYS_vmsplice,
	SYS_splice, SYS_tee, SYS_migrate_pages, SYS_move_pages, SYS_mbind,
	SYS_set_mempolicy, SYS_remap_file_pages,
#ifdef __x86_64__
	SYS_fork, SYS_vfork, SYS_creat, SYS_mknod, SYS_symlink, SYS_chmod,
	SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
	SYS_modify_ldt, SYS_iopl, SYS_ioperm, SYS_arch_prctl,
	SYS_inotify_init, SYS_ustat, SYS_uselib,
#endif
};

/*
 * A call is allowed if all the tests of one of its rows hold, and else
 * refused.  A test looks at one half of an argument: LOW or HIGH.
 */
#define LOW(arg) ((arg) * 2 + 0)
#define HIGH(arg) ((arg) * 2 + 1)
#define EVERY UINT32_MAX
enum when { ALWAYS, WHEN_UDP, WHEN_SOURCE, WHEN_WATCHES, WHEN_SANITIZED };
enum { OWN_PID = -1 };

#ifdef SANDBOX_SANITIZED
/* Most of it is for LeakSanitizer, at the end of the process. */
static bool
sanitized(void)
{
	const char *options = getenv("ASAN_OPTIONS");

	return options == NULL || strstr(options, "detect_leaks=0") == NULL;
}
#else
static bool
sanitized(void)
{
	return false;
}
#endif

struct rule {
	short call;
	enum when when;
	struct test {
		uint8_t half;
		uint32_t mask;		/* 0: there is no such test */
		int64_t value;		/* or OWN_PID */
	} test[3];
};

#define ANY(call, when) { call, when, { { 0, 0, 0 } } }
#define CMD(call, arg, what) { call, ALWAYS, { { LOW(arg), EVERY, what } } }
#define TYPE ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK)
#define INET ~(uint32_t)(AF_INET ^ AF_INET6)	/* one bit parts the two */
#define SOCKET(when, type, proto) { SYS_socket, when, { \
    { LOW(0), INET, AF_INET & AF_INET6 }, { LOW(1), TYPE, type }, \
    { LOW(2), EVERY, proto } } }
_Static_assert((AF_INET ^ AF_INET6) == 8, "AF_INET6 is AF_INET and a bit");

static const struct rule rules[] = {
	/* MSG_FASTOPEN connects, and not every Landlock knows it. */
	{ SYS_sendto, ALWAYS, { { LOW(3), MSG_FASTOPEN, 0 } } },
	{ SYS_sendmsg, ALWAYS, { { LOW(2), MSG_FASTOPEN, 0 } } },
	{ SYS_sendmmsg, ALWAYS, { { LOW(3), MSG_FASTOPEN, 0 } } },
	SOCKET(ALWAYS, SOCK_STREAM, 0),
	SOCKET(ALWAYS, SOCK_STREAM, 6),
	SOCKET(WHEN_UDP, SOCK_DGRAM, 0),
	SOCKET(WHEN_UDP, SOCK_DGRAM, 17),
	/* A pair that is connected for good; no datagrams to others. */
	{ SYS_socketpair, ALWAYS, { { LOW(0), EVERY, AF_UNIX },
	    { LOW(1), TYPE, SOCK_STREAM } } },
	ANY(SYS_bind, WHEN_SOURCE),
	ANY(SYS_inotify_init1, WHEN_WATCHES),
	ANY(SYS_inotify_add_watch, WHEN_WATCHES),
	/* Threads, and neither processes nor namespaces (CLONE_NEW...). */
	{ SYS_clone, ALWAYS, { { LOW(0), CLONE_THREAD, CLONE_THREAD },
	    { LOW(0), 0x7e020000, 0 } } },
	ANY(SYS_clone, WHEN_SANITIZED),
	{ SYS_tgkill, ALWAYS, { { LOW(0), EVERY, OWN_PID } } },
	ANY(SYS_tgkill, WHEN_SANITIZED),
	{ SYS_tkill, ALWAYS, { { LOW(0), EVERY, OWN_PID } } },
	{ SYS_kill, ALWAYS, { { LOW(0), EVERY, OWN_PID } } },
	ANY(SYS_kill, WHEN_SANITIZED),
	/* LeakSanitizer stops our threads from a process, by ptrace(2). */
	ANY(SYS_ptrace, WHEN_SANITIZED),
	ANY(SYS_personality, WHEN_SANITIZED),
	ANY(SYS_sched_setaffinity, WHEN_SANITIZED),
	/* Looking at one's own limits. */
	{ SYS_prlimit64, ALWAYS, { { LOW(0), EVERY, 0 },
	    { LOW(2), EVERY, 0 }, { HIGH(2), EVERY, 0 } } },
	/* The times of an open file. */
	{ SYS_utimensat, ALWAYS, { { LOW(1), EVERY, 0 },
	    { HIGH(1), EVERY, 0 } } },
	CMD(SYS_fcntl, 1, 0),		/* F_DUPFD */
	CMD(SYS_fcntl, 1, 1),		/* F_GETFD */
	CMD(SYS_fcntl, 1, 2),		/* F_SETFD */
	CMD(SYS_fcntl, 1, 3),		/* F_GETFL */
	CMD(SYS_fcntl, 1, 4),		/* F_SETFL */
	CMD(SYS_fcntl, 1, 5),		/* F_GETLK */
	CMD(SYS_fcntl, 1, 6),		/* F_SETLK */
	CMD(SYS_fcntl, 1, 7),		/* F_SETLKW */
	CMD(SYS_fcntl, 1, 36),		/* F_OFD_GETLK */
	CMD(SYS_fcntl, 1, 37),		/* F_OFD_SETLK */
	CMD(SYS_fcntl, 1, 38),		/* F_OFD_SETLKW */
	CMD(SYS_fcntl, 1, 1030),	/* F_DUPFD_CLOEXEC */
	CMD(SYS_fcntl, 1, 1032),	/* F_GETPIPE_SZ */
	CMD(SYS_ioctl, 1, 0x5401),	/* TCGETS: isatty(3) */
	CMD(SYS_ioctl, 1, 0x5411),	/* TIOCOUTQ */
	CMD(SYS_ioctl, 1, 0x5413),	/* TIOCGWINSZ */
	CMD(SYS_ioctl, 1, 0x541b),	/* FIONREAD */
	CMD(SYS_ioctl, 1, 0x5421),	/* FIONBIO */
	/* SIOCGIFINDEX: the interface in fe80::1%eth0 */
	{ SYS_ioctl, WHEN_UDP, { { LOW(1), EVERY, 0x8933 } } },
	CMD(SYS_prctl, 0, 3),		/* PR_GET_DUMPABLE */
	CMD(SYS_prctl, 0, 15),		/* PR_SET_NAME */
	CMD(SYS_prctl, 0, 16),		/* PR_GET_NAME */
	CMD(SYS_prctl, 0, 0x53564d41),	/* PR_SET_VMA: names of memory */
	ANY(SYS_prctl, WHEN_SANITIZED),
};

/* ---- the filter ---- */

/*
 * The kernel runs the filter for each number that there is when it takes it,
 * to know which calls need no look later on, so its length counts at every
 * start: a search by halves takes 60 us where one row after the other took
 * 430.
 */
enum { NUMBERS = 512, MOST = 1024 };
enum verdict { UNKNOWN, REFUSED, ALLOWED, LOOK };	/* LOOK + i: rules[i] */

struct program {
	unsigned char verdict[NUMBERS];		/* by number */
	struct range {
		unsigned first, verdict;
	} range[NUMBERS];
	size_t ranges;
	struct sock_filter op[MOST];
	size_t n;
	size_t block[sizeof rules / sizeof rules[0]];
};

#define NCALLS(table) (sizeof (table) / sizeof (table)[0])

static void
sort_in(struct program *p, const short *call, size_t n, enum verdict v)
{
	size_t i;

	for (i = 0; i < n; i++)
		p->verdict[call[i]] = (unsigned char)v;
}

/* The meaning of a number, and then of a stretch of them. */
static void
bpf_sort(struct program *p)
{
	unsigned i;

	sort_in(p, refused, NCALLS(refused), REFUSED);
	sort_in(p, allowed, NCALLS(allowed), ALLOWED);
	for (i = NCALLS(rules); i-- > 0;)
		p->verdict[rules[i].call] = (unsigned char)(LOOK + i);
	for (i = 0; i < NUMBERS; i++)
		if (i == 0 || p->verdict[i] != p->verdict[i - 1])
			p->range[p->ranges++] = (struct range){ i,
			    p->verdict[i] };
}

static void
bpf_put(struct program *p, unsigned code, size_t k, size_t yes, size_t no)
{
	p->op[p->n++] = (struct sock_filter){ (unsigned short)code,
	    (unsigned char)yes, (unsigned char)no, (unsigned)k };
}

static void
bpf_answer(struct program *p, enum verdict v)
{
	bpf_put(p, BPF_RET | BPF_K, v == ALLOWED ? SECCOMP_RET_ALLOW :
	    SECCOMP_RET_ERRNO | (v == REFUSED ? EPERM : ENOSYS), 0, 0);
}

static void
bpf_load(struct program *p, size_t at)
{
	bpf_put(p, BPF_LD | BPF_W | BPF_ABS, at, 0, 0);
}

/* Ranges from..to - 1: below the middle one, or from it on. */
static void
bpf_search(struct program *p, size_t from, size_t to)
{
	size_t middle = (from + to) / 2, jump = p->n;
	unsigned v = p->range[from].verdict;

	if (to - from > 1) {
		bpf_put(p, BPF_JMP | BPF_JGE | BPF_K, p->range[middle].first, 0,
		    0);
		bpf_search(p, from, middle);
		p->op[jump].jt = (unsigned char)(p->n - jump - 1);
		bpf_search(p, middle, to);
	} else if (v >= LOOK) {
		p->block[v - LOOK] = p->n;
		bpf_put(p, BPF_JMP | BPF_JA, 0, 0, 0);
	} else {
		bpf_answer(p, (enum verdict)v);
	}
}

/* Where the half of an argument is: both machines are little-endian. */
static size_t
half(unsigned which)
{
	return offsetof(struct seccomp_data, args) + which * sizeof(uint32_t);
}

static void
row(struct program *p, const struct rule *r)
{
	const struct test *t;
	size_t i, n = 0;

	while (n < 3 && r->test[n].mask != 0)
		n++;
	for (i = 0; i < n; i++) {
		t = &r->test[i];
		bpf_load(p, half(t->half));
		bpf_put(p, BPF_ALU | BPF_AND | BPF_K, t->mask, 0, 0);
		bpf_put(p, BPF_JMP | BPF_JEQ | BPF_K, t->value == OWN_PID ?
		    (size_t)getpid() : (size_t)t->value, 0, 3 * (n - i) - 2);
	}
	bpf_answer(p, ALLOWED);
}

static bool
applies(const struct rule *r, const struct sandbox *s)
{
	return r->when == ALWAYS || (r->when == WHEN_UDP && s->udp) ||
	    (r->when == WHEN_SOURCE && s->source) ||
	    (r->when == WHEN_WATCHES && s->watches) ||
	    (r->when == WHEN_SANITIZED && sanitized());
}

/* The rows of each call that has some, which stand together. */
static void
blocks(struct program *p, const struct sandbox *s)
{
	size_t i, jump;

	for (i = 0; i < NCALLS(rules); i++) {
		if (i == 0 || rules[i].call != rules[i - 1].call) {
			jump = p->block[i];
			p->op[jump].k = (unsigned)(p->n - jump - 1);
		}
		if (applies(&rules[i], s))
			row(p, &rules[i]);
		if (i + 1 == NCALLS(rules) ||
		    rules[i].call != rules[i + 1].call)
			bpf_answer(p, REFUSED);
	}
}

static void
assemble(struct program *p, const struct sandbox *s)
{
	bpf_sort(p);
	bpf_load(p, offsetof(struct seccomp_data, arch));
	bpf_put(p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	bpf_answer(p, REFUSED);		/* int 0x80: another table */
	bpf_load(p, offsetof(struct seccomp_data, nr));
	bpf_search(p, 0, p->ranges);
	blocks(p, s);
}

bool
sandbox_calls(const struct sandbox *s)
{
	struct program *p = mem_new(1, sizeof *p);
	struct sock_fprog whole = { .filter = p->op };
	bool done;

	assemble(p, s);
	whole.len = (unsigned short)p->n;
	done = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	    &whole) == 0;
	free(p);
	return done;
}
#endif
