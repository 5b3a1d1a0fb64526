/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verbs: what redd-transfer can do, one function a verb, and what several of them need. */
#pragma once

#include "transfer/job.h"
#include "transfer/place.h"
#include "transfer/request.h"

struct stream_images;
struct unpack;

int verb_import_tar(struct job *job, const struct request *request, struct error **err);
int verb_import_raw(struct job *job, const struct request *request, struct error **err);
int verb_import(struct job *job, const struct request *request, struct error **err);
int verb_import_fs(struct job *job, const struct request *request, struct error **err);
int verb_export(struct job *job, const struct request *request, struct error **err);
int verb_export_tar(struct job *job, const struct request *request, struct error **err);
int verb_pull_tar(struct job *job, const struct request *request, struct error **err);
int verb_pull_raw(struct job *job, const struct request *request, struct error **err);
int verb_pull(struct job *job, const struct request *request, struct error **err);
int verb_pull_oci(struct job *job, const struct request *request, struct error **err);
int verb_export_raw(struct job *job, const struct request *request, struct error **err);

/* The name given, or the one in SOURCE, checked. R5070: there is neither. Gives *ret. */
int choose_name(const struct request *request, const char *given, const char *source, char **ret, struct error **err);

/* PATH to read from; NULL: standard input. The descriptor lives as long as the job. */
int open_input(struct job *job, const char *path, int *ret, struct error **err);

/* Opens the place, sees that the name is free (unless --force), enters the transfer in the list. */
int begin_arrival(struct job *job, const struct request *request, const char *name, const char *remote,
                  struct place *place, struct error **err);

/* pull-oci for the reference TEXT, under the name GIVEN or the repository's. */
int pull_oci(struct job *job, const struct request *request, const char *text, const char *given, struct error **err);

/* The images of the server that REQUEST means, for its platform, with all of its words in their names. */
int search_images(struct job *job, const struct request *request, struct stream_images *ret, struct error **err);

/* R5164: a key or sum was given, which is about one file from a server; this is none. */
int refuse_proof(const struct request *request, struct error **err);

/* Makes NAME of the archive of a container image that FD is. */
int import_archive_of_layers(struct job *job, const struct request *request, struct place *place, int fd,
                             const char *name, struct error **err);

struct arrival_options options_of(const struct request *request);

/* --platform=, or that of this machine. */
const char *platform_of(const struct request *request);

/* Looks inside the file FD, from where it stands, in a worker: inspect.h says what facts it gives. */
int look_inside(struct job *job, int fd, struct strings *ret_facts, struct error **err);

/* Fills a tree in a worker, as UNPACK says; its root_fd is set here. */
int tree_arrive(struct job *job, struct unpack *unpack, const struct arrival *arrival, struct error **err);

/* The stream that the increment FD at PATH stands for, out of it and what it is since: a tar archive as a file that is
 * gone with its descriptor, or a disk image in *ret_disk. Nothing of it was seen by an unpacker yet. */
int increment_restore(struct job *job, const struct request *request, struct place *place, int fd, const char *path,
                      int *ret_tar_fd, struct arrival *ret_disk, struct error **err);

/* Fills a disk image (raw.h) in a worker. */
int raw_arrive(struct job *job, int input_fd, struct arrival *arrival, struct error **err);
