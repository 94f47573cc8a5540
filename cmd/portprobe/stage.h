/* stage.h: the stages of a connection, and what each does */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>

#include "slot.h"
#include "word.h"

/* Says what is to be said there, if anything. */
void stage_enter(struct probe *, enum stage);

/* One step; false: nothing can be done now. */
bool stage_step(struct probe *);

/* Asks what the DNS says of DANE; true: it is known, or need not be. */
bool stage_dane(struct probe *);

/* Time is up for it: what is missing stays unknown. */
void stage_dane_late(struct probe *);

/* TLS comes next: STAGE_TLS, or to wait for what the DNS says of DANE. */
enum stage stage_to_tls(struct probe *);
void stage_await_no_more(struct probe *);

/* The outcome of the injection. */
void stage_injected(struct probe *);

/* The other side has hung up. */
void stage_hung_up(struct probe *);

/* The trouble when time is up there. */
enum trouble_class stage_late(enum stage);

/* The second part of a first message made by hand. */
void stage_hello_rest(struct probe *);

#endif
