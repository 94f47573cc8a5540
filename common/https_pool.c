/* https_pool.c: HTTPS beside the loop: threads, a queue to them and one back */
#include "https_pool.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "os.h"
#include "stop.h"

/*
 * How many strangers may be slow at once before others wait for them.  A
 * thread and its connection take about 100 KB while they are at work.
 */
enum { THREADS = 64 };

struct queue {
	struct https_job *first, **end;
};

struct https_threads {
	/* The loop's and the threads'. */
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct queue todo, ended;
	unsigned waiting;		/* jobs in todo */
	unsigned idle;			/* threads without a job */
	bool stop;

	/* The loop's own. */
	pthread_t thread[THREADS];
	unsigned n;			/* threads */
	unsigned away;			/* jobs not yet given back */

	int wake[2];			/* a bell, from the threads to the loop */
};

static void
queue_put(struct queue *q, struct https_job *j)
{
	j->next = NULL;
	*q->end = j;
	q->end = &j->next;
}

static struct https_job *
queue_take(struct queue *q)
{
	struct https_job *j = q->first;

	if (j == NULL)
		return NULL;
	q->first = j->next;
	if (q->first == NULL)
		q->end = &q->first;
	return j;
}

/* One address after the other, each with its share of the time. */
static void
get(struct https_job *j)
{
	int64_t deadline = clock_in(j->seconds);
	const struct https clean = j->get;
	struct err was;
	unsigned i;

	for (i = 0; i < j->ndial; i++) {
		buf_free(&j->get.body);
		j->get = clean;
		was = j->e;
		fail_clear(&j->e);
		j->get.dial = j->dial[i];
		j->get.seconds = (double)(deadline - clock_ms()) / 1000 /
		    (j->ndial - i);
		j->got = https_get(&j->get, &j->e);
		if (j->got == 0)
			break;
		if (fail_worse(was.code, j->e.code) == was.code)
			j->e = was;	/* whichever address came first */
	}
}

static void *
pool_work(void *arg)
{
	struct https_threads *t = arg;
	const uint64_t one = 1;
	struct https_job *j;

	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		j = queue_take(&t->todo);
		if (j == NULL) {
			t->idle++;
			pthread_cond_wait(&t->work, &t->lock);
			t->idle--;
			continue;
		}
		t->waiting--;
		pthread_mutex_unlock(&t->lock);
		get(j);
		pthread_mutex_lock(&t->lock);
		queue_put(&t->ended, j);
		/* It cannot fail: the counter will not overflow. */
		(void)!write(t->wake[1], &one, sizeof one);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* NULL, and e: there can be none. */
static struct https_threads *
threads_begin(struct err *e)
{
	struct https_threads *t;
	int wake[2];

	if (os_bell(wake) < 0) {
		fail_sys(e, EX_OSERR, "a bell");
		return NULL;
	}
	t = mem_new(1, sizeof *t);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	t->todo.end = &t->todo.first;
	t->ended.end = &t->ended.first;
	t->wake[0] = wake[0];
	t->wake[1] = wake[1];
	return t;
}

int
https_pool_start(struct https_pool *p, struct https_job *j, struct err *e)
{
	struct https_threads *t = p->threads;
	bool more;

	if (t == NULL && (t = p->threads = threads_begin(e)) == NULL)
		return -1;
	pthread_mutex_lock(&t->lock);
	more = t->idle <= t->waiting && t->n < THREADS;
	pthread_mutex_unlock(&t->lock);
	if (more && pthread_create(&t->thread[t->n], NULL, pool_work, t) == 0)
		t->n++;
	if (t->n == 0)
		return fail(e, EX_OSERR, "no thread can be started");
	t->away++;
	pthread_mutex_lock(&t->lock);
	queue_put(&t->todo, j);
	t->waiting++;
	pthread_cond_signal(&t->work);
	pthread_mutex_unlock(&t->lock);
	return 0;
}

int
https_pool_fd(const struct https_pool *p)
{
	return p->threads != NULL && p->threads->away > 0 ?
	    p->threads->wake[0] : -1;
}

void
https_pool_reap(struct https_pool *p)
{
	struct https_threads *t = p->threads;
	struct https_job *j;
	uint64_t n;

	if (t == NULL)
		return;
	(void)!read(t->wake[0], &n, sizeof n);
	for (;;) {
		pthread_mutex_lock(&t->lock);
		j = queue_take(&t->ended);
		pthread_mutex_unlock(&t->lock);
		if (j == NULL || stop_asked())	/* which is why it failed */
			return;
		t->away--;
		j->done(j);
	}
}

bool
https_pool_end(struct https_pool *p)
{
	struct https_threads *t = p->threads;

	if (t == NULL)
		return true;
	if (t->away > 0)
		return false;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->work);
	pthread_mutex_unlock(&t->lock);
	while (t->n > 0)
		pthread_join(t->thread[--t->n], NULL);
	close(t->wake[0]);
	if (t->wake[1] != t->wake[0])
		close(t->wake[1]);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->work);
	free(t);
	p->threads = NULL;
	return true;
}
