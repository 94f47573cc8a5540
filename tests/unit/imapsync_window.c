/* imapsync_window.c: which files may leave, for they are on the server */
#include "flags.h"
#include "plan.h"
#include "state.h"
#include "tap.h"
#include "window_says.h"
#include "wire.h"

static void
says(void)
{
	static const struct {
		bool there, known, stub, native;
		uint64_t flags;
		uint32_t far, near;
		enum window_says is;
		const char *what;
	} c[] = {
	{ true, true, false, true, FLAG_SEEN, 10, 10, WINDOW_LEAVES, "read" },
	{ true, true, false, true, FLAG_SEEN | FLAG_ANSWERED, 10, 10,
	    WINDOW_LEAVES, "and answered" },
	{ false, true, false, true, FLAG_SEEN, 10, 10, WINDOW_HELD,
	    "not there" },
	{ true, true, false, true, 0, 10, 10, WINDOW_HELD, "unread" },
	{ true, true, false, true, FLAG_FLAGGED, 10, 10, WINDOW_HELD,
	    "unread and flagged" },
	{ true, true, false, true, FLAG_SEEN | FLAG_FLAGGED, 10, 10,
	    WINDOW_HELD, "flagged" },
	{ true, true, false, true, FLAG_SEEN, 10, 11, WINDOW_LEAVES,
	    "a download, by another count" },
	{ true, true, false, false, FLAG_SEEN, 10, 11, WINDOW_STAYS,
	    "one of here, of another size" },
	{ true, true, false, false, FLAG_SEEN, 10, 10, WINDOW_LEAVES,
	    "one of here, of this size" },
	{ true, true, true, false, FLAG_SEEN, 10, 11, WINDOW_LEAVES, "a stub" },
	{ true, false, false, false, FLAG_SEEN, 10, 0, WINDOW_LEAVES,
	    "of which nothing is known" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct far_msg f = { .flags = c[i].flags, .size = c[i].far };
		struct rec rec = { .size = c[i].near, .stub = c[i].stub };

		is_int(window_says(c[i].there ? &f : NULL, c[i].known ? &rec :
		    NULL, c[i].native), c[i].is, "%s", c[i].what);
	}
}

static void
known(void)
{
	static const struct {
		uint64_t changed, ident, wire;
		uint32_t size;
		bool is;
		const char *what;
	} c[] = {
	{ 0, 7, 100, 100, true, "as it was" },
	{ FLAG_FLAGGED, 7, 100, 100, false, "flagged since" },
	{ 0, 8, 100, 100, false, "another header" },
	{ 0, 7, 101, 100, false, "one byte more" },
	{ 0, 7, 99, 100, false, "one byte less" },
	{ 0, 7, 99, UINT32_MAX, true, "larger than can be noted" },
	{ 0, 8, 99, UINT32_MAX, false, "which another header is not" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct rec rec = { .ident = 7, .size = c[i].size };
		struct outgo o = { .ident = c[i].ident, .wire = c[i].wire };

		is_int(window_known(&rec, &o, c[i].changed), c[i].is, "%s",
		    c[i].what);
	}
}

int
main(void)
{
	says();
	known();
	return done();
}
