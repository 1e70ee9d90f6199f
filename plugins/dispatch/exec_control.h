/*
 * The requests of port exec that hold jobs and workers back, and let them go
 * on: pause, resume, drain, undrain.
 */
#ifndef PLUGINS_DISPATCH_EXEC_CONTROL_H
#define PLUGINS_DISPATCH_EXEC_CONTROL_H

#include "plugins/dispatch/exec_request.h"
#include "plugins/dispatch/exec_session.h"

void exec_do_pause(struct exec_session *s, struct exec_request *q);
void exec_do_resume(struct exec_session *s, struct exec_request *q);
/* And undrain. */
void exec_do_drain(struct exec_session *s, struct exec_request *q);

#endif
