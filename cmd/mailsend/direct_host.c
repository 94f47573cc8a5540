/* direct_host.c: manners with mail hosts: how many connections, and when not */
#include <stdlib.h>
#include <string.h>

#include "direct_host.h"
#include "clock.h"
#include "table.h"

enum { MOST = 2, REST = 60, REST_MAX = 3600 };	/* connections; seconds */

struct direct_host {
	char *name;
	unsigned live;
	double rest;			/* the next one, in seconds */
	int64_t until;			/* clock_ms */
};

static struct str
host_name(const void *of, size_t at)
{
	return str_of(((const struct direct_way *)of)->host[at].name);
}

static struct direct_host *
host_of(struct direct_way *w, const char *name)
{
	size_t at;

	w->hosts.text = host_name;
	at = table_text(&w->hosts, w, str_of(name));
	if (at != TABLE_NONE)
		return &w->host[at];
	w->host = mem_grow(w->host, w->nhost + 1, sizeof *w->host);
	at = w->nhost++;
	w->host[at] = (struct direct_host){ .name = mem_dup(name),
	    .rest = REST };
	table_add(&w->hosts, w, at);
	return &w->host[at];
}

enum direct_room
direct_host_enter(struct direct_way *w, const char *name)
{
	struct direct_host *h = host_of(w, name);

	if (h->until != 0 && clock_ms() < h->until)
		return DIRECT_RESTS;
	if (h->live == MOST)
		return DIRECT_FULL;
	h->live++;
	return DIRECT_ROOM;
}

void
direct_host_leave(struct direct_way *w, const char *name, bool tired)
{
	struct direct_host *h = host_of(w, name);

	h->live--;
	if (!tired) {
		h->rest = REST;
		return;
	}
	h->until = clock_in(clock_about(h->rest));
	h->rest = h->rest * 2 < REST_MAX ? h->rest * 2 : REST_MAX;
}

void
direct_host_free(struct direct_way *w)
{
	while (w->nhost > 0)
		free(w->host[--w->nhost].name);
	free(w->host);
	w->host = NULL;
	table_free(&w->hosts);
}
