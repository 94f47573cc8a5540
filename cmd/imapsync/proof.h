/* proof.h: nothing is deleted on the server that is here and not there */
#ifndef PROOF_H
#define PROOF_H

struct run;

/*
 * To be called once all additions are done.  A file below the root that is not
 * on the server by now, for whatever reason, holds back the deletion of the
 * message that it is: its upload was refused, its folder is not synced or is
 * gone there, or it came while the run was under way.  Such a deletion is
 * planned again in the next pass, and in the last one told (EX_TEMPFAIL); one
 * that a folder holds which is not synced is told once.  In a dry run the
 * additions that are planned count as done.  Unless nothing is to be deleted there, all of the changed Maildirs and those
 * that are not synced are listed once more.  -1.
 */
int proof_hold(struct run *);

#endif
