/* message_judge.h: is the message from who it says? */
#ifndef MESSAGE_JUDGE_H
#define MESSAGE_JUDGE_H

#include "message.h"

/*
 * What the header says, without the DNS: signatures, chain, hops, author.  The
 * header must be read, and stay where it is.
 */
void message_judge_begin(struct message *);

/* Asks, and when all answers are there, judges: true.  As ask.h has it. */
bool message_judge(struct message *);

#endif
