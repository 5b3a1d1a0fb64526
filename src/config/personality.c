/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of execution domains on the machine this is built for. */
#include "config/personality.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>

#include "base/mem.h"

#if defined(__x86_64__)
#define NATIVE "x86-64"
#define COMPANION "x86"
#elif defined(__i386__)
#define NATIVE "x86"
#elif defined(__aarch64__)
#define NATIVE "arm64"
#define COMPANION "arm"
#elif defined(__arm__)
#define NATIVE "arm"
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE "riscv64"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE "ppc64-le"
#define COMPANION "ppc-le"
#elif defined(__powerpc64__)
#define NATIVE "ppc64"
#define COMPANION "ppc"
#elif defined(__s390x__)
#define NATIVE "s390x"
#define COMPANION "s390"
#elif defined(__loongarch64)
#define NATIVE "loongarch64"
#else
#define NATIVE "native"
#endif

static const struct {
    const char *name;
    unsigned long value;
} domains[] = {
    {NATIVE, PER_LINUX},
#ifdef COMPANION
    {COMPANION, PER_LINUX32},
#endif
};

int personality_parse(const char *text, unsigned long *ret)
{
    for (size_t i = 0; i < COUNT_OF(domains); i++)
        if (strcmp(text, domains[i].name) == 0) {
            *ret = domains[i].value;
            return 0;
        }
    return -EINVAL;
}

const char *personality_name(unsigned long value)
{
    for (size_t i = 0; i < COUNT_OF(domains); i++)
        if (domains[i].value == value)
            return domains[i].name;
    return NULL;
}

const char *personality_list(void)
{
#ifdef COMPANION
    return NATIVE ", " COMPANION;
#else
    return NATIVE;
#endif
}
