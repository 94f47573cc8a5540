/* flags.h: flags as bits, as IMAP's words, as Maildir's letters */
#ifndef FLAGS_H
#define FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/* A set of flags: system flags, $Forwarded, and a mailbox's own keywords. */
#define FLAG_SEEN	1u	/* S */
#define FLAG_ANSWERED	2u	/* R */
#define FLAG_FLAGGED	4u	/* F */
#define FLAG_DRAFT	8u	/* D */
#define FLAG_DELETED	16u	/* T */
#define FLAG_FORWARDED	32u	/* P, $Forwarded */
enum { FLAG_KEYWORD = 8, KEYWORDS = 56, LETTERS = 26 };

/* Bit FLAG_KEYWORD + i is keyword i.  Names compare without ASCII case. */
struct keywords {
	char *name[KEYWORDS];	/* malloced */
	size_t n;
};
/* The keyword's bit, added if new and add is set; 0: no room, or not there. */
uint64_t flags_keyword(struct keywords *, struct str name, bool add);
void flags_keywords_free(struct keywords *);

/* "\Seen $Forwarded work" -> bits; \Recent and unknown \Xxx are dropped. */
uint64_t flags_parse(struct keywords *, struct str words);
/* The other way, appended, blank separated. */
void flags_text(struct buf *, const struct keywords *, uint64_t flags);
/*
 * One mailbox's bits as another's, for what moves: keywords by their names,
 * added where they are new; without them if either is NULL.
 */
uint64_t flags_translate(const struct keywords *from, uint64_t,
    struct keywords *to);
/* Of PERMANENTFLAGS: which bits can be stored; *any: new keywords, too. */
uint64_t flags_permanent(struct keywords *, struct str words, bool *any);

/*
 * Of such words those that have a letter of their own: the letters, in ASCII
 * order, as they stand in the name of a file.
 */
enum { FLAGS_LETTERS = 8 };
void flags_letters(struct str words, char to[FLAGS_LETTERS]);

/*
 * Which keyword is which small letter in a Maildir's file names: its file
 * dovecot-keywords ("0 work\n1 play\n"), as Dovecot writes it.
 */
struct letters {
	uint64_t bit[LETTERS];	/* of struct keywords; 0: letter not in use */
	uint32_t strange;	/* bit i: in names, meaning nothing known */
	bool changed;		/* letters were given out: to be saved */
};
/* Every keyword that can have a letter gets one. */
void flags_give(struct letters *, const struct keywords *);
/* The bits that a file name can have: system flags, keywords with a letter. */
uint64_t flags_lettered(const struct letters *);
/*
 * The info of a file name ("2,FSab" or "") -> bits.  Letters that mean nothing
 * to us go to other[] (NUL-terminated), to be kept; all from a comma on, too.
 */
uint64_t flags_from_info(const struct letters *, struct str info,
    char other[64]);
/*
 * bits and other -> "2,DFSab", letters in ASCII order.  A keyword without a
 * letter gets the next free one if there is, no strange one; those for which
 * there is none are left out, and returned.  "" if cap is too small.
 */
uint64_t flags_to_info(struct letters *, uint64_t flags, const char *other,
    char *dst, size_t cap);

/* RFC-free three-way merge, bit by bit, of which none can conflict. */
static inline uint64_t
flags_merge(uint64_t b, uint64_t l, uint64_t r)
{
	return (b & l & r) | (l & ~b) | (r & ~b);
}

#endif
