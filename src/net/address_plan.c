/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/address_plan.h"

bool address_plan_next(const struct address_plan *plan, unsigned *position, struct ip_prefix *ret)
{
    for (unsigned i; (i = (*position)++) < 2 + plan->n_extra;) {
        const struct ip_prefix *address = i == 0 ? &plan->guest4 : i == 1 ? &plan->guest6 : &plan->extra[i - 2];

        if (address->family) {
            *ret = *address;
            return true;
        }
    }
    return false;
}
