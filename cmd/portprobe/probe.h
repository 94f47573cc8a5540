/* probe.h: what a probe is made of: its connection, its stages */
#ifndef PROBE_H
#define PROBE_H

#include "slot.h"

enum { WIRE_MAX = 65536 };	/* bytes that wait to be sent or looked at */

/* ---- stage.c */

void stage_enter(struct probe *, enum stage);
bool stage_step(struct probe *);	/* false: nothing can be done now */
enum stage stage_to_tls(struct probe *);	/* or to wait for DANE first */
void stage_await_no_more(struct probe *);
void stage_injected(struct probe *);	/* what came of the injection */
void stage_hung_up(struct probe *);	/* the other side has */
enum trouble_class stage_late(enum stage);	/* when time is up there */

/* ---- wire.c */

void wire_flush(struct probe *);
void wire_receive(struct probe *);	/* all that is there */
void wire_decrypt(struct probe *);	/* from TLS into probe.in */
void wire_put(struct probe *, struct str);
void wire_spare(struct probe *);	/* gives back what is not in use */
bool wire_turn(struct probe *);		/* may it begin TLS, or is queued */
void wire_begin(struct probe *);	/* begins TLS */
bool wire_shake(struct probe *);	/* true: the handshake is done */
void wire_shaken(struct probe *);	/* or given up: see wire_next */
void wire_leave(struct probe *);	/* the queue, if it is in it */
struct probe *wire_next(struct run *);	/* its turn has come; or NULL */
bool wire_impatient(struct probe *);	/* has waited there for long: now? */

#endif
