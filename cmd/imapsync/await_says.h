/* await_says.h: what a wait decides, by numbers alone; times are ms */
#ifndef AWAIT_SAYS_H
#define AWAIT_SAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "await.h"

/*
 * Seconds.  Routers forget connections that are silent for ten minutes; and
 * once an hour all is looked at, whoever should have told of it.
 */
enum { AWAIT_TOLD = 540, AWAIT_SURE = 3600 };

/* Bits of news, with which more are due for so long; what is 0 is none. */
void await_says_news(struct await *, unsigned news, int calm, int64_t now);
/* Until when more is waited for, if it ends at until: with news, their calm. */
int64_t await_says_end(const struct await *, int64_t until);

/* The capabilities that are of use: none that was refused a while ago. */
unsigned await_says_caps(unsigned caps, bool mute);
bool await_says_notify(const struct await *, unsigned caps);
bool await_says_idle(const struct await *, unsigned caps);
/* Did an IDLE that the server has ended last too short to be one? */
bool await_says_short(int64_t began, int64_t now);

/* Seconds until all is looked at, where each poll seconds were asked for. */
double await_says_patience(const struct await *, double poll);
/* Seconds for the answer to DONE. */
double await_says_ended(double timeout);

/*
 * So many times in a row, with this one, there was news in no time; with more
 * than AWAIT_HASTY of them it is time for a pause.  Of what happens here, none.
 */
enum { AWAIT_HASTY = 8 };
unsigned await_says_hasty(unsigned hasty, int news, int64_t ms);

/* Is watching a Maildir that failed with this error worth no word? */
bool await_says_gone(int error);

#endif
