/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* oci: a container image as the tree of a machine: its layers one over the other, its configuration as a .nspawn
 * file. */
#pragma once

#include "transfer/oci_source.h"
#include "transfer/place.h"

/* Makes NAME of the image that SOURCE leads to: of a registry's the one its reference names, of a folder's the one
 * tagged TAG (NULL: the only one). Gives the digest of the manifest, or NULL where there is none. */
int oci_install(struct job *job, const struct request *request, struct place *place, struct oci_source *source,
                const char *tag, const char *name, char **ret_digest, struct error **err);

/* The name of the image in a reference or folder: its repository's last part. Gives; NULL: none. */
char *oci_image_name(const char *reference);

/* Writes NAME.nspawn beside the image, unless there is one and --force was not said. */
int settings_arrive(struct job *job, const struct request *request, struct place *place, const char *name,
                    const char *text, struct error **err);
