/*
 * relay: a TCP relay that delays, counts and breaks.
 *
 * It stands between a client and a real server on the loopback interface.
 *
 * Delay (-d MS, one way, may be fractional): what is read from one side is
 * written to the other MS later; bandwidth is not limited. The connection to
 * the server is opened MS after the client's was accepted, as the client's
 * ACK would travel, so that a greeting comes one round trip after connect().
 * The handshake itself is not delayed, connect() on loopback is immediate:
 * who wants a real count of round trips adds 1.
 *
 * Counts (-s FILE, a line of JSON when a connection ends):
 *	up down		bytes forwarded client->server, server->client
 *	turns		bursts of client data that follow server data, the
 *			client's first burst included if it speaks first
 *	server_first	whether the server spoke before the client
 *	reads_up/down	read calls that returned data
 *	wall_ms		accept to the last byte handed to the client
 *	end_ms		accept to the end of the connection
 *	up_ms		for each burst of the client: when it began
 *	down_ms		for each of them: when the last byte of what had
 *			come down before it was handed over (-1: nothing had)
 * Round trips of a dialogue are 1 (TCP) + server_first + turns, or by the
 * clock 1 + wall_ms / (2 * MS).  Both are seen from the client's side.
 *
 * Faults (-c), DIR is up (client to server) or down:
 *	cut:DIR:N	after N bytes that way, end both connections (FIN)
 *	rst:DIR:N	the same with a reset
 *	stall:DIR:N	that way nothing more is forwarded or even read, the
 *			other way works; the client sees a peer that is
 *			silent, even when the server has closed
 *	dribble[:DIR]	one byte per millisecond, both ways or one
 * -n COUNT: only the first COUNT connections are broken.
 */

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 64 * 1024,
	/* Held back per direction: what is under way, and what waits for a
	 * receiver that does not read (the sender must come to feel it). */
	TRAVEL_MAX = 64 * 1024 * 1024,
	WAIT_MAX = 256 * 1024,
	TURNS_MAX = 512,
	MS = 1000 * 1000,
	LINGER = 50 * MS,
};
enum { UP, DOWN };		/* also the sides: UP reads the client */
enum fault { NONE, CUT, RST, STALL, DRIBBLE };

struct chunk {
	struct chunk *next;
	int64_t due;
	size_t off, len;	/* len 0: end of file */
	char data[];
};

struct side {			/* an epoll registration */
	struct link *link;
	int fd;
	uint32_t events;
};

struct flow {
	struct chunk *head, **tail;
	size_t queued;
	int64_t next;		/* dribble: when the next byte may go */
	uint64_t bytes, reads;
	bool eof;		/* read from the source */
	bool reset;		/* it came as an error */
	bool done;		/* and passed on */
	bool broken;		/* the destination is gone */
	bool blocked;		/* the destination's buffer is full */
	bool stalled;
};

struct link {
	struct link *next;
	struct side side[2];	/* client, server */
	struct flow flow[2];
	enum fault fault;
	int64_t born, dial, last_down, doom;
	bool connected, dead, speaks, server_first;
	int turns;
	int64_t up_at[TURNS_MAX], down_at[TURNS_MAX];
	int64_t id;
};

static struct {
	int ep, timer, listener;
	FILE *stats;
	int64_t delay;
	struct sockaddr_storage target;
	socklen_t targetlen;
	enum fault fault;
	int dir;		/* UP, DOWN, or -1 both */
	uint64_t limit;
	int64_t broken;		/* how many connections get the fault */
	int64_t count;
	struct link *links;
	int64_t now;
} r;

static volatile sig_atomic_t stop;

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 * MS + t.tv_nsec;
}

static double
ms(int64_t ns)
{
	return (double)ns / MS;
}

static void
tune(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

static void
times(FILE *f, const char *name, const int64_t *at, const struct link *l)
{
	int i, n = l->turns < TURNS_MAX ? l->turns : TURNS_MAX;

	fprintf(f, ",\"%s\":[", name);
	for (i = 0; i < n; i++)
		fprintf(f, "%s%.3f", i ? "," : "",
		    at[i] < 0 ? -1 : ms(at[i] - l->born));
	fputc(']', f);
}

static void
report(const struct link *l)
{
	FILE *f = r.stats;

	if (!f)
		return;
	fprintf(f, "{\"id\":%jd,\"up\":%ju,\"down\":%ju,\"turns\":%d,"
	    "\"server_first\":%s,\"reads_up\":%ju,\"reads_down\":%ju,"
	    "\"delay_ms\":%.3f,\"wall_ms\":%.3f,\"end_ms\":%.3f",
	    (intmax_t)l->id, (uintmax_t)l->flow[UP].bytes,
	    (uintmax_t)l->flow[DOWN].bytes, l->turns,
	    l->server_first ? "true" : "false",
	    (uintmax_t)l->flow[UP].reads, (uintmax_t)l->flow[DOWN].reads,
	    ms(r.delay), ms(l->last_down - l->born), ms(r.now - l->born));
	times(f, "up_ms", l->up_at, l);
	times(f, "down_ms", l->down_at, l);
	fputs("}\n", f);
	fflush(f);
}

static void
watch(struct side *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (s->fd < 0 || s->events == events)
		return;
	if (epoll_ctl(r.ep, EPOLL_CTL_MOD, s->fd, &ev) &&
	    (errno != ENOENT || epoll_ctl(r.ep, EPOLL_CTL_ADD, s->fd, &ev)))
		err(71, "epoll");
	s->events = events;
}

static void
add(struct side *s, struct link *l, int fd)
{
	struct epoll_event ev = { .data.ptr = s };

	s->link = l;
	s->fd = fd;
	s->events = 0;
	if (epoll_ctl(r.ep, EPOLL_CTL_ADD, fd, &ev))
		err(71, "epoll");
}

static void
end(struct link *l, bool reset)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	int i;

	if (l->dead)
		return;
	for (i = 0; i < 2; i++) {
		if (l->side[i].fd < 0)
			continue;
		if (reset)
			setsockopt(l->side[i].fd, SOL_SOCKET, SO_LINGER,
			    &hard, sizeof(hard));
		close(l->side[i].fd);
		l->side[i].fd = -1;
	}
	l->dead = true;
	report(l);
}

static void
release(struct link *l)
{
	struct chunk *c;
	int i;

	for (i = 0; i < 2; i++) {
		while ((c = l->flow[i].head) != NULL) {
			l->flow[i].head = c->next;
			free(c);
		}
	}
	free(l);
}

/* The limit of a cut, a reset or a stall was reached. */
static void
strike(struct link *l, struct flow *f)
{
	if (l->fault == STALL) {
		f->stalled = true;
	} else if (l->fault == RST) {
		end(l, true);
	} else if (!l->doom) {
		/* A close with unread input would reset and could take the
		 * last bytes away, so the end is announced first. */
		shutdown(l->side[UP].fd, SHUT_WR);
		if (l->side[DOWN].fd >= 0)
			shutdown(l->side[DOWN].fd, SHUT_WR);
		l->doom = r.now + LINGER;
	}
}

/* How many bytes the fault lets through in this direction, up to n. */
static size_t
allow(const struct link *l, int dir, size_t n)
{
	const struct flow *f = &l->flow[dir];

	if (l->fault == NONE || (r.dir >= 0 && r.dir != dir))
		return n;
	if (l->fault == DRIBBLE)
		return r.now < f->next ? 0 : 1;
	return r.limit - f->bytes < n ? (size_t)(r.limit - f->bytes) : n;
}

static void
check(struct link *l, int dir)
{
	struct flow *f = &l->flow[dir];

	if (l->fault == NONE || l->fault == DRIBBLE || r.dir != dir)
		return;
	if (f->bytes >= r.limit)
		strike(l, f);
}

/* The turns, as the client sees them. */
static void
sent_up(struct link *l)
{
	if (l->speaks)
		return;
	if (l->turns < TURNS_MAX) {
		l->up_at[l->turns] = r.now;
		l->down_at[l->turns] = l->flow[DOWN].bytes ?
		    l->last_down : -1;
	}
	l->turns++;
	l->speaks = true;
}

static void
sent_down(struct link *l)
{
	if (!l->turns)
		l->server_first = true;
	l->speaks = false;
	l->last_down = now();
}

static bool
full(const struct flow *f)
{
	if (f->stalled)
		return f->queued > 0;
	return f->queued >= (f->blocked || !r.delay ? WAIT_MAX : TRAVEL_MAX);
}

static void
queue(struct flow *f, struct chunk *c, size_t len)
{
	c->next = NULL;
	c->off = 0;
	c->len = len;
	c->due = r.now + r.delay;
	*f->tail = c;
	f->tail = &c->next;
	f->queued += len;
}

/* Read what one side has to say; an error travels like an end of file. */
static void
fill(struct link *l, int dir)
{
	struct flow *f = &l->flow[dir];
	struct chunk *c = malloc(sizeof(*c) + CHUNK), *small;
	ssize_t n;

	if (!c)
		err(71, NULL);
	n = recv(l->side[dir].fd, c->data, CHUNK, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		free(c);
		return;
	}
	f->eof = n <= 0;
	f->reset = n < 0;
	if (l->doom) {
		free(c);
		return;
	}
	if (n > 0) {
		tune(l->side[dir].fd);
		f->reads++;
		if (dir == UP)
			sent_up(l);
	}
	/* small pieces would cost 64 kB each while they wait */
	if (n < CHUNK / 2) {
		small = realloc(c, sizeof(*c) + (n > 0 ? (size_t)n : 0));
		c = small ? small : c;
	}
	queue(f, c, n > 0 ? (size_t)n : 0);
}

static void
pop(struct flow *f)
{
	struct chunk *c = f->head;

	f->head = c->next;
	if (!f->head)
		f->tail = &f->head;
	free(c);
}

static void
count(struct link *l, int dir, size_t n)
{
	struct flow *f = &l->flow[dir];

	f->bytes += n;
	f->queued -= n;
	f->next = r.now + MS;
	f->head->off += n;
	if (f->head->off == f->head->len)
		pop(f);
	if (dir == DOWN)
		sent_down(l);
	check(l, dir);
}

static void
finish(struct link *l, int dir)
{
	if (l->flow[dir].reset) {
		end(l, true);
		return;
	}
	shutdown(l->side[!dir].fd, SHUT_WR);
	pop(&l->flow[dir]);
	l->flow[dir].done = true;
}

/* Write what is due. */
static void
drain(struct link *l, int dir)
{
	struct flow *f = &l->flow[dir];
	struct chunk *c;
	size_t want;
	ssize_t n;

	f->blocked = false;
	while (f->broken && f->head && f->head->len) {
		f->queued -= f->head->len - f->head->off;
		pop(f);
	}
	while (!l->dead && !l->doom && !f->stalled &&
	    (c = f->head) != NULL && c->due <= r.now) {
		if (!c->len) {
			finish(l, dir);
			return;
		}
		want = allow(l, dir, c->len - c->off);
		if (!want)
			return;
		n = send(l->side[!dir].fd, c->data + c->off, want,
		    MSG_NOSIGNAL);
		if (n < 0) {
			/* If the receiver is gone, what it said before must
			 * still arrive: the other direction will find its end
			 * of file or reset. */
			f->blocked = errno == EAGAIN;
			f->broken = !f->blocked;
			return;
		}
		count(l, dir, (size_t)n);
	}
}

static void
dial(struct link *l)
{
	int fd = socket(r.target.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(71, "socket");
	tune(fd);
	l->dial = 0;
	if (connect(fd, (struct sockaddr *)&r.target, r.targetlen) &&
	    errno != EINPROGRESS) {
		warn("target");
		close(fd);
		end(l, true);
		return;
	}
	add(&l->side[DOWN], l, fd);
}

/* Ask epoll for what this connection can use now. */
static void
arm(struct link *l)
{
	uint32_t want[2] = { 0, 0 };
	int i;

	for (i = 0; i < 2; i++) {
		const struct flow *f = &l->flow[i];

		if (!f->eof && !full(f) && (i == UP || l->connected))
			want[i] |= EPOLLIN;
		if (f->stalled && i == UP)
			want[i] |= EPOLLRDHUP;
		if (f->blocked)
			want[!i] |= EPOLLOUT;
	}
	if (l->side[DOWN].fd >= 0 && !l->connected)
		want[DOWN] = EPOLLOUT;
	watch(&l->side[UP], want[UP]);
	watch(&l->side[DOWN], want[DOWN]);
}

static bool
over(const struct link *l)
{
	const struct flow *up = &l->flow[UP], *down = &l->flow[DOWN];

	if (down->stalled)
		return up->done;
	return down->done && (up->done || up->stalled || up->broken);
}

/* Everything a connection can do at this moment. */
static void
advance(struct link *l)
{
	int i;

	if (l->dead)
		return;
	if (l->doom) {
		if (r.now >= l->doom ||
		    (l->flow[UP].eof && l->flow[DOWN].eof))
			end(l, false);
		else
			arm(l);
		return;
	}
	if (l->dial && r.now >= l->dial)
		dial(l);
	for (i = 0; i < 2 && l->connected; i++)
		drain(l, i);
	if (l->dead)
		return;
	if (over(l))
		end(l, false);
	else
		arm(l);
}

static void
established(struct link *l)
{
	int e = 0;
	socklen_t len = sizeof(e);

	getsockopt(l->side[DOWN].fd, SOL_SOCKET, SO_ERROR, &e, &len);
	if (e) {
		warnx("target: %s", strerror(e));
		end(l, true);
		return;
	}
	l->connected = true;
	check(l, UP);		/* a limit of 0 strikes at once */
	check(l, DOWN);
}

static void
event(struct side *s, uint32_t got)
{
	struct link *l = s->link;
	struct flow *f;
	int dir = s == &l->side[DOWN];

	if (l->dead)
		return;
	f = &l->flow[dir];
	if (dir == DOWN && !l->connected) {
		established(l);
	} else if (f->stalled && dir == UP && got & EPOLLRDHUP) {
		end(l, false);
	} else if (got & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
		if (!f->eof && !full(f)) {
			fill(l, dir);
		} else if (got & (EPOLLERR | EPOLLHUP)) {
			/* they come unasked and forever: look away until
			 * there is something to ask for again */
			epoll_ctl(r.ep, EPOLL_CTL_DEL, s->fd, NULL);
			s->events = 0;
		}
	}
	advance(l);
}

static void
greet(void)
{
	struct link *l;
	int fd, i;

	while ((fd = accept4(r.listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		l = calloc(1, sizeof(*l));
		if (!l)
			err(71, NULL);
		tune(fd);
		for (i = 0; i < 2; i++)
			l->flow[i].tail = &l->flow[i].head;
		l->born = l->last_down = r.now;
		l->id = ++r.count;
		l->fault = l->id <= r.broken ? r.fault : NONE;
		l->dial = r.now + r.delay;
		l->side[DOWN].fd = -1;
		l->next = r.links;
		r.links = l;
		add(&l->side[UP], l, fd);
		advance(l);
	}
}

/* When this connection next needs attention without an event, or 0. */
static int64_t
wake(const struct link *l)
{
	int64_t at = l->dial, due;
	int i;

	if (l->doom)
		return l->doom;
	for (i = 0; i < 2 && l->connected; i++) {
		const struct flow *f = &l->flow[i];

		if (!f->head || f->blocked || f->stalled)
			continue;
		due = f->head->due;
		if (l->fault == DRIBBLE && (r.dir < 0 || r.dir == i) &&
		    f->next > due)
			due = f->next;
		if (!at || due < at)
			at = due;
	}
	return at;
}

/* Run what is due, drop what is dead, set the timer for what comes next. */
static void
tick(void)
{
	struct itimerspec t = { 0 };
	struct link **p = &r.links, *l;
	int64_t at, first = 0;

	while ((l = *p) != NULL) {
		at = l->dead ? 0 : wake(l);
		if (at && at <= r.now) {
			advance(l);
			at = l->dead ? 0 : wake(l);
		}
		if (l->dead) {
			*p = l->next;
			release(l);
			continue;
		}
		if (at && (!first || at < first))
			first = at;
		p = &l->next;
	}
	t.it_value.tv_sec = first / (1000 * MS);
	t.it_value.tv_nsec = first % (1000 * MS);
	timerfd_settime(r.timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
loop(void)
{
	struct epoll_event ev[64];
	uint64_t ticks;
	int i, n;

	while (!stop) {
		n = epoll_wait(r.ep, ev, 64, -1);
		if (n < 0 && errno != EINTR)
			err(71, "epoll_wait");
		r.now = now();
		for (i = 0; i < n; i++) {
			if (ev[i].data.ptr == &r.listener)
				greet();
			else if (ev[i].data.ptr == &r.timer)
				(void)!read(r.timer, &ticks, sizeof(ticks));
			else
				event(ev[i].data.ptr, ev[i].events);
		}
		tick();
	}
}

static struct addrinfo *
resolve(char *where, int flags)
{
	struct addrinfo hint = { .ai_flags = flags,
	    .ai_socktype = SOCK_STREAM }, *ai;
	char *host = where, *port = strrchr(where, ':');
	int e;

	if (port) {
		*port++ = '\0';
	} else {
		port = where;
		host = "127.0.0.1";
	}
	if (*host == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	if ((e = getaddrinfo(host, port, &hint, &ai)))
		errx(68, "%s: %s", host, gai_strerror(e));
	return ai;
}

static void
open_listener(char *where)
{
	struct addrinfo *ai = resolve(where, AI_PASSIVE);
	struct sockaddr_storage a;
	struct epoll_event ev = { .events = EPOLLIN,
	    .data.ptr = &r.listener };
	socklen_t len = sizeof(a);
	char port[16];
	int one = 1;

	r.listener = socket(ai->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r.listener < 0)
		err(71, "socket");
	setsockopt(r.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(r.listener, ai->ai_addr, ai->ai_addrlen) ||
	    listen(r.listener, 1024) ||
	    getsockname(r.listener, (struct sockaddr *)&a, &len))
		err(71, "listen");
	freeaddrinfo(ai);
	getnameinfo((struct sockaddr *)&a, len, NULL, 0, port, sizeof(port),
	    NI_NUMERICSERV);
	puts(port);
	fflush(stdout);
	if (epoll_ctl(r.ep, EPOLL_CTL_ADD, r.listener, &ev))
		err(71, "epoll");
}

static void
set_target(char *where)
{
	struct addrinfo *ai = resolve(where, 0);

	memcpy(&r.target, ai->ai_addr, ai->ai_addrlen);
	r.targetlen = ai->ai_addrlen;
	freeaddrinfo(ai);
}

static void
set_fault(char *text)
{
	static const char *const names[] = { [CUT] = "cut", [RST] = "rst",
	    [STALL] = "stall", [DRIBBLE] = "dribble" };
	char *dir, *n = NULL;
	int i;

	if ((dir = strchr(text, ':')))
		*dir++ = '\0';
	if (dir && (n = strchr(dir, ':')))
		*n++ = '\0';
	for (i = CUT; i <= DRIBBLE; i++) {
		if (!strcmp(text, names[i]))
			r.fault = (enum fault)i;
	}
	if (dir && strcmp(dir, "up") && strcmp(dir, "down"))
		errx(64, "-c: direction is up or down");
	r.dir = !dir ? -1 : !strcmp(dir, "down");
	if (!r.fault || (r.fault != DRIBBLE && !n))
		errx(64, "-c: cut:DIR:N, rst:DIR:N, stall:DIR:N, dribble");
	r.limit = n ? strtoull(n, NULL, 10) : 0;
}

static void
on_stop(int sig)
{
	(void)sig;
	stop = 1;
}

static void
prepare(void)
{
	struct sigaction sa = { .sa_handler = on_stop };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &r.timer };

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	r.ep = epoll_create1(EPOLL_CLOEXEC);
	r.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r.ep < 0 || r.timer < 0 ||
	    epoll_ctl(r.ep, EPOLL_CTL_ADD, r.timer, &ev))
		err(71, "epoll");
}

int
main(int argc, char **argv)
{
	char *at = NULL, *to = NULL;
	struct link *l;
	int c;

	r.broken = INT64_MAX;
	while ((c = getopt(argc, argv, "l:t:d:c:s:n:")) != -1) {
		switch (c) {
		case 'l': at = optarg; break;
		case 't': to = optarg; break;
		case 'd': r.delay = (int64_t)(atof(optarg) * MS); break;
		case 'c': set_fault(optarg); break;
		case 'n': r.broken = atoll(optarg); break;
		case 's':
			if (!(r.stats = fopen(optarg, "ae")))
				err(73, "%s", optarg);
			break;
		default: return 64;
		}
	}
	if (!at || !to || optind < argc)
		errx(64, "relay -l PORT -t HOST:PORT [-d MS] [-c FAULT] "
		    "[-n COUNT] [-s STATSFILE]");
	prepare();
	set_target(to);
	open_listener(at);
	loop();
	r.now = now();
	while ((l = r.links)) {
		r.links = l->next;
		end(l, false);
		release(l);
	}
	if (r.stats)
		fclose(r.stats);
	return 0;
}
