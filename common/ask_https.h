/*
 * ask_https.h: a file over HTTPS, by code that reads from top to bottom
 *
 * The addresses of its server, then a GET by a thread of the pool, while the
 * asker is held: see ask.h.
 */
#ifndef ASK_HTTPS_H
#define ASK_HTTPS_H

#include <stdbool.h>
#include <stddef.h>

#include "ask.h"
#include "fail.h"
#include "https_pool.h"
#include "net_reach.h"
#include "str.h"
#include "tls.h"

/* Zero at first, but for what the caller sets. */
struct ask_https {
	struct https_pool *pool;
	struct tls_ctx *tls;
	const char *host, *path;
	unsigned port;			/* 0: 443 */
	bool plain;			/* as in https.h */
	bool wary;			/* a stranger has named the host: of its
					 * addresses public ones are asked, and */
	enum net_reach near;		/* such as this one */
	size_t max;			/* bytes of it */
	double seconds;			/* for all addresses of the server */

	bool done;			/* all below is what came of it */
	int got;			/* as https_get has it; -1, too, if there */
	struct err e;			/* is no address: EX_NOHOST */
	int status;			/* of HTTP; 0: no answer */
	const char *type;
	bool too_big;
	struct str body;		/* in the arena of the ask */
	struct ask_https_job *job;	/* private: under way, or NULL */
};

/* Asks for the addresses: false if one of the answers is missing. */
bool ask_https_server(struct ask *, const char *host);

/* False: answers, or the file, are missing. */
bool ask_https_get(struct ask_https *, struct ask *);

/*
 * Nobody waits for it any more: what is under way is left to itself.  To be
 * called before the memory of it or of its ask goes, unless it is done.
 */
void ask_https_drop(struct ask_https *);

#endif
