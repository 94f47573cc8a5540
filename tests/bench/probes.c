/*
 * probes: a bare epoll client, the least that a probe of mail servers costs
 *
 *	probes N [talk] < ADDRESS:PORT...
 *	probes N CA NAME < ADDRESS:PORT...
 *
 * N connections at once.  Of each it reads the greeting; with "talk" it says
 * CAPABILITY and LOGOUT, too, and reads the answers; with CA and NAME it says
 * STARTTLS as IMAP has it, and shakes hands, with the certificate verified by
 * chain and name.  No report: it prints how many went well.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, LINE = 1024 };

enum step { GREETING, GO_AHEAD, SHAKING, CAPABLE, BYE };

struct probe {
	int fd;
	enum step step;
	SSL *ssl;
	size_t n;
	char in[LINE];
};

static SSL_CTX *ctx;
static const char *name;
static bool talks;
static int watch;
static unsigned under_way;
static long well;

/* The next target that can be tried; false: there is none. */
static bool
begin(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct sockaddr_in to = { .sin_family = AF_INET };
	char line[64], *colon;
	struct probe *p;
	int one = 1;

	if (fgets(line, sizeof line, stdin) == NULL)
		return false;
	if ((colon = strchr(line, ':')) == NULL)
		errx(1, "%s: ADDRESS:PORT is wanted", line);
	*colon = '\0';
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, line, &to.sin_addr) != 1)
		errx(1, "%s: no address", line);
	if ((p = calloc(1, sizeof *p)) == NULL)
		err(1, NULL);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		err(1, "socket");
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(p->fd, (struct sockaddr *)&to, sizeof to) < 0 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	ev.data.ptr = p;
	if (epoll_ctl(watch, EPOLL_CTL_ADD, p->fd, &ev) < 0)
		err(1, "epoll_ctl");
	under_way++;
	return true;
}

static void
end(struct probe *p, bool is_well)
{
	SSL_free(p->ssl);
	close(p->fd);
	free(p);
	under_way--;
	well += is_well;
}

/* The line that ends an answer: 1; 0: not yet; -1: there will be none. */
static int
answer(struct probe *p)
{
	const char *mark = p->step >= CAPABLE ? "a OK" : "\n";
	ssize_t got;

	while (p->n < sizeof p->in) {
		got = read(p->fd, p->in + p->n, sizeof p->in - p->n);
		if (got < 0)
			return errno == EAGAIN ? 0 : -1;
		if (got == 0)
			return -1;
		p->n += (size_t)got;
		if (memmem(p->in, p->n, mark, strlen(mark)) != NULL) {
			p->n = 0;
			return 1;
		}
	}
	return -1;
}

static void
secure(struct probe *p)
{
	if ((p->ssl = SSL_new(ctx)) == NULL || SSL_set_fd(p->ssl, p->fd) != 1 ||
	    SSL_set1_host(p->ssl, name) != 1 ||
	    SSL_set_tlsext_host_name(p->ssl, name) != 1)
		errx(1, "libssl");
	SSL_set_connect_state(p->ssl);
	p->step = SHAKING;
}

/* What is said next; NULL: nothing more. */
static const char *
words(struct probe *p)
{
	if (p->step == GREETING && ctx != NULL) {
		p->step = GO_AHEAD;
		return "a STARTTLS\r\n";
	}
	if (p->step == GREETING && talks) {
		p->step = CAPABLE;
		return "a CAPABILITY\r\n";
	}
	if (p->step == CAPABLE) {
		p->step = BYE;
		return "a LOGOUT\r\n";
	}
	return NULL;
}

static void
go_on(struct probe *p)
{
	const char *say;
	int got;

	while (p->step != SHAKING) {
		if ((got = answer(p)) <= 0) {
			if (got < 0)
				end(p, false);
			return;
		}
		if (p->step == GO_AHEAD) {
			secure(p);
			break;
		}
		if ((say = words(p)) == NULL) {
			end(p, true);
			return;
		}
		if (write(p->fd, say, strlen(say)) < 0) {
			end(p, false);
			return;
		}
	}
	ERR_clear_error();
	if ((got = SSL_do_handshake(p->ssl)) != 1) {
		got = SSL_get_error(p->ssl, got);
		if (got == SSL_ERROR_WANT_READ || got == SSL_ERROR_WANT_WRITE)
			return;
	}
	end(p, got == 1);
}

static void
verify_by(const char *authorities)
{
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL ||
	    SSL_CTX_load_verify_locations(ctx, authorities, NULL) != 1)
		errx(1, "%s: no authorities", authorities);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
}

int
main(int argc, char **argv)
{
	struct epoll_event ev[EVENTS];
	unsigned most = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	bool more = true;
	int i, n;

	talks = argc == 3 && strcmp(argv[2], "talk") == 0;
	if (most == 0 || argc > 4 || (argc == 3 && !talks))
		errx(1, "usage: probes N [talk | CA NAME] < ADDRESS:PORT...");
	if (argc == 4) {
		verify_by(argv[2]);
		name = argv[3];
	}
	watch = epoll_create1(EPOLL_CLOEXEC);
	for (;;) {
		while (more && under_way < most)
			more = begin();
		if (under_way == 0)
			break;
		n = epoll_wait(watch, ev, EVENTS, -1);
		for (i = 0; i < n; i++)
			go_on(ev[i].data.ptr);
	}
	printf("%ld\n", well);
	return 0;
}
