/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partition tables for the tests, made byte by byte after the UEFI specification. For *_test.c alone. */
#pragma once

#include <stdint.h>
#include <string.h>

enum { GPT_TEST_SECTORS = 4096, GPT_TEST_ENTRIES = 8, GPT_TEST_ENTRY = 128 };

struct gpt_image {
    unsigned char *bytes;       /* GPT_TEST_SECTORS * 512 */
    unsigned n_entries;
};

static inline void gpt_put(unsigned char *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (unsigned char) (value >> 8 * i);
}

/* The textbook's CRC, a bit at a time, so that the tests do not believe the code they test. */
static inline uint32_t gpt_crc(const unsigned char *data, size_t size)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static inline void gpt_begin(struct gpt_image *image, unsigned char *bytes)
{
    *image = (struct gpt_image){.bytes = bytes};
    memset(bytes, 0, (size_t) GPT_TEST_SECTORS * 512);
    bytes[446 + 4] = 0xee;
    gpt_put(bytes + 446 + 8, 1, 4);
    gpt_put(bytes + 446 + 12, GPT_TEST_SECTORS - 1, 4);
    bytes[510] = 0x55;
    bytes[511] = 0xaa;
}

/* TYPE: the sixteen bytes as on disk. */
static inline void gpt_add(struct gpt_image *image, const char *type, uint64_t first, uint64_t last,
                           uint64_t attributes, const char *label)
{
    unsigned char *entry = image->bytes + 1024 + image->n_entries++ * GPT_TEST_ENTRY;

    memcpy(entry, type, 16);
    entry[16] = (unsigned char) image->n_entries;
    gpt_put(entry + 32, first, 8);
    gpt_put(entry + 40, last, 8);
    gpt_put(entry + 48, attributes, 8);
    for (size_t i = 0; label[i]; i++)
        entry[56 + 2 * i] = (unsigned char) label[i];
}

static inline void gpt_header(struct gpt_image *image, uint64_t lba, uint64_t entries_lba)
{
    unsigned char *header = image->bytes + lba * 512;

    memcpy(header, "EFI PART\0\0\1\0\x5c\0\0\0", 16);
    gpt_put(header + 24, lba, 8);
    gpt_put(header + 32, GPT_TEST_SECTORS - lba, 8);
    gpt_put(header + 40, 34, 8);
    gpt_put(header + 48, GPT_TEST_SECTORS - 34, 8);
    gpt_put(header + 72, entries_lba, 8);
    gpt_put(header + 80, GPT_TEST_ENTRIES, 4);
    gpt_put(header + 84, GPT_TEST_ENTRY, 4);
    gpt_put(header + 88, gpt_crc(image->bytes + entries_lba * 512, (size_t) GPT_TEST_ENTRIES * GPT_TEST_ENTRY), 4);
    gpt_put(header + 16, 0, 4);
    gpt_put(header + 16, gpt_crc(header, 92), 4);
}

/* The table in front and its copy at the end. */
static inline void gpt_end(struct gpt_image *image)
{
    uint64_t last = GPT_TEST_SECTORS - 1, copy = last - 2;

    memcpy(image->bytes + copy * 512, image->bytes + 1024, (size_t) GPT_TEST_ENTRIES * GPT_TEST_ENTRY);
    gpt_header(image, 1, 2);
    gpt_header(image, last, copy);
}

#define GPT_TYPE_ROOT_X86_64 "\xe3\xbc\x68\x4f\xcd\xe8\xb1\x4d\x96\xe7\xfb\xca\xf9\x84\xb7\x09"
#define GPT_TYPE_USR_X86_64 "\x0c\x68\x84\x84\x21\x95\xc6\x48\x9c\x11\xb0\x72\x06\x56\xf6\x9e"
#define GPT_TYPE_HOME "\xe1\xc7\x3a\x93\xb4\x2e\x13\x4f\xb8\x44\x0e\x14\xe2\xae\xf9\x15"
#define GPT_TYPE_DATA "\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4"
