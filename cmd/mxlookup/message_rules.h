/* message_rules.h: what Gmail, Yahoo and Outlook ask of who sends much mail */
#ifndef MESSAGE_RULES_H
#define MESSAGE_RULES_H

#include "message.h"

struct message_rule {
	const char *id;
	const char *who;	/* asks for it */
	const char *text;	/* what they ask */
	enum message_fact (*met)(const struct message *);
};

/* Ended by .id NULL; a message that was judged has met them, or not. */
extern const struct message_rule message_rules[];

/* "met", "unmet", "not to be told". */
const char *message_rules_met(enum message_fact);

#endif
