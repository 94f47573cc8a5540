/*
 * resolve.c: names to addresses
 *
 * getaddrinfo(3) knows no deadline, so it runs in a thread of its own, which
 * is left behind when it takes too long.  With POSTBAG_DNS, dns.c asks.
 */
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns.h"
#include "file.h"
#include "mem.h"
#include "net.h"
#include "resolve.h"
#include "stop.h"

/* One question to getaddrinfo; the last of asker and thread frees it. */
struct question {
	char *host;
	char port[8];
	struct addrinfo hints, *answer;
	int done[2];
	pthread_mutex_t lock;	/* of code, answer and owners */
	int code, owners;
};

static void
leave_question(struct question *q)
{
	int left;

	pthread_mutex_lock(&q->lock);
	left = --q->owners;
	pthread_mutex_unlock(&q->lock);
	if (left > 0)
		return;
	if (q->answer != NULL)
		freeaddrinfo(q->answer);
	close(q->done[0]);
	close(q->done[1]);
	pthread_mutex_destroy(&q->lock);
	free(q->host);
	free(q);
}

static void *
question_answer(void *arg)
{
	struct question *q = arg;
	struct addrinfo *found = NULL;
	int code = getaddrinfo(q->host, q->port, &q->hints, &found);

	pthread_mutex_lock(&q->lock);
	q->code = code;
	q->answer = found;
	pthread_mutex_unlock(&q->lock);
	(void)!write(q->done[1], "", 1);	/* it cannot be full */
	leave_question(q);
	return NULL;
}

static struct question *
question(const char *host, unsigned port, int family, struct err *e)
{
	struct question *q = mem_new(1, sizeof *q);

	if (pipe2(q->done, O_CLOEXEC) < 0) {
		free(q);
		fail_sys(e, EX_OSERR, "pipe");
		return NULL;
	}
	q->host = mem_dup(host);
	snprintf(q->port, sizeof q->port, "%u", port & 0xffff);
	q->hints.ai_family = family;
	q->hints.ai_socktype = SOCK_STREAM;
	q->hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
	pthread_mutex_init(&q->lock, NULL);
	q->owners = 1;
	return q;
}

/* Asks in a thread; what getaddrinfo said, or EAI_AGAIN when time is up. */
static int
question_ask(struct question *q, int64_t deadline)
{
	struct pollfd p = { .fd = q->done[0], .events = POLLIN };
	pthread_attr_t attr;
	pthread_t t;
	int bad, code;

	q->hints.ai_flags = AI_NUMERICSERV;
	if (q->hints.ai_family == AF_UNSPEC)
		q->hints.ai_flags |= AI_ADDRCONFIG;
	q->owners = 2;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	bad = pthread_create(&t, &attr, question_answer, q);
	pthread_attr_destroy(&attr);
	if (bad != 0) {
		q->owners = 1;
		return EAI_MEMORY;
	}
	if (net_poll(&p, 1, deadline) <= 0)
		return EAI_AGAIN;
	pthread_mutex_lock(&q->lock);
	code = q->code;
	pthread_mutex_unlock(&q->lock);
	return code;
}

/* The families in turn, the first one's first. */
static int
interleave(const struct addrinfo *list, struct net_addr *out, int max)
{
	const struct addrinfo *a, *turn[2] = { list, list };
	int n = 0, t = 0, first = list->ai_family;

	while (n < max && (turn[0] != NULL || turn[1] != NULL)) {
		for (a = turn[t]; a != NULL; a = a->ai_next)
			if ((a->ai_family == first) == (t == 0) &&
			    a->ai_addrlen <= sizeof out[n].ss)
				break;
		turn[t] = a != NULL ? a->ai_next : NULL;
		if (a != NULL) {
			memcpy(&out[n].ss, a->ai_addr, a->ai_addrlen);
			out[n++].len = a->ai_addrlen;
		}
		t = !t;
	}
	return n;
}

void
resolve_hosts(struct buf *text)
{
	struct err ignored = { 0 };
	int fd = file_open("/etc/hosts", &ignored);

	if (fd < 0)
		return;
	file_slurp(fd, text, &ignored);
	close(fd);
}

bool
resolve_hosts_next(struct str *rest, const char *host, struct str *address)
{
	struct str line, word;

	while (rest->p != NULL) {
		line = str_cut(rest, '\n');
		line = str_cut(&line, '#');
		*address = str_word(&line);
		while ((word = str_word(&line)).n > 0)
			if (str_is(word, host))
				return true;
	}
	return false;
}

/* Does a line of /etc/hosts name it?  Then that line counts, not DNS. */
static bool
in_hosts_file(const char *host)
{
	struct buf text = { .max = 1 << 20 };
	struct str rest, address;
	bool found;

	resolve_hosts(&text);
	rest = BUF_STR(text);
	found = resolve_hosts_next(&rest, host, &address);
	buf_free(&text);
	return found;
}

/* POSTBAG_DNS replaces DNS, not what this machine itself knows. */
static bool
asks_dns(const char *host)
{
	const char *servers = getenv("POSTBAG_DNS");

	return servers != NULL && servers[0] != '\0' &&
	    !str_is(str_of(host), "localhost") &&
	    !dns_within(host, "localhost") && !in_hosts_file(host);
}

int
resolve_host(const char *host, unsigned port, int family,
    struct net_addr *out, int max, int64_t deadline, struct err *e)
{
	struct question *q = question(host, port, family, e);
	int code, n = -1;

	if (q == NULL)
		return -1;
	code = getaddrinfo(q->host, q->port, &q->hints, &q->answer);
	if (code != 0 && asks_dns(host)) {
		leave_question(q);
		return dns_hosts(host, port, family, out, max, deadline, e);
	}
	if (code != 0)			/* a name, not an address */
		code = question_ask(q, deadline);
	if (stop_asked())
		fail_stop(e);
	else if (code == 0 && q->answer != NULL)
		n = interleave(q->answer, out, max);
	else if (code == EAI_NONAME || code == EAI_NODATA ||
	    code == EAI_ADDRFAMILY)
		fail(e, EX_NOHOST, "%s: no such host", host);
	else
		fail(e, EX_TEMPFAIL, "%s: cannot be resolved now: %s", host,
		    gai_strerror(code));
	leave_question(q);
	return n;
}
