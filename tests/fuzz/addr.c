/*
 * addr.c: fuzz: any bytes as an address argument and as a header field
 *
 * What is taken must be fit for the wire, and be taken again as it is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool held)
{
	if (!held)
		abort();
}

/* Put together again it is the same mailbox. */
static void
same(const struct addr *a, struct arena *mem)
{
	struct err e = { 0 };
	struct addr again;
	struct str w = str_of(addr_wire(mem, a, false, &e));

	must(w.p != NULL && w.n <= 254 && !str_control(w) && str_utf8(w));
	must(addr_mailbox(&again, w, &e) == 0);
	must(str_eq(again.local, a->local) && str_eq(again.domain, a->domain));
	must(again.utf8 == a->utf8 && a->utf8 == !str_ascii(a->local));
	must(addr_domain(a->domain, &e) == 0);
}

/* A-labels are their own A-labels. */
static void
ascii(struct str domain, struct arena *mem)
{
	struct err e = { 0 };
	struct str one, two;

	if (addr_ascii(mem, domain, &one, &e) < 0) {
		must(e.code == EX_DATAERR && e.msg[0] != '\0');
		return;
	}
	must(addr_domain(domain, &e) == 0);
	must(str_ascii(one) && !str_control(one) && one.n <= 255);
	must(addr_ascii(mem, one, &two, &e) == 0 && str_eq(one, two));
}

static void
argument(struct str s, struct arena *mem)
{
	struct err e = { 0 };
	struct addr a, b;

	if (addr_mailbox(&a, s, &e) == 0) {
		must(a.local.n + 1 + a.domain.n == s.n && a.local.p == s.p);
		must(!str_control(s));
		same(&a, mem);
		ascii(a.domain, mem);
		must(addr_from(&b, mem, s, &e) == 0);
		must(str_eq(a.local, b.local) && str_eq(a.domain, b.domain));
	} else {
		must(e.code == EX_DATAERR && e.msg[0] != '\0');
	}
}

static void
from(struct str s, struct arena *mem)
{
	struct err e = { 0 };
	struct addr a;
	struct str w;

	if (addr_from(&a, mem, s, &e) < 0) {
		must(e.code == EX_DATAERR && e.msg[0] != '\0');
		return;
	}
	same(&a, mem);
	must(!str_control(s) && !str_control(a.name) && str_utf8(a.name));
	/* the address stands in the argument, byte for byte */
	w = str_of(addr_wire(mem, &a, false, &e));
	must(memmem(s.p, s.n, w.p, w.n) != NULL);
}

static void
field(struct str s, struct arena *mem)
{
	struct addr_list l = { .rest = s };
	struct err e = { 0 };
	struct addr a;
	size_t left;
	int rc;

	for (left = s.n + 1; (rc = addr_next(&l, &a, mem, &e)) == 1;) {
		must(l.rest.n < left);
		left = l.rest.n;
		must(a.local.n > 0 && a.local.n <= 64);
		must(!str_control(a.local) && !str_control(a.name));
		if (a.domain.n > 0)
			same(&a, mem);
	}
	must(rc == 0 || (e.code == EX_DATAERR && e.msg[0] != '\0'));
	must(l.rest.n == 0 && addr_next(&l, &a, mem, &e) == 0);
	for (l = (struct addr_list){ .rest = s }, left = s.n + 1;
	    (rc = addr_next(&l, &a, mem, &e)) != 0;) {
		if (rc < 0)
			addr_skip(&l);
		must(l.rest.n < left);
		left = l.rest.n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str s = { (const char *)data, n };
	struct arena mem = { 0 };

	argument(s, &mem);
	from(s, &mem);
	field(s, &mem);
	ascii(s, &mem);
	arena_free(&mem);
	return 0;
}
