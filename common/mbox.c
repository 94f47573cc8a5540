/*
 * mbox.c: appending to an mbox file, mboxrd quoted, durable, all or nothing
 *
 * mboxrd: a ">" in front of each line that is any number of ">" and "From ".
 * Readers that know only mboxo unquote one less; nothing is lost to anybody.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "mbox.h"
#include "mem.h"
#include "net.h"
#include "os.h"
#include "sandbox.h"
#include "stop.h"
#include "trace.h"

enum { ROOM = 1 << 17, PIECE = 1 << 16, TRIES = 10 };

/* A word that mbox_recover does not take for ours. */
static const char *
from_word(const char *sender)
{
	size_t i;

	if (sender == NULL)
		return MBOX_SENDER;
	for (i = 0; sender[i] != '\0'; i++)
		if (sender[i] <= ' ' || sender[i] > '~')
			return "MAILER-DAEMON";
	return i == 0 || i > 254 || strcmp(sender, MBOX_SENDER) == 0 ?
	    "MAILER-DAEMON" : sender;
}

static const char *const month[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

void
mbox_from(char dst[MBOX_FROM], const char *sender, time_t t)
{
	static const char *const day[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat" };
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(dst, MBOX_FROM, "From %s %s %s %2d %02d:%02d:%02d %d\n",
	    from_word(sender), day[tm.tm_wday], month[tm.tm_mon], tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

static bool
from_line(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] == '>')
		i++;
	return n - i >= 5 && memcmp(p + i, "From ", 5) == 0;
}

void
mbox_quote(struct buf *out, struct str s, bool *begins)
{
	const char *eol;
	size_t n;

	while (s.n > 0) {
		if (*begins && (s.p[0] == 'F' || s.p[0] == '>') &&
		    from_line(s.p, s.n))
			buf_c(out, '>');
		eol = memchr(s.p, '\n', s.n);
		n = eol != NULL ? (size_t)(eol - s.p) + 1 : s.n;
		buf_put(out, s.p, n);
		*begins = eol != NULL;
		s = str_from(s, n);
	}
}

/* ---- batches ---- */

enum { BATCH_SENDER = 64 };

/* Who the messages of this batch are from, if nobody else is said. */
static const char *
batch_sender(char dst[BATCH_SENDER], uint32_t batch)
{
	if (batch == 0)
		return NULL;
	snprintf(dst, BATCH_SENDER, "mailfetch-%08x@localhost",
	    (unsigned)batch);
	return dst;
}

int
mbox_batch(struct mbox *m, struct err *e)
{
	if (os_random(&m->batch, sizeof m->batch, false) < 0)
		return fail_sys(e, EX_OSERR, "random bytes");
	m->batch |= m->batch == 0;
	return 0;
}

/* ---- locks ---- */

void
mbox_box(const char *path, struct sandbox *box)
{
	sandbox_path(box, path, SANDBOX_WRITE);
	sandbox_beside(box, path, SANDBOX_WRITE);
	clock_boot();			/* learned now, or never */
}

static int
locked(const struct mbox *m, struct err *e)
{
	return stop_asked() ? fail_stop(e) : fail(e, EX_TEMPFAIL, "%s: locked by another program",
	    m->path);
}

static int
lock(struct mbox *m, double seconds, struct err *e)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int64_t end = clock_in(seconds);
	int got;

	while ((got = mbox_lock_try(&m->dotlock, m->fd)) == 0) {
		if (clock_left(end) == 0 || stop_asked())
			return locked(m, e);
		net_poll(NULL, 0, clock_ms() + 100);
	}
	if (got < 0)
		return fail_sys(e, EX_IOERR, "%s", m->dotlock.path);
	while (fcntl(m->fd, F_SETLK, &l) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return fail_sys(e, EX_OSERR, "%s: lock", m->path);
		if (clock_left(end) == 0 || stop_asked())
			return locked(m, e);
		net_poll(NULL, 0, clock_ms() + 100);
	}
	return 0;
}

/* Who had the lock may have removed the file, or put another in its place. */
static bool
replaced(const struct mbox *m)
{
	struct stat ours, there;

	return fstat(m->fd, &ours) < 0 || stat(m->path, &there) < 0 ||
	    ours.st_dev != there.st_dev || ours.st_ino != there.st_ino;
}

/* The file itself, which no other name leads to, and of who we act as. */
static bool
sole(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_nlink == 1 && st.st_uid == geteuid();
}

/* how: O_NOFOLLOW if it must be such a one, or 0. */
static int
open_file(struct mbox *m, const char *path, int how, struct err *e)
{
	m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | how,
	    0600);
	if (how != 0 && (m->fd < 0 ? errno == ELOOP : !sole(m->fd))) {
		mbox_close(m);
		return fail(e, EX_CANTCREAT, "%s: a link, or another user's",
		    path);
	}
	return m->fd < 0 ? fail_sys(e, EX_CANTCREAT, "%s", path) : 0;
}

static int
open_locked(struct mbox *m, const char *path, double seconds, int how,
    struct err *e)
{
	*m = (struct mbox){ .path = path, .out.max = 4 * ROOM };
	mbox_lock_of(&m->dotlock, path);
	if (open_file(m, path, how, e) < 0)
		return -1;
	if (lock(m, seconds, e) == 0)
		return 0;
	mbox_close(m);
	return -1;
}

static int
open_lasting(struct mbox *m, const char *path, double seconds, int how,
    struct err *e)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (open_locked(m, path, seconds, how, e) < 0)
			return -1;
		if (!replaced(m) && (m->dotlock.path[0] == '\0' ||
		    mbox_lock_ours(&m->dotlock)))
			return 0;
		mbox_close(m);
	}
	return fail(e, EX_TEMPFAIL, "%s: replaced again and again", path);
}

void
mbox_close(struct mbox *m)
{
	if (m->torn)
		mbox_lock_leave(&m->dotlock);
	else
		mbox_lock_drop(&m->dotlock);
	if (m->fd >= 0)			/* and the other lock with it */
		close(m->fd);
	m->fd = -1;
	buf_free(&m->out);
}

/* ---- recovery ---- */

/* Does a date end here, " Jan  2", with blanks behind it? */
static bool
date_ends(const char *p, size_t n)
{
	size_t i, end;

	while (n > 0 && p[n - 1] == ' ')
		n--;
	for (end = n; n > 0 && str_digit(p[n - 1]); n--)
		;
	if (n == end || n < 5)
		return false;
	while (n > 4 && p[n - 1] == ' ')
		n--;
	for (i = 0; i < sizeof month / sizeof *month; i++)
		if (p[n - 4] == ' ' && memcmp(p + n - 3, month[i], 3) == 0)
			return true;
	return false;
}

/*
 * In a line: a "From " that another program may have put behind half of one,
 * with its "Jan  2 12:00"?
 */
static bool
other_from(const char *p, size_t n)
{
	const char *eol = memchr(p, '\n', n);
	size_t len = eol != NULL ? (size_t)(eol - p) : n, i, k;

	for (i = 5; i + 1 < len; i++) {
		if (p[i] != ':' || !str_digit(p[i + 1]))
			continue;
		for (k = i; str_digit(p[k - 1]); k--)	/* "From " ends it */
			;
		if (k < i && p[k - 1] == ' ' && date_ends(p, k))
			return true;
	}
	return false;
}

/*
 * Does somebody else's message begin at some[i], be it behind half a line?
 * others: how those of ours do, NULL: there is but one.
 */
static bool
strange_from(const char *some, size_t i, size_t n, const char *others)
{
	size_t left = n - i, len = others != NULL ? strlen(others) : 0;

	if (left < 5 || memcmp(some + i, "From ", 5) != 0 || i == 0)
		return false;
	if (some[i - 1] != '\n')
		return some[i - 1] != '>' &&
		    other_from(some + i, left < MBOX_FROM ? left : MBOX_FROM);
	return others == NULL ||
	    memcmp(some + i, others, left < len ? left : len) != 0;
}

/*
 * Is all from the old end on our own, which begins like first?  A line that was
 * cut by the crash may be as short as one byte.  1, 0, -1.  It is done to its
 * end, which is near, even if we are to stop: nobody would do it later.
 */
static int
all_ours(struct mbox *m, uint64_t from, const char *first, const char *others,
    struct err *e)
{
	char some[65536];
	size_t keep = 0, n, i, len = strlen(first);
	off_t at = (off_t)from;
	bool begun = false;
	ssize_t got;

	do {
		got = file_pread(m->fd, some + keep, sizeof some - keep, at,
		    e);
		if (got < 0)
			return -1;
		at += got;
		n = keep + (size_t)got;
		for (i = 0; !begun && i < 2 && n > 0 && some[0] == '\n'; i++)
			memmove(some, some + 1, --n);
		if (!begun && memcmp(some, first, n < len ? n : len) != 0)
			return 0;
		begun = true;
		keep = got > 0 && n > MBOX_FROM ? MBOX_FROM : 0;
		for (i = 0; i + keep < n; i++)
			if (strange_from(some, i, n, others))
				return 0;
		keep += keep > 0;		/* and the byte before them */
		memmove(some, some + n - keep, keep);
	} while (got > 0);
	return 1;
}

uint64_t
mbox_length(const struct mbox *m)
{
	return m->length + m->out.n;
}

void
mbox_back(struct mbox *m, uint64_t length)
{
	m->out.over = false;
	m->out.n = 0;
	if (length > m->length) {
		m->out.n = (size_t)(length - m->length);
		length = m->length;
	}
	if (ftruncate(m->fd, (off_t)length) == 0 &&
	    lseek(m->fd, (off_t)length, SEEK_SET) >= 0)
		m->length = length;
	else
		m->torn = m->guarded;
}

int
mbox_recover(struct mbox *m, uint64_t length, uint32_t batch, struct err *e)
{
	char name[BATCH_SENDER], own[BATCH_SENDER + 8];
	int got;

	if (length >= m->length)
		return 1;
	snprintf(own, sizeof own, "From %s ",
	    from_word(batch_sender(name, batch)));
	if ((got = all_ours(m, length, own, own, e)) != 1)
		return got;
	mbox_back(m, length);
	m->start = length;
	return mbox_sync(m, e) < 0 ? -1 : 1;
}

/* What a run that was killed left here goes, if that is all there is. */
static int
take_back(struct mbox *m, struct err *e)
{
	const struct mbox_piece *p = &m->dotlock.left;
	int got = 0;

	if (m->length > p->from && m->length <= p->to)
		got = all_ours(m, p->from, p->first, NULL, e);
	if (got > 0)
		mbox_back(m, p->from);
	if (got != 0 && m->length > p->from) {
		m->torn = true;
		return got < 0 ? -1 : fail_sys(e, EX_IOERR, "%s", m->path);
	}
	if (m->length > p->from)
		trace_note(TRACE_DONE, "%s: a delivery was interrupted at byte %llu, and somebody else has written behind it",
		    m->path, (unsigned long long)p->from);
	return mbox_lock_note(&m->dotlock, NULL, e);
}

/* ---- opening ---- */

static int
open_sound(struct mbox *m, struct err *e)
{
	struct stat st;

	if (fstat(m->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(e, EX_CANTCREAT, "%s: not a regular file",
		    m->path);
	m->length = (uint64_t)st.st_size;
	if (m->dotlock.left.to > 0 && take_back(m, e) < 0)
		return -1;
	m->start = m->length;
	return lseek(m->fd, 0, SEEK_END) < 0 ? fail_sys(e, EX_IOERR, "%s",
	    m->path) : 0;
}

static int
open_any(struct mbox *m, const char *path, double seconds, int how,
    struct err *e)
{
	if (open_lasting(m, path, seconds, how, e) < 0)
		return -1;
	if (open_sound(m, e) == 0)
		return 0;
	mbox_close(m);
	return -1;
}

int
mbox_open(struct mbox *m, const char *path, double seconds, struct err *e)
{
	return open_any(m, path, seconds, 0, e);
}

int
mbox_open_own(struct mbox *m, const char *path, double seconds,
    struct err *e)
{
	return open_any(m, path, seconds, O_NOFOLLOW, e);
}

/* ---- writing ---- */

/* mbox_holds: not written but compared with what stands there. */
static int
mbox_compare(struct mbox *m, struct err *e)
{
	char some[4096];
	size_t i, n;
	ssize_t got;

	for (i = 0; i < m->out.n && m->mode == MBOX_COMPARES; i += n) {
		n = m->out.n - i < sizeof some ? m->out.n - i : sizeof some;
		got = file_scan(m->fd, some, n, (off_t)m->at, e);
		if (got < 0)
			return -1;
		if ((size_t)got < n || memcmp(some, m->out.p + i, n) != 0)
			m->mode = MBOX_DIFFERS;
		m->at += n;
	}
	m->out.n = 0;
	return 0;
}

static int
mbox_flush(struct mbox *m, struct err *e)
{
	if (m->out.over)
		return fail(e, EX_SOFTWARE, "%s: a piece too long", m->path);
	if (m->mode != MBOX_WRITES)
		return mbox_compare(m, e);
	if (m->out.n == 0)
		return 0;
	m->piece.to = m->length + m->out.n;
	if (m->guarded && mbox_lock_note(&m->dotlock, &m->piece, e) < 0)
		return -1;
	if (file_write(m->fd, m->out.p, m->out.n, e) < 0)
		return fail_in(e, "%s", m->path);
	m->length += m->out.n;
	m->out.n = 0;
	return 0;
}

/* A file that does not end in an empty line gets one. */
static int
separate(struct mbox *m, struct err *e)
{
	char last[2] = "";

	if (m->length + m->out.n == 0 || m->out.n > 0)
		return 0;
	if (file_pread(m->fd, last, 2, m->length >= 2 ?
	    (off_t)m->length - 2 : 0, e) < 0)
		return -1;
	if (last[m->length >= 2] != '\n')
		buf_s(&m->out, "\n\n");
	else if (m->length < 2 || last[0] != '\n')
		buf_s(&m->out, "\n");
	return 0;
}

void
mbox_guard(struct mbox *m)
{
	m->guarded = true;
	m->piece.from = m->start;
}

int
mbox_begin(struct mbox *m, const char *sender, time_t t, struct err *e)
{
	char from[MBOX_FROM], name[BATCH_SENDER];

	if (separate(m, e) < 0)
		return -1;
	mbox_from(from, sender != NULL ? sender :
	    batch_sender(name, m->batch), t);
	if (m->piece.first[0] == '\0')
		memcpy(m->piece.first, from, sizeof from);
	buf_s(&m->out, from);
	m->begins = true;
	return 0;
}

int
mbox_put(struct mbox *m, struct str s, struct err *e)
{
	mbox_quote(&m->out, s, &m->begins);
	return m->out.n >= ROOM || m->out.over ? mbox_flush(m, e) : 0;
}

/* Whole lines, and of one that is too long the beginning. */
static int
put_lines(struct mbox *m, char *p, size_t *n, struct err *e)
{
	const char *eol = os_last(p, '\n', *n);
	size_t long_one = *n > PIECE ? *n : 0;
	size_t k = eol != NULL ? (size_t)(eol - p) + 1 : long_one;
	int got = mbox_put(m, (struct str){ p, k }, e);

	*n -= k;
	memmove(p, p + k, *n);
	return got;
}

int
mbox_put_msg(struct mbox *m, const struct msg *of, struct err *e)
{
	struct msg_reader *r = msg_reader_new(of);
	char *some = mem_new(1, 2 * PIECE);
	size_t n = 0, to;
	ssize_t got, i;

	while ((got = msg_read(r, some + n, PIECE, e)) > 0) {
		for (to = n, i = 0; i < got; i++)
			if (some[n + (size_t)i] != '\r')
				some[to++] = some[n + (size_t)i];
		n = to;
		if (put_lines(m, some, &n, e) < 0) {
			got = -1;
			break;
		}
	}
	if (got == 0 && n > 0)
		got = mbox_put(m, (struct str){ some, n }, e);
	free(some);
	free(r);
	return got < 0 ? -1 : 0;
}

int
mbox_end(struct mbox *m, struct err *e)
{
	buf_s(&m->out, m->begins ? "\n" : "\n\n");
	return m->out.n >= ROOM ? mbox_flush(m, e) : 0;
}

/* From here on it is delivered, whatever becomes of the lock. */
static int
unguard(struct mbox *m, struct err *e)
{
	if (m->guarded && mbox_lock_note(&m->dotlock, NULL, e) < 0)
		return -1;
	m->guarded = false;
	return 0;
}

int
mbox_sync(struct mbox *m, struct err *e)
{
	char dir[sizeof m->dotlock.path];

	if (mbox_flush(m, e) < 0)
		return -1;
	if (m->unsure)
		return fail(e, EX_IOERR, "%s: an earlier fsync failed", m->path);
	if (fsync(m->fd) < 0) {
		m->unsure = true;
		return fail_sys(e, EX_IOERR, "%s", m->path);
	}
	/* A new file's name is not in its folder for good before this. */
	if (m->start == 0 &&
	    mbox_lock_folder(m->path, dir, sizeof dir) == 0 &&
	    file_sync_dir(dir, e) < 0)
		return -1;
	return unguard(m, e);
}

/* ---- looking ---- */

/* The message at this place, behind its "From " line: is it this one? */
static int
same_at(struct mbox *m, uint64_t at, const struct msg *of, struct err *e)
{
	int got;

	m->mode = MBOX_COMPARES;
	m->at = at;
	m->begins = true;
	got = mbox_put_msg(m, of, e);
	if (got == 0)
		got = mbox_end(m, e);
	if (got == 0)
		got = mbox_flush(m, e);
	if (got == 0)
		got = m->mode == MBOX_COMPARES;
	m->mode = MBOX_WRITES;
	m->out.n = 0;
	return got;
}

/* How the message begins, as it stands in the file: whole lines, a few KB. */
static int
beginning(struct buf *b, const struct msg *of, struct err *e)
{
	struct msg_reader *r = msg_reader_new(of);
	char some[4096];
	struct str s = { some, 0 };
	bool begins = true;
	ssize_t got, i;

	got = msg_read(r, some, sizeof some, e);
	free(r);
	for (i = 0; i < got; i++)
		if (some[i] != '\r')
			some[s.n++] = some[i];
	while (s.n > 0 && some[s.n - 1] != '\n')
		s.n--;
	mbox_quote(b, s, &begins);
	return got < 0 ? -1 : 0;
}

/* Is it the one whose "From " line stands there? */
static int
same_from(struct mbox *m, off_t at, struct str head, const struct msg *of,
    struct err *e)
{
	char some[MBOX_FROM + 2 * 4096];
	ssize_t got = file_scan(m->fd, some, sizeof some, at, e);
	char *eol = got <= 0 ? NULL : memchr(some, '\n', (size_t)got);
	size_t from = eol == NULL ? 0 : (size_t)(eol + 1 - some);

	if (got < 0)
		return -1;
	if (eol == NULL || (size_t)got - from < head.n ||
	    !str_eq((struct str){ some + from, head.n }, head))
		return 0;
	return same_at(m, (uint64_t)at + from, of, e);
}

int
mbox_holds(struct mbox *m, const struct msg *of, struct err *e)
{
	struct buf head = { .max = 2 * 4096 };
	char *some = mem_new(1, PIECE);
	off_t at = 0;
	ssize_t n = 0, i;
	int got = beginning(&head, of, e);

	while (got == 0 && (n = file_scan(m->fd, some, PIECE, at, e)) > 0) {
		for (i = 0; i + 5 <= n && got == 0; i++)
			if (memcmp(some + i, "From ", 5) == 0 &&
			    (i > 0 ? some[i - 1] == '\n' : at == 0))
				got = same_from(m, at + i, BUF_STR(head), of,
				    e);
		at += n > 5 ? n - 5 : n;	/* and the byte before it */
	}
	free(some);
	buf_free(&head);
	if (n >= 0 && got > 0 && mbox_sync(m, e) < 0)
		return -1;	/* a run that was killed may have not done it */
	return n < 0 ? -1 : got;
}
