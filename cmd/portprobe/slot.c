/* slot.c: a slot of the flat array: one connection, and what it found */
#include <stdlib.h>
#include <unistd.h>

#include "slot.h"
#include "trace.h"

struct slots {
	struct probe *probe;		/* the flat array */
	size_t n;
	struct probe **spare;		/* those that are free */
	size_t spares;
};

static const char *const names[STAGES] = {
	[STAGE_CONNECT] = "connect",
	[STAGE_BANNER] = "banner",
	[STAGE_CAPS] = "caps",
	[STAGE_HELO] = "caps",
	[STAGE_STARTTLS] = "starttls",
	[STAGE_DANE] = "dane",
	[STAGE_QUEUE] = "tls",
	[STAGE_TLS] = "tls",
	[STAGE_CAPS_TLS] = "caps-tls",
	[STAGE_HELO_TLS] = "caps-tls",
	[STAGE_MAIL] = "submit",
	[STAGE_RCPT] = "submit",
	[STAGE_INJECTED] = "inject",
	[STAGE_QUIT] = "quit",
	[STAGE_OVER] = "over",
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

bool
slot_left(const struct slots *s)
{
	return s->spares > 0;
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
release(struct probe *p)
{
	if (p->run == NULL)
		return;
	if (p->fd >= 0)
		close(p->fd);
	tls_look_free(p->tls);
	fifo_free(&p->rx);
	fifo_free(&p->tx);
	buf_free(&p->in);
	arena_free(&p->mem);
}

void
slots_free(struct slots *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		release(&s->probe[i]);
	free(s->probe);
	free(s->spare);
	free(s);
}

void
slot_failed(struct probe *p, const char *class, const char *text)
{
	struct trouble *t = &p->now->trouble;

	if (t->class != NULL)
		return;
	t->class = class;
	t->stage = names[p->stage];
	t->text = arena_dup(&p->mem, str_of(text));
	t->error = p->error;
	trace_note(TRACE_DONE, "%s:%u %s", p->job->host->name,
	    p->job->port.number, t->text);
}

void
slot_broken(struct probe *p, const char *class, const char *text)
{
	slot_failed(p, class, text);
	p->stage = STAGE_OVER;
}

int64_t
slot_since(const struct probe *p)
{
	return p->run->tick > p->at ? p->run->tick - p->at : 0;
}
