/* SPDX-License-Identifier: MIT */
#include "run_sandbox.h"

#include <errno.h>

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

/*
 * What a run needs once its files are open: to read, to write, memory that is never code, time,
 * waiting and leaving. Nothing is opened, connected, started or signalled any more. What is
 * forbidden raises SIGSYS: whoever handles it can put the terminal right and say so; the call is
 * not made either way.
 */
static const int allowed[] = {
	/* open files */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(close),
	/* memory */
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	/* time, waiting, signals that come */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(ppoll), SCMP_SYS(poll),
	SCMP_SYS(setitimer), SCMP_SYS(restart_syscall), SCMP_SYS(futex), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	/* leaving */
	SCMP_SYS(exit), SCMP_SYS(exit_group)
};

/* Asked for by the C library, which can do without. */
static const int refused[] = { SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
			       SCMP_SYS(getrandom) };

static const unsigned long terminal_requests[] = { TCGETS, TCSETS, TCSETSW, TCSETSF };

static struct scmp_arg_cmp equals(unsigned argument, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value };
}

static int add_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp not_code = {
		.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0
	};
	int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_code);

	return error ? error
		     : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_code);
}

/* The terminal's settings, and stopping oneself as Ctrl-Z asks. */
static int add_terminal(scmp_filter_ctx filter)
{
	int error = 0;

	for (size_t i = 0; i < sizeof(terminal_requests) / sizeof(terminal_requests[0]); i++)
		if (!error)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2,
						 equals(0, STDIN_FILENO),
						 equals(1, terminal_requests[i]));
	if (error)
		return error;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 2,
				equals(0, (scmp_datum_t)getpid()), equals(1, SIGSTOP));
}

static int add_rules(scmp_filter_ctx filter)
{
	int error = 0;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]) && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (!error)
		error = add_memory(filter);
	return error ? error : add_terminal(filter);
}

int run_sandbox_enter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int error;

	if (!filter)
		return ENOMEM;
	error = add_rules(filter);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return -error;
}

#else

int run_sandbox_enter(void)
{
	return ENOSYS;
}

#endif
