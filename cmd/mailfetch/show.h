/* show.h: --list, --check, --probe: what is there, and who says so */
#ifndef SHOW_H
#define SHOW_H

#include "run.h"

struct listing {
	const struct message *m;
	struct str head;	/* header lines */
	bool fresh;
};

void show_begin(struct run *);
void show_line(struct run *, const struct listing *);
void show_session(struct run *, const struct session *, const char *server,
    const char *caps, const char *mechs, int expire, int delay);

#endif
