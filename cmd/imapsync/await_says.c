/* await_says.c: what a wait decides, by numbers alone */
#include <errno.h>

#include "await_says.h"
#include "imap.h"
#include "roster.h"

/* Who idles has nothing else to do: in so many seconds DONE is answered. */
enum { ENDED = 60 };
/* Who ends an IDLE in less than so many ms does not idle. */
enum { SHORT = 10000 };
/* ms.  What comes in a burst is one piece of work; but not for ever. */
enum { BURST = 1000 };
/* ms.  What comes after less is there at once. */
enum { AT_ONCE = 500 };

void
await_says_news(struct await *a, unsigned news, int calm, int64_t now)
{
	if (news == 0)
		return;
	if (a->news == 0)
		a->first = now;
	a->news |= news;
	a->calm = now + calm;
	if (a->calm > a->first + BURST)
		a->calm = a->first + BURST;
}

int64_t
await_says_end(const struct await *a, int64_t until)
{
	return a->news != 0 && a->calm < until ? a->calm : until;
}

unsigned
await_says_caps(unsigned caps, bool mute)
{
	return mute ? caps & ~(unsigned)IMAP_IDLE : caps;
}

bool
await_says_notify(const struct await *a, unsigned caps)
{
	return (caps & IMAP_NOTIFY) != 0 && (caps & IMAP_IDLE) != 0 &&
	    !a->untold;
}

bool
await_says_idle(const struct await *a, unsigned caps)
{
	return (caps & IMAP_IDLE) != 0 && a->roster->n > 0 &&
	    a->roster->v[0].far;
}

bool
await_says_short(int64_t began, int64_t now)
{
	return now - began < SHORT;
}

/* Does somebody tell of everything? */
double
await_says_patience(const struct await *a, double poll)
{
	if (a->rung == AWAIT_NOTIFY && a->near >= 0 &&
	    roster_unheard(a->roster) == 0)
		return AWAIT_SURE;
	return poll < AWAIT_TOLD ? poll : AWAIT_TOLD;
}

double
await_says_ended(double timeout)
{
	return timeout > 0 && timeout < ENDED ? timeout : ENDED;
}

unsigned
await_says_hasty(unsigned hasty, int news, int64_t ms)
{
	return (news & AWAIT_NEAR) != 0 || ms >= AT_ONCE ? 0 : hasty + 1;
}

/* Of what is gone by now, or is a file, the folder above tells. */
bool
await_says_gone(int error)
{
	return error == ENOENT || error == ENOTDIR;
}
