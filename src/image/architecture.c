/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table. The names are those of ConditionArchitecture= in unit files, which versioned file names use as well. */
#include "image/architecture.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif
#ifndef EM_RISCV
#define EM_RISCV 243
#endif
#ifndef EM_ARCV2
#define EM_ARCV2 195
#endif

/* clang-format off */
#if defined(__x86_64__)
#define NATIVE "x86-64"
#define SIBLING "x86"
#elif defined(__i386__)
#define NATIVE "x86"
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define NATIVE "arm64"
#define SIBLING "arm"
#elif defined(__aarch64__)
#define NATIVE "arm64-be"
#elif defined(__arm__) && defined(__ARMEL__)
#define NATIVE "arm"
#elif defined(__arm__)
#define NATIVE "arm-be"
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE "riscv64"
#elif defined(__riscv)
#define NATIVE "riscv32"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define NATIVE "ppc64-le"
#elif defined(__powerpc64__)
#define NATIVE "ppc64"
#define SIBLING "ppc"
#elif defined(__powerpc__)
#define NATIVE "ppc"
#elif defined(__s390x__)
#define NATIVE "s390x"
#define SIBLING "s390"
#elif defined(__loongarch64)
#define NATIVE "loongarch64"
#elif defined(__mips64) && defined(__MIPSEL__)
#define NATIVE "mips64-le"
#define SIBLING "mips-le"
#elif defined(__mips64)
#define NATIVE "mips64"
#define SIBLING "mips"
#elif defined(__mips__) && defined(__MIPSEL__)
#define NATIVE "mips-le"
#elif defined(__mips__)
#define NATIVE "mips"
#elif defined(__sparc__) && defined(__arch64__)
#define NATIVE "sparc64"
#define SIBLING "sparc"
#elif defined(__alpha__)
#define NATIVE "alpha"
#elif defined(__m68k__)
#define NATIVE "m68k"
#elif defined(__sh__)
#define NATIVE "sh"
#else
#error "this architecture needs a line here and one in the table below"
#endif
#ifndef SIBLING
#define SIBLING NATIVE
#endif

static const struct architecture {
    const char *name;
    uint16_t machine;           /* 0: no ELF of it is told apart */
    uint8_t class, data;
} architectures[] = {
    {"x86-64",      EM_X86_64,    ELFCLASS64, ELFDATA2LSB},
    {"x86",         EM_386,       ELFCLASS32, ELFDATA2LSB},
    {"arm64",       EM_AARCH64,   ELFCLASS64, ELFDATA2LSB},
    {"arm64-be",    EM_AARCH64,   ELFCLASS64, ELFDATA2MSB},
    {"arm",         EM_ARM,       ELFCLASS32, ELFDATA2LSB},
    {"arm-be",      EM_ARM,       ELFCLASS32, ELFDATA2MSB},
    {"riscv64",     EM_RISCV,     ELFCLASS64, ELFDATA2LSB},
    {"riscv32",     EM_RISCV,     ELFCLASS32, ELFDATA2LSB},
    {"ppc64-le",    EM_PPC64,     ELFCLASS64, ELFDATA2LSB},
    {"ppc64",       EM_PPC64,     ELFCLASS64, ELFDATA2MSB},
    {"ppc",         EM_PPC,       ELFCLASS32, ELFDATA2MSB},
    {"ppc-le",      EM_PPC,       ELFCLASS32, ELFDATA2LSB},
    {"s390x",       EM_S390,      ELFCLASS64, ELFDATA2MSB},
    {"s390",        EM_S390,      ELFCLASS32, ELFDATA2MSB},
    {"loongarch64", EM_LOONGARCH, ELFCLASS64, ELFDATA2LSB},
    {"mips64-le",   EM_MIPS,      ELFCLASS64, ELFDATA2LSB},
    {"mips64",      EM_MIPS,      ELFCLASS64, ELFDATA2MSB},
    {"mips-le",     EM_MIPS,      ELFCLASS32, ELFDATA2LSB},
    {"mips",        EM_MIPS,      ELFCLASS32, ELFDATA2MSB},
    {"sparc64",     EM_SPARCV9,   ELFCLASS64, ELFDATA2MSB},
    {"sparc",       EM_SPARC,     ELFCLASS32, ELFDATA2MSB},
    {"alpha",       EM_ALPHA,     ELFCLASS64, ELFDATA2LSB},
    {"ia64",        EM_IA_64,     ELFCLASS64, ELFDATA2LSB},
    {"parisc64",    EM_PARISC,    ELFCLASS64, ELFDATA2MSB},
    {"parisc",      EM_PARISC,    ELFCLASS32, ELFDATA2MSB},
    {"m68k",        EM_68K,       ELFCLASS32, ELFDATA2MSB},
    {"sh",          EM_SH,        ELFCLASS32, ELFDATA2LSB},
    {"sh64",        0, 0, 0},
    {"cris",        EM_CRIS,      ELFCLASS32, ELFDATA2LSB},
    {"tilegx",      EM_TILEGX,    ELFCLASS64, ELFDATA2LSB},
    {"arc",         EM_ARCV2,     ELFCLASS32, ELFDATA2LSB},
    {"arc-be",      EM_ARCV2,     ELFCLASS32, ELFDATA2MSB},
};
/* clang-format on */

static bool is_name(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

bool architecture_is_known(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(architectures); i++)
        if (is_name(architectures[i].name, name, length))
            return true;
    return false;
}

bool architecture_is_supported(const char *name, size_t length)
{
    return is_name(NATIVE, name, length) || is_name(SIBLING, name, length);
}

const char *architecture_native(void)
{
    return NATIVE;
}

const char *architecture_of_elf(const void *header, size_t size)
{
    const unsigned char *h = header;

    if (size < 20 || memcmp(h, ELFMAG, SELFMAG) != 0)
        return NULL;

    uint16_t machine = (uint16_t) (h[EI_DATA] == ELFDATA2MSB ? h[18] << 8 | h[19] : h[19] << 8 | h[18]);
    for (size_t i = 0; i < COUNT_OF(architectures); i++)
        if (architectures[i].machine == machine && machine != 0 && architectures[i].class == h[EI_CLASS] &&
            architectures[i].data == h[EI_DATA])
            return architectures[i].name;
    return NULL;
}
