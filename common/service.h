/* service.h: what a service manager is told (sd_notify(3)), if there is one */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdint.h>

/*
 * From here on this process speaks for the service, over a socket of datagrams
 * to where NOTIFY_SOCKET says: it is ready, and tells now and then that it is
 * alive if WATCHDOG_USEC wants that, whenever it waits (net_poll).  Both are
 * taken out of the environment: commands do not speak for it.
 */
void service_begin(int fd);
/* A fork speaks for it no more. */
void service_leave(void);

/* "STATUS=...", "STOPPING=1"; nothing where there is no manager. */
void service_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Tells that it is alive, if that is due; when it is due next (clock.h). */
void service_beat(void);
int64_t service_due(void);

#endif
