/* The window of questions in flight, with servers that are made of numbers. */
#include <stdio.h>

#include "dns_window.h"
#include "tap.h"

enum { MOST = 1024, AGAIN_US = 50000, STOPS_US = 200000 };

/* A server: each question takes its time after another, or beside it. */
struct server {
	const char *name;
	int far_us;		/* there and back */
	int busy_us;		/* of its processor, for each */
	int stops_us;		/* of each fifth of a second, it does nothing */
	int ask_us;		/* one in two has to be asked for elsewhere */
	unsigned room;		/* so many wait at most; 0: no bound */
	unsigned drops;		/* one in so many is lost on the way */
	unsigned least, greatest;	/* what the window is to become */
	unsigned lost;		/* so many of 40,000 may be lost for it */
};

static const struct server servers[] = {
	{ "busy and near, with Linux's receive buffer", .far_us = 20,
	    .busy_us = 5, .room = 270, .least = 128, .greatest = 256 },
	{ "busy and near, no bound", .far_us = 20, .busy_us = 5,
	    .least = 128, .greatest = 256 },
	{ "busy, near, and often stopped", .far_us = 20, .busy_us = 5,
	    .stops_us = 70000, .room = 270, .least = 128, .greatest = 256 },
	{ "far", .far_us = 100000, .busy_us = 5, .least = MOST,
	    .greatest = MOST },
	{ "a resolver that asks around", .far_us = 200, .busy_us = 10,
	    .ask_us = 80000, .least = MOST, .greatest = MOST },
	{ "far, and one in 500 is lost", .far_us = 30000, .busy_us = 5,
	    .drops = 500, .least = MOST, .greatest = MOST, .lost = 120 },
	{ "near, and one in 10 is lost", .far_us = 20, .busy_us = 5,
	    .drops = 10, .least = 16, .greatest = 128, .lost = 6000 },
};

struct flight {
	int64_t reply;		/* when it comes */
	bool again;		/* the first one was lost */
};

struct world {
	const struct server *server;
	struct window window;
	struct flight flight[MOST];
	int64_t now, idle;	/* when the server has nothing to do */
	unsigned sent, lost;
};

/* The same numbers each time. */
static unsigned
dice(struct world *w)
{
	return (w->sent * 2654435761u) >> 8;
}

static bool
is_lost(const struct world *w, unsigned number)
{
	const struct server *s = w->server;

	unsigned i, waiting = 0;

	if (s->drops > 0 && number % s->drops == 0)
		return true;
	for (i = 0; i < w->window.inflight; i++)
		waiting += !w->flight[i].again &&
		    w->flight[i].reply > w->now + s->far_us;
	return s->room > 0 && waiting >= s->room;
}

static void
ask(struct world *w)
{
	const struct server *s = w->server;
	struct flight f = { 0 };
	int64_t when = w->now;
	unsigned number = dice(w);

	w->sent++;
	if (is_lost(w, number)) {
		w->lost++;
		f.again = true;
		when += AGAIN_US;
	} else {
		w->idle = (w->idle > when ? w->idle : when) + s->busy_us;
		if (w->idle % STOPS_US < s->stops_us)
			w->idle += s->stops_us - w->idle % STOPS_US;
		when = w->idle;
	}
	if (number % 2 == 0 && s->ask_us > 0)
		when += (int64_t)(number / 2 % (unsigned)s->ask_us);
	f.reply = when + s->far_us;
	w->flight[w->window.inflight] = f;
	dns_window_enter(&w->window);
}

/* The reply that comes first. */
static void
hear(struct world *w)
{
	unsigned i, first = 0;
	struct flight f;

	for (i = 1; i < w->window.inflight; i++)
		if (w->flight[i].reply < w->flight[first].reply)
			first = i;
	f = w->flight[first];
	dns_window_leave(&w->window);
	w->flight[first] = w->flight[w->window.inflight];
	if (f.reply > w->now)
		w->now = f.reply;
	dns_window_reply(&w->window, w->now, f.again);
}

static void
become(const struct server *s)
{
	struct world w = { .server = s };

	dns_window_open(&w.window, MOST, 0);
	while (w.sent < 40000) {
		while (dns_window_room(&w.window) > 0)
			ask(&w);
		hear(&w);
	}
	ok(w.window.size >= s->least && w.window.size <= s->greatest &&
	    w.lost <= s->lost, "%s: %u in flight, %u lost", s->name,
	    w.window.size, w.lost);
}

/* Who asks one after the other learns nothing about more. */
static void
unused(void)
{
	struct window w;
	unsigned i;

	dns_window_open(&w, MOST, 0);
	for (i = 0; i < 10000; i++) {
		dns_window_enter(&w);
		dns_window_leave(&w);
		dns_window_reply(&w, 1000 * (int64_t)i, false);
	}
	is_int(w.size, 128, "a window that is not used does not grow");
}

static void
bounds(void)
{
	struct window w;
	unsigned i;

	dns_window_open(&w, 1, 0);
	for (i = 0; i < 1000; i++) {
		dns_window_enter(&w);
		dns_window_leave(&w);
		dns_window_reply(&w, 20000 * (int64_t)i, i % 2 == 0);
	}
	is_int(w.size, 1, "a window of one stays, whatever is lost");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof servers / sizeof *servers; i++)
		become(&servers[i]);
	unused();
	bounds();
	return done();
}
