/* sandbox.h: giving up what is not needed before a stranger is listened to */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* The rights at and below a path. */
enum sandbox_may {
	SANDBOX_READ,	/* files read, folders listed */
	SANDBOX_PUT,	/* files made, written, replaced; nothing is read */
	SANDBOX_WRITE	/* all of it, and folders made and removed */
};

/* All that stays possible.  Start with { 0 }: nothing. */
struct sandbox {
	struct sandbox_path {
		char *path;
		enum sandbox_may may;
	} *path;
	size_t npath;
	unsigned *port;		/* TCP ports to connect to */
	size_t nport;
	bool any_port;		/* or any of them */
	bool udp;		/* new UDP sockets: it asks name servers itself */
	bool source;		/* sockets are bound to a local address */
	bool watches;		/* folders are watched (dirwatch.h).  No kernel
				   says which: the names, no more, in any that
				   the user may read */
};

/*
 * Adds one; a path that is not there is passed over.  sandbox_beside means the
 * folder that a file is in.
 */
void sandbox_path(struct sandbox *, const char *path, enum sandbox_may);
void sandbox_beside(struct sandbox *, const char *file, enum sandbox_may);
void sandbox_port(struct sandbox *, unsigned port);

/*
 * From here on, and for all threads to come, this process can neither execute
 * a file, nor touch files other than those named, nor connect elsewhere, nor
 * do with the kernel what no client of a server does: each as far as the
 * kernel knows it (Landlock, seccomp).  Open descriptors keep working.  A call
 * that is refused fails with EACCES or EPERM, an unknown one with ENOSYS.
 * -vv says what is enforced: an old kernel is no failure.  The lists are freed.
 * Call it before there is a second thread.
 */
void sandbox_enter(struct sandbox *);

/* The lists of one that is never entered. */
void sandbox_forget(struct sandbox *);

/* Instead, with --no-sandbox: a line on stderr. */
void sandbox_warn(void);

/* Has this process entered? */
bool sandbox_entered(void);

#endif
