/* batch_link.h: a connection that one message after the other goes over */
#ifndef BATCH_LINK_H
#define BATCH_LINK_H

#include "letter.h"
#include "report.h"
#include "run.h"

struct batch_link {
	struct run *run;
	struct session own, *session;	/* the run's, or one that shares it */
	struct smtp_conf conf;
	struct smtp smtp;
	struct err err;			/* the connection's */
	bool live;
};

/* Once: the session of the run is made ready, and the process confined. */
int batch_link_ready(struct run *, struct err *);

void batch_link_open(struct batch_link *, struct run *, bool first);

/*
 * Sends the letter, over as many connections as the server wants.  The
 * recipients' fates are in it.  0, with e if something befell this message
 * alone; -1: nothing more can be sent, as e says.
 */
int batch_link_send(struct batch_link *, struct letter *, struct report *,
    struct err *);

void batch_link_close(struct batch_link *);

#endif
