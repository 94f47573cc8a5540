/* str.h: views of bytes, and buffers that know their maximum */
#ifndef STR_H
#define STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view: never freed, not NUL-terminated, any byte may stand in it. */
struct str {
	const char *p;
	size_t n;
};
#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_ARG(s) (int)(s).n, (s).p		/* for "%.*s" */

static inline struct str
str_of(const char *s)				/* NULL is empty */
{
	return (struct str){ s, s != NULL ? strlen(s) : 0 };
}

bool str_eq(struct str, struct str);
bool str_eqi(struct str, struct str);		/* ASCII case ignored */
bool str_is(struct str, const char *);		/* str_eqi to a C string */
bool str_starts(struct str, const char *);	/* ASCII case ignored */
struct str str_trim(struct str);		/* no SP HTAB CR LF at ends */
struct str str_from(struct str, size_t i);	/* from byte i on */
struct str str_to(struct str, size_t n);	/* the first n bytes */
/* Takes blanks, folds and comments, which nest, off its front (RFC 5322 3.2.2). */
void str_skip_cfws(struct str *);
bool str_has(struct str, char);

/*
 * Cuts *s at the first sep: what stands before it is returned, *s becomes
 * what stands behind.  Without a sep all is returned and *s is { NULL, 0 }.
 */
struct str str_cut(struct str *s, char sep);

/* The next run of non-blanks, taken off the front of *s; n is 0 at the end. */
struct str str_word(struct str *s);

/* Decimal digits alone, at most max; -1 if not so (also when empty). */
int str_num(struct str, uint64_t max, uint64_t *);

bool str_ascii(struct str);			/* no byte over 0x7f */
bool str_control(struct str);			/* a byte < 0x20, or 0x7f */
bool str_utf8(struct str);			/* valid UTF-8 (RFC 3629) */

/*
 * The character at s.p: its length 1..4 and, if cp is not NULL, its code
 * point; 0 for the end or for what is not UTF-8.
 */
size_t str_char(struct str, uint32_t *cp);

/*
 * Not a C0 or C1 control, and nothing that turns the reading direction, breaks
 * lines or hides (U+061C, U+200B-F, U+2028-E, U+2066-9, tags ...).
 */
bool str_harmless(uint32_t cp);

/*
 * s as a terminal may see it: printable ASCII and harmless UTF-8 as it is,
 * all else (controls, C1, direction overrides, broken bytes) as \xHH; a
 * newline as \n.  Always NUL-terminated; cut with "..." when it is too long.
 */
void str_escape(char *dst, size_t cap, struct str s);

/* Its bytes to dst, which has the room.  An empty one may have no address. */
static inline void
str_copy(char *dst, struct str s)
{
	if (s.n > 0)
		memcpy(dst, s.p, s.n);
}

/* Where the first c from p on is; end if there is none before it. */
static inline const char *
str_find(const char *p, char c, const char *end)
{
	const char *at = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;

	return at != NULL ? at : end;
}

static inline char
str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool
str_blank(char c)			/* WSP of RFC 5234 */
{
	return c == ' ' || c == '\t';
}

static inline bool
str_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
str_alpha(char c)
{
	return str_lower(c) >= 'a' && str_lower(c) <= 'z';
}

/*
 * A growable buffer.  p is always NUL-terminated behind n once something was
 * put.  max 0 means 1 GiB.  Text that does not fit is not put, and over is
 * set: check it once at the end.  Start with { .max = N }; free with buf_free.
 * A secret one is wiped when it moves and when it is freed.
 */
struct buf {
	char *p;
	size_t n, cap, max;
	bool over, secret;
};
#define BUF_STR(b) ((struct str){ (b).p, (b).n })

void buf_put(struct buf *, const void *, size_t);
void buf_str(struct buf *, struct str);
void buf_s(struct buf *, const char *);
void buf_c(struct buf *, char);
void buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));
char *buf_more(struct buf *, size_t n);	/* for buf_room, if it must grow */

/* n bytes to write behind; or NULL */
static inline char *
buf_room(struct buf *b, size_t n)
{
	size_t max = b->max > 0 ? b->max : (size_t)1 << 30;

	return !b->over && n < b->cap - b->n && b->n + n <= max ?
	    b->p + b->n : buf_more(b, n);
}

void buf_drop(struct buf *, size_t n);	/* forgets the first n bytes */
void buf_wipe(struct buf *);		/* overwrites, then frees */
void buf_free(struct buf *);

#endif
