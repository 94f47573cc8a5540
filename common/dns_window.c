/*
 * dns_window.c: how many questions are in flight at once
 *
 * The window doubles on trial and keeps its new size only if replies come
 * faster by it.  They do where a resolver has to ask around, or is far.  A
 * server that is busy already makes a queue of the rest, and loses what does
 * not fit into its receive buffer: some 270 packets with Linux's default, so
 * that a window of 1024 waits for the timeouts of 750 questions.
 *
 * The delay cannot tell one from the other: a resolver's replies are late
 * because it asks, those of a queue because they wait.
 */
#include "dns_window.h"

enum {
	START = 128,		/* as many fit into any receive buffer */
	LEAST = 16,
	MEASURE_US = 50000,	/* shorter ones tell who had the processor */
	WINDOWS = 3,		/* and the first replies are of the old size */
	NEAR_US = 2000,		/* sooner than by asking anybody else */
	CALM = 4, CALM_MOST = 64,
};

/* A bad moment of a good server is none to try in; the best one fades. */
static const double FADE = 0.8;

void
dns_window_open(struct window *w, unsigned most, int64_t now_us)
{
	*w = (struct window){ .size = most < START ? most : START,
	    .most = most, .since_us = now_us, .pause = CALM };
}

void
dns_window_enter(struct window *w)
{
	if (++w->inflight >= w->size)
		w->full = true;
}

void
dns_window_leave(struct window *w)
{
	w->inflight--;
}

/* Nothing is tried for a while, and for longer each time. */
static void
rest(struct window *w)
{
	w->before = 0;
	w->calm = w->pause;
	if (w->pause < CALM_MOST)
		w->pause *= 2;
}

/* What takes so little (Little's law) just waits for a processor. */
static bool
near(const struct window *w)
{
	return w->size < w->rate * NEAR_US;
}

static void
grow(struct window *w)
{
	w->before = 0;
	if (w->size == w->most || near(w))
		return;
	w->before = w->size;
	w->size = w->size < w->most / 2 ? w->size * 2 : w->most;
}

static void
shrink(struct window *w)
{
	unsigned least = w->most < LEAST ? w->most : LEAST;

	w->size = w->size / 2 > least ? w->size / 2 : least;
	w->rate = 0;
	rest(w);
}

/* Half of what it grew by has to come of it. */
static bool
paid(const struct window *w, double rate)
{
	double more = (double)w->size / w->before - 1;

	return rate >= w->rate * (1 + more / 2);
}

static void
measured(struct window *w, double rate)
{
	if (w->lost * 100 > w->replies) {
		shrink(w);
		return;
	}
	if (!w->full) {
		w->before = 0;		/* who asks is slower than this */
		return;
	}
	if (w->before > 0 && !paid(w, rate)) {
		w->size = w->before;
		rest(w);
		return;
	}
	if (w->before > 0)
		w->pause = CALM;
	w->rate = rate > w->rate * FADE ? rate : w->rate * FADE;
	if (w->calm > 0)
		w->calm--;
	else
		grow(w);
}

void
dns_window_reply(struct window *w, int64_t now_us, bool lost)
{
	int64_t us = now_us - w->since_us;

	w->lost += lost;
	if (++w->replies < WINDOWS * w->size || us < MEASURE_US)
		return;
	measured(w, (double)w->replies / (double)us);
	w->replies = w->lost = 0;
	w->since_us = now_us;
	w->full = w->inflight >= w->size;
}
