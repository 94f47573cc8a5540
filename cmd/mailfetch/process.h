/* process.h: what a process has, and every pass of a watch shares */
#ifndef PROCESS_H
#define PROCESS_H

#include "complain.h"
#include "hook.h"
#include "sandbox.h"
#include "session.h"
#include "tls.h"

struct dest;

/* Behind the sandbox no file could be read for another of these. */
struct process {
	struct session session;
	struct dest *dest;	/* other servers, or NULL */
	struct tls_conf lmtp_conf;
	struct tls_ctx *lmtp_tls;
	struct sandbox box;
	struct complain complain;
	int delay;		/* LOGIN-DELAY of the server, seconds */
	struct hook_command pre, post;	/* argv NULL: there is none */
	int turn;		/* of turn.h */
	int64_t tried_hung;	/* when a watch tried what hung.h is about; or 0 */
	bool reached;		/* a pass was completed */
	bool busy;		/* another run has the lock */
};

#endif
