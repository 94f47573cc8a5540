/* session.h: from an account to an open connection, ready to log in */
#ifndef SESSION_H
#define SESSION_H

#include "account.h"
#include "conn.h"
#include "conn_open.h"
#include "conn_tls.h"
#include "net.h"
#include "sasl.h"

enum { SESSION_ADDRESSES = 16 };

struct session {
	struct account *account;
	struct conn_conf conf;
	struct net_addr addr[SESSION_ADDRESSES];
	struct tls_conf tls_conf;
	struct tls_ctx *tls;
	struct conn *conn;
	struct arena arena;
	struct secret *secret;
	unsigned char exporter[64], endpoint[64];
	atomic_bool classic;	/* the server needs classic groups */
	bool shared;		/* tls and secret are another's */
	int64_t within;		/* the end of its share of the time; or 0 */
	struct err unready;	/* why it cannot be connected to; or 0 */
};

/*
 * Once, before the first connection.  Forks the helper if something will be
 * executed, looked up or connected to by a path later on (what the tool itself
 * has put on the list of errand.h, too), fetches the secret if there is to be
 * a login, looks the server up, and confines the process to what the tool has
 * put into account->box and to this server.  EX_SOFTWARE if there is no such
 * list.
 */
int session_ready(struct session *, struct account *, struct err *);

/*
 * The same for all the servers that one process talks to, whose accounts are in
 * the sessions already; the list, and what else is the program's, are the
 * first one's.  -1: all of them are closed.  By account->role: where one of
 * several servers will do (ONE_OF) they have the first one's secret, and one
 * whose host is not found fails when it is connected to; so does one beside the
 * others (BESIDE), whose work goes on without it, if its secret cannot be had.
 */
int session_ready_all(struct session *const *, size_t n, struct err *);

/*
 * The same for one whose account is in it, beside another account that has no
 * session, since nobody logs in with it.
 */
int session_ready_beside(struct session *, struct account *, struct err *);

/*
 * Connects to account->server, as often as wanted; an older connection is
 * closed.  The TLS handshake is the protocol's affair.
 */
int session_connect(struct session *, struct err *);

/* --timeout begins anew, on the connection that there is, too. */
void session_again(struct session *);

/*
 * Long after session_ready (account->again): the server may have another
 * address by now, and a command's password or token be another one.
 */
int session_renew(struct session *, struct err *);

/*
 * Another connection of the same account, for session_connect, also from another
 * thread: it uses the TLS settings and the secret of a ready session, and is
 * closed before that one.
 */
void session_share(struct session *, const struct session *);

/* Closes the connection and keeps the rest for session_connect. */
void session_hang_up(struct session *);

/* As the account says. */
enum conn_tls session_tls(const struct account *);

/* Does the account say how to log in, or at least as whom? */
bool session_wants_login(const struct account *);

/*
 * Who logs in, for sasl_pick, with the channel bindings of the connection.
 * EX_NOPERM if that is no place for a secret.  Valid until session_close.
 */
int session_login(struct session *, struct sasl_login *);

/*
 * Wipes the secret, and what the account has of it: this session has logged
 * in.  Of an account that says again it is kept, but for what a command gave,
 * which session_renew gets anew.
 */
void session_forget(struct session *);

/* Wipes the secret and closes the connection. */
void session_close(struct session *);

/* "host:port", the socket's path or "mx:", for messages and reports. */
void session_where(const struct account *, char *dst, size_t cap);

#endif
