/* queue_clock.c: how long something waits, whatever is done to the clock */
#include <stdio.h>
#include <string.h>

#include "queue_clock.h"
#include "clock.h"
#include "os.h"

enum { NO_MATTER = 3600 };

void
queue_clock_now(struct queue_clock *c)
{
	struct timespec up;

	os_uptime(&up);
	snprintf(c->boot, sizeof c->boot, "%s", clock_boot());
	c->up = up.tv_sec;
	c->wall = clock_wall();
}

int64_t
queue_clock_set(const struct queue_clock *then, const struct queue_clock *now)
{
	int64_t by;

	if (now->boot[0] == '\0' || strcmp(then->boot, now->boot) != 0 ||
	    then->up > now->up)
		return 0;
	by = (now->wall - then->wall) - (now->up - then->up);
	return by > NO_MATTER || by < -NO_MATTER ? by : 0;
}
