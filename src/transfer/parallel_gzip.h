/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* parallel_gzip: gzip by several threads. Used by compress.c. */
#pragma once

#include <stddef.h>

struct parallel_gzip;

struct parallel_gzip *parallel_gzip_open(int output_fd);
/* 0 or a negative errno: of an earlier block's writing, perhaps. */
int parallel_gzip_write(struct parallel_gzip *gzip, const void *bytes, size_t size);
int parallel_gzip_finish(struct parallel_gzip *gzip);
void parallel_gzip_close(struct parallel_gzip *gzip);
