/* netmip.h: the library face (see the end of this file for a complete program). Under construction in this commit. */
#ifndef NETMIP_H
#define NETMIP_H
#include <signal.h>
#include <stddef.h>
typedef struct nm_job nm_job;
typedef struct nm_net nm_net;
typedef struct nm_query nm_query;
typedef struct nm_verdict nm_verdict;
enum { NM_OK = 0, NM_VIOLATED = 10, NM_UNKNOWN = 11, NM_EUSE = 2, NM_EINPUT = 3, NM_EUNSUP = 4, NM_EIO = 5, NM_EAUDIT = 6 };
nm_job *nm_job_new(void);
void nm_job_free(nm_job *job);
const char *nm_job_message(const nm_job *job);
void nm_job_on_note(nm_job *job, void (*note)(void *arg, const char *text), void *arg);
void nm_job_stop_flag(nm_job *job, const volatile sig_atomic_t *stop);
void nm_job_limit(nm_job *job, size_t bytes);
#endif
