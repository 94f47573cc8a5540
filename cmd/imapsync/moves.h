/* moves.h: what went here and came there is a move */
#ifndef MOVES_H
#define MOVES_H


struct run;

int moves_find(struct run *);

#endif
