/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "run_sandbox.h"

/* The filter of "undervisor run", tried in children: what it forbids, and what must go on. */

#define EXIT_NO_SANDBOX 77

static void try_open(void)
{
	open("/dev/null", O_RDONLY);
}

static void try_create(void)
{
	open("/tmp/undervisor-sandbox", O_WRONLY | O_CREAT, 0600);
}

static void try_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void try_execve(void)
{
	char *const arguments[] = { NULL };

	execve("/bin/true", arguments, arguments);
}

static void try_fork(void)
{
	fork();
}

static void try_kill_parent(void)
{
	kill(getppid(), 0);
}

static void try_kill_self(void)
{
	kill(getpid(), SIGTERM);
}

static void try_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_code_later(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		_exit(1);
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void try_memfd(void)
{
	memfd_create("x", 0);
}

static void try_connect(void)
{
	connect(0, NULL, 0);
}

static void try_limits(void)
{
	const struct rlimit limit = { 0, 0 };

	setrlimit(RLIMIT_CORE, &limit);
}

static void try_ptrace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void try_unlink(void)
{
	unlink("/tmp/undervisor-sandbox");
}

static void try_type_into_terminal(void)
{
	ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static void try_dup(void)
{
	dup(0);
}

static const struct {
	const char *name;
	void (*attempt)(void);
} forbidden[] = {
	{ "open", try_open },
	{ "create", try_create },
	{ "socket", try_socket },
	{ "execve", try_execve },
	{ "fork", try_fork },
	{ "kill parent", try_kill_parent },
	{ "kill self", try_kill_self },
	{ "executable memory", try_code },
	{ "executable memory later", try_code_later },
	{ "memfd", try_memfd },
	{ "connect", try_connect },
	{ "limits", try_limits },
	{ "ptrace", try_ptrace },
	{ "unlink", try_unlink },
	{ "TIOCSTI", try_type_into_terminal },
	{ "dup", try_dup },
};

static int in_sandbox(void (*attempt)(void))
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		signal(SIGSYS, SIG_DFL);
		if (run_sandbox_enter() != 0)
			_exit(EXIT_NO_SANDBOX);
		attempt();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static bool refused_by_kernel(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_SANDBOX;
}

static void test_forbidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		int status = in_sandbox(forbidden[i].attempt);

		if (refused_by_kernel(status))
			skip();
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status 0x%x", forbidden[i].name, (unsigned)status);
	}
}

static int pipe_ends[2];

static void do_what_a_run_does(void)
{
	struct timespec now;
	sigset_t all;
	char byte;
	void *memory =
		mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || munmap(memory, 1 << 20) != 0)
		_exit(2);
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		_exit(3);
	if (write(pipe_ends[1], "x", 1) != 1 || read(pipe_ends[0], &byte, 1) != 1 || byte != 'x')
		_exit(4);
	sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, NULL) != 0)
		_exit(5);
	_exit(9);
}

static void test_allowed(void **state)
{
	int status;

	(void)state;
	assert_int_equal(pipe(pipe_ends), 0);
	status = in_sandbox(do_what_a_run_does);
	if (refused_by_kernel(status))
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
