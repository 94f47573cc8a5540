/*
 * helper.h: a small process that stays outside the sandbox
 *
 * What a process gives up is given up for good, and for what it executes as
 * well: a setgid program would not be one, gpg would not find its agent.  So
 * commands, names and sockets with a path are the business of a process that
 * is forked before.
 */
#ifndef HELPER_H
#define HELPER_H

#include "fail.h"

/*
 * Forks it, if there is anything on the list of errand.h; from then on
 * spawn_start, errand_unix and errand_resolve go there.  wipe(arg) is called
 * in the helper, for secrets.  It holds standard input, output and error, and
 * no other descriptor of ours; it ignores SIGINT, SIGTERM and SIGHUP, and
 * ends with this process, however that ends.
 */
int helper_start(void (*wipe)(void *), void *arg, struct err *);

#endif
