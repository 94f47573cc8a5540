/* message_read.h: messages read from a file or a mailbox, as they stand */
#ifndef MESSAGE_READ_H
#define MESSAGE_READ_H

#include "message.h"

struct message_reader;

/*
 * Reads an open file once, from where it stands; a pipe will do.  With mbox it
 * is a mailbox: "From " behind an empty line begins a message, and one ">" is
 * taken from each ">From ".  path is for texts.  message_shut closes it.
 */
struct message_reader *message_open(int fd, const char *path, bool mbox);
void message_shut(struct message_reader *);

/*
 * The next message: its header, of which message_judge_begin makes what it
 * does, and the digests of its body, of which nothing is held.  1; 0 behind the
 * last; -1.  A message that is none has .broken.
 */
int message_next(struct message_reader *, struct message *, struct err *);

#endif
