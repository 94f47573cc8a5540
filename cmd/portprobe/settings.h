/* settings.h: what the options decided, in the groups of --help */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns.h"
#include "opt.h"
#include "port.h"
#include "tls.h"

struct server;
struct tls_cert;

enum tls_mode { MODE_AUTO, MODE_IMPLICIT, MODE_STARTTLS, MODE_OFF };
enum dane_mode { DANE_AUTO, DANE_NEVER, DANE_REQUIRE };
enum sum { SUM_WORST, SUM_BEST };

/* A share of a certificate's life, or days; or what is usual. */
enum span_unit { SPAN_USUAL, SPAN_DAYS, SPAN_SHARE };
struct span {
	enum span_unit unit;
	uint64_t n;			/* days or percent; USUAL: days at most, */
	uint64_t share;			/* and percent at most */
};

struct settings {
	struct dns_conf dns;
	struct tls_conf tls;
	struct opt_list operands;
	struct {			/* what is probed */
		struct port port[PORTS_MAX];
		size_t nports;
		bool four, six, first, public;
		enum tls_mode mode;
		const char *name, *ehlo, *source;
		double timeout;
	} scope;
	struct {			/* what is demanded */
		struct span warn, crit;	/* left to a certificate */
		uint64_t lat_warn, lat_crit;
		bool require_tls, spare_tls, no_sts, no_auth, no_verify;
		enum sum sum;		/* what counts of a target's hosts */
		enum tls_version min_tls;
		enum dane_mode dane;
		struct opt_list expect;
		const char *expect_cert;	/* a file, */
		const struct tls_cert *expected;	/* and what it has */
	} want;
	struct {			/* more connections */
		bool versions, inject, deep;
		const char *submit;	/* a recipient's address */
		const char *sender;	/* and the sender's; "" */
		const char *relay;	/* both, as they were given; or NULL */
	} extra;
	struct {			/* the servers of accounts */
		bool on, all;		/* log in; -a */
		const char *account, *config;
		const char *user, *auth, *password_command, *password_file;
		struct server *servers;	/* see server.h */
	} login;
	struct {			/* how it is shown */
		bool quiet, json, nagios, caps, chain, explain, tlsa;
		const char *save_chain, *prom;
		const char *next;	/* --tlsa: a file of the next one, */
		const struct tls_cert *next_cert;	/* and what it has */
	} show;
	struct {			/* manners */
		uint64_t most, per_host, rate, sts_port;
		bool stats, no_sandbox;
		bool list;		/* "-" is among the operands */
	} limit;
};

#endif
