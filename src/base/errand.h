/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * errand: one send(2) to the kernel that another process makes while the caller goes on. For requests that the kernel
 * works off inside the call, and takes long over.
 *
 * That process shares the caller's memory and descriptors, and does nothing else: so its locks stay his until it is
 * done, also when he is killed. Where no such process can be had nothing is sent.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct errand {
    pid_t pid;                  /* 0: there is none */
    char *stack;
    int fd;
    const void *data;
    size_t size;
};

/* ERRAND, DATA and FD have to stay as they are until errand_await(). What the call returns is lost. */
void errand_send(struct errand *errand, int fd, const void *data, size_t size);

/* Until it is done. Accepts one that is all zero. */
void errand_await(struct errand *errand);
