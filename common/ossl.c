/* ossl.c: OpenSSL, loaded late */
#include "ossl.h"

#include <pthread.h>
#include <sys/mman.h>

#include "late.h"
#include "mem.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static const char *const names[] = {
#define NAME(f) #f,
	OSSL_ALL(NAME)
};

const struct ossl *ossl_here;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
load(void)
{
	struct ossl *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		all = mem_new(1, sizeof *all);	/* says so and ends */
	/* libssl needs libcrypto, so both are searched */
	late_need("libssl.so." TEXT(OPENSSL_SHLIB_VERSION), names,
	    sizeof names / sizeof *names, all);
	mprotect(all, sizeof *all, PROT_READ);
	__atomic_store_n(&ossl_here, all, __ATOMIC_RELEASE);
}

const struct ossl *
ossl_load(void)
{
	pthread_once(&once, load);
	return ossl_here;
}
