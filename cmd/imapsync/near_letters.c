/*
 * near_letters.c: which keyword is which letter, in a Maildir's file
 *
 * dovecot-keywords is Dovecot's: it may write the file while we do.  Its
 * letters stay as they are, and ours go where it has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "near_dir.h"
#include "near_letters.h"
#include "net.h"
#include "stop.h"

static const char letters_file[] = "dovecot-keywords";

static int
read_letters(const struct near_dir *l, struct buf *b, mode_t *mode,
    struct err *e)
{
	struct stat st;
	int fd, got;

	fd = openat(l->in.top, letters_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC |
	    O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return fail_sys(e, EX_IOERR, "%s/%s", l->in.path, letters_file);
	}
	*mode = st.st_mode & 0777;
	got = file_slurp(fd, b, e);
	close(fd);
	return got < 0 ? fail_in(e, "%s/%s", l->in.path, letters_file) : 0;
}

/* "0 work": 1 and its letter, or 0 for what is no such line. */
static int
line_of(struct str line, uint64_t *i, struct str *word)
{
	*word = line;
	if (str_num(str_cut(word, ' '), UINT16_MAX, i) < 0 || word->n == 0)
		return 0;
	return 1;
}

int
near_letters_load(struct near_dir *l, struct keywords *k, struct err *e)
{
	struct buf b = { .max = 65536 };
	struct str rest, word;
	mode_t mode;
	uint64_t i;

	l->words = k;
	l->letters = (struct letters){ .strange = 0 };
	if (read_letters(l, &b, &mode, e) < 0) {
		buf_free(&b);
		return -1;
	}
	for (rest = BUF_STR(b); rest.n > 0;) {
		if (line_of(str_cut(&rest, '\n'), &i, &word) == 0 ||
		    i >= LETTERS)
			continue;
		l->letters.bit[i] = flags_keyword(k, word, true);
		if (l->letters.bit[i] == 0)
			l->letters.strange |= 1u << i;
	}
	buf_free(&b);
	return 0;
}

/* The file as it is by now, with our keywords in the places that are free. */
static void
merge_letters(const struct near_dir *l, const struct keywords *k, struct str was,
    struct buf *out)
{
	bool have[LETTERS] = { false };
	struct str rest = was, word;
	uint64_t i, bit;

	while (rest.n > 0)
		if (line_of(str_cut(&rest, '\n'), &i, &word) == 1 &&
		    i < LETTERS)
			have[i] = true;
	buf_str(out, was);
	if (was.n > 0 && was.p[was.n - 1] != '\n')
		buf_c(out, '\n');
	for (i = 0; i < LETTERS; i++) {
		bit = l->letters.bit[i] >> FLAG_KEYWORD;
		if (bit != 0 && !have[i])
			buf_printf(out, "%u %s\n", (unsigned)i,
			    k->name[__builtin_ctzll(bit)]);
	}
}

/* Dovecot writes the file under that name; let it finish. */
static void
wait_lock(const struct near_dir *l)
{
	struct stat st;
	int i;

	for (i = 0; i < 40 && !stop_asked(); i++) {
		if (fstatat(l->in.top, "dovecot-keywords.lock", &st,
		    AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_mtime < clock_wall() - 60)
			return;
		net_poll(NULL, 0, clock_ms() + 50);
	}
}

static int
write_letters(const struct near_dir *l, struct str text, mode_t mode,
    struct err *e)
{
	static const char tmp[] = "dovecot-keywords.postbag";
	int fd, got;

	unlinkat(l->in.top, tmp, 0);
	fd = openat(l->in.top, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, mode);
	if (fd < 0)
		return fail_sys(e, EX_CANTCREAT, "%s/%s", l->in.path, tmp);
	got = file_write(fd, text.p, text.n, e);
	if (got == 0)
		got = file_sync(fd, e);
	close(fd);
	if (got == 0 && (renameat(l->in.top, tmp, l->in.top, letters_file) < 0 ||
	    fsync(l->in.top) < 0))
		got = fail_sys(e, EX_CANTCREAT, "%s", letters_file);
	return got < 0 ? fail_in(e, "%s", l->in.path) : 0;
}

int
near_letters_save(struct near_dir *l, const struct keywords *k, struct err *e)
{
	struct buf was = { .max = 65536 }, now = { .max = 131072 };
	mode_t mode = 0600;
	int got;

	if (!l->letters.changed)
		return 0;
	wait_lock(l);
	got = read_letters(l, &was, &mode, e);
	if (got == 0) {
		merge_letters(l, k, BUF_STR(was), &now);
		got = write_letters(l, BUF_STR(now), mode, e);
	}
	if (got == 0)
		l->letters.changed = false;
	buf_free(&was);
	buf_free(&now);
	return got;
}
