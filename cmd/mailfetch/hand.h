/* hand.h: a message handed to who cannot give it back */
#ifndef HAND_H
#define HAND_H

#include "place.h"

/*
 * The key of what is known of a message and this place alone; found by the
 * message's a when that is gone from the server.  hand_entry: an entry of
 * that, from today on, which goes when the place's number does.
 */
struct key hand_key(const struct place *, struct key message);
struct entry hand_entry(const struct place *, enum state_kind, struct key);

/* Was it handed to this place, and no answer seen? */
bool hand_doubtful(const struct place *, const struct handed *,
    struct key message);
/* That is over: it will not be handed there again.  0 or -1. */
int hand_over(struct place *, struct handed *, struct key message);

/*
 * A UIDL alone does not say for good which message it is: a digest is kept, by
 * which it is known again; before anything else is noted of one that may have
 * been taken.  Without effect by IMAP.  0 or -1.
 */
bool hand_keeps_sums(const struct handed *);
int hand_sum_is(struct handed *, struct key message, uint64_t sum);

/* On the disk before it is handed over: no answer was seen yet.  0 or -1. */
int hand_doubt(struct place *, struct handed *);
/* It was not taken, that is certain.  1, as place_give says it, or -1. */
int hand_certain(struct place *, struct handed *);
/* If it was taken, that was seen: a row's record.  0 or -1. */
int hand_sure(struct place *, struct handed *);

/*
 * The message from its start, for reading alone: what a command does to it
 * must not be what we keep.  To be closed; -1 EX_OSERR.
 */
int hand_file(struct handed *);

/* At the end: how many messages did not keep their bare LFs there. */
void hand_say_bare(struct place *, const struct handed *);

/* In pieces that end behind a line end (or are long), for quoting. */
int hand_pieces(struct handed *, int (*each)(void *to, struct str,
    struct err *), void *to);

/*
 * Its file in the first Maildir that gets it, with its flags: new/NAME or
 * cur/NAME; "" if none does.
 */
enum { HAND_NAME = 300 };
void hand_name(const struct handed *, char to[HAND_NAME]);

#endif
