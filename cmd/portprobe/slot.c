/* slot.c: a slot of the flat array: one connection, and what it found */
#include <stdlib.h>
#include <unistd.h>

#include "jobs.h"
#include "net.h"
#include "run.h"
#include "slot.h"
#include "target.h"
#include "trace.h"

struct slots {
	struct probe *probe;		/* the flat array */
	size_t n;
	struct probe **spare;		/* those that are free */
	size_t spares;
};

struct slots *
slots_new(size_t n)
{
	struct slots *s = mem_new(1, sizeof *s);

	s->n = n;
	s->probe = mem_new(n, sizeof *s->probe);
	s->spare = mem_new(n, sizeof *s->spare);
	while (s->spares < n) {
		s->spare[s->spares] = &s->probe[n - 1 - s->spares];
		s->spares++;
	}
	return s;
}

size_t
slot_left(const struct slots *s)
{
	return s->spares;
}

struct probe *
slot_take(struct slots *s)
{
	return s->spare[--s->spares];
}

void
slot_give(struct slots *s, struct probe *p)
{
	s->spare[s->spares++] = p;
}

static void
slot_release(struct probe *p)
{
	if (p->run == NULL)
		return;
	if (p->wire.fd >= 0)
		net_watch_close(p->wire.fd);
	tls_look_free(p->wire.tls);
	fifo_free(&p->wire.rx);
	fifo_free(&p->wire.tx);
	buf_free(&p->wire.in);
	arena_free(&p->mem);
}

void
slots_free(struct slots *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		slot_release(&s->probe[i]);
	free(s->probe);
	free(s->spare);
	free(s);
}

static enum place
slot_place(enum stage s)
{
	switch (s) {
	case STAGE_CONNECT:
		return PLACE_CONNECT;
	case STAGE_BANNER:
		return PLACE_BANNER;
	case STAGE_CAPS:
	case STAGE_HELO:
		return PLACE_CAPS;
	case STAGE_STARTTLS:
		return PLACE_STARTTLS;
	case STAGE_DANE:
	case STAGE_LOOKUP:
		return PLACE_DANE;
	case STAGE_HELLO:
	case STAGE_QUEUE:
	case STAGE_TLS:
		return PLACE_TLS;
	case STAGE_CAPS_TLS:
	case STAGE_HELO_TLS:
		return PLACE_CAPS_TLS;
	case STAGE_MAIL:
	case STAGE_RCPT:
		return PLACE_SUBMIT;
	case STAGE_INJECTED:
		return PLACE_INJECT;
	case STAGE_QUIT:
		return PLACE_QUIT;
	case STAGE_OVER:
		return PLACE_OVER;
	case STAGE_FREE:
	case STAGE_HELD:
	case STAGES:
		break;
	}
	return PLACE_NONE;
}

void
slot_failed(struct probe *p, enum trouble_class class, const char *text)
{
	struct trouble *t = &p->now->trouble;

	if (t->class != TROUBLE_NONE)
		return;
	t->class = class;
	t->place = slot_place(p->stage);
	t->text = arena_dup(&p->mem, str_of(text));
	t->error = p->wire.error;
	trace_note(TRACE_DONE, "%s:%u %s", p->job->host->name,
	    p->job->port.number, t->text);
}

void
slot_broken(struct probe *p, enum trouble_class class, const char *text)
{
	slot_failed(p, class, text);
	p->stage = STAGE_OVER;
}

int64_t
slot_since(const struct probe *p)
{
	return p->run->tick > p->at ? p->run->tick - p->at : 0;
}

void
slot_short(struct probe *p, int64_t at)
{
	due_set(&p->run->dues, &p->due, DUE_SHORT, at < p->deadline ? at :
	    p->deadline);
}
