/* wire.h: bytes of one connection, in the clear and by TLS */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>

#include "fail.h"
#include "slot.h"
#include "str.h"

struct run;

enum { WIRE_MAX = 65536 };	/* bytes that wait to be sent or looked at */

/* All that can be sent, all that is there. */
void wire_flush(struct probe *);
void wire_receive(struct probe *);

/* From TLS into probe.in; from the caller into what is to be sent. */
void wire_decrypt(struct probe *);
void wire_put(struct probe *, struct str);

/* Gives back buffers that are not in use. */
void wire_spare(struct probe *);

/* run.tls, if it is not there. */
int wire_tls(struct run *, struct err *);

/*
 * A handshake waits for its turn.  wire_turn: it may begin, or is put into the
 * queue.  wire_next: one whose turn has come, or NULL.  wire_impatient: it has
 * waited for long; true if it goes on now.  wire_leave: takes it out, if it is
 * in.
 */
bool wire_turn(struct probe *);
struct probe *wire_next(struct run *);
bool wire_impatient(struct probe *);
void wire_leave(struct probe *);

/* Begins TLS; then until wire_shake is true, when the handshake is done. */
void wire_begin(struct probe *);
bool wire_shake(struct probe *);

/* It is done or given up: another one's turn may have come. */
void wire_shaken(struct probe *);

#endif
