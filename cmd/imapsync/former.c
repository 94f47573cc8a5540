/* former.c: what the states of mbsync and offlineimap have in common */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "file.h"
#include "former.h"
#include "utf7.h"

void
former_add(struct former *f, const struct knew *k)
{
	if ((f->n & (f->n - 1)) == 0)	/* full at each power of two */
		f->v = mem_grow(f->v, f->n > 0 ? 2 * f->n : 1, sizeof *f->v);
	f->v[f->n++] = *k;
}

uint64_t
former_flags(struct str letters)
{
	struct letters none = { .strange = 0 };
	char info[32] = "2,", other[64];

	letters = str_to(letters, sizeof info - 3);
	str_copy(info + 2, letters);
	return flags_from_info(&none, (struct str){ info, letters.n + 2 },
	    other);
}

bool
former_slurp(int at, const char *name, struct buf *b)
{
	struct err quiet = { 0 };
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY), got;

	if (fd < 0)
		return false;
	got = file_slurp(fd, b, &quiet);
	close(fd);
	return got == 0;
}

size_t
former_entries(const char *dir, struct buf *to)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	size_t n = 0;

	while (d != NULL && (x = readdir(d)) != NULL) {
		if (x->d_name[0] == '.')
			continue;
		buf_put(to, x->d_name, strlen(x->d_name) + 1);
		n++;
	}
	if (d != NULL)
		closedir(d);
	return n;
}

/* The name with another separator; with loose, at the end of it. */
static bool
is_with(struct str name, const char *box, char sep, char c, bool loose)
{
	size_t n = strlen(box), i;

	if (loose && name.n > n)
		name = str_from(name, name.n - n);
	if (name.n != n || n == 0)
		return false;
	for (i = 0; i < name.n; i++)
		if (name.p[i] != (box[i] == sep ? c : box[i]))
			return false;
	return true;
}

bool
former_named(const struct box *b, struct str name, char c, bool loose)
{
	struct buf wire = { .max = 4096 };
	char sep = b->run->sep != '\0' ? b->run->sep : '/';
	bool is = is_with(name, b->name, sep, c, loose) ||
	    is_with(name, b->path, '/', c, loose);

	if (!is && utf7_encode(&wire, str_of(b->name)) == 0 && wire.p != NULL)
		is = is_with(name, wire.p, sep, c, loose);
	buf_free(&wire);
	return is;
}
