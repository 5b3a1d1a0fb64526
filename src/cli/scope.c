/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry's public side, and the service manager where there is one. */
#include "cli/scope.h"

#include <unistd.h>

#include "base/log.h"

bool service_manager_is_systemd(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

int machine_register(const struct registry *registry, struct machine_claim *claim, const struct spec *spec,
                     const struct run_facts *facts, struct error **err)
{
    (void) spec, (void) facts;
    return registry_announce(registry, claim, NULL, err);
}

void machine_unregister(const struct registry *registry, struct machine_claim *claim)
{
    /* what the folder shows is undone by the claim's own records */
    (void) registry, (void) claim;
}
