/*
 * former_offlineimap.c: what offlineimap (7 and 8) knew of a mailbox
 *
 * Its files have the server's UIDs in their names.  Below ~/.offlineimap are
 * Repository-NAME/FolderValidity/BOX, which is UIDVALIDITY as it was, and in
 * the form that is text Account-NAME/LocalStatus/BOX, which has the flags that
 * both sides had.  "/" of a mailbox's name is "." in these.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "former.h"

/* The file of this mailbox, in dir/KIND-NAME/below; true: take said yes. */
static bool
each_file(const struct box *b, const char *dir, const char *kind,
    const char *below, bool (*take)(const struct box *, struct str,
    struct former *), struct former *f)
{
	struct arena a = { 0 };
	struct buf tops = { .max = 1 << 20 }, names = { .max = 64 << 20 };
	size_t n = former_entries(dir, &tops), k;
	const char *top = tops.p, *name;
	bool is = false;

	for (; !is && n > 0; n--, top += strlen(top) + 1) {
		const char *in = arena_printf(&a, "%s/%s/%s", dir, top, below);

		if (!str_starts(str_of(top), kind))
			continue;
		names.n = 0;
		k = former_entries(in, &names);
		for (name = names.p; !is && k > 0; k--,
		    name += strlen(name) + 1) {
			struct buf text = { .max = 64 << 20 };

			is = former_named(b, str_of(name), '.', false) &&
			    former_slurp(AT_FDCWD, arena_printf(&a,
			    "%s/%s", in, name), &text) &&
			    take(b, BUF_STR(text), f);
			buf_free(&text);
		}
	}
	buf_free(&names);
	buf_free(&tops);
	arena_free(&a);
	return is;
}

static bool
same_validity(const struct box *b, struct str text, struct former *f)
{
	uint64_t n;

	(void)f;
	return str_num(str_trim(text), UINT32_MAX, &n) == 0 && n != 0 &&
	    n == b->far.seen.uidvalidity;
}

/* "12|FS|1700000000|labels", or in the first form "12:FS". */
static bool
read_status(const struct box *b, struct str text, struct former *f)
{
	struct str line = str_cut(&text, '\n'), flags;
	struct knew k = { .near = 0 };
	uint64_t n;
	char cut;

	(void)b;
	if (!str_starts(line, "OFFLINEIMAP LocalStatus CACHE DATA"))
		return false;
	while (text.n > 0) {
		line = str_cut(&text, '\n');
		cut = str_has(line, '|') ? '|' : ':';
		if (str_num(str_trim(str_cut(&line, cut)), UINT32_MAX, &n) < 0)
			continue;
		flags = str_trim(str_cut(&line, cut));
		k.near = k.far = (uint32_t)n;
		k.flags = former_flags(flags);
		former_add(f, &k);
	}
	return true;
}

bool
former_offlineimap(const struct box *b, const struct opt_list *dirs,
    struct former *f)
{
	size_t i;

	f->who = "offlineimap";
	for (i = 0; i < dirs->n; i++) {
		if (!each_file(b, dirs->v[i], "Repository-", "FolderValidity",
		    same_validity, f))
			continue;
		f->all = true;
		each_file(b, dirs->v[i], "Account-", "LocalStatus",
		    read_status, f);
		return true;
	}
	return false;
}
