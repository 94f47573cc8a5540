/* late.c: libraries loaded late */
#include <dlfcn.h>
#include <stdlib.h>

#include "fail.h"
#include "late.h"

const char *
late_load(const char *so, const char *const *names, size_t n, void *table)
{
	void *lib = dlopen(so, RTLD_NOW | RTLD_LOCAL), **to = table;
	size_t i;

	if (lib == NULL)
		return dlerror();
	for (i = 0; i < n; i++) {
		to[i] = dlsym(lib, names[i]);
		if (to[i] == NULL)
			return dlerror();
	}
	return NULL;
}

void
late_need(const char *so, const char *const *names, size_t n, void *table)
{
	const char *why = late_load(so, names, n, table);

	if (why == NULL)
		return;
	fail_say("a library cannot be loaded: %s", why);
	exit(EX_OSERR);
}
