/* port.h: a port, and what is spoken there */
#ifndef PORT_H
#define PORT_H

#include "probe_talk.h"

struct port {
	unsigned number;		/* 0: none in particular */
	const struct probe_proto *proto;
};

enum { PORTS_MAX = 64 };		/* of --ports */

#endif
