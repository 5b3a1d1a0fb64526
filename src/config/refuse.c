/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refusals of options: the sentence first, the reason as its hint. */
#include "config/refuse.h"

#include <errno.h>

#include "base/mem.h"

int refuse(struct error **err, const char *id, char *sentence)
{
    auto_free char *text = sentence;
    auto_error struct error *reason = TAKE(*err);

    if (reason && error_id(reason)) {
        *err = TAKE(reason);
        return -error_code(*err);
    }

    int r = fail_plain(err, reason ? error_code(reason) : EINVAL, "%s", text);
    fail_id(*err, id);
    if (reason && error_hint(reason))
        fail_hint(*err, "%s; %s", error_text(reason), error_hint(reason));
    else if (reason)
        fail_hint(*err, "%s", error_text(reason));
    return r;
}

const char *refusal_reason(const struct error *err)
{
    return error_hint(err) ? error_hint(err) : error_text(err);
}
