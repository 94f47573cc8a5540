/*
 * turn.c: standard output is one account's at a time
 *
 * A lock that goes with its process, whatever becomes of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "os.h"
#include "stop.h"
#include "turn.h"

int
turn_open(struct err *e)
{
	int turn = os_file_memory("turn");

	return turn >= 0 ? turn : fail_sys(e, EX_OSERR, "memfd");
}

void
turn_take(int turn)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (turn >= 0)
		while (fcntl(turn, F_SETLKW, &l) < 0 && errno == EINTR &&
		    !stop_asked())
			;
}

void
turn_give(int turn)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	fflush(stdout);
	if (turn >= 0)
		fcntl(turn, F_SETLK, &l);
}
