/* replay.c: a fuzz target over its seeds, without a fuzzer: replay SEED... */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerInitialize(int *, char ***) __attribute__((weak));

enum { MOST = 1 << 16 };

int
main(int argc, char **argv)
{
	static uint8_t all[MOST];
	uint8_t *seed;
	size_t n;
	FILE *f;
	int i;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++) {
		if ((f = fopen(argv[i], "r")) == NULL)
			return 1;
		n = fread(all, 1, sizeof all, f);
		fclose(f);
		/* Of its own size, so that a byte too many is seen. */
		if ((seed = malloc(n > 0 ? n : 1)) == NULL)
			return 1;
		for (size_t k = 0; k < n; k++)
			seed[k] = all[k];
		LLVMFuzzerTestOneInput(seed, n);
		free(seed);
		ok(true, "%s", argv[i]);
	}
	ok(argc > 1, "there are seeds");
	return done();
}
