/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps of ids, as the kernel writes them. */
#include "enter/id_ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"

int id_ranges_parse(const char *text, struct id_ranges *ret)
{
    CLEANUP(strings_done) struct strings words = {0};
    CLEANUP(id_ranges_done) struct id_ranges ranges = {0};

    strings_split(&words, text, " \t\n");
    if (words.count % 3 != 0)
        return -EINVAL;
    for (size_t i = 0; i < words.count; i += 3) {
        struct id_range range;

        if (parse_u32(words.item[i], &range.inside) < 0 || parse_u32(words.item[i + 1], &range.outside) < 0 ||
            parse_u32(words.item[i + 2], &range.count) < 0)
            return -EINVAL;
        MEM_GROW(ranges.item, ranges.count);
        ranges.item[ranges.count++] = range;
    }
    *ret = ranges;
    ranges = (struct id_ranges){0};
    return 0;
}

int id_ranges_read(const char *path, struct id_ranges *ret, struct error **err)
{
    auto_free char *text = NULL;

    if (file_read_at(AT_FDCWD, path, 64 << 10, &text, NULL, err) < 0)
        return -error_code(*err);
    return id_ranges_parse(text, ret) < 0 ? fail(err, EINVAL, "cannot understand %s", path) : 0;
}

int id_ranges_to_outside(const struct id_ranges *ranges, uint32_t inside, uint32_t *ret)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (inside - ranges->item[i].inside < ranges->item[i].count) {
            *ret = ranges->item[i].outside + (inside - ranges->item[i].inside);
            return 0;
        }
    return -ERANGE;
}

int id_ranges_to_inside(const struct id_ranges *ranges, uint32_t outside, uint32_t *ret)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (outside - ranges->item[i].outside < ranges->item[i].count) {
            *ret = ranges->item[i].inside + (outside - ranges->item[i].outside);
            return 0;
        }
    return -ERANGE;
}

void id_ranges_done(struct id_ranges *ranges)
{
    free(ranges->item);
    *ranges = (struct id_ranges){0};
}
