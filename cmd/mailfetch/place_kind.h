/* place_kind.h: what a kind of place can; private to place*.c */
#ifndef PLACE_KIND_H
#define PLACE_KIND_H

#include "place.h"

struct place_kind {
	const char *name;
	const char *also;	/* another name for it, or NULL */
	bool bare;		/* it is all there is to say */
	bool files;
	bool doubtful;
	bool single;
	bool flags;
	size_t temps;
	/* each of these, of place_..., may be NULL: nothing is to be done */
	/* Without it, and not bare, a path in which %f may stand. */
	int (*parse)(struct place *, const char *rest, struct handed *);
	int (*open)(struct place *, struct handed *);
	void (*box)(const struct place *, struct sandbox *);
	int (*give)(struct place *, struct handed *);
	int (*sync)(struct place *, struct handed *);
	bool (*left)(const struct place *, struct key);
	int (*settle)(struct place *, struct handed *);
	int (*record)(struct place *, struct handed *);
	int (*release)(struct place *, struct handed *);
	void (*close)(struct place *, struct handed *);
};

/* Of the kinds of place_imap.c: place_is_folder. */
bool place_imap_is(const struct place *, const struct account *,
    struct str folder);

extern const struct place_kind place_maildir, place_mbox, place_exec,
    place_lmtp, place_smtp, place_imap, place_imaps, place_stdout;

#endif

