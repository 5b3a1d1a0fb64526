/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* architecture: names of machine architectures as file names and settings use them, and what an ELF header says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A known name ("x86-64", "arm64", …). */
bool architecture_is_known(const char *name, size_t length);

/* Programs of the architecture run on this kernel without an emulator: the native one and its 32-bit sibling. */
bool architecture_is_supported(const char *name, size_t length);

const char *architecture_native(void);

/* The architecture an ELF header (its first 20 bytes at least) is for; NULL when it is no ELF or of none we know. */
const char *architecture_of_elf(const void *header, size_t size);
