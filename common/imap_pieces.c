/*
 * imap_pieces.c: a command about many messages, in pieces that the server does
 */
#include "imap_pieces.h"
#include "imap_set.h"

enum { SET = 7500 };			/* bytes of a set; RFC 7162 section 4 */

bool
imap_pieces_next(struct imap_pieces *p)
{
	uint64_t most = p->m->messagelimit;
	size_t end = most > 0 && most < p->n - p->at ? p->at + (size_t)most :
	    p->n;

	buf_free(&p->set);
	p->set = (struct buf){ .max = 65536 };
	p->from = p->at;
	p->cuts = p->m->cuts;
	if (p->at == p->n)
		return false;
	imap_set_put(&p->set, p->uids, end, &p->at, SET);
	return true;
}

bool
imap_pieces_cut(const struct imap_pieces *p)
{
	return p->m->cuts != p->cuts;
}

/* A server that said so of a number that it takes is believed less and less. */
bool
imap_pieces_again(struct imap_pieces *p)
{
	size_t n = p->at - p->from;

	if (n < 2)
		return false;
	if (p->m->messagelimit == 0 || p->m->messagelimit >= n)
		p->m->messagelimit = n / 2;
	p->at = p->from;
	return true;
}

void
imap_pieces_free(struct imap_pieces *p)
{
	buf_free(&p->set);
}
