/* flags.c: flags as bits, as IMAP's words, as Maildir's letters */
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "mem.h"

static const struct {
	const char *word;
	char letter;
	uint64_t bit;
} table[] = {			/* letters in ASCII order */
	{ "\\Draft", 'D', FLAG_DRAFT },
	{ "\\Flagged", 'F', FLAG_FLAGGED },
	{ "$Forwarded", 'P', FLAG_FORWARDED },
	{ "\\Answered", 'R', FLAG_ANSWERED },
	{ "\\Seen", 'S', FLAG_SEEN },
	{ "\\Deleted", 'T', FLAG_DELETED },
};
enum { TABLE = sizeof table / sizeof *table };

static uint64_t
bit_of(size_t i)
{
	return (uint64_t)1 << (FLAG_KEYWORD + i);
}

/* RFC 3501 9, flag-keyword: an atom. */
static bool
atom(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f ||
		    strchr("(){%*\"\\]", s.p[i]) != NULL)
			return false;
	return s.n > 0 && s.n <= 255;
}

static uint64_t
known_keyword(struct str word)
{
	size_t i;

	for (i = 0; i < TABLE; i++)
		if (str_is(word, table[i].word))
			return table[i].bit;
	return 0;
}

uint64_t
flags_keyword(struct keywords *k, struct str name, bool add)
{
	uint64_t bit = known_keyword(name);
	size_t i;

	if (bit != 0 || !atom(name))
		return bit;
	for (i = 0; i < k->n; i++)
		if (str_is(name, k->name[i]))
			return bit_of(i);
	if (!add || k->n == KEYWORDS)
		return 0;
	k->name[k->n] = mem_new(name.n + 1, 1);
	str_copy(k->name[k->n], name);
	return bit_of(k->n++);
}

void
flags_keywords_free(struct keywords *k)
{
	while (k->n > 0)
		free(k->name[--k->n]);
}

uint64_t
flags_translate(const struct keywords *from, uint64_t flags,
    struct keywords *to)
{
	uint64_t all = flags & ((1u << FLAG_KEYWORD) - 1);
	size_t i;

	if (from == NULL || to == NULL)
		return all;
	for (i = 0; i < from->n; i++)
		if ((flags & bit_of(i)) != 0)
			all |= flags_keyword(to, str_of(from->name[i]), true);
	return all;
}

uint64_t
flags_parse(struct keywords *k, struct str words)
{
	bool any;

	return flags_permanent(k, words, &any);
}

static struct str
without_brackets(struct str words)
{
	if (words.n > 0 && words.p[0] == '(')
		words = str_from(words, 1);
	if (words.n > 0 && words.p[words.n - 1] == ')')
		words = str_to(words, words.n - 1);
	return words;
}

void
flags_letters(struct str words, char to[FLAGS_LETTERS])
{
	uint64_t flags = 0;
	struct str word;
	size_t i, n = 0;

	words = without_brackets(words);
	while ((word = str_word(&words)).n > 0)
		flags |= known_keyword(word);
	for (i = 0; i < TABLE; i++)
		if ((flags & table[i].bit) != 0)
			to[n++] = table[i].letter;
	to[n] = '\0';
}

uint64_t
flags_permanent(struct keywords *k, struct str words, bool *any)
{
	struct str word;
	uint64_t flags = 0;

	*any = false;
	words = without_brackets(words);
	while ((word = str_word(&words)).n > 0) {
		*any |= str_is(word, "\\*");
		flags |= flags_keyword(k, word, true);
	}
	return flags;
}

static void
put_word(struct buf *b, const char *word, bool *more)
{
	if (*more)
		buf_c(b, ' ');
	*more = true;
	buf_s(b, word);
}

void
flags_text(struct buf *b, const struct keywords *k, uint64_t flags)
{
	bool more = false;
	size_t i;

	for (i = 0; i < TABLE; i++)
		if ((flags & table[i].bit) != 0)
			put_word(b, table[i].word, &more);
	for (i = 0; i < k->n; i++)
		if ((flags & bit_of(i)) != 0)
			put_word(b, k->name[i], &more);
}

void
flags_give(struct letters *l, const struct keywords *words)
{
	size_t i, k;
	uint64_t bit;

	for (i = 0; i < words->n; i++) {
		bit = bit_of(i);
		for (k = 0; k < LETTERS && l->bit[k] != bit; k++)
			;
		if (k < LETTERS)
			continue;
		for (k = 0; k < LETTERS && (l->bit[k] != 0 ||
		    (l->strange >> k & 1) != 0); k++)
			;
		if (k == LETTERS)
			return;
		l->bit[k] = bit;
		l->changed = true;
	}
}

uint64_t
flags_lettered(const struct letters *l)
{
	uint64_t all = (1u << FLAG_KEYWORD) - 1;
	size_t i;

	for (i = 0; i < LETTERS; i++)
		all |= l->bit[i];
	return all;
}

static uint64_t
letter_bit(const struct letters *l, char c)
{
	size_t i;

	if (c >= 'a' && c <= 'z')
		return l->bit[c - 'a'];
	for (i = 0; i < TABLE; i++)
		if (table[i].letter == c)
			return table[i].bit;
	return 0;
}

uint64_t
flags_from_info(const struct letters *l, struct str info, char other[64])
{
	uint64_t flags = 0, bit;
	bool ours = true;
	size_t i, n = 0;

	if (info.n >= 2 && info.p[0] == '2' && info.p[1] == ',')
		info = str_from(info, 2);
	for (i = 0; i < info.n; i++) {
		if (info.p[i] == ',')	/* behind it are no flags */
			ours = false;
		bit = ours ? letter_bit(l, info.p[i]) : 0;
		flags |= bit;
		if (bit == 0 && n < 63)
			other[n++] = info.p[i];
	}
	other[n] = '\0';
	return flags;
}

/* Sets the keyword's letter, a new one if need be; the bit if there is none. */
static uint64_t
letter_of(struct letters *l, uint64_t bit, bool set[256])
{
	size_t i, room = LETTERS;

	for (i = 0; i < LETTERS; i++) {
		if (l->bit[i] == bit) {
			set['a' + i] = true;
			return 0;
		}
		if (room == LETTERS && l->bit[i] == 0 &&
		    (l->strange >> i & 1) == 0 && !set['a' + i])
			room = i;
	}
	if (room == LETTERS)
		return bit;
	l->bit[room] = bit;
	l->changed = true;
	set['a' + room] = true;
	return 0;
}

uint64_t
flags_to_info(struct letters *l, uint64_t flags, const char *other,
    char *dst, size_t cap)
{
	size_t i, n = 0, head = strcspn(other, ",");
	bool set[256] = { false };
	uint64_t left = 0;
	struct buf b = { .max = cap > 0 ? cap - 1 : 0 };

	for (i = 0; i < head; i++)
		set[(unsigned char)other[i]] = true;
	for (i = 0; i < TABLE; i++)
		if ((flags & table[i].bit) != 0)
			set[(unsigned char)table[i].letter] = true;
	for (i = 0; i < LETTERS; i++)	/* Dovecot has one for $Forwarded */
		if ((flags & l->bit[i] & FLAG_FORWARDED) != 0)
			set['a' + i] = true;
	for (i = 0; i < KEYWORDS; i++)
		if ((flags & bit_of(i)) != 0)
			left |= letter_of(l, bit_of(i), set);
	buf_s(&b, "2,");
	for (i = 1; i < 256; i++)
		if (set[i])
			buf_c(&b, (char)i);
	buf_s(&b, other + head);
	n = b.over ? 0 : b.n;
	if (cap > 0) {
		if (n > 0)
			memcpy(dst, b.p, n);
		dst[n] = '\0';
	}
	buf_free(&b);
	return left;
}
