/* dns_system.c: whom to ask: the option, POSTBAG_DNS, or resolv.conf(5) */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns_private.h"
#include "file.h"
#include "net.h"

/*
 * AD counts only from a server whose word reaches us unchanged: on this
 * machine, or one that the administrator vouched for (RFC 6840 section 5.8,
 * resolv.conf(5) trust-ad).
 */
static void
judge_server(struct dns_server *s, const struct dns_conf *conf, bool trust_ad)
{
	s->loopback = net_loopback(&s->addr);
	s->trusted = false;
	if (conf->distrust_ad) {
		s->rule = "--no-trust-ad: AD is never believed";
	} else if (conf->trust_ad) {
		s->trusted = true;
		s->rule = "--trust-ad: you vouch for it and for the way to it";
	} else if (s->loopback) {
		s->trusted = true;
		s->rule = "it is on this machine (loopback)";
	} else if (trust_ad) {
		s->trusted = true;
		s->rule = "resolv.conf says \"options trust-ad\"";
	} else {
		s->rule = "AD could be forged on the way: neither loopback, nor trust-ad, nor --trust-ad";
	}
}

static int
system_add(struct dns_system *y, const struct net_addr *addr,
    const char *source)
{
	struct dns_server *s = &y->server[y->n];
	const struct sockaddr_in6 *six = (const void *)&addr->ss;
	char ip[64];

	if (y->n == DNS_MAXSERVERS)
		return -1;
	s->addr = *addr;
	s->source = source;
	net_ntop(addr, ip, sizeof ip);
	/* The port stands at the same place for both families. */
	snprintf(s->text, sizeof s->text, addr->ss.ss_family == AF_INET6 ?
	    "[%s]:%u" : "%s:%u", ip, ntohs(six->sin6_port));
	y->n++;
	return 0;
}

/* An address without resolving, with a scope for fe80::. */
static int
server_literal(struct str host, unsigned port, struct net_addr *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *a;
	char text[80], service[8];

	if (host.n >= sizeof text)
		return -1;
	str_copy(text, host);
	text[host.n] = '\0';
	snprintf(service, sizeof service, "%u", port & 0xffff);
	if (getaddrinfo(text, service, &hints, &a) != 0)
		return -1;
	*out = (struct net_addr){ .len = a->ai_addrlen };
	memcpy(&out->ss, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(a);
	return 0;
}

/* The same, but 1.2.3 is not 1.2.0.3, as getaddrinfo has had it since 1983. */
static int
numeric(struct str host, unsigned port, struct net_addr *out)
{
	char text[INET_ADDRSTRLEN] = "";
	struct in_addr four;

	if (host.n < sizeof text)
		str_copy(text, host);
	if (!str_has(host, ':') && inet_pton(AF_INET, text, &four) != 1)
		return -1;
	return server_literal(host, port, out);
}

static int
from_list(struct dns_system *y, const char *list, const char *source,
    struct err *e)
{
	struct str rest = str_of(list), one, host;
	struct net_addr addr;
	unsigned port;

	while (rest.p != NULL) {
		one = str_trim(str_cut(&rest, ','));
		if (one.n == 0)
			continue;
		if (net_hostport(one, &host, &port, e) < 0)
			return fail_in(e, "%s", source);
		if (numeric(host, port > 0 ? port : 53, &addr) < 0)
			return fail(e, EX_USAGE, "%s: \"%.*s\" is no address",
			    source, STR_ARG(one));
		if (system_add(y, &addr, source) < 0)
			return fail(e, EX_USAGE, "%s: more than %d servers",
			    source, DNS_MAXSERVERS);
	}
	return y->n > 0 ? 0 : fail(e, EX_USAGE, "%s: no server", source);
}

/* Those that count here; and RES_OPTIONS has the same words. */
static void
options(struct dns_system *y, struct str words, bool *trust_ad)
{
	struct str word;

	while ((word = str_word(&words)).n > 0) {
		if (str_eq(word, STR("trust-ad")))
			*trust_ad = true;
		else if (str_eq(word, STR("rotate")))
			y->rotate = true;
	}
}

/*
 * resolv.conf(5) as C libraries read it: a keyword begins its line, an address
 * that is none does not count.  (They stop at three servers, we do not.)
 */
static void
read_system(struct dns_system *y, struct str rest, const char *path,
    bool *trust_ad)
{
	struct net_addr addr;
	struct str line, key;

	while (rest.p != NULL) {
		line = str_cut(&rest, '\n');
		if (line.n == 0 || line.p[0] == ' ' || line.p[0] == '\t')
			continue;
		key = str_word(&line);
		if (str_eq(key, STR("options")))
			options(y, line, trust_ad);
		else if (str_eq(key, STR("nameserver")) &&
		    server_literal(str_word(&line), 53, &addr) == 0)
			system_add(y, &addr, path);
	}
}

/* Nobody wrote one, or not for us. */
static bool
no_file(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES ||
	    error == EPERM || error == ELOOP;
}

/* Without a server, or without the file, it is the one on this machine. */
static int
from_system(struct dns_system *y, bool *trust_ad, struct err *e)
{
	static const char path[] = "/etc/resolv.conf";
	struct buf text = { .max = 65536 };
	struct err why = { 0 };
	struct net_addr addr;
	int fd = open(path, O_RDONLY | O_CLOEXEC), got = 0;

	if (fd < 0 && !no_file(errno))
		return fail(e, EX_CONFIG, "%s: %s", path, strerror(errno));
	if (fd >= 0) {
		got = file_slurp(fd, &text, &why);
		close(fd);
	}
	if (got == 0)
		read_system(y, BUF_STR(text), path, trust_ad);
	buf_free(&text);
	if (got < 0)
		return fail(e, EX_CONFIG, "%s: %s", path, why.msg);
	options(y, str_of(getenv("RES_OPTIONS")), trust_ad);
	if (y->n == 0 && numeric(STR("127.0.0.1"), 53, &addr) == 0)
		system_add(y, &addr, path);
	return y->n > 0 ? 0 : fail(e, EX_CONFIG, "%s: no nameserver", path);
}

int
dns_system(const struct dns_conf *conf, struct dns_system *y, struct err *e)
{
	const char *env = getenv("POSTBAG_DNS");
	bool trust_ad = false;
	unsigned i;
	int got;

	*y = (struct dns_system){ 0 };
	if (conf->servers != NULL)
		got = from_list(y, conf->servers, "-s", e);
	else if (env != NULL && env[0] != '\0')
		got = from_list(y, env, "POSTBAG_DNS", e);
	else
		got = from_system(y, &trust_ad, e);
	for (i = 0; i < y->n; i++)
		judge_server(&y->server[i], conf, trust_ad);
	return got;
}
