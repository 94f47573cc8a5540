/* sandbox.h: giving up what is not needed before a stranger is listened to */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* What stays possible.  A path that does not exist is passed over. */
struct sandbox {
	const char *const *read;	/* below may be read; NULL ends */
	const char *const *write;	/* and these written, made, renamed */
	const unsigned *ports;		/* TCP ports to connect to; 0 ends */
};

/*
 * From here on this process can neither execute a file, nor touch others than
 * those named, nor connect elsewhere (Landlock; each as far as the kernel
 * knows it).  Open descriptors keep working.  Whether anything was enforced:
 * an old kernel is no failure.
 */
bool sandbox_enter(const struct sandbox *);

#endif
