/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * foreign_legacy: the rules of iptables-legacy(8), which the kernel keeps apart from nf_tables and which hold all the
 * same. They can be replaced as a whole only, which is left to the programs that made them: here they are looked at.
 */
#pragma once

#include <stdbool.h>

/* Says which chain of iptables-legacy lets nothing of INTERFACE pass, and what would mend it. Where a rule for the
 * interface stands in it, nothing is said. */
void foreign_legacy_remark(const char *interface);
