/* probe_conn.h: bytes of one connection, in the clear and by TLS */
#ifndef PROBE_CONN_H
#define PROBE_CONN_H

#include <stdbool.h>

#include "fail.h"
#include "slot.h"
#include "str.h"

struct run;

enum { WIRE_MAX = 65536 };	/* bytes that wait to be sent or looked at */

/* All that can be sent, all that is there. */
void probe_conn_flush(struct probe *);
void probe_conn_receive(struct probe *);

/* From TLS into probe.in; from the caller into what is to be sent. */
void probe_conn_decrypt(struct probe *);
void probe_conn_put(struct probe *, struct str);

/* Gives back buffers that are not in use. */
void probe_conn_spare(struct probe *);

/* run.tls, if it is not there. */
int probe_conn_tls(struct run *, struct err *);

/*
 * A handshake waits for its turn.  probe_conn_turn: it may begin, or is put into the
 * queue.  probe_conn_next: one whose turn has come, or NULL.  probe_conn_impatient: it has
 * waited for long; true if it goes on now.  probe_conn_leave: takes it out, if it is
 * in.
 */
bool probe_conn_turn(struct probe *);
struct probe *probe_conn_next(struct run *);
bool probe_conn_impatient(struct probe *);
void probe_conn_leave(struct probe *);

/* Begins TLS; then until probe_conn_shake is true, when the handshake is done. */
void probe_conn_begin(struct probe *);
bool probe_conn_shake(struct probe *);

/* It is done or given up: another one's turn may have come. */
void probe_conn_shaken(struct probe *);

#endif
