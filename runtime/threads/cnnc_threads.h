/* SPDX-License-Identifier: MIT-0 */
/* Threads that share the layers of one network: they wait for a layer, each computes its part of
 * it, and the thread that runs the network goes on when all are done. Layers follow one another
 * within microseconds, so a thread looks for the next one for a while before it sleeps. */
#ifndef CNNC_THREADS_H
#define CNNC_THREADS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#define CNNC_MAX_HELPERS 15

/* Looks for a change before a thread sleeps: some microseconds. */
#define CNNC_LOOKS 4000

struct cnnc_helper {
    struct cnnc_pool *pool;
    int32_t part;
    pthread_t thread;
};

/* All zeros is a pool without helpers. */
struct cnnc_pool {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_cond_t done;
    void (*work)(const void *context, int32_t step, int32_t part);
    const void *context;
    /* That started the helpers: a child of fork has none of them. */
    pid_t process;
    int32_t helpers;
    int32_t step;
    int32_t stop;
    /* Helpers that have not finished their part. */
    int32_t busy;
    /* Number of the layer since the start; a change wakes the helpers. */
    uint32_t round;
    struct cnnc_helper helper[CNNC_MAX_HELPERS];
};

/* Wait until the round is another than the last one; returns it. */
static inline uint32_t cnnc_await_round(struct cnnc_pool *pool, uint32_t last) {
    uint32_t round = last;
    for (int32_t look = 0; look < CNNC_LOOKS && round == last; look++) {
        round = __atomic_load_n(&pool->round, __ATOMIC_ACQUIRE);
    }
    if (round != last) {
        return round;
    }
    (void)pthread_mutex_lock(&pool->mutex);
    while ((round = __atomic_load_n(&pool->round, __ATOMIC_ACQUIRE)) == last) {
        (void)pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return round;
}

static inline void cnnc_begin_round(struct cnnc_pool *pool) {
    (void)pthread_mutex_lock(&pool->mutex);
    (void)__atomic_add_fetch(&pool->round, 1, __ATOMIC_RELEASE);
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->mutex);
}

static inline void *cnnc_help(void *argument) {
    struct cnnc_helper *const self = (struct cnnc_helper *)argument;
    struct cnnc_pool *const pool = self->pool;
    uint32_t round = 0;
    for (;;) {
        round = cnnc_await_round(pool, round);
        if (pool->stop != 0) {
            return NULL;
        }
        pool->work(pool->context, pool->step, self->part);
        if (__atomic_sub_fetch(&pool->busy, 1, __ATOMIC_ACQ_REL) == 0) {
            (void)pthread_mutex_lock(&pool->mutex);
            (void)pthread_cond_signal(&pool->done);
            (void)pthread_mutex_unlock(&pool->mutex);
        }
    }
}

/* Compute all parts of a step: part 0 on this thread. */
static inline void cnnc_run_pool(struct cnnc_pool *pool, int32_t step) {
    pool->step = step;
    __atomic_store_n(&pool->busy, pool->helpers, __ATOMIC_RELAXED);
    cnnc_begin_round(pool);
    pool->work(pool->context, step, 0);
    for (int32_t look = 0; look < CNNC_LOOKS; look++) {
        if (__atomic_load_n(&pool->busy, __ATOMIC_ACQUIRE) == 0) {
            return;
        }
    }
    (void)pthread_mutex_lock(&pool->mutex);
    while (__atomic_load_n(&pool->busy, __ATOMIC_ACQUIRE) != 0) {
        (void)pthread_cond_wait(&pool->done, &pool->mutex);
    }
    (void)pthread_mutex_unlock(&pool->mutex);
}

/* Whether this process has the helpers. */
static inline int32_t cnnc_has_helpers(const struct cnnc_pool *pool) {
    return pool->helpers != 0 && pool->process == getpid();
}

static inline void cnnc_end_helpers(struct cnnc_pool *pool) {
    pool->stop = 1;
    cnnc_begin_round(pool);
    for (int32_t i = 0; i < pool->helpers; i++) {
        (void)pthread_join(pool->helper[i].thread, NULL);
    }
    (void)pthread_cond_destroy(&pool->done);
    (void)pthread_cond_destroy(&pool->wake);
    (void)pthread_mutex_destroy(&pool->mutex);
}

/* End all helpers; a pool without any stays as it is. */
static inline void cnnc_stop_pool(struct cnnc_pool *pool) {
    if (cnnc_has_helpers(pool)) {
        cnnc_end_helpers(pool);
    }
    pool->helpers = 0;
}

/* Start helpers for parts 1 and up. Returns 0; or 1 where the system has no room for them, and then
 * the pool is without any. The pool must not move until it is stopped. */
static inline int32_t cnnc_start_pool(struct cnnc_pool *pool, int32_t helpers, const void *context,
                                      void (*work)(const void *, int32_t, int32_t)) {
    pool->work = work;
    pool->context = context;
    pool->process = getpid();
    pool->helpers = 0;
    pool->stop = 0;
    pool->round = 0;
    if (pthread_mutex_init(&pool->mutex, NULL) != 0) {
        return 1;
    }
    (void)pthread_cond_init(&pool->wake, NULL);
    (void)pthread_cond_init(&pool->done, NULL);
    for (int32_t i = 0; i < helpers; i++) {
        struct cnnc_helper *const helper = &pool->helper[i];
        helper->pool = pool;
        helper->part = i + 1;
        if (pthread_create(&helper->thread, NULL, cnnc_help, helper) != 0) {
            cnnc_end_helpers(pool);
            pool->helpers = 0;
            return 1;
        }
        pool->helpers = i + 1;
    }
    return 0;
}

#endif
