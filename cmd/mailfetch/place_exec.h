/* place_exec.h: a command for each message, as a row of place.c's table */
#ifndef PLACE_EXEC_H
#define PLACE_EXEC_H

#include "place.h"

int place_exec_parse(struct place *, const char *rest, struct handed *);
void place_exec_box(const struct place *, struct sandbox *);
int place_exec_give(struct place *, struct handed *);

#endif
