/*
 * resolve_host: names by getaddrinfo in a thread that may be left behind.
 * Built with SAN=thread it shows the races that there are not.
 */
#include "net.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "resolve.h"
#include "stop.h"
#include "tap.h"

/* The library's own, but for a name that takes its time. */
int
getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);

	if (strcmp(host, "slow.invalid") == 0 &&
	    (hints->ai_flags & AI_NUMERICHOST) == 0) {
		sleep(60);
		return EAI_NONAME;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(host, service, hints, found);
}

static void *
look_up(void *arg)
{
	struct net_addr a[8];
	struct err e = { 0 };
	int i;

	(void)arg;
	for (i = 0; i < 20; i++)
		if (resolve_host("localhost", 25, AF_INET, a, 8, clock_in(20),
		    &e) < 1)
			return &tap_run;
	return NULL;
}

static void
many(void)
{
	pthread_t t[4];
	void *bad;
	int i, wrong = 0;

	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, look_up, NULL) != 0)
			abort();
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &bad);
		wrong += bad != NULL;
	}
	is_int(wrong, 0, "four threads find localhost, 20 times each");
}

static void *
signal_soon(void *arg)
{
	(void)arg;
	usleep(100000);
	kill(getpid(), SIGTERM);
	return NULL;
}

static void
slow(void)
{
	int64_t start = clock_ms();
	struct net_addr a[8];
	struct err e = { 0 };
	pthread_t t;

	is_int(resolve_host("slow.invalid", 25, AF_INET, a, 8, clock_in(0.1),
	    &e), -1, "a name that takes too long");
	is_int(e.code, EX_TEMPFAIL, "is tried again: %s", e.msg);
	fail_clear(&e);
	stop_guard();
	if (pthread_create(&t, NULL, signal_soon, NULL) != 0)
		abort();
	is_int(resolve_host("slow.invalid", 25, AF_INET, a, 8, clock_in(60),
	    &e), -1, "a stop ends the wait");
	is_str(e.msg, "stopped by SIGTERM", "and is the reason");
	ok(clock_ms() - start < 20000, "%d ms", (int)(clock_ms() - start));
	pthread_join(t, NULL);
}

int
main(void)
{
	int bad;

	many();
	slow();
	bad = done();
	fflush(stdout);
	_exit(bad);		/* two threads still sleep */
}
