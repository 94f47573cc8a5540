/* https_pool.c: HTTPS beside the loop: threads, a queue to them and one back */
#include "https_pool.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "stop.h"

/*
 * How many strangers may be slow at once before others wait for them.  A
 * thread and its connection take about 100 KB while they are at work.
 */
enum { THREADS = 64 };

struct queue {
	struct https_job *first, **end;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static struct queue todo = { NULL, &todo.first }, ended = { NULL,
    &ended.first };
static unsigned waiting;		/* jobs in todo */
static unsigned idle;			/* threads without a job */
static bool stop;

/* The loop's own. */
static pthread_t thread[THREADS];
static unsigned threads, away;		/* away: jobs not yet given back */
static int wake = -1;

static void
put(struct queue *q, struct https_job *f)
{
	f->next = NULL;
	*q->end = f;
	q->end = &f->next;
}

static struct https_job *
take(struct queue *q)
{
	struct https_job *f = q->first;

	if (f == NULL)
		return NULL;
	q->first = f->next;
	if (q->first == NULL)
		q->end = &q->first;
	return f;
}

/* One address after the other, each with its share of the time. */
static void
get(struct https_job *f)
{
	int64_t deadline = clock_in(f->seconds);
	const struct https clean = f->get;
	struct err was;
	unsigned i;

	for (i = 0; i < f->ndial; i++) {
		buf_free(&f->get.body);
		f->get = clean;
		was = f->e;
		fail_clear(&f->e);
		f->get.dial = f->dial[i];
		f->get.seconds = (double)(deadline - clock_ms()) / 1000 /
		    (f->ndial - i);
		f->got = https_get(&f->get, &f->e);
		if (f->got == 0)
			break;
		if (fail_worse(was.code, f->e.code) == was.code)
			f->e = was;	/* whichever address came first */
	}
}

static void *
run(void *arg)
{
	const uint64_t one = 1;
	struct https_job *f;

	(void)arg;
	pthread_mutex_lock(&lock);
	while (!stop) {
		f = take(&todo);
		if (f == NULL) {
			idle++;
			pthread_cond_wait(&work, &lock);
			idle--;
			continue;
		}
		waiting--;
		pthread_mutex_unlock(&lock);
		get(f);
		pthread_mutex_lock(&lock);
		put(&ended, f);
		/* It cannot fail: the counter will not overflow. */
		(void)!write(wake, &one, sizeof one);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

int
https_pool_start(struct https_job *f, struct err *e)
{
	bool more;

	if (wake < 0 && (wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
		return fail_sys(e, EX_OSERR, "eventfd");
	pthread_mutex_lock(&lock);
	more = idle <= waiting && threads < THREADS;
	pthread_mutex_unlock(&lock);
	if (more && pthread_create(&thread[threads], NULL, run, NULL) == 0)
		threads++;
	if (threads == 0)
		return fail(e, EX_OSERR, "no thread can be started");
	away++;
	pthread_mutex_lock(&lock);
	put(&todo, f);
	waiting++;
	pthread_cond_signal(&work);
	pthread_mutex_unlock(&lock);
	return 0;
}

int
https_pool_fd(void)
{
	return away > 0 ? wake : -1;
}

void
https_pool_reap(void)
{
	struct https_job *f;
	uint64_t n;

	(void)!read(wake, &n, sizeof n);
	for (;;) {
		pthread_mutex_lock(&lock);
		f = take(&ended);
		pthread_mutex_unlock(&lock);
		if (f == NULL || stop_asked())	/* which is why it failed */
			return;
		away--;
		f->done(f);
	}
}

bool
https_pool_end(void)
{
	if (away > 0)
		return false;
	pthread_mutex_lock(&lock);
	stop = true;
	pthread_cond_broadcast(&work);
	pthread_mutex_unlock(&lock);
	while (threads > 0)
		pthread_join(thread[--threads], NULL);
	if (wake >= 0)
		close(wake);
	return true;
}
