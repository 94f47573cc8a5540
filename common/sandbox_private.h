/* sandbox_private.h: between sandbox.c and what enforces it */
#ifndef SANDBOX_PRIVATE_H
#define SANDBOX_PRIVATE_H

#include "sandbox.h"

/* The sanitizers' own needs: /proc, a tracer for leaks. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANDBOX_SANITIZED
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED
#endif
#endif

/*
 * Landlock, for this thread and its children: the version that is enforced now,
 * or 0.  No program that is started has more rights than we have (set-user-ID).
 */
int sandbox_files(const struct sandbox *);

/* seccomp, for all threads: is it enforced now? */
bool sandbox_calls(const struct sandbox *);

#endif
