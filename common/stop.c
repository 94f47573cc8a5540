/*
 * stop.c: asked to end, by SIGINT, SIGTERM or SIGHUP
 *
 * A flag for loops, a pipe for waits, and a timer for all else that blocks:
 * a handler without SA_RESTART interrupts a read of a terminal or a write to
 * a full pipe, but only one that goes on at that moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "stop.h"

static const struct {
	int sig;
	const char *name;
} signals[] = {
	{ SIGINT, "SIGINT" }, { SIGTERM, "SIGTERM" }, { SIGHUP, "SIGHUP" },
};
#define NSIGNAL (sizeof signals / sizeof signals[0])

static atomic_int asked;
static atomic_uint when;	/* ms, which may go round */
static atomic_int bell[2] = { -1, -1 };

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a handler must not wait");

static unsigned
now(void)
{
	return (unsigned)clock_ms();
}

static void
interrupt(int sig)
{
	(void)sig;
}

/* In a handler: setitimer(2) is a mere system call wherever we run. */
static void
nudge(void)
{
	struct itimerval often = { { 0, STOP_NUDGE * 1000 },
	    { 0, STOP_NUDGE * 1000 } };
	struct sigaction sa = { .sa_handler = interrupt };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void
ring(void)
{
	(void)!write(atomic_load(&bell[1]), "", 1);
}

/* It is blocked until this returns, and then has its way. */
static void
die(int sig)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };

	sigemptyset(&plain.sa_mask);
	sigaction(sig, &plain, NULL);
	raise(sig);
}

static void
stop_asked_by(int sig)
{
	int was = errno, none = 0;
	unsigned at = now();

	if (atomic_load(&asked) == 0)	/* before anybody can see the other */
		atomic_store(&when, at);
	if (atomic_compare_exchange_strong(&asked, &none, sig)) {
		ring();
		nudge();
	} else if (at - atomic_load(&when) > STOP_ECHO) {
		die(sig);
	}
	errno = was;
}

static void
hang_bell(void)
{
	int i, fd[2];

	for (i = 0; i < 2; i++)
		if (atomic_load(&bell[i]) >= 0)
			close(atomic_load(&bell[i]));
	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0)
		fd[0] = fd[1] = -1;	/* the flag and the timer remain */
	atomic_store(&bell[0], fd[0]);
	atomic_store(&bell[1], fd[1]);
	if (atomic_load(&asked) != 0) {
		ring();
		nudge();		/* fork(2) takes no timer along */
	}
}

static void
all_of_them(sigset_t *set)
{
	size_t i;

	sigemptyset(set);
	for (i = 0; i < NSIGNAL; i++)
		sigaddset(set, signals[i].sig);
}

void
stop_guard(void)
{
	struct sigaction sa = { .sa_handler = stop_asked_by }, old;
	sigset_t set;
	size_t i;

	hang_bell();
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < NSIGNAL; i++)
		if (signals[i].sig != SIGHUP || sigaction(SIGHUP, NULL,
		    &old) < 0 || old.sa_handler != SIG_IGN)
			sigaction(signals[i].sig, &sa, NULL);
	all_of_them(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/*
 * A signal to the child must not ring the parent's bell, nor one that comes
 * to both now be lost to either.
 */
int
stop_fork(void)
{
	sigset_t set, was;
	pid_t pid;

	all_of_them(&set);
	pthread_sigmask(SIG_BLOCK, &set, &was);
	pid = fork();
	if (pid == 0)
		stop_guard();
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return pid;
}

bool
stop_asked(void)
{
	return atomic_load_explicit(&asked, memory_order_relaxed) != 0;
}

int
stop_signal(void)
{
	return atomic_load(&asked);
}

const char *
stop_name(void)
{
	int sig = stop_signal();
	size_t i;

	for (i = 0; i < NSIGNAL; i++)
		if (signals[i].sig == sig)
			return signals[i].name;
	return "";
}

int
stop_fd(void)
{
	return atomic_load(&bell[0]);
}

int64_t
stop_grace(void)
{
	int64_t at = clock_ms();

	return at - (int64_t)((unsigned)at - atomic_load(&when)) + STOP_GRACE;
}
